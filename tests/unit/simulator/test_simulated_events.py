# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to the simulated vCenter by schedule, and tasks that go wrong in their own ways."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import VapiError, VCenter, World, WorldError
from ansible_collections.vsphere.lifecycle.simulator.exchange import Asked, Exchange
from ansible_collections.vsphere.lifecycle.simulator.tasks import TaskFilter

CLUSTERS = TaskFilter(services=frozenset({"com.vmware.esx.settings.clusters.software"}))


def status(world: World) -> int:
    """How a read without a session is answered; 0 if nobody does."""
    return Exchange(world).answer(Asked("GET", "/api/session", [], {})).status


def test_a_restart_ends_sessions_and_keeps_tasks(world: World, driver: t.Any) -> None:
    world.sessions.create(world.username, world.password)
    task = driver.stage()
    world.events.add({"at": 10, "do": "restart", "seconds": 40})
    seen = []
    for _dummy in range(7):
        driver.wait(8)
        seen.append(status(world))
    assert seen == [401, 503, 0, 0, 503, 503, 401]
    assert world.sessions.open == []
    driver.wait(10)
    assert driver.info(task)["status"] == "SUCCEEDED", "its 60 s went by in spite of the restart"
    assert world.events.done == ["restart"]


@pytest.mark.parametrize(("refused", "states"), [(0, [503] * 4), (1, [0] * 4)])
def test_a_restart_may_refuse_all_the_time_or_never(
    world: World, driver: t.Any, refused: float, states: list[int]
) -> None:
    world.restart(40, refused=refused, forget_tasks=True)
    seen = []
    for _dummy in range(4):
        driver.wait(9.9)
        seen.append(status(world))
    assert seen == states
    driver.wait(1)
    assert status(world) == 401


def test_of_two_restarts_the_later_one_counts(world: World, driver: t.Any) -> None:
    world.restart(10)
    driver.wait(5)
    world.restart(100, refused=0, forget_tasks=True)
    driver.wait(20)
    assert status(world) == 503


def test_tasks_can_be_forgotten(world: World, driver: t.Any) -> None:
    first, second = driver.stage("prod"), driver.stage("domain-c9")
    world.events.add({"at": 5, "do": "vanish", "cluster": "prod", "operation": "stage"})
    driver.wait(5)
    with pytest.raises(VapiError):
        world.tasks.find(first)
    assert driver.info(second)["status"] == "RUNNING"
    driver.wait(60)
    assert world.host("esx01.example.com").staged_commit == "5", "the work goes on"


def test_a_stuck_task_goes_on_when_it_is_released(world: World, driver: t.Any) -> None:
    world.cluster("prod").managed.stage_outcomes.append({"stuck": True})
    task = driver.stage()
    driver.wait(10000)
    assert driver.info(task)["status"] == "RUNNING"
    world.events.add({"do": "release", "cluster": "prod"})
    driver.wait(1)
    assert driver.info(task)["status"] == "SUCCEEDED"
    assert world.host("esx01.example.com").staged_commit == "5"
    assert world.cluster("prod").managed.operations == []


def test_a_stuck_task_that_was_forgotten_can_be_released(world: World, driver: t.Any) -> None:
    world.cluster("prod").managed.stage_outcomes.append({"stuck": True, "vanish": {"after": 1}})
    driver.stage()
    driver.wait(100)
    assert world.cluster("prod").managed.operations
    world.release()
    assert world.cluster("prod").managed.operations == []


def test_a_task_may_be_stuck_for_a_while(world: World, driver: t.Any) -> None:
    world.cluster("prod").managed.stage_outcomes.append({"stuck": {"after": 10, "seconds": 300}})
    task = driver.stage()
    driver.wait(309)
    assert driver.info(task)["status"] == "RUNNING"
    driver.wait(2)
    assert driver.info(task)["status"] == "SUCCEEDED"


def test_running_tasks_can_be_blocked(world: World, driver: t.Any) -> None:
    task = driver.stage()
    world.events.add({"at": 1, "do": "block", "seconds": 100})
    driver.wait(50)
    assert driver.info(task)["status"] == "BLOCKED"
    driver.wait(60)
    assert driver.info(task)["status"] == "SUCCEEDED"


