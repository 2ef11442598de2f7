# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for tasks of the simulated vCenter, in no time."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _tasks
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import UnparsableError, VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task, TimedOut, Together, Vanished, Wait
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

PACE = _tasks.Pace(10)
LIMITS = _tasks.Limits(5, 64)
CLUSTERS = ("domain-c8", "domain-c9", "domain-c11")


@pytest.fixture
def stage(world: World) -> t.Callable[[str], str]:
    """Start a staging in the simulated world and return its task."""

    def start(cluster: str) -> str:
        task = world.engine.stage(world.cluster(cluster).managed, "somebody", None, None)
        return str(getattr(task, "id", task))

    return start


def waiting(client: VCenterClient, task: str | None, seconds: float, told: list[t.Any]) -> _tasks.Job:
    told.append((yield Wait(Deadline(client.clock, seconds), task)))


def lists(vcenter: VCenter) -> int:
    """Looks, without those for results."""
    found = [request for request in vcenter.requests if request.action == "list"]
    return sum(1 for request in found if request.body["result_spec"]["exclude_result"])


def test_all_tasks_of_a_kind_are_asked_for_in_one_call(
    client: VCenterClient, vcenter: VCenter, stage: t.Callable[[str], str], clock: t.Any
) -> None:
    tasks = [stage("prod"), stage("domain-c9"), stage("domain-c11")]
    told: list[t.Any] = []
    started = clock.now()
    Together(client, LIMITS, PACE).run([(waiting(client, task, 500, told), 1) for task in tasks])
    assert {task.status for task in told} == {"SUCCEEDED"}
    assert lists(vcenter) == len(clock.slept)
    assert 60 <= clock.now() - started <= 71, "the end is seen within one pause"
    assert max(clock.slept) <= 10


def test_tasks_of_clusters_and_hosts_are_asked_for_apart(
    client: VCenterClient, vcenter: VCenter, world: World, stage: t.Callable[[str], str]
) -> None:
    host = world.engine.stage(world.managed(host="single01.example.com"), "somebody", None, None)
    states = _tasks.find_states(client, [stage("prod"), str(getattr(host, "id", host))])
    assert len(states) == 2
    assert lists(vcenter) == 2


def begun(vcenter: VCenter) -> list[str]:
    return [request.path.split("/")[5] for request in vcenter.stages]


def staging(client: VCenterClient, cluster: str, running: list[str], most: list[list[str]]) -> _tasks.Job:
    running.append(cluster)
    most.append(list(running))
    path = f"/api/esx/settings/clusters/{cluster}/software"
    task = client.post(path, {"action": "stage", "vmw-task": "true"}, {})
    yield Wait(Deadline(client.clock, 500), task)
    running.remove(cluster)


@pytest.mark.parametrize(
    ("limits", "together"),
    [
        ((5, 64), [["domain-c8", "domain-c9", "domain-c11"]]),
        ((2, 64), [["domain-c8", "domain-c9"], ["domain-c8", "domain-c11"]]),
        ((5, 5), [["domain-c8", "domain-c9"], ["domain-c11"]]),
        ((5, 2), [["domain-c8"], ["domain-c9"], ["domain-c11"]]),
    ],
)
def test_what_runs_at_once_is_bounded_and_the_order_is_kept(
    client: VCenterClient, vcenter: VCenter, limits: tuple[int, int], together: list[list[str]]
) -> None:
    """They have three, two and four hosts; one that is larger than the limit runs alone."""
    running: list[str] = []
    seen: list[list[str]] = []
    jobs = [(staging(client, name, running, seen), hosts) for name, hosts in zip(CLUSTERS, (3, 2, 4), strict=True)]
    Together(client, _tasks.Limits(*limits), PACE).run(jobs)
    assert begun(vcenter) == list(CLUSTERS)
    for group in together:
        assert group in seen
    assert max(map(len, seen)) == max(map(len, together))


def test_the_next_begins_the_moment_that_a_place_is_free(client: VCenterClient, vcenter: VCenter, world: World) -> None:
    jobs = [(staging(client, name, [], []), 1) for name in CLUSTERS]
    Together(client, _tasks.Limits(2, 64), PACE).run(jobs)
    ended = min(task.end_time or 0 for task in world.tasks.tasks.values() if task.status == "SUCCEEDED")
    third = vcenter.stages[2].time
    # Not the longest pause later: the progress foretells the end, to the percent, and that is a second at the most.
    assert 0 <= third - ended <= 2.5


