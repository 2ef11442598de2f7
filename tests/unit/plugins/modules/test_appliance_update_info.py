# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""appliance_update_info against the simulated vCenter, under both roots."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    Unauthorized,
    UnexpectedReply,
)
from ansible_collections.vsphere.lifecycle.plugins.modules import appliance_update_info
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

Gather = t.Callable[..., dict[str, t.Any]]

STAGING: dict[str, t.Any] = {
    "state": "STAGE_IN_PROGRESS",
    "version": "8.0.3.00500",
    "latest_query_time": "2026-01-14T03:00:00.000Z",
    "task": {
        "status": "RUNNING",
        "description": "Staging 8.0.3.00500.",
        "start_time": "2026-01-15T11:59:00.000Z",
        "cancelable": True,
        "user": "administrator@vsphere.local",
        "progress": {"total": 200, "completed": 50, "message": "Downloading."},
        "subtask_order": ["check", "download"],
        "subtasks": [
            {
                "id": "download",
                "status": "RUNNING",
                "progress": {"total": 100, "completed": 10},
                "start_time": "2026-01-15T11:59:30.000Z",
            },
            {
                "id": "check",
                "status": "SUCCEEDED",
                "start_time": "2026-01-15T11:59:00.000Z",
                "end_time": "2026-01-15T11:59:30.000Z",
                "result": {
                    "warnings": [
                        {"id": "sim.vlcm.space_low", "message": "Little space.", "resolution": "Remove logs."}
                    ],
                    "info": [{"id": "sim.vlcm.checked", "message": "Checked.", "time": "2026-01-15T11:59:10.000Z"}],
                },
            },
            {"id": "unpack", "status": "PENDING"},
        ],
    },
}
PENDING = {"version": "8.0.3.00500", "name": "VC-8.0U3e", "description": "Security fixes.", "size": 0}


@pytest.fixture
def gathered(run: t.Any) -> Gather:
    """Run the module's work."""

    def call(*gather: str, check_mode: bool = False, username: str = "", password: str = "") -> dict[str, t.Any]:
        work = appliance_update_info.gather_update_info
        return t.cast(
            "dict[str, t.Any]",
            run(work, {"gather": list(gather)}, check_mode=check_mode, username=username, password=password),
        )

    return call


def paths(vcenter: VCenter) -> list[str]:
    return [request.path for request in vcenter.requests if not request.path.endswith("session")]


# The state


def test_an_appliance_that_is_up_to_date_costs_one_call(gathered: Gather, vcenter: VCenter) -> None:
    result = gathered()
    assert result == {
        "changed": False,
        "state": "UP_TO_DATE",
        "version": "8.0.3.00400",
        "latest_query_time": None,
        "task": None,
    }
    assert paths(vcenter) == ["/api/appliance/update"]
    assert vcenter.sessions == []


def test_a_running_task_is_told_in_full(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"update": STAGING}})
    result = gathered()
    assert (result["state"], result["version"]) == ("STAGE_IN_PROGRESS", "8.0.3.00500")
    assert result["latest_query_time"] == "2026-01-14T03:00:00.000Z"
    task = result["task"]
    assert {name: task[name] for name in ("status", "description", "start_time", "end_time", "cancelable")} == {
        "status": "RUNNING",
        "description": "Staging 8.0.3.00500.",
        "start_time": "2026-01-15T11:59:00.000Z",
        "end_time": None,
        "cancelable": True,
    }
    assert task["progress"] == {"total": 200, "completed": 50, "percent": 25, "message": "Downloading."}
    assert (task["error"], task["target"], task["parent"]) == (None, None, None)
    assert (task["user"], task["operation"]) == ("administrator@vsphere.local", "stage")


def test_subtasks_are_in_the_order_of_vcenter(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"update": STAGING}})
    subtasks = gathered()["task"]["subtasks"]
    # "unpack" is missing from the order, and told all the same.
    assert [subtask["name"] for subtask in subtasks] == ["check", "download", "unpack"]
    assert [subtask["status"] for subtask in subtasks] == ["SUCCEEDED", "RUNNING", "PENDING"]
    assert subtasks[1]["progress"]["percent"] == 10
    assert subtasks[2]["progress"] is None


def test_notifications_are_flat_and_errors_first(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"update": STAGING}})
    task = gathered()["task"]
    assert task["notifications"] == task["subtasks"][0]["notifications"]
    assert [(entry["type"], entry["id"], entry["resolution"]) for entry in task["notifications"]] == [
        ("WARNING", "sim.vlcm.space_low", "Remove logs."),
        ("INFO", "sim.vlcm.checked", None),
    ]


def test_a_failed_task_tells_its_error(gathered: Gather, world: World, vcenter: VCenter) -> None:
    task = {
        "status": "FAILED",
        "error": {"error_type": "ERROR", "id": "sim.vlcm.depot", "message": "No depot."},
        "auto_rollback_state": "ROLLBACK_SUCCEEDED",
    }
    world.patch({"appliance": {"update": {"state": "INSTALL_FAILED", "task": task}}})
    result = gathered()
    assert result["state"] == "INSTALL_FAILED"
    assert result["task"]["error"] == {"error_type": "ERROR", "messages": ["No depot."]}
    assert result["task"]["auto_rollback_state"] == "ROLLBACK_SUCCEEDED"
    assert result["task"]["end_time"] is not None