def test_progress_may_go_back(world: World, driver: t.Any) -> None:
    world.cluster("prod").managed.stage_outcomes.append({"backwards": {"after": 20, "by": 40}})
    task = driver.stage()
    driver.wait(19)
    before = driver.info(task)["progress"]["completed"]
    driver.wait(2)
    assert driver.info(task)["progress"]["completed"] < before
    driver.wait(60)
    assert driver.info(task)["progress"]["completed"] == 100


def test_a_depot_that_no_host_reaches(world: World, driver: t.Any) -> None:
    world.cluster("domain-c9").managed.stage_outcomes.append({"depot_error": True})
    task = driver.stage("domain-c9")
    driver.wait(31)
    info = driver.info(task)
    assert info["status"] == "SUCCEEDED"
    assert info["result"]["skipped_hosts"] == ["host-19", "host-20"]
    assert info["result"]["host_status"]["host-19"]["notifications"]["errors"][0]["retriable"] is True
    assert world.host("edge01.example.com").staged_commit is None


def test_an_image_that_changes_while_it_is_staged(world: World, driver: t.Any) -> None:
    task = driver.stage()
    world.events.add({"at": 10, "do": "new_commit", "commit": "6", "cluster": "prod"})
    driver.wait(61)
    assert driver.result(task)["commit"] == "5"
    assert world.cluster("prod").managed.commit == "6"
    assert world.host("esx01.example.com").staged_commit == "5"


def test_others_start_when_the_cluster_is_free(world: World, driver: t.Any) -> None:
    driver.stage()
    world.events.add({"at": 1, "do": "operation", "kind": "apply", "seconds": 50, "cluster": "prod"})
    world.events.add({"at": 2, "do": "stage", "cluster": "prod", "hosts": ["esx01.example.com"]})
    for seconds, kind in ((30, "stage"), (40, "apply")):
        driver.wait(seconds)
        assert [operation.kind for operation in world.cluster("prod").managed.operations] == [kind]
    driver.wait(50)
    assert world.engine.runs[-1].task.user == "somebody@vsphere.local"


def test_others_may_be_refused(world: World, driver: t.Any) -> None:
    world.events.add({"do": "stage", "cluster": "legacy"})
    driver.wait(1)
    assert world.engine.runs == []


def test_sessions_can_be_ended(world: World, driver: t.Any) -> None:
    world.sessions.create(world.username, world.password)
    world.events.add({"at": 5, "do": "expire_sessions"})
    driver.wait(4)
    assert len(world.sessions.open) == 1
    driver.wait(1)
    assert world.sessions.open == []


def test_fields_and_faults_can_change(world: World, driver: t.Any) -> None:
    limits = {"tasks": 3, "clusters": 2}
    changes = {"sessions": {"limit": 0, "idle_timeout": 5}, "limits": limits}
    world.events.add({"at": 5, "do": "patch", "changes": changes})
    world.events.add({"at": 5, "do": "faults", "faults": [{"kind": "502"}]})
    driver.wait(5)
    assert (world.sessions.limit, world.sessions.idle_timeout, world.tasks.limit) == (0, 5, 3)
    assert world.inventory.limits == {"datacenters": 1000, "clusters": 2, "hosts": 2500}
    assert status(world) == 502


def test_the_clock_can_be_set(world: World, driver: t.Any) -> None:
    world.sessions.create(world.username, world.password)
    task = driver.stage()
    world.cluster("domain-c9").managed.stage_outcomes.append({"blocked": {"after": 1, "seconds": 100}})
    held = driver.stage("domain-c9")
    driver.wait(2)
    before, started = world.now, driver.info(task)["start_time"]
    world.shift_clock(-3600)
    assert world.now == before - 3600
    driver.wait(57)
    assert driver.info(task)["status"] == "RUNNING"
    assert driver.info(task)["start_time"] == started
    driver.wait(1)
    assert driver.info(task)["status"] == "SUCCEEDED"
    assert driver.info(task)["end_time"] < started
    world.shift_clock(7200)
    assert len(world.sessions.open) == 1
    assert driver.info(held)["status"] == "BLOCKED"
    driver.wait(42)
    assert driver.info(held)["status"] == "SUCCEEDED"


