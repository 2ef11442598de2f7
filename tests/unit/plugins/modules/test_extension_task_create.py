# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""extension_task_create against the simulated vCenter: what becomes of it, what is sent, what is refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ConnectionFailed,
    InvalidArgument,
    InvalidOption,
    NotOffered,
    PreflightFailed,
    Unauthorized,
    UnexpectedReply,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._extension_task_rules import MEMBERS
from ansible_collections.vsphere.lifecycle.plugins.modules import extension_task_update
from ansible_collections.vsphere.lifecycle.plugins.modules.extension_task_create import LASTING, create
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

Create = t.Callable[..., dict[str, t.Any]]

OPERATION = "com.example.extension.rollout"
PATH = "/rest/vcenter/extension/tasks"
TARGET = {"type": "ClusterComputeResource", "id": "domain-c8"}


@pytest.fixture
def created(run: t.Any, vcenter: VCenter) -> t.Iterator[Create]:
    """Run the module's work; it must never leave a session."""

    def call(**options: t.Any) -> dict[str, t.Any]:
        context = {name: options.pop(name) for name in ("check_mode", "username", "password") if name in options}
        params = {
            **dict.fromkeys((*LASTING.values(), *MEMBERS)),
            **{"operation_id": OPERATION, "cancelable": False, "on_unsupported": "warn"},
            **options,
        }
        return t.cast("dict[str, t.Any]", run(create, params, **context))

    yield call
    assert vcenter.sessions == []


def specs(vcenter: VCenter) -> list[t.Any]:
    """Return what was sent to create tasks."""
    assert all((request.method, request.path) == ("POST", PATH) for request in vcenter.writes)
    return [request.body["spec"] for request in vcenter.writes]


def test_the_least_makes_a_task_that_waits(created: Create, vcenter: VCenter, world: World) -> None:
    result = created()
    assert (result["changed"], result["supported"]) == (True, True)
    assert specs(vcenter) == [{"operation_id": OPERATION, "cancelable": False}]
    assert world.tasks.find(result["task"]).status == "PENDING"
    assert result["diff"] == {"before": {}, "after": {"operation_id": OPERATION, "cancelable": False}}


def test_everything_arrives(created: Create, vcenter: VCenter, world: World) -> None:
    parent = created()["task"]
    result = created(
        cancelable=True,
        target=TARGET,
        task_user="rollout",
        parent_task=parent,
        status="RUNNING",
        progress={"completed": 1, "total": 3, "message": "Beginning"},
        description={
            **{"id": "com.example.text", "default_message": "Staging {n} clusters"},
            "params": {"n": {"i": 3}},
        },
        result={"clusters": 3},
        start_time="2026-01-15T12:00:00+01:00",
    )
    sent = specs(vcenter)[1]
    assert sent["description"]["params"] == [{"key": "n", "value": {"i": 3}}]
    assert sent["percent_done"]["message"]["default_message"] == "Beginning"
    info = world.tasks.find(result["task"]).info(world.now)
    assert {name: info[name] for name in ("operation", "cancelable", "target", "user", "parent", "status")} == {
        **{"operation": OPERATION, "cancelable": True, "target": TARGET, "user": "rollout"},
        **{"parent": parent, "status": "RUNNING"},
    }
    assert (info["progress"]["completed"], info["progress"]["total"]) == (1, 3)
    assert info["description"]["params"] == {"n": {"i": 3}}
    assert info["result"] == {"clusters": 3}
    assert info["start_time"] == "2026-01-15T11:00:00.000Z"
    after = result["diff"]["after"]
    assert {name: after[name] for name in ("user", "target", "parent_task")} == {
        **{"user": "rollout", "target": TARGET},
        "parent_task": parent,
    }
    assert after["progress"]["percent"] == 33


@pytest.mark.parametrize(
    "options",
    [
        {"status": "FAILED", "error": "It broke.", "end_time": "2026-01-15T12:30:00Z"},
        {"status": "SUCCEEDED", "result": [1], "start_time": "2026-01-15T10:00:00Z"},
        {"status": "BLOCKED", "description": "Waiting for the window"},
    ],
)
def test_a_task_may_begin_in_any_state(created: Create, world: World, options: dict[str, t.Any]) -> None:
    info = world.tasks.find(created(**options)["task"]).info(world.now)
    assert info["status"] == options["status"]
    if "error" in options:
        assert info["error"]["messages"][0]["default_message"] == "It broke."


def test_each_run_creates_another(created: Create, world: World) -> None:
    first, second = created(description="The same"), created(description="The same")
    assert first["task"] != second["task"]
    assert {first["task"], second["task"]} <= set(world.tasks.tasks)
    assert second["changed"] is True


def test_the_other_module_takes_the_task(created: Create, run: t.Any, world: World) -> None:
    task = created(status="RUNNING", progress={"completed": 0, "total": 3})["task"]
    params = {**dict.fromkeys(MEMBERS), "task": task, "status": "SUCCEEDED", "on_unsupported": "fail"}
    assert run(extension_task_update.update, params)["changed"] is True
    assert world.tasks.find(task).status == "SUCCEEDED"


def test_check_mode_sends_nothing_and_foretells(created: Create, vcenter: VCenter, world: World) -> None:
    options = {"status": "RUNNING", "description": "Staging", "progress": {"completed": 5}}
    foretold = created(check_mode=True, **options)
    assert (foretold["changed"], foretold["supported"], foretold["task"]) == (True, None, None)
    assert vcenter.writes == []
    assert world.tasks.tasks == {}
    assert created(**options)["diff"] == foretold["diff"]


