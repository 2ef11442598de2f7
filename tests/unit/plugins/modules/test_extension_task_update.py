# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""extension_task_update against the simulated vCenter: what the task becomes, what is sent, what is refused."""

from __future__ import annotations

import functools
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    ConnectionFailed,
    InvalidOption,
    NotAllowedInCurrentState,
    NotFound,
    NotOffered,
    PreflightFailed,
    Unauthorized,
    UnexpectedReply,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._extension_task_rules import MEMBERS
from ansible_collections.vsphere.lifecycle.plugins.modules.extension_task_update import update
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

Update = t.Callable[..., dict[str, t.Any]]

OPERATION = "com.example.extension.rollout"
SERVICE = "com.vmware.vcenter.extension.tasks"
TASK = f"rollout:{SERVICE}"
PATH = f"/rest/vcenter/extension/tasks/rollout%3A{SERVICE}"
START = "2026-01-15T11:00:00.000Z"


def text(default: str, message_id: str = "sim.vlcm.text") -> dict[str, t.Any]:
    return {"id": message_id, "default_message": default, "args": []}


def progress(completed: int, total: int = 100) -> dict[str, t.Any]:
    return {"completed": completed, "total": total, "message": text("In progress.")}


RUNNING: dict[str, t.Any] = {
    "id": "rollout",
    "operation_id": OPERATION,
    "status": "RUNNING",
    "start_time": START,
    "percent_done": progress(40),
    "description": text("Rolling out"),
    "result": {"staged": 4},
}
PENDING: dict[str, t.Any] = {"id": "rollout", "operation_id": OPERATION}
ENDED: dict[str, t.Any] = {**RUNNING, "status": "SUCCEEDED", "end_time": "2026-01-15T11:30:00.000Z"}
BROKEN: dict[str, t.Any] = {
    **ENDED,
    "status": "FAILED",
    "error": {"error_type": "TIMED_OUT", "messages": [text("Too slow.")]},
}


