# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staging in the simulated vCenter keeps to the vendor's rules (contract sections 3.3, 3.4 and 5)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import World

DEPOT_ERROR = {
    "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.DepotConnectErrorV2",
    "message": "The host cannot reach the depot.",
    "retriable": True,
}


def test_hosts_are_staged_in_parallel_and_the_task_ends_with_the_last(driver: t.Any) -> None:
    driver.world.host("host-16").stage_seconds = 100
    driver.world.host("host-17").staged_commit = None
    task = driver.stage()
    driver.wait(60)
    assert driver.world.host("host-17").staged_commit == "5"
    assert driver.world.host("host-16").staged_commit is None
    assert driver.info(task)["status"] == "RUNNING"
    driver.wait(40)
    assert driver.info(task)["status"] == "SUCCEEDED"
    assert driver.result(task)["successful_hosts"] == ["host-16", "host-17"]


def test_result_fills_up_while_the_task_runs(driver: t.Any) -> None:
    task = driver.stage()
    driver.wait(30)
    result = driver.result(task)
    assert "status" not in result
    assert result["skipped_hosts"] == ["host-17", "host-18"]
    assert result["successful_hosts"] == []
    running = result["host_status"]["host-16"]
    assert running["status"] == "RUNNING"
    assert running["progress"]["completed"] == 50
    assert driver.info(task)["progress"]["completed"] == 83


def test_result_waits_for_the_end_where_the_world_says_so(driver: t.Any) -> None:
    driver.world.engine.partial_results = False
    task = driver.stage()
    driver.wait(30)
    assert "result" not in driver.info(task)


def test_result_can_be_left_out(driver: t.Any) -> None:
    task = driver.stage()
    driver.wait(60)
    assert "result" not in driver.info(task, exclude_result=True)


def test_compliant_and_staged_hosts_are_skipped_cleanly(driver: t.Any) -> None:
    task = driver.stage()
    driver.wait(60)
    result = driver.result(task)
    for host in ("host-17", "host-18"):
        assert result["host_status"][host]["status"] == "SKIPPED"
        assert result["host_status"][host]["notifications"] == {}
    assert result["status"]["status"] == "OK"


def test_second_staging_skips_everything(driver: t.Any) -> None:
    driver.stage()
    driver.wait(60)
    task = driver.stage()
    driver.wait(0)
    result = driver.result(task)
    assert result["successful_hosts"] == []
    assert result["skipped_hosts"] == ["host-16", "host-17", "host-18"]
    assert result["status"]["status"] == "SKIPPED"


@pytest.mark.parametrize("hosts", [None, []])
def test_no_hosts_mean_all_hosts(driver: t.Any, hosts: list[str] | None) -> None:
    task = driver.stage(hosts=hosts)
    driver.wait(60)
    assert set(driver.result(task)["host_info"]) == {"host-16", "host-17", "host-18"}


def test_only_the_hosts_asked_for_are_staged(driver: t.Any) -> None:
    task = driver.stage("domain-c9", hosts=["host-20"])
    driver.wait(60)
    assert set(driver.result(task)["host_status"]) == {"host-20"}
    assert driver.world.host("host-19").staged_commit is None


def test_commit_is_a_minimum(driver: t.Any) -> None:
    task = driver.stage(commit="4")
    driver.wait(60)
    assert driver.result(task)["commit"] == "5"
    assert driver.world.host("host-16").staged_commit == "5"


@pytest.mark.parametrize(
    ("cluster", "commit", "hosts"),
    [("prod", "9", None), ("prod", None, ["host-19"]), ("prod", None, ["host-16", "host-99"]), ("legacy", None, None)],
    ids=["unknown commit", "host of another cluster", "unknown host", "managed by a baseline"],
)
def test_wrong_arguments_are_refused_and_start_nothing(
    driver: t.Any, refused: t.Any, cluster: str, commit: str | None, hosts: list[str] | None
) -> None:
    refused("INVALID_ARGUMENT", driver.stage, cluster, commit, hosts)
    assert not driver.world.tasks.tasks