def test_a_state_of_a_later_release_passes_through(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"update": {"state": "MIGRATION_IN_PROGRESS"}}})
    assert gathered()["state"] == "MIGRATION_IN_PROGRESS"


# Its siblings


def test_siblings_are_read_only_when_asked_for(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"pending": [PENDING], "staged": {**PENDING, "staging_complete": False}}})
    result = gathered("staged")
    assert "pending" not in result
    assert "policy" not in result
    assert result["staged"]["version"] == "8.0.3.00500"
    assert result["staged"]["staging_complete"] is False
    assert paths(vcenter) == ["/api/appliance/update", "/api/appliance/update/staged"]


def test_pending_updates_are_those_of_the_last_check(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"pending": [PENDING]}})
    (update,) = gathered("pending")["pending"]
    assert vcenter.requests[-2].query == {"source_type": ["LAST_CHECK"]}
    expected = {
        "version": "8.0.3.00500",
        "name": "VC-8.0U3e",
        "description": "Security fixes.",
        "update_type": "SECURITY",
        "severity": "CRITICAL",
        "priority": "HIGH",
        "reboot_required": True,
        "size": 0,
        "component": None,
        "quick_patch": None,
    }
    assert {name: update[name] for name in expected} == expected


def test_nothing_pending_and_nothing_staged_are_no_errors(gathered: Gather, vcenter: VCenter) -> None:
    result = gathered("pending", "staged")
    assert (result["pending"], result["staged"]) == ([], None)
    assert [request.status for request in vcenter.requests][2:4] == [404, 400]
    assert vcenter.sessions == []


def test_the_policy_is_told(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"policy": {"custom_URL": "https://depot.example.com/", "username": "reader"}}})
    assert gathered("policy")["policy"] == {
        "default_url": "https://updates.example.com/appliance",
        "custom_url": "https://depot.example.com/",
        "username": "reader",
        "auto_stage": False,
        "auto_update": False,
        "certificate_check": True,
        "manual_control": True,
        "check_schedule": [{"day": "SUNDAY", "hour": 3, "minute": 0}],
    }


# Roots, rights, trouble


def test_the_older_root_gives_the_same_result(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.patch({"appliance": {"update": STAGING, "pending": [PENDING], "staged": PENDING}})
    newer = gathered("pending", "staged", "policy")
    world.patch({"vcenter": {"roots": ["rest"]}})
    del vcenter.requests[:]
    assert gathered("pending", "staged", "policy") == newer
    assert paths(vcenter) == [
        "/api/appliance/update",
        "/rest/appliance/update",
        "/rest/appliance/update/pending",
        "/rest/appliance/update/staged",
        "/rest/appliance/update/policy",
    ]
    assert vcenter.sessions == []


def test_under_the_older_root_nothing_pending_and_nothing_staged_are_no_errors(
    gathered: Gather, world: World, vcenter: VCenter
) -> None:
    world.patch({"vcenter": {"roots": ["rest"]}})
    result = gathered("pending", "staged")
    assert (result["pending"], result["staged"]) == ([], None)


def test_no_write_is_sent_and_check_mode_makes_no_difference(gathered: Gather, vcenter: VCenter) -> None:
    everything = ("pending", "staged", "policy")
    assert gathered(*everything, check_mode=True) == gathered(*everything)
    assert vcenter.writes == []


def test_a_missing_right_is_told_by_its_type(gathered: Gather, vcenter: VCenter) -> None:
    with pytest.raises(Unauthorized) as caught:
        gathered(username="reader@vsphere.local", password="reader-password")
    assert str(caught.value).startswith("Could not read the update state of the appliance: ")
    assert caught.value.details()["error_type"] == "UNAUTHORIZED"
    assert vcenter.sessions == []


def test_another_error_of_the_siblings_is_an_error(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.faults.add("500_unreadable", method="GET", path="/api/appliance/update/staged", times=None)
    with pytest.raises(UnexpectedReply, match="Could not read the staged update"):
        gathered("staged")
    assert vcenter.sessions == []


def test_a_page_instead_of_the_pending_updates_does_not_read_as_none(
    gathered: Gather, world: World, vcenter: VCenter
) -> None:
    world.patch({"appliance": {"pending": [PENDING]}})
    world.faults.add("html", method="GET", path="/api/appliance/update/pending")
    with pytest.raises(UnexpectedReply):
        gathered("pending")


def test_an_outage_of_the_service_is_told(gathered: Gather, world: World, vcenter: VCenter) -> None:
    world.faults.add("503_json", method="GET", path="/api/appliance/update", times=None)
    with pytest.raises(ApiError) as caught:
        gathered()
    assert caught.value.error_type == "SERVICE_UNAVAILABLE"
    assert vcenter.sessions == []