@pytest.fixture
def updated(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> Update:
    """Run the module's work on a task of the world, which the parameter describes; RUNNING by default."""
    world_data["extension_tasks"]["tasks"] = [getattr(request, "param", RUNNING)]
    run = request.getfixturevalue("run")

    def call(*, check_mode: bool = False, username: str = "", password: str = "", **options: t.Any) -> dict[str, t.Any]:
        params = {"task": TASK, **dict.fromkeys(MEMBERS), "on_unsupported": "warn", **options}
        return t.cast(
            "dict[str, t.Any]", run(update, params, check_mode=check_mode, username=username, password=password)
        )

    return call


def of_a(task: dict[str, t.Any]) -> pytest.MarkDecorator:
    """Have a test start with that task."""
    return pytest.mark.parametrize("updated", [task], indirect=True)


def specs(vcenter: VCenter) -> list[t.Any]:
    """Return what was sent to change a task."""
    assert all((request.method, request.path) == ("PATCH", PATH) for request in vcenter.writes)
    return [request.body["spec"] for request in vcenter.writes]


def refused(call: t.Callable[[], t.Any], vcenter: VCenter, kind: type[VCenterError] = PreflightFailed) -> str:
    """Return why nothing was sent."""
    with pytest.raises(kind) as caught:
        call()
    assert vcenter.writes == []
    assert vcenter.sessions == []
    return str(caught.value)


def reads(vcenter: VCenter) -> list[str]:
    return [request.path for request in vcenter.requests if "/cis/tasks/" in request.path]


# What is sent, and what becomes of it


def test_progress_is_sent_alone(updated: Update, vcenter: VCenter) -> None:
    result = updated(progress={"completed": 60})
    assert specs(vcenter) == [
        {
            "percent_done": {
                "total": 100,
                "completed": 60,
                "message": text("60 of 100", "vsphere.lifecycle.text"),
            }
        }
    ]
    assert (result["changed"], result["supported"]) == (True, True)
    assert result["task"]["id"] == TASK
    assert result["task"]["status"] == "RUNNING"
    assert {name: result["task"]["progress"][name] for name in ("total", "completed", "percent")} == {
        "total": 100,
        "completed": 60,
        "percent": 60,
    }
    assert vcenter.sessions == []


@of_a(PENDING)
def test_a_task_is_started_with_everything_at_once(updated: Update, vcenter: VCenter, world: World) -> None:
    result = updated(
        status="RUNNING",
        progress={"completed": 0, "total": 10, "message": "Beginning"},
        description="Staging the image of 3 clusters",
        start_time="2026-01-15T13:00:00+01:00",
    )
    assert specs(vcenter) == [
        {
            "status": "RUNNING",
            "percent_done": {"total": 10, "completed": 0, "message": text("Beginning", "vsphere.lifecycle.text")},
            "description": text("Staging the image of 3 clusters", "vsphere.lifecycle.text"),
            "start_time": "2026-01-15T12:00:00.000Z",
        }
    ]
    assert result["task"]["description"] == "Staging the image of 3 clusters"
    assert result["task"]["start_time"] == "2026-01-15T12:00:00.000Z"
    assert world.tasks.tasks[TASK].status == "RUNNING"


def test_a_task_ends_with_a_result(updated: Update, vcenter: VCenter) -> None:
    result = updated(status="SUCCEEDED", result={"staged": 14}, end_time="2026-01-15T12:00:00Z")
    assert specs(vcenter) == [{"status": "SUCCEEDED", "result": {"staged": 14}, "end_time": "2026-01-15T12:00:00.000Z"}]
    assert result["task"]["status"] == "SUCCEEDED"
    assert result["task"]["result"] == {"staged": 14}
    assert result["task"]["end_time"] == "2026-01-15T12:00:00.000Z"


def test_a_task_fails_with_a_text(updated: Update, vcenter: VCenter) -> None:
    result = updated(status="FAILED", error="No depot.")
    assert specs(vcenter) == [
        {
            "status": "FAILED",
            "error": {"error_type": "ERROR", "messages": [text("No depot.", "vsphere.lifecycle.text")]},
        }
    ]
    assert result["task"]["error"] == {"error_type": "ERROR", "messages": ["No depot."]}
    # vCenter fills it in.
    assert result["task"]["end_time"] == "2026-01-15T12:00:00.000Z"


def test_an_error_may_be_a_structure(updated: Update, vcenter: VCenter) -> None:
    error = {"error_type": "TIMED_OUT", "messages": ["Too slow.", text("Why.")], "data": {"seconds": 0}}
    updated(status="FAILED", error=error)
    (spec,) = specs(vcenter)
    assert spec["error"] == {
        "error_type": "TIMED_OUT",
        "messages": [text("Too slow.", "vsphere.lifecycle.text"), text("Why.")],
        "data": {"seconds": 0},
    }


@pytest.mark.parametrize("value", [False, 0, "", [], {}])
def test_a_result_that_is_empty_is_sent(updated: Update, vcenter: VCenter, world: World, value: t.Any) -> None:
    updated(result=value)
    assert specs(vcenter) == [{"status": "RUNNING", "result": value}]
    assert world.tasks.tasks[TASK].result == value


@of_a({**RUNNING, "result": 1})
def test_true_is_another_result_than_1(updated: Update, vcenter: VCenter) -> None:
    assert updated(result=True)["changed"] is True
    assert updated(result=True)["changed"] is False


def test_the_present_status_goes_along_where_a_member_needs_it(updated: Update, vcenter: VCenter) -> None:
    assert updated(result={"staged": 5})["changed"] is True
    assert specs(vcenter) == [{"status": "RUNNING", "result": {"staged": 5}}]


def test_only_what_differs_is_sent(updated: Update, vcenter: VCenter) -> None:
    updated(description="Rolling out", progress={"completed": 41}, status="RUNNING", start_time=START)
    (spec,) = specs(vcenter)
    assert set(spec) == {"percent_done"}


PARAMETERS: dict[str, t.Any] = {
    "id": "com.example.extension.rollout.stage",
    "default_message": "Staging {clusters} clusters of {site} since {since}",
    "args": [],
    "params": {
        "clusters": {"i": "3"},
        "share": {"d": "0.5", "precision": 2},
        "since": {"dt": "2026-01-15T13:00:00+01:00", "format": "SHORT_TIME"},
        "site": {"l": {"id": "com.example.extension.site", "params": {"name": {"s": "Berlin"}}}},
    },
}


def test_parameters_are_sent_as_keys_and_values(updated: Update, vcenter: VCenter, world: World) -> None:
    assert updated(description=PARAMETERS)["changed"] is True
    (spec,) = specs(vcenter)
    site = {"id": "com.example.extension.site", "params": [{"key": "name", "value": {"s": "Berlin"}}]}
    assert spec["description"]["params"] == [
        {"key": "clusters", "value": {"i": 3}},
        {"key": "share", "value": {"d": 0.5, "precision": 2}},
        {"key": "since", "value": {"dt": "2026-01-15T12:00:00.000Z", "format": "SHORT_TIME"}},
        {"key": "site", "value": {"l": site}},
    ]
    assert updated(description=PARAMETERS)["changed"] is False
    changed = {**PARAMETERS, "params": {**PARAMETERS["params"], "clusters": {"i": 4}}}
    result = updated(description=changed)
    assert result["changed"] is True
    # The text is the same, so the diff shows the structure.
    assert result["diff"]["before"]["description"]["params"]["clusters"] == {"i": 3}
    assert result["diff"]["after"]["description"]["params"]["clusters"] == {"i": 4}


# Nothing to do


def test_second_run_changes_nothing(updated: Update, vcenter: VCenter) -> None:
    options: dict[str, t.Any] = {
        "status": "BLOCKED",
        "description": "Waiting for the storage",
        "result": {"staged": 5, "by_cluster": [{"key": "a", "value": True}]},
        "start_time": "2026-01-15T11:00:00Z",
    }
    first, second = updated(**options), updated(**options)
    assert (first["changed"], second["changed"]) == (True, False)
    assert len(specs(vcenter)) == 1
    assert second["task"] == first["task"]
    assert second["supported"] is None
    assert second["diff"]["before"] == second["diff"]["after"]


@pytest.mark.parametrize(
    "options",
    [
        {"status": "RUNNING"},
        {"progress": {"completed": 40}},
        {"progress": {"completed": "40", "total": None}},
        # vCenter ignores the message, so that it is no change.
        {"progress": {"completed": 40, "total": 100, "message": "Another text"}},
        {"description": "Rolling out"},
        {"description": {**text("Rolling out"), "localized": "Es geht voran"}},
        {"result": {"staged": 4}},
        {"start_time": "2026-01-15T12:30:00.0004+0130"},
        {"start_time": "2026-01-15 11:00"},
    ],
)
def test_what_means_the_same_is_no_change(updated: Update, vcenter: VCenter, options: dict[str, t.Any]) -> None:
    result = updated(**options)
    assert result["changed"] is False
    assert specs(vcenter) == []
    assert vcenter.sessions == []


def test_a_structure_differs_by_its_id(updated: Update, vcenter: VCenter) -> None:
    result = updated(description=text("Rolling out", "com.example.rollout"))
    assert result["changed"] is True
    assert result["diff"]["before"]["description"]["id"] == "sim.vlcm.text"
    assert result["diff"]["after"]["description"]["id"] == "com.example.rollout"


# Check mode and diff


@pytest.mark.parametrize(
    "options",
    [
        {"progress": {"completed": 60, "message": "Two thirds"}},
        {"status": "SUCCEEDED", "result": {"staged": 14}, "description": "Rolled out"},
        {"status": "FAILED", "error": "No depot.", "end_time": "2026-01-15T12:00:00Z"},
        {"description": PARAMETERS},
        {"status": "RUNNING"},
    ],
)
def test_check_mode_writes_nothing_and_foretells_the_same(
    updated: Update, vcenter: VCenter, world: World, options: dict[str, t.Any]
) -> None:
    foretold = updated(check_mode=True, **options)
    assert vcenter.writes == []
    assert world.tasks.tasks[TASK].description["default_message"] == "Rolling out"
    real = updated(**options)
    assert foretold["changed"] == real["changed"]
    assert foretold["diff"] == real["diff"]
    assert foretold["supported"] is None
    assert foretold["task"]["status"] == real["task"]["status"]
    assert foretold["task"]["description"] == real["task"]["description"]
    assert foretold["task"]["error"] == real["task"]["error"]
    assert vcenter.sessions == []


def test_the_diff_has_what_was_asked_for(updated: Update, vcenter: VCenter) -> None:
    diff = updated(check_mode=True, status="BLOCKED", description="Waiting")["diff"]
    assert diff == {
        "before": {"status": "RUNNING", "description": "Rolling out"},
        "after": {"status": "BLOCKED", "description": "Waiting"},
    }


# The union, checked before anything is sent


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"status": "RUNNING", "error": "x"}, "error needs status: FAILED, and RUNNING was asked for"),
        ({"status": "SUCCEEDED", "error": "x"}, "error needs status: FAILED, and SUCCEEDED was asked for"),
        ({"status": "FAILED"}, "status: FAILED needs error"),
        ({"status": "BLOCKED", "end_time": START}, "end_time needs status: SUCCEEDED or FAILED, and BLOCKED was"),
        ({"status": "PENDING", "start_time": START}, "start_time needs status: RUNNING or BLOCKED or SUCCEEDED or"),
        ({"status": "PENDING", "result": 0}, "result needs status: RUNNING or BLOCKED or SUCCEEDED or FAILED"),
        ({"progress": {"completed": -1}}, "progress.completed is -1, and must be within 0 and the total"),
        ({"progress": {"completed": 11, "total": 10}}, "progress.completed is 11, and must be within 0 and 10"),
        (
            {"status": "FAILED", "error": "x", "start_time": "2026-01-15T12:00:00Z", "end_time": START},
            "is before start",
        ),
    ],
)
def test_what_cannot_go_together_is_not_even_read_for(
    updated: Update, vcenter: VCenter, options: dict[str, t.Any], said: str
) -> None:
    assert said in refused(functools.partial(updated, **options), vcenter)
    assert reads(vcenter) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"error": "x"}, "error needs status: FAILED, and RUNNING is what the task has"),
        ({"end_time": START}, "end_time needs status: SUCCEEDED or FAILED, and RUNNING is what the task has"),
        ({"progress": {"completed": 101}}, "progress.completed is 101, and must be within 0 and 100, the total of"),
        ({"progress": {"completed": 39}}, "progress.completed cannot go back from 40 to 39"),
        ({"progress": {"completed": 4, "total": 10}}, "progress.completed cannot go back from 40 to 4"),
        (
            {"status": "SUCCEEDED", "end_time": "2026-01-15T10:00:00Z"},
            f"end_time 2026-01-15T10:00:00.000Z is before the start of the task, {START}",
        ),
    ],
)
def test_what_the_task_does_not_allow_is_not_sent(
    updated: Update, vcenter: VCenter, options: dict[str, t.Any], said: str
) -> None:
    sentence = refused(functools.partial(updated, **options), vcenter)
    assert sentence.startswith(f"Could not update extension task {TASK}: Nothing was changed in vCenter")
    assert said in sentence
    assert reads(vcenter) == ["/api/cis/tasks/" + PATH.rpartition("/")[2]]


