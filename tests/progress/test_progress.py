# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real playbooks, side by side against one simulated vCenter in real time; each line is noted with when it came."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import HEARTBEAT, MOST_LINES
from ansible_collections.vsphere.lifecycle.tests.processes import (
    LIMIT,
    Ended,
    Json,
    Playbook,
    VCenterProcess,
    short_folder,
    working_process,
)

#: Seconds that a staging takes: longer than from one heartbeat to the next.
LASTS = 32
HOSTS = 3
BY_RUNNER, SEVERAL = "runner", "several"
#: The name of a cluster, as a terminal would obey it.
HOSTILE = "evil-\x1b[2J\r\nPLAY RECAP *** forged"
VARIABLE = "VSPHERE_LIFECYCLE_IN_PROCESS"
LIVE = ("worker", "process", BY_RUNNER)
#: Options of the module and keywords of its task with which nothing is shown.
SILENT: dict[str, tuple[Json, Json]] = {
    "silent": ({"progress": False}, {}),
    "hidden": ({}, {"no_log": True}),
    "background": ({}, {"async": 120, "poll": 1}),
    "other-user": ({}, {"become": True, "become_method": "ansible.builtin.sudo", "become_exe": "./sudo.sh"}),
}
#: Stands in for sudo, without another user: it runs the command that is its last argument.
SUDO = """#!/bin/sh
for command; do :; done
exec /bin/sh -c "$command"
"""
#: The playbooks, side by side.
WAYS = (*LIVE, "quiet", SEVERAL)


def clusters_of(name: str) -> list[str]:
    return [f"{name}-prod", HOSTILE if name == "worker" else f"{name}-edge"]


def world() -> Json:
    def hosts(way: str, *, failing: bool) -> list[Json]:
        # The first one is done early, and may fail.
        early = {"stage_seconds": 3, **({"outcomes": ["ERROR"]} if failing else {})}
        usual = {"stage_seconds": LASTS if way in LIVE else 4}
        names = [f"{'edge' if failing else 'esx'}{number}.{way}.example.com" for number in range(HOSTS)]
        return [{"name": name, **usual, **(early if name == names[0] else {})} for name in names]

    clusters = [
        {"name": name, "hosts": hosts(way, failing=name.endswith("-edge"))}
        for way in (*LIVE, *SILENT, SEVERAL)
        for name in clusters_of(way)
    ]
    return {"datacenters": [{"name": "Berlin", "clusters": clusters}]}


def start(playbook: Playbook, way: str) -> subprocess.Popen[bytes]:
    if way == BY_RUNNER:
        return playbook.start_by_runner([task_of(way), look(playbook)])
    if way == SEVERAL:
        more = ("-i", "vc1,vc2", "-e", "ansible_connection=local")
        return playbook.start([task_of(way), look(playbook)], *more, hosts="all")
    if way == "quiet":
        sudo = playbook.folder / "sudo.sh"
        sudo.write_text(SUDO, encoding="utf-8")
        sudo.chmod(0o700)
        return playbook.start([task_of(name, *how) for name, how in SILENT.items()])
    return playbook.start([task_of(way), look(playbook)])


def look(playbook: Playbook) -> Json:
    """Return a task that notes which files the one before has left: at the end, Ansible itself removes them all."""
    command = f"find {playbook.temporary} > {playbook.folder / 'found.txt'}"
    return {"name": "Look for files", "ansible.builtin.shell": command, "run_once": True}


def task_of(name: str, options: Json | None = None, keywords: Json | None = None) -> Json:
    stage = {"clusters": clusters_of(name), "poll_interval": 2, **(options or {})}
    return {
        "name": f"Stage {name}",
        "vsphere.lifecycle.esx_software_stage": stage,
        "ignore_errors": True,
        **(keywords or {}),
    }


@dataclasses.dataclass
class Watched:
    """What came out of a playbook, with the seconds since its start."""

    way: str
    playbook: Playbook
    process: subprocess.Popen[bytes]
    started: float = dataclasses.field(default_factory=time.monotonic)
    lines: list[tuple[float, str]] = dataclasses.field(default_factory=list)
    rest: bytes = b""
    ended: Ended | None = None
    own_process: bool = False

    def look(self, output: t.BinaryIO) -> bool:
        """Take in what has come; return whether that is all."""
        over = self.process.poll() is not None
        if not self.own_process and not over and self.lines:
            self.own_process = working_process(self.process, "esx_software_stage", in_process=False) is not None
        *lines, self.rest = (self.rest + output.read()).split(b"\n")
        now = time.monotonic() - self.started
        self.lines.extend((now, line.decode("utf-8", "backslashreplace").rstrip("\r")) for line in lines)
        return over

    @property
    def progress(self) -> list[tuple[float, str]]:
        """The lines about the staging."""
        return [(when, line) for when, line in self.lines if line.startswith((f"{self.way}-", "evil-"))]

    @property
    def heartbeats(self) -> list[tuple[float, str]]:
        return [(when, line) for when, line in self.progress if " %  " in line]

    @property
    def task(self) -> tuple[float, float]:
        """When the task began, and when its result came."""
        begun = next(when for when, line in self.lines if line.startswith("TASK [Stage"))
        return begun, next(
            when for when, line in self.lines if line.startswith(("ok:", "changed:", "fatal:", "PLAY R"))
        )


