# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extension tasks: what counts as the same, in forms that the simulated vCenter does not send; what can go wrong."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _extension_tasks
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    AuthenticationFailed,
    ConnectionFailed,
    NotFound,
    UnexpectedReply,
)
from ansible_collections.vsphere.lifecycle.simulator import VapiError, VCenter, World

TASK = "rollout:com.vmware.vcenter.extension.tasks"


@pytest.fixture
def world_data(world_data: dict[str, t.Any]) -> dict[str, t.Any]:
    """A world in which an extension has a running task."""
    task = {"id": "rollout", "operation_id": "com.example.extension.rollout", "status": "RUNNING"}
    world_data["extension_tasks"]["tasks"] = [task]
    return world_data


def different(options: dict[str, t.Any], info: dict[str, t.Any]) -> set[str]:
    return set(_extension_tasks.changes(_extension_tasks.wanted_of(options), info))


@pytest.mark.parametrize(
    "present",
    [
        {"error_type": "TIMED_OUT", "messages": [{"id": "x", "default_message": "Too slow.", "args": []}]},
        {
            "type": "com.vmware.vapi.std.errors.timed_out",
            "value": {"messages": [{"id": "x", "default_message": "Too slow.", "args": []}], "data": None},
        },
    ],
)
def test_an_error_may_be_wrapped(present: dict[str, t.Any]) -> None:
    info = {"status": "FAILED", "error": present}
    assert not different({"error": "Too slow."}, info)
    assert not different({"error": {"error_type": "TIMED_OUT", "messages": ["Too slow."]}}, info)
    assert different({"error": {"error_type": "ERROR", "messages": ["Too slow."]}}, info)
    assert different({"error": "Too fast."}, info)


def test_a_map_in_a_result_may_be_an_array() -> None:
    info = {"status": "RUNNING", "result": [{"key": "staged", "value": [{"key": "a", "value": 1}]}]}
    assert not different({"result": {"staged": {"a": 1}}}, info)
    assert different({"result": {"staged": {"a": True}}}, info)
    assert different({"result": {"staged": {"a": 1}, "more": []}}, info)


def test_a_bare_status_has_nothing_of_the_rest() -> None:
    options = {
        "status": "RUNNING",
        "progress": {"completed": 0, "total": 100},
        "description": "",
        "result": 0,
        "error": "x",
        "start_time": "2026-03-01T22:00:00Z",
        "end_time": None,
    }
    assert different(options, {"status": "PENDING"}) == set(options) - {"end_time"}


@pytest.mark.parametrize(
    ("progress", "total"),
    [(None, 100), ({}, 100), ({"total": 7, "completed": 1}, 7), ({"total": 0, "completed": 0}, 0)],
)
def test_a_total_that_is_left_out_is_that_of_the_task(progress: t.Any, total: int) -> None:
    wanted = _extension_tasks.wanted_of({"progress": {"completed": 0, "total": None}})
    assert _extension_tasks.completed_with(wanted, {"progress": progress})["progress"]["total"] == total
    assert _extension_tasks.completed_with({}, {"progress": progress}) == {}


def test_a_progress_without_a_number_is_refused(client: VCenterClient, world: World) -> None:
    world.tasks.tasks[TASK].progress = {"total": 100, "completed": None, "message": {}}
    with pytest.raises(UnexpectedReply, match=f"Could not read task {TASK}: .*'completed' in the progress"):
        _extension_tasks.find_task(client, TASK)


def test_a_task_that_goes_before_it_is_updated_is_not_taken_for_a_missing_service(
    client: VCenterClient, world: World
) -> None:
    world.patch({"extension_tasks": {"offered": False}})
    world.tasks.vanish(TASK)
    with pytest.raises(NotFound, match=f"Could not read task {TASK}"):
        _extension_tasks.send_update(client, TASK, {"status": "BLOCKED"})


@pytest.mark.parametrize("error_type", ["UNSUPPORTED", "OPERATION_NOT_FOUND", "NOT_FOUND"])
def test_a_vcenter_may_say_in_several_ways_that_it_does_not_offer_it(
    client: VCenterClient, world: World, monkeypatch: pytest.MonkeyPatch, error_type: str
) -> None:
    def refuse(*dummy: t.Any) -> None:
        raise VapiError(error_type)

    monkeypatch.setattr(world.extension_tasks, "update", refuse)
    assert _extension_tasks.send_update(client, TASK, {"status": "BLOCKED"}) is False


def test_an_update_that_surely_did_not_arrive_is_sent_again(
    client: VCenterClient, vcenter: VCenter, world: World
) -> None:
    world.faults.add("503_plain", method="PATCH")
    assert _extension_tasks.send_update(client, TASK, {"status": "BLOCKED"})
    assert [request.status for request in vcenter.writes] == [503, 200]


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
def test_an_update_whose_answer_is_lost_is_not_sent_again(
    client: VCenterClient, vcenter: VCenter, world: World, fault: str
) -> None:
    world.faults.add(fault, method="PATCH")
    with pytest.raises(ConnectionFailed, match="Whether vCenter took the update is not known; run again"):
        _extension_tasks.send_update(client, TASK, {"status": "BLOCKED"})
    assert len(vcenter.writes) == 1


def test_a_session_that_has_ended_leaves_no_doubt(
    new_client: t.Callable[..., VCenterClient], vcenter: VCenter, world: World
) -> None:
    with new_client() as client:
        world.sessions.expire()
        assert _extension_tasks.send_update(client, TASK, {"status": "BLOCKED"})
    assert [request.status for request in vcenter.writes] == [401, 200]
    assert vcenter.sessions == []
    with new_client(session_id="gone", login=False) as client, pytest.raises(AuthenticationFailed):
        _extension_tasks.send_update(client, TASK, {"status": "RUNNING"})