@of_a(PENDING)
def test_a_pending_task_has_neither_progress_nor_result(updated: Update, vcenter: VCenter) -> None:
    said = refused(lambda: updated(progress={"completed": 1}, result=1, start_time=START), vcenter)
    assert "because of 3 problems" in said
    assert "result needs status: RUNNING or BLOCKED or SUCCEEDED or FAILED, and PENDING is what the task has" in said
    assert "progress needs a task that runs, and this one is PENDING; report RUNNING first" in said


@pytest.mark.parametrize("status", ["BLOCKED", "SUCCEEDED"])
def test_the_last_progress_may_come_with_the_next_status(updated: Update, vcenter: VCenter, status: str) -> None:
    assert updated(progress={"completed": 41}, status=status)["task"]["progress"]["completed"] == 41


@of_a({**RUNNING, "status": "BLOCKED"})
def test_a_blocked_task_has_to_run_before_it_goes_on(updated: Update, vcenter: VCenter) -> None:
    assert "this one is BLOCKED" in refused(lambda: updated(progress={"completed": 50}), vcenter)
    assert updated(progress={"completed": 50}, status="RUNNING")["task"]["progress"]["completed"] == 50


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"start_time": "yesterday"}, "'start_time' is 'yesterday', which is not a time by ISO 8601"),
        ({"description": {"default_message": "x"}}, "'description' needs a text as 'id'"),
        ({"description": ["x"]}, "'description' is not a structure"),
        (
            {"progress": {"completed": 50, "message": {"id": "x"}}},
            "'progress.message' needs a text as 'default_message'",
        ),
        ({"progress": {"total": 100}}, "'progress' needs a number as 'completed'"),
        ({"progress": {"completed": "half"}}, "'progress.completed' is 'half', which is no whole number"),
        ({"progress": {"completed": 50, "percent": 50}}, "'progress' has no member percent"),
        ({"error": {"error_type": "ERROR"}, "status": "FAILED"}, "'error' is neither a text nor a structure"),
        ({"error": {"messages": [1]}, "status": "FAILED"}, "'error.messages[0]' is not a structure"),
    ],
)
def test_a_value_of_the_wrong_form_is_named(
    updated: Update, vcenter: VCenter, options: dict[str, t.Any], said: str
) -> None:
    assert said in refused(functools.partial(updated, **options), vcenter, InvalidOption)