def test_cluster_without_an_image(driver: t.Any, refused: t.Any) -> None:
    driver.world.cluster("prod").managed.commit = None
    refused("NOT_FOUND", driver.stage)


@pytest.mark.parametrize(
    "fields",
    [{"connection_state": "DISCONNECTED"}, {"connection_state": "NOT_RESPONDING"}, {"power_state": "POWERED_OFF"}],
)
def test_unreachable_host_fails(driver: t.Any, fields: dict[str, str]) -> None:
    driver.world.patch({"hosts": {"host-16": fields}})
    task = driver.stage()
    driver.wait(60)
    result = driver.result(task)
    assert driver.info(task)["status"] == "SUCCEEDED"
    assert result["failed_hosts"] == ["host-16"]
    assert result["host_status"]["host-16"]["notifications"]["errors"][0]["retriable"] is True
    assert result["status"]["status"] == "ERROR"


def test_host_that_goes_away_during_staging_fails(driver: t.Any) -> None:
    task = driver.stage()
    driver.wait(30)
    driver.world.host("host-16").connection_state = "NOT_RESPONDING"
    driver.wait(30)
    assert driver.result(task)["failed_hosts"] == ["host-16"]
    assert driver.world.host("host-16").staged_commit is None


def test_host_in_maintenance_mode_is_staged(driver: t.Any) -> None:
    driver.world.host("host-16").maintenance_mode = True
    driver.stage()
    driver.wait(60)
    assert driver.world.host("host-16").staged_commit == "5"


def test_incompatible_host_is_skipped_with_an_error(driver: t.Any) -> None:
    driver.world.host("host-16").status = "INCOMPATIBLE"
    task = driver.stage()
    driver.wait(60)
    result = driver.result(task)
    assert "host-16" in result["skipped_hosts"]
    assert result["host_status"]["host-16"]["notifications"]["errors"]


def test_outcomes_are_used_up_one_at_each_attempt(driver: t.Any) -> None:
    failing = {"status": "ERROR", "seconds": 10, "notifications": {"errors": [DEPOT_ERROR]}}
    driver.world.patch({"hosts": {"host-16": {"outcomes": [failing, "TIMED_OUT"]}}})
    statuses = []
    for _dummy in range(3):
        task = driver.stage(hosts=["host-16"])
        driver.wait(60)
        statuses.append(driver.result(task)["host_status"]["host-16"]["status"])
    assert statuses == ["ERROR", "TIMED_OUT", "OK"]


def test_skipped_host_uses_up_no_outcome(driver: t.Any) -> None:
    driver.world.patch({"hosts": {"host-18": {"outcomes": ["ERROR"]}}})
    driver.stage()
    driver.wait(60)
    assert len(driver.world.host("host-18").outcomes) == 1


@pytest.mark.parametrize(
    ("outcome", "lists"),
    [
        ({"status": "OK", "list": "failed"}, ["failed_hosts"]),
        ({"status": "RUNNING"}, []),
        ({"status": "RETRY_PENDING", "list": "failed"}, ["failed_hosts"]),
        ({"status": "SKIPPED", "notifications": {"errors": [DEPOT_ERROR]}}, ["skipped_hosts"]),
    ],
)
def test_outcome_says_in_which_list_the_host_is(driver: t.Any, outcome: dict[str, t.Any], lists: list[str]) -> None:
    driver.world.patch({"hosts": {"host-16": {"outcomes": [outcome]}}})
    task = driver.stage(hosts=["host-16"])
    driver.wait(60)
    result = driver.result(task)
    assert [name for name in result if name.endswith("_hosts") and "host-16" in result[name]] == lists
    assert result["host_status"]["host-16"]["status"] == outcome["status"]


def test_host_without_any_verdict(driver: t.Any) -> None:
    driver.world.patch({"hosts": {"host-16": {"outcomes": [{"status": None, "list": "none"}]}}})
    task = driver.stage(hosts=["host-16"])
    driver.wait(60)
    result = driver.result(task)
    assert result["host_status"] == {}
    assert not any(result[name] for name in ("successful_hosts", "failed_hosts", "skipped_hosts"))