def test_more_tasks_than_a_list_may_have(world_data: dict[str, t.Any]) -> None:
    world_data["tasks"] = [{"cluster": "prod", "operation": "check", "number": 1001}]
    world = World(world_data)
    assert len(world.tasks.tasks) == 1001
    with pytest.raises(VapiError) as caught:
        world.tasks.matching(CLUSTERS)
    assert caught.value.error_type == "RESOURCE_INACCESSIBLE"
    assert world.cluster("prod").managed.operations == []


@pytest.mark.parametrize(("shown", "heeded", "found"), [(True, True, 1), (True, False, 2), (False, True, 0)])
def test_targets_of_tasks(world_data: dict[str, t.Any], shown: bool, heeded: bool, found: int) -> None:
    world_data["vcenter"].update(task_targets=shown, task_target_filter=heeded)
    world_data["tasks"] = [{"cluster": name, "operation": "stage"} for name in ("prod", "domain-c9")]
    world = World(world_data)
    wanted = dataclasses.replace(CLUSTERS, targets=frozenset({("ClusterComputeResource", "domain-c8")}))
    assert len(world.tasks.matching(wanted)) == found
    assert ("target" in world.tasks.matching(CLUSTERS)[0].info(world.now)) == shown
    world.vanish(cluster="prod")
    assert len(world.tasks.tasks) == 1


def test_a_moment_at_random(world_data: dict[str, t.Any]) -> None:
    def moment(seed: int) -> float:
        now = [0.0]
        event = {"at": [10, 90], "do": "expire_sessions"}
        world = World({**world_data, "seed": seed, "events": [event]}, lambda: now[0])
        while not world.events.done:
            now[0] += 1
            world.look()
        return now[0]

    assert 10 <= moment(1) <= 91
    assert len({moment(seed) for seed in range(5)}) > 1
    assert moment(3) == moment(3)


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ("restart", "must be a mapping"),
        ({"at": 3}, "must be a mapping with 'do'"),
        ({"do": "dance"}, "No such event: dance"),
        ({"do": "restart", "second": 3}, "unknown member 'second'"),
    ],
)
def test_mistakes_in_events_are_named(world: World, event: t.Any, problem: str) -> None:
    with pytest.raises(WorldError, match=problem):
        world.events.add(event)


def test_control_of_events(vcenter: VCenter, driver: t.Any) -> None:
    exchange = Exchange(vcenter.world)

    def call(name: str, body: str = "{}") -> int:
        return exchange.answer(Asked("POST", f"/_simulator/{name}", [], {}, body.encode())).status

    task = driver.stage()
    assert call("block", '{"seconds": 1000, "cluster": "prod"}') == 200
    assert driver.info(task)["status"] == "BLOCKED"
    assert call("release", '{"cluster": "prod"}') == 200
    assert driver.info(task)["status"] == "RUNNING"
    assert call("vanish") == 200
    assert vcenter.world.tasks.tasks == {}
    before = vcenter.world.now
    assert call("shift-clock", '{"seconds": 60}') == 200
    assert vcenter.world.now == before + 60
    assert call("events", '{"events": [{"do": "restart"}]}') == 200
    assert vcenter.world.availability == "starting"
    assert call("restart", '{"seconds": 5, "refused": 1}') == 200
    assert vcenter.world.availability == "down"
    assert call("events", '{"events": [{"do": "dance"}]}') == 400
    assert call("restart", '{"minutes": 5}') == 400


def test_a_service_fails_in_the_middle_of_a_rollout(world: World, driver: t.Any) -> None:
    world.events.add(
        {"after_stages": 2, "at": 5, "do": "service", "service": "updatemgr", "state": "STOPPED", "seconds": 30}
    )
    seen = []
    for cluster in ("prod", "domain-c9", "domain-c11"):
        driver.stage(cluster)
        driver.wait(10)
        seen.append(world.appliance.service("updatemgr")["state"])
    driver.wait(30)
    assert [*seen, world.appliance.service("updatemgr")["state"]] == ["STARTED", "STOPPED", "STOPPED", "STARTED"]
    assert world.events.done == ["service"]