# Tasks that have ended


@of_a(ENDED)
@pytest.mark.parametrize(
    "options",
    [
        {"status": "SUCCEEDED"},
        {"status": "SUCCEEDED", "result": {"staged": 4}, "progress": {"completed": 40}},
        {"end_time": "2026-01-15T12:30:00+01:00"},
        {"description": "Rolling out"},
    ],
)
def test_an_ended_task_that_is_as_asked_is_left_alone(
    updated: Update, vcenter: VCenter, options: dict[str, t.Any]
) -> None:
    assert updated(**options)["changed"] is False
    assert specs(vcenter) == []


@of_a(ENDED)
@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("options", "which"),
    [
        ({"status": "RUNNING", "description": "Rolling out"}, "status"),
        ({"status": "FAILED", "error": "x"}, "status, error"),
        ({"description": "Another"}, "description"),
        ({"progress": {"completed": 50}}, "progress"),
        ({"result": {"staged": 5}}, "result"),
    ],
)
def test_an_ended_task_becomes_nothing_else(
    updated: Update, vcenter: VCenter, options: dict[str, t.Any], which: str, check_mode: bool
) -> None:
    said = refused(lambda: updated(check_mode=check_mode, **options), vcenter)
    ended = "the task has ended (SUCCEEDED at 2026-01-15T11:30:00.000Z)"
    assert f"{ended}, so {which} can no longer be changed" in said


