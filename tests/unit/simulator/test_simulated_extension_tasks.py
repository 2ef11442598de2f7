# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extension tasks of the simulated vCenter: every rule of contract section 3.9."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import World

OPERATION = "com.example.extension.rollout"
TEXT = {"id": "com.example.text", "default_message": "Text.", "args": []}
ERROR = {"error_type": "ERROR", "messages": [TEXT]}


def percent(completed: int, total: int = 100) -> dict[str, t.Any]:
    return {"completed": completed, "total": total, "message": TEXT}


@pytest.fixture
def create(world: World) -> t.Callable[..., str]:
    def call(**members: t.Any) -> str:
        spec = {"operation_id": OPERATION, "cancelable": False, "status": "RUNNING", **members}
        return world.extension_tasks.create({name: value for name, value in spec.items() if value is not None}, "user")

    return call


@pytest.fixture
def update(world: World) -> t.Callable[..., dict[str, t.Any]]:
    def call(task: str, **spec: t.Any) -> dict[str, t.Any]:
        world.extension_tasks.update(task, spec)
        return world.tasks.find(task).info(world.now)

    return call


def test_life_of_a_task(create: t.Any, update: t.Any, clock: t.Any) -> None:
    task = create(status=None)
    assert update(task, description=TEXT)["status"] == "PENDING"
    info = update(task, status="RUNNING", percent_done=percent(10))
    assert info["start_time"] == "2026-01-15T12:00:00.000Z"
    clock.sleep(60)
    assert update(task, percent_done=percent(70))["progress"]["completed"] == 70
    info = update(task, status="SUCCEEDED", result={"staged": 3})
    assert info["end_time"] == "2026-01-15T12:01:00.000Z"
    assert info["result"] == {"staged": 3}


def test_times_can_be_given(create: t.Any, update: t.Any) -> None:
    task = create(start_time="2026-01-15T11:00:00Z")
    info = update(task, status="SUCCEEDED", end_time="2026-01-15T11:30:00+00:00")
    assert info["start_time"] == "2026-01-15T11:00:00.000Z"
    assert info["end_time"] == "2026-01-15T11:30:00.000Z"


def test_message_of_the_progress_is_ignored(create: t.Any, update: t.Any) -> None:
    info = update(create(), percent_done=percent(10))
    assert info["progress"]["message"]["default_message"] != TEXT["default_message"]


def test_failure_carries_its_error(create: t.Any, update: t.Any) -> None:
    assert update(create(), status="FAILED", error=ERROR)["error"] == ERROR


def test_params_of_a_description_are_a_map(create: t.Any, update: t.Any) -> None:
    description = {**TEXT, "params": [{"key": "wave", "value": {"i": 2}}]}
    assert update(create(), description=description)["description"]["params"] == {"wave": {"i": 2}}


@pytest.mark.parametrize(
    "spec",
    [
        {"status": "FAILED"},
        {"status": "RUNNING", "error": ERROR},
        {"error": ERROR},
        {"result": {}},
        {"status": "PENDING", "result": {}},
        {"status": "PENDING", "start_time": "2026-01-15T11:00:00Z"},
        {"status": "RUNNING", "end_time": "2026-01-15T11:00:00Z"},
        {"end_time": "2026-01-15T11:00:00Z"},
        {"status": "DONE"},
        {"status": "RUNNING", "start_time": "yesterday"},
        {"status": "SUCCEEDED", "start_time": "2026-01-15T11:00:00Z", "end_time": "2026-01-15T10:00:00Z"},
        {"percent_done": percent(101)},
        {"percent_done": percent(-1)},
        {"percent_done": percent(9)},
        {"percent_done": {"completed": 20, "total": 100}},
        {"percent_done": {"completed": "20", "total": 100, "message": TEXT}},
        {"percent_done": 20},
    ],
)
def test_invalid_updates(create: t.Any, update: t.Any, refused: t.Any, world: World, spec: dict[str, t.Any]) -> None:
    task = create(percent_done=percent(10))
    before = world.tasks.find(task).info(world.now)
    refused("INVALID_ARGUMENT", update, task, **spec)
    assert world.tasks.find(task).info(world.now) == before


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED"])
def test_nothing_changes_the_state_after_the_end(create: t.Any, update: t.Any, refused: t.Any, status: str) -> None:
    task = create(status="SUCCEEDED")
    refused("NOT_ALLOWED_IN_CURRENT_STATE", update, task, status=status)


@pytest.mark.parametrize("status", ["PENDING", "BLOCKED", "SUCCEEDED"])
def test_progress_needs_a_running_task(create: t.Any, update: t.Any, refused: t.Any, status: str) -> None:
    refused("NOT_ALLOWED_IN_CURRENT_STATE", update, create(status=status), percent_done=percent(50))


@pytest.mark.parametrize(
    "members",
    [
        {"operation_id": "com.example.unknown"},
        {"operation_id": None},
        {"cancelable": None},
        {"status": "FAILED"},
        {"status": "RUNNING", "percent_done": percent(3, 2)},
        {"status": None, "start_time": "2026-01-15T11:00:00Z"},
        {"status": "PENDING", "result": {}},
        {"target": "domain-c8"},
        {"target": {"type": "ClusterComputeResource"}},
        {"user": 5},
        {"parent_task": "none:com.vmware.vcenter.extension.tasks"},
    ],
)
def test_invalid_creations(create: t.Any, refused: t.Any, members: dict[str, t.Any]) -> None:
    refused("INVALID_ARGUMENT", create, **members)


@pytest.mark.parametrize("status", [None, "PENDING", "BLOCKED", "SUCCEEDED"])
def test_only_a_running_task_begins_with_progress(create: t.Any, refused: t.Any, status: str | None) -> None:
    refused("NOT_ALLOWED_IN_CURRENT_STATE", create, status=status, percent_done=percent(1))


def test_what_a_task_is_created_with_is_told(create: t.Any, world: World) -> None:
    parent = create()
    target = {"type": "ClusterComputeResource", "id": "domain-c8"}
    info = world.tasks.find(create(parent_task=parent, target=target, user="rollout", cancelable=True)).info(world.now)
    assert {name: info[name] for name in ("parent", "target", "user", "cancelable")} == {
        **{"parent": parent, "target": target},
        **{"user": "rollout", "cancelable": True},
    }


def test_tasks_of_others_cannot_be_updated(world: World, update: t.Any, refused: t.Any) -> None:
    other = world.engine.stage(world.cluster("prod").managed, "user", None, None).id
    refused("INVALID_ARGUMENT", update, other, status="SUCCEEDED")
    refused("INVALID_ARGUMENT", update, "none", status="SUCCEEDED")


def test_tasks_of_the_world_file(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    world_data["extension_tasks"]["tasks"] = [{"id": "first", "status": "RUNNING", "percent_done": percent(5)}]
    world = request.getfixturevalue("world")
    assert world.tasks.find("first:com.vmware.vcenter.extension.tasks").status == "RUNNING"