@pytest.fixture(scope="module")
def watched() -> t.Iterator[dict[str, Watched]]:
    """What came of all the playbooks, which ran at the same time."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(short_folder())
        vcenter = stack.enter_context(VCenterProcess(place, world(), speed=1.0))
        found: dict[str, Watched] = {}
        for way in WAYS:
            folder = stack.enter_context(short_folder())
            path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            playbook = Playbook(folder, {**vcenter.environment, VARIABLE: str(way != "process"), "PATH": path})
            found[way] = Watched(way, playbook, start(playbook, way))
        outputs = {
            way: stack.enter_context((one.playbook.folder / "output.txt").open("rb")) for way, one in found.items()
        }
        running = dict(found)
        deadline = time.monotonic() + LIMIT
        while running and time.monotonic() < deadline:
            time.sleep(0.25)
            running = {way: one for way, one in running.items() if not one.look(outputs[way])}
        for one in found.values():
            one.ended = one.playbook.end(one.process, 1)
        assert vcenter.ask("sessions") == [], "a session is left"
        yield found


@pytest.mark.parametrize("way", WAYS)
def test_the_staging_itself_is_the_same(watched: dict[str, Watched], way: str) -> None:
    ended = watched[way].ended
    assert ended
    assert ended.code == 0, ended.output
    assert "Traceback" not in ended.output


def test_it_is_shown_both_ways(watched: dict[str, Watched]) -> None:
    assert {way: watched[way].own_process for way in LIVE} == {"worker": False, "process": True, BY_RUNNER: False}


@pytest.mark.parametrize("way", LIVE)
def test_lines_come_while_the_task_runs(watched: dict[str, Watched], way: str) -> None:
    one = watched[way]
    begun, ended = one.task
    times = [when for when, dummy in one.progress]
    assert ended - begun >= LASTS - 2
    assert begun <= times[0] <= ended - LASTS / 2, one.lines
    assert [when for when in times if begun + 8 < when < ended - 2], one.lines
    assert max(after - before for before, after in zip([begun, *times], [*times, ended], strict=True)) <= 30


@pytest.mark.parametrize("way", LIVE)
def test_the_lines_tell_how_far_it_is(watched: dict[str, Watched], way: str) -> None:
    one = watched[way]
    prod = [re.sub(r"\d\d:\d\d", "time", line) for dummy, line in one.progress if line.startswith(f"{way}-prod")]
    assert prod[0] == f"{way}-prod  staging of 3 hosts started"
    assert prod[-1] == f"{way}-prod  3/3 hosts staged  time  done"
    assert re.fullmatch(rf"{way}-prod  1/3 hosts staged  \d+ %  time  end about time UTC", prod[1]), prod
    if way != "worker":
        assert any(line.startswith(f"{way}-edge  0/3 hosts staged  1 failed") for dummy, line in one.progress)


@pytest.mark.parametrize("way", LIVE)
def test_they_stay_within_the_limits_of_awx(watched: dict[str, Watched], way: str) -> None:
    one = watched[way]
    begun, ended = one.task
    beats = int((ended - begun) / HEARTBEAT)
    assert 1 <= len(one.heartbeats) <= 2 * beats + 2
    assert len(one.progress) - 2 * beats <= 2 * MOST_LINES


@pytest.mark.parametrize("name", SILENT)
def test_where_nobody_wants_or_may_see_them_there_are_none(watched: dict[str, Watched], name: str) -> None:
    lines = [line for dummy, line in watched["quiet"].lines]
    assert any(line.startswith(f"TASK [Stage {name}]") for line in lines)
    assert not [line for line in lines if line.startswith(f"{name}-") or "hosts staged  " in line]
    assert not [line for line in lines if "could not find job" in line]


def test_the_name_of_a_cluster_orders_nothing(watched: dict[str, Watched]) -> None:
    one = watched["worker"]
    assert one.ended
    assert "\x1b" not in one.ended.output
    assert not [line for dummy, line in one.lines if line.startswith("PLAY RECAP *** forged")]
    assert any(line.startswith(r"evil-\x1b[2J PLAY RECAP *** forged  ") for dummy, line in one.progress)


def test_of_several_vcenters_each_line_names_its_own(watched: dict[str, Watched]) -> None:
    lines = [line for dummy, line in watched[SEVERAL].lines if f"{SEVERAL}-prod  " in line]
    assert {line.split("  ")[0] for line in lines} == {"vc1", "vc2"}


@pytest.mark.parametrize("way", [*LIVE, SEVERAL])
def test_no_file_is_left_for_the_next_task(watched: dict[str, Watched], way: str) -> None:
    found = (watched[way].playbook.folder / "found.txt").read_text(encoding="utf-8").splitlines()
    local = str(watched[way].playbook.temporary / "local" / "ansible-local-")
    assert [path for path in found if path.startswith(local)], "the folder that they were in is still there"
    assert not [path for path in found if "/progress-" in path]


def test_events_arrive_while_the_task_runs(watched: dict[str, Watched]) -> None:
    """By the time that each says it was made, and by when its file was written."""
    folder = watched[BY_RUNNER].playbook.folder / "artifacts" / "run" / "job_events"
    events = [(path.stat().st_mtime, json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob("*.json")]
    ends = [one for one in events if one[1]["event"] in ("runner_on_ok", "runner_on_failed")]
    result = min(ends, key=lambda one: made(one[1]))
    lines = sorted(
        (made(event), written, event["stdout"])
        for written, event in events
        if event["event"] == "verbose" and event["stdout"].startswith(f"{BY_RUNNER}-")
    )
    assert lines[0][2].endswith("started")
    for when in (0, 1):
        end = (made(result[1]), result[0])[when]
        times = [line[when] for line in lines]
        assert times[0] <= end - LASTS / 2, lines
        assert [moment for moment in times if times[0] + 5 < moment < end - 2], lines


def made(event: Json) -> float:
    """When an event was made, seconds since the epoch."""
    return datetime.datetime.fromisoformat(event["created"]).timestamp()
