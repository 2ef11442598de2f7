# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module hit at any moment leaves its tasks running; it, or else the next run, starts nothing twice and knows all."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import random
import signal
import time
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.tests.processes import (
    Ended,
    Json,
    Playbook,
    VCenterProcess,
    short_folder,
    wait_until,
    working_process,
)

MODULE = "esx_software_stage"
CLUSTERS = {"prod": ["esx01", "esx02", "esx03"], "edge": ["edge01", "edge02"], "new": ["new01"]}
HOSTS = sorted(host for hosts in CLUSTERS.values() for host in hosts)
SPEED = 20.0

#: `make kill KILLS=50 SEED=7`: so many, from that one on.
FIRST, KILLS = int(os.environ.get("KILL_FIRST") or 1), int(os.environ.get("KILLS") or 9)


@dataclasses.dataclass(frozen=True)
class Blow:
    """What is done to a run.

    :param signal: what the module gets; None for nothing: then vCenter is restarted under it.
    :param stages: it happens once vCenter has so many stage tasks; None for as soon as the module's process is there.
    :param pause: seconds after that.
    :param in_process: whether the module works in a worker of Ansible, which is hit then.
    :param restart: simulated seconds that vCenter takes to restart, then or between the runs; 0 for no restart.
    """

    signal: signal.Signals | None
    stages: int | None
    pause: float
    in_process: bool
    restart: float

    @classmethod
    def of(cls, seed: int) -> Blow:
        # The seeds take turns with what matters most, so that a few of them have met all of it.
        chance = random.Random(seed)
        kind = (signal.SIGTERM, signal.SIGKILL, None)[seed % 3]
        return cls(
            signal=kind,
            stages=(None, 1, 2, 3)[seed // 3 % 4],
            pause=chance.choice((0, 0, 0.05, 0.5, 2)) * chance.random(),
            in_process=seed % 2 == 0,
            restart=chance.choice((20, 40) if kind is None else (0, 0, 20, 40)),
        )


def world(seed: int) -> Json:
    """A world in which every host can be staged, so that the truth about the end is known."""
    chance = random.Random(-seed)
    clusters = [
        {
            "name": name,
            "hosts": [{"name": host, "stage_seconds": chance.randint(20, 80)} for host in hosts],
            "pending_seconds": chance.choice((0, 10)),
            # Some were never scanned, so that the blow may fall on a scan as well.
            **({"scan": None, "scan_seconds": 20} if name == "new" or chance.random() < 0.2 else {}),
        }
        for name, hosts in CLUSTERS.items()
    ]
    return {"datacenters": [{"name": "Berlin", "clusters": clusters}]}


def tasks_of(result: pathlib.Path) -> list[Json]:
    times = {"poll_interval": 1, "wait_timeout": 600, "outage_timeout": 60}
    stage = {"clusters": list(CLUSTERS), "detail": "full", **times}
    keep = {"content": "{{ staged | to_json }}", "dest": str(result), "mode": "0600"}
    return [
        {
            "name": "Stage and keep the result",
            "block": [{"name": "Stage", f"vsphere.lifecycle.{MODULE}": stage, "register": "staged"}],
            "always": [{"name": "Keep the result", "ansible.builtin.copy": keep}],
        }
    ]


def stages(vcenter: VCenterProcess) -> list[Json]:
    """The stage requests that vCenter has taken."""
    return [request for request in vcenter.ask("requests") if request["is_stage"] and request["status"] == 202]


def struck(vcenter: VCenterProcess, playbook: Playbook, blow: Blow, tasks: list[Json]) -> tuple[Ended, bool]:
    """Run the playbook, and strike while its module runs; return also whether that was still there."""
    process = playbook.start(tasks)

    def ready() -> bool:
        if process.poll() is not None:
            return True
        if blow.stages is None:
            return working_process(process, MODULE, in_process=blow.in_process) is not None
        return len(stages(vcenter)) >= blow.stages

    wait_until(ready, f"the moment to strike ({blow})", 60)
    time.sleep(blow.pause)
    module = working_process(process, MODULE, in_process=blow.in_process)
    hit = module is not None
    if blow.signal is None:
        vcenter.ask("restart", {"seconds": blow.restart})
    elif module is not None:
        try:
            os.kill(module, blow.signal)
        except ProcessLookupError:
            hit = False
    return playbook.end(process), hit


@pytest.fixture
def place() -> t.Iterator[pathlib.Path]:
    with short_folder() as folder:
        yield folder


@pytest.mark.parametrize("seed", range(FIRST, FIRST + KILLS))
def test_a_killed_run_is_finished_by_the_next(
    seed: int, place: pathlib.Path, record_property: t.Callable[[str, object], None]
) -> None:
    blow = Blow.of(seed)
    kept = place / "result.json"
    tasks = tasks_of(kept)
    with VCenterProcess(place, world(seed), speed=SPEED) as vcenter:
        way = {"VSPHERE_LIFECYCLE_IN_PROCESS": str(blow.in_process)}
        playbook = Playbook(place, {**vcenter.environment, **way})
        first, hit = struck(vcenter, playbook, blow, tasks)
        begun = stages(vcenter)
        record_property("blow", f"{'hit' if hit else 'missed'} after {len(begun)} stage tasks: {blow}")
        left = len(vcenter.ask("sessions"))
        check_first(first, blow, left)
        if blow.signal is None:
            check_result(json.loads(kept.read_text(encoding="utf-8")))
        if blow.restart and blow.signal:
            vcenter.ask("restart", {"seconds": blow.restart})
            left = 0
        second = playbook.run(tasks)
        assert second.code == 0, second.output
        check_result(json.loads(kept.read_text(encoding="utf-8")))
        check_vcenter(vcenter, begun)
        assert len(vcenter.ask("sessions")) <= left


def check_first(first: Ended, blow: Blow, left: int) -> None:
    """Only SIGKILL may leave a session; the interrupted says what becomes of its tasks; a restart is endured."""
    assert left <= (1 if blow.signal == signal.SIGKILL else 0), first.output
    assert blow.signal or first.code == 0, first.output
    if first.code and "Interrupted by SIGTERM" in first.output:
        assert "go on in vCenter" in first.output
    assert "Traceback" not in first.output or blow.signal == signal.SIGKILL, first.output


def check_result(result: Json) -> None:
    """Every host is in one list, and that it is good."""
    assert sorted(result["successful_hosts"] + result["skipped_hosts"]) == HOSTS
    assert not result["failed_hosts"]
    assert not result["started_hosts"]
    assert sorted(cluster["name"] for cluster in result["clusters"]) == sorted(CLUSTERS)


def check_vcenter(vcenter: VCenterProcess, begun: list[t.Any]) -> None:
    """One staging for each cluster, those of the first run included, and all of them have ended well."""
    paths = [request["path"] for request in stages(vcenter)]
    assert len(paths) == len(set(paths)) == len(CLUSTERS)
    assert {request["path"] for request in begun} <= set(paths)
    seen = vcenter.ask("world")
    staged = [
        host["name"]
        for cluster in seen["clusters"].values()
        for host in cluster["hosts"].values()
        if host["staged_commit"]
    ]
    assert sorted(staged) == HOSTS
    assert {task["status"] for task in seen["tasks"].values()} == {"SUCCEEDED"}


@pytest.mark.parametrize("in_process", [True, False])
def test_a_signal_ends_a_loop_and_not_only_one_of_its_items(place: pathlib.Path, in_process: bool) -> None:
    stage: Json = {
        "name": "Stage one after the other",
        f"vsphere.lifecycle.{MODULE}": {"clusters": ["{{ item }}"], "poll_interval": 1},
        "loop": list(CLUSTERS),
    }
    with VCenterProcess(place, world(1), speed=SPEED) as vcenter:
        playbook = Playbook(place, {**vcenter.environment, "VSPHERE_LIFECYCLE_IN_PROCESS": str(in_process)})
        process = playbook.start([stage])
        wait_until(lambda: process.poll() is not None or stages(vcenter), "the first staging", 60)
        worker = working_process(process, MODULE, in_process=True)
        assert worker
        # As Ansible does it when it is ended: to all that the worker has started.
        for one in (worker, working_process(process, MODULE, in_process=False)):
            if one:
                os.kill(one, signal.SIGTERM)
        ended = playbook.end(process)
        assert ended.code != 0
        wait_until(lambda: vcenter.ask("sessions") == [], "the logout")
        time.sleep(1)
        assert len(stages(vcenter)) == 1, ended.output