@pytest.mark.parametrize(
    ("age", "left", "least", "most"),
    [
        (0, None, 0.85, 1.15),
        (8, None, 3.4, 4.6),
        (1000, None, 8, 10),
        (1000, 3, 3, 3),
        (1000, 0.1, 1, 1),
        (0, 50, 0.85, 1.15),
    ],
)
def test_the_pace(age: float, left: float | None, least: float, most: float) -> None:
    assert least <= PACE.pause(age, left) <= most


def test_progress_foretells_the_end_until_it_stands_still() -> None:
    task = _tasks.Watched(0)
    task.saw(10, 10)
    assert task.left(10) is None, "one point is no line"
    task.saw(20, 20)
    assert task.left(20) == pytest.approx(80)
    task.saw(50, 100)
    assert task.left(50) == pytest.approx(0)
    task.saw(54, 100)
    assert task.left(54) == pytest.approx(1), "it is overdue, and looked at often, but less and less"
    assert task.left(56) is None, "it stands still"


def test_a_task_that_went_on_after_standing_still_for_long_is_looked_at_as_ever() -> None:
    task = _tasks.Watched(0)
    for now in range(5000):
        task.saw(now, min(now, 60))
    task.saw(5000, 61)
    left = task.left(5000)
    assert left is not None
    assert PACE.pause(5000, left) <= 10


def test_an_end_that_is_foretold_in_vain_again_and_again_is_believed_less(clock: t.Any) -> None:
    """Its last percent takes as long as all before: it seems to end at every moment."""
    task, now, looks = _tasks.Watched(0), 0.0, 0
    while now < 400:
        now += PACE.pause(now, task.left(now))
        task.saw(now, int(100 * (1 - 0.5 ** (now / 40))))
        looks += 1
    assert looks <= 60


def test_results_of_what_ended_together_are_read_together(
    client: VCenterClient, vcenter: VCenter, stage: t.Callable[[str], str]
) -> None:
    tasks = [stage("domain-c9"), stage("prod")]
    told: list[t.Any] = []
    client.clock.sleep(300)
    Together(client, LIMITS, PACE).run([(waiting(client, task, 500, told), 1) for task in tasks])
    assert all(task.result for task in told)
    assert [request.method for request in vcenter.requests if request.path.startswith("/api/cis/tasks")] == ["POST"] * 2


def test_a_blocked_task_is_waited_for(
    client: VCenterClient, world: World, stage: t.Callable[[str], str], clock: t.Any
) -> None:
    world.patch({"clusters": {"prod": {"stage_outcomes": [{"blocked": {"after": 10, "seconds": 300}}]}}})
    told: list[t.Any] = []
    Together(client, LIMITS, PACE).run([(waiting(client, stage("prod"), 1000, told), 1)])
    assert told[0].status == "SUCCEEDED"
    assert clock.now() > 1300


def test_a_deadline_ends_the_waiting_in_time(
    client: VCenterClient, stage: t.Callable[[str], str], clock: t.Any
) -> None:
    told: list[t.Any] = []
    started = clock.now()
    Together(client, LIMITS, PACE).run([(waiting(client, stage("prod"), 25, told), 1)])
    assert isinstance(told[0], TimedOut)
    assert told[0].last is not None
    assert told[0].last.status == "RUNNING"
    assert clock.now() - started == pytest.approx(25)


def test_success_is_looked_at_before_the_clock(
    client: VCenterClient, stage: t.Callable[[str], str], clock: t.Any
) -> None:
    told: list[t.Any] = []
    task = stage("domain-c9")
    clock.sleep(29)
    Together(client, LIMITS, PACE).run([(waiting(client, task, 1, told), 1)])
    assert isinstance(told[0], Task), "it ended in the very second of the deadline"


def test_waiting_without_a_task_is_a_pause(client: VCenterClient, vcenter: VCenter, clock: t.Any) -> None:
    told: list[t.Any] = []
    started = clock.now()
    Together(client, LIMITS, PACE).run([(waiting(client, None, 30, told), 1)])
    assert told == [None]
    assert clock.now() - started == pytest.approx(30)
    assert lists(vcenter) == 0


def test_a_task_that_is_gone_is_told_after_three_looks(
    client: VCenterClient, vcenter: VCenter, world: World, stage: t.Callable[[str], str]
) -> None:
    task = stage("prod")
    world.tasks.vanish(task)
    told: list[t.Any] = []
    Together(client, LIMITS, PACE).run([(waiting(client, task, 500, told), 1)])
    assert isinstance(told[0], Vanished)
    assert lists(vcenter) == 3


