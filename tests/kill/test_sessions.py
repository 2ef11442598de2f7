# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role logs in once; whatever becomes of its session, of vCenter or of a module, nothing stays open."""

from __future__ import annotations

import contextlib
import os
import pathlib
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

Put = t.Callable[[VCenterProcess], object]

CLUSTERS = {"prod": ["esx01", "esx02"], "edge": ["edge01"], "last": ["last01"]}


def world(**prod: t.Any) -> Json:
    clusters = [
        {"name": name, "hosts": [{"name": host, "stage_seconds": 40} for host in hosts], **(prod if not number else {})}
        for number, (name, hosts) in enumerate(CLUSTERS.items())
    ]
    return {"datacenters": [{"name": "Berlin", "clusters": clusters}]}


def role(**variables: t.Any) -> list[Json]:
    given = {"rolling_stage_clusters": list(CLUSTERS), "rolling_stage_poll_interval": 1, **variables}
    return [
        {"name": "Stage", "ansible.builtin.include_role": {"name": "vsphere.lifecycle.rolling_stage"}, "vars": given}
    ]


def calls_of_session(vcenter: VCenterProcess) -> list[str]:
    return [request["method"] for request in vcenter.ask("requests") if request["path"] == "/api/session"]


def stages(vcenter: VCenterProcess) -> int:
    return sum(1 for request in vcenter.ask("requests") if request["is_stage"])


def put_while_staging(vcenter: VCenterProcess, playbook: Playbook, put: Put) -> Ended:
    """Run the role, and do something as soon as the first wave is staged."""
    process = playbook.start(role())
    wait_until(lambda: process.poll() is not None or stages(vcenter), "the first wave", 60)
    assert process.poll() is None, playbook.end(process).output
    put(vcenter)
    return playbook.end(process)


@pytest.fixture
def place() -> t.Iterator[pathlib.Path]:
    with short_folder() as folder:
        yield folder


@pytest.mark.parametrize("failing", [False, True])
def test_the_role_logs_in_once_and_leaves_no_session(place: pathlib.Path, failing: bool) -> None:
    with VCenterProcess(place, world()) as vcenter:
        playbook = Playbook(place, vcenter.environment)
        ended = playbook.run(role(rolling_stage_commit="unknown") if failing else role())
        assert (ended.code != 0) is failing, ended.output
        # The look is that of the task that ends it.
        assert calls_of_session(vcenter) == ["POST", "GET", "DELETE"]
        assert vcenter.ask("sessions") == []


def test_the_role_goes_on_with_the_session_of_the_play(place: pathlib.Path) -> None:
    """It is neither ended nor is there a login; in check mode as well."""
    open_one: list[Json] = [
        {"name": "Open", "vsphere.lifecycle.vcenter_session": {}, "register": "session", "no_log": True}
    ]
    use: Json = {
        "name": "Use it",
        "module_defaults": {"group/vsphere.lifecycle.vcenter": {"session_id": "{{ session.session_id }}"}},
        "block": role(),
    }
    with VCenterProcess(place, world()) as vcenter:
        playbook = Playbook(place, vcenter.environment)
        ended = playbook.run([*open_one, use])
        assert ended.code == 0, ended.output
        assert calls_of_session(vcenter) == ["POST", "GET"]
        assert len(vcenter.ask("sessions")) == 1


def test_a_plan_in_check_mode_leaves_no_session(place: pathlib.Path) -> None:
    with VCenterProcess(place, world()) as vcenter:
        ended = Playbook(place, vcenter.environment).run(role(), "--check")
        assert ended.code == 0, ended.output
        assert "would be newly staged" in ended.output
        assert vcenter.ask("sessions") == []
        assert stages(vcenter) == 0


def test_the_role_tells_why_it_could_not_log_in(place: pathlib.Path) -> None:
    """The task says nothing, as its result would hold a secret; the report does."""
    with VCenterProcess(place, world()) as vcenter:
        playbook = Playbook(place, {**vcenter.environment, "VMWARE_PASSWORD": "wrong-password"})
        ended = playbook.run(role())
        assert ended.code == 2
        assert "vCenter refuses the credentials" in ended.output
        assert "wrong-password" not in ended.output
        assert calls_of_session(vcenter) == ["POST"]


@pytest.mark.parametrize("call", [("expire-sessions", {}), ("restart", {"seconds": 20})])
def test_the_role_outlives_its_session(place: pathlib.Path, call: tuple[str, Json]) -> None:
    with VCenterProcess(place, world()) as vcenter:
        playbook = Playbook(place, vcenter.environment)
        ended = put_while_staging(vcenter, playbook, lambda vcenter: vcenter.ask(*call))
        assert ended.code == 0, ended.output
        assert stages(vcenter) == len(CLUSTERS)
        assert vcenter.ask("sessions") == []


def test_a_session_that_cannot_be_ended_does_not_hide_the_outcome(place: pathlib.Path) -> None:
    faults = [{"kind": "html", "method": "DELETE", "times": None}]
    with VCenterProcess(place, {**world(), "faults": faults}) as vcenter:
        ended = Playbook(place, vcenter.environment).run(role())
        assert ended.code == 0, ended.output
        assert "4 hosts newly staged" in ended.output
        assert calls_of_session(vcenter) == ["POST", "GET", "DELETE"]


def test_a_module_that_is_killed_leaves_the_session_to_the_role(place: pathlib.Path) -> None:
    with VCenterProcess(place, world()) as vcenter:
        # A worker of Ansible that is killed takes the playbook with it.
        playbook = Playbook(place, {**vcenter.environment, "VSPHERE_LIFECYCLE_IN_PROCESS": "false"})
        process = playbook.start(role())
        wait_until(lambda: process.poll() is not None or stages(vcenter), "the first wave", 60)
        module = working_process(process, "esx_software_stage", in_process=False)
        assert module
        os.kill(module, signal.SIGKILL)
        ended = playbook.end(process)
        assert ended.code == 2, ended.output
        assert "Wave 1" in ended.output
        assert vcenter.ask("sessions") == []


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize("pause", [0, 0.1, 0.3, 0.5])
def test_a_session_module_that_is_ended_leaves_no_session(place: pathlib.Path, pause: float, in_process: bool) -> None:
    """Ended at any moment, it has either told its session, or closed it."""
    tasks: list[Json] = [
        {
            "name": "Open",
            "vsphere.lifecycle.vcenter_session": {},
            "register": "session",
            "ignore_errors": True,
        },
        {
            "name": "End",
            "vsphere.lifecycle.vcenter_session": {
                "session_id": "{{ session.session_id | default('') }}",
                "state": "absent",
            },
        },
    ]
    with VCenterProcess(place, world()) as vcenter:
        playbook = Playbook(place, {**vcenter.environment, "VSPHERE_LIFECYCLE_IN_PROCESS": str(in_process)})
        process = playbook.start(tasks)
        module = wait_until(lambda: working_process(process, "vcenter_session", in_process=in_process), "the module")
        time.sleep(pause)
        with contextlib.suppress(ProcessLookupError):
            os.kill(module, signal.SIGTERM)
        ended = playbook.end(process)
        assert vcenter.ask("sessions") == [], ended.output