@of_a(BROKEN)
@pytest.mark.parametrize(
    "error", ["Too slow.", {"messages": ["Too slow."]}, {"error_type": "TIMED_OUT", "messages": [text("Too slow.")]}]
)
def test_a_failed_task_with_this_error_is_left_alone(updated: Update, vcenter: VCenter, error: t.Any) -> None:
    assert updated(status="FAILED", error=error)["changed"] is False
    assert updated(error=error)["changed"] is False
    assert specs(vcenter) == []


@of_a(BROKEN)
@pytest.mark.parametrize(
    "error",
    [
        "Too fast.",
        {"error_type": "ERROR", "messages": ["Too slow."]},
        {"messages": ["Too slow.", "And more."]},
        {"messages": [text("Too slow.", "another.id")]},
        {"messages": ["Too slow."], "data": {"seconds": 1}},
    ],
)
def test_a_failed_task_keeps_its_error(updated: Update, vcenter: VCenter, error: t.Any) -> None:
    assert "so error can no longer be changed" in refused(lambda: updated(status="FAILED", error=error), vcenter)


def test_a_task_that_ends_between_the_look_and_the_update_is_told(
    updated: Update, vcenter: VCenter, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = world.tasks.tasks[TASK]
    info = task.info

    def info_then_end(*args: t.Any, **more: t.Any) -> dict[str, t.Any]:
        seen = info(*args, **more)
        task.status = "SUCCEEDED"
        return seen

    monkeypatch.setattr(task, "info", info_then_end)
    with pytest.raises(NotAllowedInCurrentState, match=f"Could not update extension task {TASK}: "):
        updated(status="BLOCKED")
    assert vcenter.sessions == []


# Where it is not offered


@pytest.mark.parametrize("on_unsupported", ["warn", "ignore"])
def test_a_vcenter_without_it_does_not_fail_the_play(
    updated: Update, vcenter: VCenter, world: World, run: t.Any, on_unsupported: str
) -> None:
    world.patch({"extension_tasks": {"offered": False}})
    result = updated(status="BLOCKED", on_unsupported=on_unsupported)
    assert (result["changed"], result["supported"]) == (False, False)
    assert result["task"]["status"] == "RUNNING"
    assert result["diff"]["before"] == result["diff"]["after"] == {"status": "RUNNING"}
    assert len(run.warnings) == (on_unsupported == "warn")
    assert len(vcenter.writes) == 1
    assert vcenter.sessions == []


def test_the_warning_names_the_releases(updated: Update, world: World, run: t.Any) -> None:
    world.patch({"extension_tasks": {"offered": False}})
    updated(status="BLOCKED")
    (warning,) = run.warnings
    assert "Only vCenter 7.0 is documented to have them" in warning
    assert "the API of vCenter 8 and 9 lacks it" in warning
    assert "The vCenter localhost does not offer updates of extension tasks" in warning


def test_a_vcenter_without_it_can_be_an_error(updated: Update, vcenter: VCenter, world: World) -> None:
    world.patch({"extension_tasks": {"offered": False}})
    with pytest.raises(NotOffered, match="does not offer updates of extension tasks") as caught:
        updated(status="BLOCKED", on_unsupported="fail")
    assert caught.value.details() == {"supported": False}
    assert vcenter.sessions == []


def test_a_vcenter_without_the_older_root_does_not_offer_it(updated: Update, vcenter: VCenter, world: World) -> None:
    world.patch({"vcenter": {"roots": ["api"]}})
    assert updated(status="BLOCKED")["supported"] is False


def test_check_mode_does_not_probe_for_it(updated: Update, vcenter: VCenter, world: World, run: t.Any) -> None:
    world.patch({"extension_tasks": {"offered": False}})
    result = updated(status="BLOCKED", check_mode=True)
    assert (result["changed"], result["supported"]) == (True, None)
    assert vcenter.writes == []
    assert run.warnings == []


# Trouble


def test_an_unknown_task_is_named(updated: Update, vcenter: VCenter) -> None:
    said = refused(lambda: updated(task="gone:x", status="RUNNING"), vcenter, NotFound)
    assert said.startswith("Could not read task gone:x: ")
    assert said.endswith("Correct task: vCenter has no such task (any more), or this user may not see it.")


@of_a({**RUNNING, "id": "a/b ä:x"})
def test_an_identifier_is_encoded(updated: Update, vcenter: VCenter) -> None:
    updated(task="a/b ä:x", status="BLOCKED")
    assert [request.path for request in vcenter.writes] == ["/rest/vcenter/extension/tasks/a%2Fb%20%C3%A4%3Ax"]


def test_the_older_root_is_read_where_there_is_no_newer_one(updated: Update, vcenter: VCenter, world: World) -> None:
    world.patch({"vcenter": {"roots": ["rest"]}})
    assert updated(description=PARAMETERS, result={"a": {"b": 1}})["changed"] is True
    assert updated(description=PARAMETERS, result={"a": {"b": 1}})["changed"] is False
    assert reads(vcenter)[:2] == [f"/{root}/cis/tasks/{PATH.rpartition('/')[2]}" for root in ("api", "rest")]
    assert vcenter.sessions == []


def test_a_lost_answer_is_not_sent_again_and_the_next_run_finds_out(
    updated: Update, vcenter: VCenter, world: World
) -> None:
    world.faults.add("reset_after", method="PATCH")
    with pytest.raises(ConnectionFailed) as caught:
        updated(status="BLOCKED")
    assert "run again, which reads the task first" in str(caught.value)
    assert len(vcenter.writes) == 1
    assert updated(status="BLOCKED")["changed"] is False
    assert len(vcenter.writes) == 1
    assert vcenter.sessions == []


def test_an_unreadable_answer_is_not_sent_again(updated: Update, vcenter: VCenter, world: World) -> None:
    world.faults.add("500_unreadable", method="PATCH")
    with pytest.raises(UnexpectedReply, match="Whether vCenter took the update is not known"):
        updated(status="BLOCKED")
    assert len(vcenter.writes) == 1


def test_a_missing_privilege_is_named(updated: Update, vcenter: VCenter) -> None:
    with pytest.raises(Unauthorized, match=r"needs the privilege Task\.Update"):
        updated(status="BLOCKED", username="reader@vsphere.local", password="reader-password")
    assert vcenter.sessions == []


def test_a_task_of_another_kind_is_refused_by_vcenter(updated: Update, vcenter: VCenter, world: World) -> None:
    task = world.start_operation("apply", 60, cluster="prod")
    with pytest.raises(ApiError, match="Could not update extension task"):
        updated(task=task.id, status="BLOCKED")
    assert vcenter.sessions == []
