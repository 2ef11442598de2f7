# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the appliance answers, decoded: shapes that a simulated vCenter does not send, and wrong ones."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _appliance
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import NotFound, UnexpectedReply
from ansible_collections.vsphere.lifecycle.simulator import World


def test_of_two_addresses_that_are_missing_the_newer_is_told(client: VCenterClient, world: World) -> None:
    with pytest.raises(NotFound, match=r"\[GET /api/no/such\]"):
        client.get_first("/api/no/such", "/rest/no/such")
    # A later release without /rest may show a page there.
    world.faults.add("html", method="GET", path="/rest/no/such")
    with pytest.raises(NotFound, match=r"\[GET /api/no/such\]"):
        client.get_first("/api/no/such", "/rest/no/such")


def test_subtasks_may_be_an_array_of_keys_and_values() -> None:
    subtasks = {"b": {"status": "PENDING"}, "a": {"status": "RUNNING", "cancelable": True}}
    as_object = {"status": "RUNNING", "subtask_order": ["b", "gone", "a"], "subtasks": subtasks}
    as_array = {**as_object, "subtasks": [{"key": name, "value": value} for name, value in subtasks.items()]}
    decoded = _appliance.task_of(as_object)
    assert decoded == _appliance.task_of(as_array)
    assert [subtask["name"] for subtask in decoded["subtasks"]] == ["b", "a"]
    assert [subtask["cancelable"] for subtask in decoded["subtasks"]] == [False, True]


def test_an_error_may_be_wrapped() -> None:
    inner = {"messages": [{"id": "x", "default_message": "No space.", "args": []}]}
    wrapped = {"type": "com.vmware.vapi.std.errors.unable_to_allocate_resource", "value": inner}
    task = {"status": "FAILED", "error": wrapped, "target": {"type": "Appliance", "id": "a"}}
    decoded = _appliance.task_of(task)
    assert decoded["error"] == {"error_type": "UNABLE_TO_ALLOCATE_RESOURCE", "messages": ["No space."]}
    assert decoded["target"] == {"type": "Appliance", "id": "a"}


def test_a_policy_without_optional_members_is_read() -> None:
    policy = _appliance.policy_of({"auto_stage": True, "check_schedule": [{"day": "SUNDAY", "hour": 0}]})
    assert policy["auto_stage"] is True
    assert policy["certificate_check"] is None
    assert policy["custom_url"] is None
    assert policy["check_schedule"] == [{"day": "SUNDAY", "hour": 0, "minute": None}]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "UP_TO_DATE",
        {"version": "8.0"},
        {"state": None, "version": "8.0"},
        {"state": "UP_TO_DATE"},
        {"state": "UP_TO_DATE", "version": "8.0", "task": "running"},
        {"state": "UP_TO_DATE", "version": "8.0", "task": {}},
        {"state": "UP_TO_DATE", "version": "8.0", "task": {"status": "RUNNING", "subtasks": {"a": 1}}},
    ],
)
def test_an_answer_of_another_shape_is_refused(answer: t.Any) -> None:
    with pytest.raises(UnexpectedReply, match="no usable"):
        _appliance.update_of(answer)


@pytest.mark.parametrize("answer", [None, [], {"name": "VC-8.0"}])
def test_an_update_without_version_is_refused(answer: t.Any) -> None:
    with pytest.raises(UnexpectedReply):
        _appliance.summary_of(answer)