def test_one_operation_at_a_time_on_each_cluster(driver: t.Any, refused: t.Any) -> None:
    driver.stage("domain-c9")
    refused("NOT_ALLOWED_IN_CURRENT_STATE", driver.stage, "domain-c9")
    driver.stage("prod")
    driver.wait(30)
    driver.stage("domain-c9")


@pytest.mark.parametrize("kind", ["apply", "check", "remediate"])
def test_other_operation_keeps_the_cluster_busy(driver: t.Any, refused: t.Any, kind: str) -> None:
    other = driver.world.start_operation(kind, 20, cluster="prod")
    refused("NOT_ALLOWED_IN_CURRENT_STATE", driver.stage)
    assert other.operation == f"{kind}$task"
    driver.wait(20)
    assert driver.info(other.id)["status"] == "SUCCEEDED"
    driver.stage()


def test_busy_may_arrive_as_the_error_of_the_task(driver: t.Any) -> None:
    driver.world.cluster("prod").managed.busy_as_task_error = True
    driver.world.start_operation("apply", 20, cluster="prod")
    info = driver.info(driver.stage())
    assert info["status"] == "FAILED"
    assert info["error"]["error_type"] == "NOT_ALLOWED_IN_CURRENT_STATE"


@pytest.mark.parametrize("with_result", [True, False])
def test_task_can_end_as_failed(driver: t.Any, with_result: bool) -> None:
    error = {"error_type": "ERROR", "id": "sim.vlcm.ramdisk_full", "message": "No room."}
    driver.world.cluster("prod").managed.stage_outcomes = [{"status": "FAILED", "error": error, "result": with_result}]
    task = driver.stage()
    driver.wait(60)
    info = driver.info(task)
    assert info["status"] == "FAILED"
    assert info["error"]["messages"][0]["id"] == "sim.vlcm.ramdisk_full"
    assert ("result" in info) == with_result
    driver.stage()
    driver.wait(60)


def test_failed_without_an_error(driver: t.Any) -> None:
    driver.world.cluster("prod").managed.stage_outcomes = [{"status": "FAILED"}]
    task = driver.stage()
    driver.wait(60)
    assert "error" not in driver.info(task)


def test_refusal_of_the_worlds_choice(driver: t.Any, refused: t.Any) -> None:
    driver.world.cluster("prod").managed.stage_outcomes = [{"refuse": {"error_type": "TIMED_OUT"}}]
    refused("TIMED_OUT", driver.stage)
    driver.stage()


def test_pending_task_has_nothing_of_a_running_one(driver: t.Any) -> None:
    driver.world.cluster("prod").managed.pending_seconds = 5
    task = driver.stage()
    info = driver.info(task)
    assert info["status"] == "PENDING"
    assert not {"progress", "start_time", "end_time", "result", "error"} & set(info)
    driver.wait(65)
    assert driver.info(task)["status"] == "SUCCEEDED"


def test_blocked_task_goes_on_later(driver: t.Any) -> None:
    driver.world.cluster("prod").managed.stage_outcomes = [{"blocked": {"after": 10, "seconds": 100}}]
    task = driver.stage()
    driver.wait(50)
    assert driver.info(task)["status"] == "BLOCKED"
    driver.wait(60)
    assert driver.info(task)["status"] == "SUCCEEDED"
    assert driver.world.host("host-16").staged_commit == "5"


def test_blocked_task_runs_on_when_the_block_ends_first(driver: t.Any) -> None:
    driver.world.cluster("prod").managed.stage_outcomes = [{"blocked": {"after": 10, "seconds": 10}}]
    task = driver.stage()
    driver.wait(30)
    assert driver.info(task)["status"] == "RUNNING"


def test_stuck_task_never_ends(driver: t.Any, refused: t.Any) -> None:
    driver.world.cluster("prod").managed.stage_outcomes = [{"stuck": True}]
    task = driver.stage()
    driver.wait(100000)
    assert driver.info(task)["status"] == "RUNNING"
    refused("NOT_ALLOWED_IN_CURRENT_STATE", driver.stage)