def test_check_mode_does_not_probe_for_it(created: Create, vcenter: VCenter, world: World, run: t.Any) -> None:
    world.patch({"extension_tasks": {"offered": False}})
    assert created(check_mode=True)["changed"] is True
    assert (vcenter.writes, run.warnings) == ([], [])


# What is refused before anything is sent


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"status": "FAILED"}, "status: FAILED needs error"),
        ({"error": "x"}, "error needs status: FAILED, and none was asked for"),
        ({"result": 1}, "result needs status: RUNNING or BLOCKED or SUCCEEDED or FAILED, and none was asked for"),
        ({"status": "PENDING", "start_time": "2026-01-15T12:00:00Z"}, "start_time needs status: RUNNING"),
        ({"status": "RUNNING", "end_time": "2026-01-15T12:00:00Z"}, "end_time needs status: SUCCEEDED or FAILED"),
        ({"progress": {"completed": 1}}, "progress needs status: RUNNING, and none was asked for"),
        ({"status": "SUCCEEDED", "progress": {"completed": 1}}, "progress needs status: RUNNING, and SUCCEEDED was"),
        ({"status": "RUNNING", "progress": {"completed": 4, "total": 3}}, "must be within 0 and 3"),
        (
            {"status": "SUCCEEDED", "start_time": "2026-01-15T12:00:00Z", "end_time": "2026-01-15T11:00:00Z"},
            "is before start_time",
        ),
    ],
)
def test_what_does_not_go_together_is_not_sent(
    created: Create, vcenter: VCenter, options: dict[str, t.Any], said: str, check_mode: bool
) -> None:
    with pytest.raises(PreflightFailed, match=f"create a task of the extension operation '{OPERATION}'") as caught:
        created(check_mode=check_mode, **options)
    assert said in str(caught.value)
    assert vcenter.writes == []


def test_all_breaches_are_told_at_once(created: Create) -> None:
    with pytest.raises(PreflightFailed, match="3 problems"):
        created(error="x", end_time="2026-01-15T12:00:00Z", progress={"completed": 1})


@pytest.mark.parametrize(
    "options",
    [
        {"progress": {"total": 3}, "status": "RUNNING"},
        {"description": {"id": "x"}},
        {"error": 5, "status": "FAILED"},
        {"start_time": "yesterday", "status": "RUNNING"},
    ],
)
def test_what_has_the_wrong_form_is_not_sent(created: Create, vcenter: VCenter, options: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidOption):
        created(**options)
    assert vcenter.writes == []


# What vCenter refuses


def test_an_operation_that_nobody_registered_is_named(created: Create, world: World) -> None:
    with pytest.raises(InvalidArgument) as caught:
        created(operation_id="com.example.unknown")
    assert str(caught.value).startswith("Could not create a task of the extension operation 'com.example.unknown': ")
    assert str(caught.value).endswith(
        "Check that an extension of this vCenter has registered the operation 'com.example.unknown'."
    )
    assert world.tasks.tasks == {}


def test_an_unknown_parent_is_refused_by_vcenter(created: Create) -> None:
    with pytest.raises(InvalidArgument, match="none:x is not a task"):
        created(parent_task="none:x")


def test_a_missing_privilege_is_named(created: Create) -> None:
    with pytest.raises(Unauthorized, match=r"needs the privilege Task\.Create"):
        created(username="reader@vsphere.local", password="reader-password")


# Where it is not offered


@pytest.mark.parametrize("on_unsupported", ["warn", "ignore"])
@pytest.mark.parametrize("patch", [{"extension_tasks": {"offered": False}}, {"vcenter": {"roots": ["api"]}}])
def test_a_vcenter_without_it_does_not_fail_the_play(
    created: Create, vcenter: VCenter, world: World, run: t.Any, on_unsupported: str, patch: dict[str, t.Any]
) -> None:
    world.patch(patch)
    assert created(on_unsupported=on_unsupported) == {
        **{"changed": False, "supported": False, "task": None},
        "diff": {"before": {}, "after": {}},
    }
    assert len(vcenter.writes) == 1
    assert [text.split(". ")[0] for text in run.warnings] == (
        ["The vCenter localhost does not offer the creation of extension tasks"] if on_unsupported == "warn" else []
    )


def test_a_vcenter_without_it_can_be_an_error(created: Create, world: World) -> None:
    world.patch({"extension_tasks": {"offered": False}})
    with pytest.raises(NotOffered, match="does not offer the creation of extension tasks") as caught:
        created(on_unsupported="fail")
    assert caught.value.details() == {"supported": False}


# Trouble on the way


@pytest.mark.parametrize(("fault", "error"), [("reset_after", ConnectionFailed), ("500_unreadable", UnexpectedReply)])
def test_it_is_sent_once_even_if_the_answer_is_lost(
    created: Create, vcenter: VCenter, world: World, fault: str, error: type[Exception]
) -> None:
    world.faults.add(fault, method="POST", path=PATH)
    with pytest.raises(error, match="Whether vCenter has created the task is not known; look at its task list"):
        created()
    assert len(vcenter.writes) == 1


def test_what_surely_did_not_arrive_is_sent_again(created: Create, world: World) -> None:
    world.faults.add("503_json", method="POST", path=PATH)
    task = created()["task"]
    assert list(world.tasks.tasks) == [task]


@pytest.mark.parametrize("fault", ["empty", "wrong_shape"])
def test_an_answer_without_a_task_is_no_success(created: Create, world: World, fault: str) -> None:
    world.faults.add(fault, method="POST", path=PATH)
    with pytest.raises(UnexpectedReply, match="not known"):
        created()