def test_an_outage_is_endured(
    client: VCenterClient, vcenter: VCenter, world: World, stage: t.Callable[[str], str]
) -> None:
    told: list[t.Any] = []
    task = stage("prod")
    world.faults.add("503_plain", action="list", times=15)
    Together(client, LIMITS, PACE).run([(waiting(client, task, 5000, told), 1)])
    assert told[0].status == "SUCCEEDED"
    assert lists(vcenter) > 15


def test_an_outage_that_lasts_ends_the_run(
    client: VCenterClient, world: World, stage: t.Callable[[str], str], clock: t.Any
) -> None:
    world.faults.add("503_plain", action="list", times=None)
    started = clock.now()
    with pytest.raises(UnparsableError, match="503"):
        Together(client, LIMITS, PACE, outage_timeout=200).run([(waiting(client, stage("prod"), 5000, []), 1)])
    assert 200 <= clock.now() - started <= 300


@pytest.mark.parametrize("refusal", ["404", "list_too_long"])
def test_where_the_list_is_refused_tasks_are_read_one_by_one(
    client: VCenterClient, vcenter: VCenter, world: World, stage: t.Callable[[str], str], refusal: str
) -> None:
    """It is no outage, so it does not have to end; a task that is gone is noticed all the same."""
    world.faults.add(refusal, action="list", times=None)
    told: list[t.Any] = []
    tasks = [stage("prod"), stage("domain-c9"), "gone:com.vmware.esx.settings.clusters.software"]
    Together(client, LIMITS, PACE, outage_timeout=0).run([(waiting(client, task, 500, told), 1) for task in tasks])
    assert sorted(type(one).__name__ for one in told) == ["Task", "Task", "Vanished"]
    assert all(one.result for one in told if isinstance(one, Task)), "it came with the state"
    reads = [request.path for request in vcenter.requests if request.path.startswith("/api/cis/tasks/")]
    assert len(set(reads)) == 3
    assert len(reads) > lists(vcenter), "more than one for each look"


def test_whoever_may_see_nothing_at_all_is_told_at_once(
    client: VCenterClient, world: World, stage: t.Callable[[str], str], clock: t.Any
) -> None:
    world.faults.add("html", action="list", times=None)
    started = clock.now()
    with pytest.raises(VCenterError):
        Together(client, LIMITS, PACE, outage_timeout=0).run([(waiting(client, stage("prod"), 500, []), 1)])
    assert clock.now() - started < 30


def task_of(**info: t.Any) -> Task:
    return _tasks._task("x:y", {"status": "RUNNING", **info})


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        ({"total": 100, "completed": 40}, 40),
        ({"total": 3, "completed": 1}, 33),
        ({"total": 10, "completed": 30}, 100),
        ({"total": 10, "completed": -3}, 0),
        ({"total": 0, "completed": 0}, None),
        ({"total": "100"}, None),
        (None, None),
        ([], None),
    ],
)
def test_percent_of(progress: t.Any, percent: int | None) -> None:
    assert task_of(progress=progress).percent == percent


@pytest.mark.parametrize(
    "error",
    [
        {"error_type": "TIMED_OUT", "messages": [{"id": "x", "default_message": "Late.", "args": []}]},
        {
            "type": "com.vmware.vapi.std.errors.timed_out",
            "value": {"messages": [{"id": "x", "default_message": "Late."}]},
        },
    ],
)
def test_the_error_of_either_root(error: dict[str, t.Any]) -> None:
    task = task_of(status="FAILED", error=error)
    assert task.error_type == "TIMED_OUT"
    assert task.error_messages == ("Late.",)


@pytest.mark.parametrize("info", [None, [], "x", {}, {"status": 3}, {"status": "RUNNING", "error": "x"}])
def test_a_task_of_another_shape_is_refused(info: t.Any) -> None:
    with pytest.raises(VCenterError):
        _tasks._task("x:y", info)


def test_an_unknown_status_is_carried_through_and_is_no_end() -> None:
    task = task_of(status="PAUSED")
    assert task.status == "PAUSED"
    assert not task.finished


def test_the_task_variant_is_the_same_action() -> None:
    assert task_of(operation="stage$task").action == task_of(operation="stage").action == "stage"