def test_work_behind_a_vanished_task_goes_on(driver: t.Any, refused: t.Any) -> None:
    task = driver.stage()
    driver.world.tasks.vanish(task)
    refused("NOT_FOUND", driver.info, task)
    driver.wait(60)
    assert driver.world.host("host-16").staged_commit == "5"
    driver.stage()


def test_cancelled_staging_stages_nothing_more(driver: t.Any) -> None:
    driver.world.cluster("prod").managed.stage_cancelable = True
    task = driver.stage()
    driver.wait(30)
    assert driver.info(task)["cancelable"] is True
    driver.world.tasks.cancel(task)
    driver.wait(60)
    info = driver.info(task)
    assert info["status"] == "FAILED"
    assert info["error"]["error_type"] == "CANCELED"
    assert driver.world.host("host-16").staged_commit is None
    driver.stage()


def test_new_commit_during_staging_changes_only_the_next(driver: t.Any) -> None:
    task = driver.stage()
    driver.wait(30)
    driver.world.new_commit("6", cluster="prod")
    driver.wait(30)
    assert driver.result(task)["commit"] == "5"
    assert driver.world.host("host-18").status == "NON_COMPLIANT"
    second = driver.stage()
    driver.wait(60)
    assert driver.result(second)["commit"] == "6"
    assert driver.result(second)["successful_hosts"] == ["host-16", "host-17", "host-18"]


def test_standalone_host_has_one_status_and_no_lists(driver: t.Any) -> None:
    managed = driver.world.managed(host="single01.example.com")
    task = driver.world.engine.stage(managed, "user", None, None).id
    driver.wait(20)
    assert "status" not in driver.result(task)
    driver.wait(30)
    result = driver.result(task)
    assert result["status"]["status"] == "OK"
    assert result["host_info"] == {"name": "single01.example.com"}
    assert not [name for name in result if name.endswith("_hosts")]
    assert driver.info(task)["service"] == "com.vmware.esx.settings.hosts.software"


@pytest.mark.parametrize(("suffix", "operation"), [(True, "stage$task"), (False, "stage")])
def test_operation_of_the_task(
    world_data: dict[str, t.Any], suffix: bool, operation: str, request: pytest.FixtureRequest
) -> None:
    world_data["vcenter"]["task_operation_suffix"] = suffix
    driver = request.getfixturevalue("driver")
    info = driver.info(driver.stage())
    assert info["operation"] == operation
    assert info["target"] == {"type": "ClusterComputeResource", "id": "domain-c8"}


def test_staging_that_runs_when_the_world_begins(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    world_data["tasks"] = [
        {"cluster": "prod", "operation": "stage", "started": 50, "hosts": ["esx01.example.com"]},
        {"cluster": "domain-c9", "operation": "stage", "started": 500},
        {"cluster": "domain-c11", "operation": "apply", "seconds": 30},
        {"host": "single01.example.com", "operation": "scan"},
    ]
    driver = request.getfixturevalue("driver")
    driver.world.look()
    statuses = [task.status for task in driver.world.tasks.tasks.values()]
    assert statuses == ["RUNNING", "SUCCEEDED", "RUNNING", "RUNNING"]
    driver.wait(10)
    assert driver.world.host("host-16").staged_commit == "5"


def test_peaks_are_counted(driver: t.Any) -> None:
    driver.stage("prod")
    driver.stage("domain-c9")
    driver.wait(60)
    driver.stage("domain-c11")
    driver.wait(60)
    peaks = driver.world.summary()["peaks"]
    assert peaks["clusters_staging"] == 2
    assert peaks["hosts_staging"] == 5


def test_looking_more_often_changes_nothing(world_data: dict[str, t.Any]) -> None:
    def run(step: int) -> t.Any:
        now = [1000000.0]
        world = World(world_data, lambda: now[0])
        task = world.engine.stage(world.cluster("prod").managed, "user", None, None)
        for _dummy in range(0, 120, step):
            now[0] += step
            world.look()
        return task.info(now[0])

    assert run(1) == run(120)
