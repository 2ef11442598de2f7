# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_software_stage against the simulated vCenter: what happens there, what is sent, what is said."""

from __future__ import annotations

import errno
import functools
import json
import os
import pathlib
import stat
import typing as t
import urllib.parse

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    InvalidOption,
    PreflightFailed,
    StagingFailed,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless
from ansible_collections.vsphere.lifecycle.plugins.modules.esx_software_stage import ARGUMENT_SPEC, stage
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World
from ansible_collections.vsphere.lifecycle.simulator.inventory import Outcome

Stage = t.Callable[..., dict[str, t.Any]]

#: Most tests look at every host.
DEFAULTS: dict[str, t.Any] = {**{name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}, "detail": "full"}


@pytest.fixture
def staged(run: t.Any) -> Stage:
    """Run the module's work with some options, the others at their defaults."""

    def call(
        *, check_mode: bool = False, diff: bool = False, username: str = "", password: str = "", **options: t.Any
    ) -> dict[str, t.Any]:
        params = {**DEFAULTS, **options}
        how = {"check_mode": check_mode, "diff": diff, "username": username, "password": password}
        return t.cast("dict[str, t.Any]", run(stage, params, **how))

    return call


def verdicts(result: dict[str, t.Any]) -> dict[str, str]:
    units = [*result["clusters"], *result["standalone_hosts"]]
    return {host["name"]: host["verdict"] for unit in units for host in unit["hosts"]}


def failure(call: t.Callable[[], t.Any], kind: type[VCenterError] = StagingFailed) -> t.Any:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# What the decision rests on, and what is sent


def test_only_hosts_that_need_it_are_staged(staged: Stage, vcenter: VCenter, world: World) -> None:
    result = staged(clusters=["prod"])
    assert verdicts(result) == {
        "esx01.example.com": "staged",
        "esx02.example.com": "skipped",
        "esx03.example.com": "skipped",
    }
    assert result["changed"] is True
    assert [request.body for request in vcenter.stages] == [{"hosts": ["host-16"]}]
    assert world.host("esx01.example.com").staged_commit == "5"
    assert result["clusters"][0]["commit"] == "5"
    assert result["clusters"][0]["task"]["status"] == "SUCCEEDED"
    assert result["clusters"][0]["task"]["adopted"] is False
    assert vcenter.sessions == []


def test_second_run_changes_nothing(staged: Stage, vcenter: VCenter) -> None:
    staged(clusters=["prod"])
    again = staged(clusters=["prod"])
    assert again["changed"] is False
    assert set(verdicts(again).values()) == {"skipped"}
    assert len(vcenter.stages) == 1


def test_second_run_changes_nothing_where_staging_refreshes_the_compliance(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    world.cluster("prod").managed.staging_refreshes_compliance = True
    staged(clusters=["prod"])
    assert staged(clusters=["prod"])["changed"] is False
    assert len(vcenter.stages) == 1


def test_second_run_changes_nothing_even_if_nothing_is_ever_scanned(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    world.cluster("prod").managed.compliance = None
    staged(clusters=["prod"], refresh="never")
    again = staged(clusters=["prod"], refresh="never")
    assert again["changed"] is False
    assert [request.body for request in vcenter.stages] == [{}]


def test_second_run_stages_just_the_host_that_failed(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.patch({"hosts": {"edge01.example.com": {"outcomes": ["ERROR"]}}})
    failure(lambda: staged(clusters=["domain-c9"]))
    result = staged(clusters=["domain-c9"])
    assert verdicts(result) == {"edge01.example.com": "staged", "edge02.example.com": "skipped"}
    assert [request.body for request in vcenter.stages] == [{}, {"hosts": ["host-19"]}]


def test_all_hosts_of_a_cluster_go_out_as_the_whole_cluster(staged: Stage, vcenter: VCenter) -> None:
    staged(clusters=["domain-c9"])
    assert [request.body for request in vcenter.stages] == [{}]


def test_several_clusters_are_staged_side_by_side(staged: Stage, vcenter: VCenter, clock: t.Any) -> None:
    started = clock.now()
    result = staged(clusters=["prod", "domain-c9", "domain-c11"])
    assert [cluster["name"] for cluster in result["clusters"]] == ["prod", "edge", "edge"]
    assert len(result["successful_hosts"]) == 4
    assert clock.now() - started < 60 + 2 * 10, "one after the other would take 120 s"


def test_no_more_clusters_are_in_flight_than_allowed(staged: Stage, clock: t.Any) -> None:
    started = clock.now()
    staged(clusters=["prod", "domain-c9", "domain-c11"], clusters_in_flight=1)
    assert clock.now() - started >= 120


def test_hosts_with_clusters_narrow_the_work(staged: Stage, vcenter: VCenter) -> None:
    result = staged(clusters=["domain-c9"], hosts=["edge02.example.com"])
    assert verdicts(result) == {"edge02.example.com": "staged"}
    assert [request.body for request in vcenter.stages] == [{"hosts": ["host-20"]}]


def test_hosts_alone_are_staged_where_they_live(staged: Stage, vcenter: VCenter, world: World) -> None:
    result = staged(hosts=["host-19", "esx01.example.com", "single01.example.com"])
    assert sorted(result["successful_hosts"]) == ["edge01.example.com", "esx01.example.com", "single01.example.com"]
    assert [unit["name"] for unit in result["standalone_hosts"]] == ["single01.example.com"]
    assert {request.path: request.body for request in vcenter.stages} == {
        "/api/esx/settings/clusters/domain-c9/software": {"hosts": ["host-19"]},
        "/api/esx/settings/clusters/domain-c8/software": {"hosts": ["host-16"]},
        "/api/esx/settings/hosts/host-23/software": {},
    }
    assert world.managed(host="single01.example.com") is not None
    assert staged(hosts=["single01.example.com"])["changed"] is False


def test_datacenter_narrows_a_name(staged: Stage) -> None:
    assert staged(clusters=["edge"], datacenter="Hamburg")["successful_hosts"] == ["edge11.example.com"]


# Compliance: stored, missing, about another commit


def test_never_scanned_cluster_is_scanned_first(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.cluster("prod").managed.compliance = None
    result = staged(clusters=["prod"])
    assert [request.action for request in vcenter.writes] == ["scan", "stage"]
    assert verdicts(result)["esx02.example.com"] == "skipped"


def test_refresh_never_leaves_the_decision_to_vcenter(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.cluster("prod").managed.compliance = None
    result = staged(clusters=["prod"], refresh="never")
    assert [request.action for request in vcenter.writes] == ["stage"]
    assert verdicts(result) == {
        "esx01.example.com": "staged",
        "esx02.example.com": "skipped",
        "esx03.example.com": "skipped",
    }


def test_refresh_always_scans(staged: Stage, vcenter: VCenter) -> None:
    staged(clusters=["prod"], refresh="always")
    assert [request.action for request in vcenter.writes] == ["scan", "stage"]


def test_compliance_of_another_commit_is_refreshed(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.new_commit("6", cluster="prod")
    result = staged(clusters=["prod"], commit="6")
    assert [request.action for request in vcenter.writes] == ["scan", "stage"]
    assert result["clusters"][0]["commit"] == "6"
    assert world.host("esx02.example.com").staged_commit == "6"


def test_an_earlier_commit_is_a_minimum(staged: Stage, vcenter: VCenter) -> None:
    result = staged(clusters=["prod"], commit="4")
    assert result["clusters"][0]["commit"] == "5"
    assert vcenter.stages[0].body == {"commit": "4", "hosts": ["host-16"]}


def test_unknown_stage_status_is_not_taken_for_staged(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.host("esx02.example.com").stage_status_known = False
    staged(clusters=["prod"], refresh="always")
    assert vcenter.stages[0].body == {"hosts": ["host-16", "host-17"]}


def test_incompatible_host_fails_without_a_call(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.host("esx01.example.com").status = "INCOMPATIBLE"
    error = failure(lambda: staged(clusters=["prod"], refresh="always", hosts=["esx01.example.com"]))
    assert "esx01.example.com: incompatible" in str(error)
    assert "refresh: always" in str(error)
    assert vcenter.stages == []


def test_new_image_after_a_staging_is_noticed(staged: Stage, vcenter: VCenter, world: World) -> None:
    """The stored compliance still says 5 when run one has staged esx01 for 6: esx02, staged for 5, is not enough."""
    world.new_commit("6", cluster="prod")
    staged(clusters=["prod"], hosts=["esx01.example.com"])
    result = staged(clusters=["prod"])
    assert verdicts(result)["esx02.example.com"] == "staged"
    assert verdicts(result)["esx01.example.com"] == "skipped"


# Check mode


@pytest.mark.parametrize(
    "options",
    [
        {"clusters": ["prod"]},
        {"clusters": ["prod", "domain-c9"]},
        {"hosts": ["esx02.example.com"]},
        {"hosts": ["single01.example.com", "esx01.example.com"]},
        {"clusters": ["domain-c9"], "wait": False},
    ],
)
def test_check_mode_writes_nothing_and_says_the_same(
    staged: Stage, vcenter: VCenter, options: dict[str, t.Any]
) -> None:
    planned = staged(check_mode=True, diff=True, **options)
    assert vcenter.writes == []
    done = staged(diff=True, **options)
    assert planned["changed"] == done["changed"]
    assert planned["diff"] == done["diff"]
    assert verdicts(planned) == verdicts(done)
    again = staged(check_mode=True, **options)
    assert again["changed"] is False


def test_check_mode_fails_as_the_run_would(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.host("edge01.example.com").connection_state = "NOT_RESPONDING"
    planned = failure(lambda: staged(check_mode=True, clusters=["domain-c9"]))
    assert vcenter.writes == []
    done = failure(lambda: staged(clusters=["domain-c9"]))
    assert verdicts(planned.result) == verdicts(done.result)
    assert planned.result["changed"] is True
    assert done.result["changed"] is True


def test_check_mode_without_compliance_warns(staged: Stage, run: t.Any, vcenter: VCenter, world: World) -> None:
    world.cluster("prod").managed.compliance = None
    assert staged(check_mode=True, clusters=["prod"])["changed"] is True
    assert "check mode does not scan" in run.warnings[0]
    assert vcenter.writes == []


# Bad input: all of it at once, and nothing changed


def test_many_unknown_names_take_one_list(staged: Stage, vcenter: VCenter) -> None:
    error = failure(lambda: staged(clusters=[f"prod{number}" for number in range(40)]), PreflightFailed)
    assert len(error.problems) == 40
    assert sum("similar: prod" in problem for problem in error.problems) == 10
    assert sum(1 for request in vcenter.requests if request.path == "/api/vcenter/cluster") <= 3


def test_all_problems_are_told_at_once(staged: Stage, vcenter: VCenter) -> None:
    error = failure(lambda: staged(clusters=["prot", "edge", "legacy", "prod"], commit="99"), PreflightFailed)
    text = str(error)
    assert len(error.problems) == 4, error.problems
    assert "no cluster 'prot'" in text
    assert "similar: prod" in text
    assert "domain-c9 ('edge' in datacenter 'Berlin')" in text
    assert "domain-c11 ('edge' in datacenter 'Hamburg')" in text
    assert "cluster 'legacy' (domain-c10) is managed by baselines" in text
    assert "no commit '99'" in text
    assert vcenter.writes == []
    assert vcenter.sessions == []


def test_host_outside_the_clusters_is_refused(staged: Stage, vcenter: VCenter) -> None:
    error = failure(lambda: staged(clusters=["prod"], hosts=["edge01.example.com"]), PreflightFailed)
    assert "host 'edge01.example.com' (host-19) is in none of the clusters named" in str(error)
    assert vcenter.writes == []


def test_standalone_host_without_image_is_refused(staged: Stage, vcenter: VCenter) -> None:
    error = failure(lambda: staged(hosts=["single02.example.com"]), PreflightFailed)
    assert "host 'single02.example.com' (host-24) is managed by baselines" in str(error)


@pytest.mark.parametrize("options", [{"clusters": []}, {"hosts": []}, {"clusters": [""]}, {"clusters": ["prod", " "]}])
def test_an_empty_list_is_no_list_of_all(staged: Stage, vcenter: VCenter, options: dict[str, t.Any]) -> None:
    error = failure(functools.partial(staged, **options), InvalidOption)
    assert "never means all" in str(error)
    assert vcenter.writes == []


# What goes wrong later fails its cluster only


def test_a_failed_host_fails_the_module_with_the_whole_result(staged: Stage, world: World) -> None:
    outcome = {
        "status": "ERROR",
        "notifications": {
            "errors": [
                {
                    "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.DepotConnectErrorV2",
                    "message": "The host cannot reach the depot.",
                    "resolution": "Check port 9084.",
                    "retriable": True,
                }
            ]
        },
    }
    world.patch({"hosts": {"esx01.example.com": {"outcomes": [outcome]}}})
    error = failure(lambda: staged(clusters=["prod", "domain-c9"]))
    assert verdicts(error.result)["esx01.example.com"] == "failed"
    assert verdicts(error.result)["edge01.example.com"] == "staged"
    assert error.result["changed"] is True
    assert error.result["failed_hosts"] == ["esx01.example.com"]
    text = str(error)
    assert text.startswith(
        "1 of 5 hosts was not staged. Cluster 'prod' (domain-c8): esx01.example.com: The host cannot"
    )
    assert "Check port 9084." in text
    assert "marks 1 of the failures as worth another try" in text


def test_skipped_with_an_error_is_a_failure(staged: Stage, world: World) -> None:
    outcome = {
        "status": "SKIPPED",
        "notifications": {"errors": [{"id": "sim.vlcm.depot", "message": "No depot."}]},
    }
    world.patch({"hosts": {"esx01.example.com": {"outcomes": [outcome]}}})
    error = failure(lambda: staged(clusters=["prod"]))
    assert error.result["failed_hosts"] == ["esx01.example.com"]
    assert error.result["changed"] is False
    assert "No depot." in str(error)


def test_a_host_of_which_nothing_is_said_has_failed(staged: Stage, world: World) -> None:
    world.patch({"hosts": {"edge02.example.com": {"outcomes": [{"status": None, "list": "none"}]}}})
    error = failure(lambda: staged(clusters=["domain-c9"]))
    assert verdicts(error.result) == {"edge01.example.com": "staged", "edge02.example.com": "failed"}
    assert "without a word about it" in str(error)


def test_a_refused_cluster_leaves_the_others_alone(staged: Stage, world: World) -> None:
    world.patch(
        {
            "clusters": {
                "prod": {
                    "stage_outcomes": [
                        {"refuse": {"error_type": "INVALID_ARGUMENT", "id": "sim.vlcm.x", "message": "No."}}
                    ]
                }
            }
        }
    )
    error = failure(lambda: staged(clusters=["prod", "domain-c9"], hosts=["esx01.example.com", "edge01.example.com"]))
    assert error.result["failed_hosts"] == ["esx01.example.com"]
    assert error.result["successful_hosts"] == ["edge01.example.com"]
    assert "Could not start staging cluster 'prod' (domain-c8)" in error.result["clusters"][0]["msg"]


def test_a_failed_task_keeps_the_good_hosts(staged: Stage, world: World) -> None:
    ended = {"status": "FAILED", "error": {"error_type": "ERROR", "id": "sim.vlcm.x", "message": "Depot gone."}}
    world.patch(
        {
            "clusters": {"domain-c9": {"stage_outcomes": [{**ended, "result": True}]}},
            "hosts": {"edge02.example.com": {"outcomes": ["ERROR"]}},
        }
    )
    error = failure(lambda: staged(clusters=["domain-c9"]))
    assert verdicts(error.result) == {"edge01.example.com": "staged", "edge02.example.com": "failed"}
    assert error.result["changed"] is True


def test_a_failed_task_without_a_result_fails_all_hosts(staged: Stage, world: World) -> None:
    world.patch(
        {
            "clusters": {
                "domain-c9": {
                    "stage_outcomes": [
                        {
                            "status": "FAILED",
                            "error": {"error_type": "ERROR", "id": "sim.vlcm.x", "message": "Depot gone."},
                            "result": False,
                        }
                    ]
                }
            }
        }
    )
    error = failure(lambda: staged(clusters=["domain-c9"]))
    assert error.result["failed_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert "Depot gone" in str(error)


def test_missing_privilege_is_named(staged: Stage) -> None:
    error = failure(
        lambda: staged(clusters=["prod"], username="reader@vsphere.local", password="reader-password")  # noqa: S106 - made up
    )
    assert "VcIntegrity.lifecycleSoftwareRemediation.Write" in str(error)


# What runs already


def test_a_running_staging_is_adopted(staged: Stage, vcenter: VCenter, world: World) -> None:
    managed = world.cluster("domain-c9").managed
    world.engine.stage(managed, "somebody", None, None)
    result = staged(clusters=["domain-c9"])
    assert result["clusters"][0]["task"]["adopted"] is True
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert vcenter.stages == []


def test_hosts_that_the_adopted_staging_leaves_out_are_staged_after_it(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    managed = world.cluster("domain-c9").managed
    world.engine.stage(managed, "somebody", None, ["host-19"])
    result = staged(clusters=["domain-c9"])
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert [request.body for request in vcenter.stages] == [{"hosts": ["host-20"]}]


@pytest.mark.parametrize("late", [False, True])
def test_another_operation_is_waited_for(staged: Stage, vcenter: VCenter, world: World, late: bool) -> None:
    world.cluster("domain-c9").managed.busy_as_task_error = late
    world.start_operation("apply", 300, cluster="domain-c9")
    result = staged(clusters=["domain-c9"])
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert len(vcenter.stages) <= 3, "it waits for the other task, and does not knock all the time"


def test_a_running_staging_of_other_hosts_is_not_ours_to_report(staged: Stage, world: World) -> None:
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    result = staged(clusters=["domain-c9"], hosts=["edge01.example.com"])
    assert verdicts(result) == {"edge01.example.com": "staged"}


@pytest.mark.parametrize("late", [False, True])
def test_an_operation_that_vcenter_does_not_show_is_waited_for(
    staged: Stage, vcenter: VCenter, world: World, late: bool
) -> None:
    world.cluster("domain-c9").managed.busy_as_task_error = late
    world.start_operation("apply", 3000, cluster="domain-c9")
    for task in list(world.tasks.tasks):
        world.tasks.vanish(task)
    error = failure(lambda: staged(clusters=["domain-c9"], busy_timeout=100))
    assert "an operation that it does not show" in str(error)
    assert len(vcenter.stages) <= 10


def test_another_operation_that_lasts_fails_its_cluster(staged: Stage, world: World, clock: t.Any) -> None:
    world.start_operation("apply", 3000, cluster="domain-c9")
    started = clock.now()
    error = failure(lambda: staged(clusters=["domain-c9", "prod"], busy_timeout=100))
    assert 100 <= clock.now() - started <= 100 + 2 * 10
    assert "busy with 'apply'" in error.result["clusters"][0]["msg"]
    assert error.result["clusters"][0]["failed"] is True
    assert error.result["clusters"][1]["failed"] is False
    assert "busy_timeout (100 s)" in str(error)


# Not waiting, and not waiting long enough


def test_without_waiting_the_task_is_returned(staged: Stage, vcenter: VCenter) -> None:
    result = staged(clusters=["domain-c9"], wait=False)
    assert result["changed"] is True
    assert result["started_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert result["clusters"][0]["task"]["status"] in {"PENDING", "RUNNING"}
    again = staged(clusters=["domain-c9"])
    assert again["clusters"][0]["task"]["id"] == result["clusters"][0]["task"]["id"]
    assert len(vcenter.stages) == 1


def test_without_waiting_no_more_than_in_flight_are_started(staged: Stage, vcenter: VCenter) -> None:
    error = failure(
        lambda: staged(clusters=["prod", "domain-c9"], wait=False, clusters_in_flight=1),
        InvalidOption,
    )
    assert "clusters_in_flight: 2" in str(error)
    assert vcenter.writes == []


def test_a_time_out_tells_that_vcenter_goes_on(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.host("edge02.example.com").stage_seconds = 5000
    error = failure(lambda: staged(clusters=["domain-c9"], wait_timeout=100))
    assert verdicts(error.result) == {"edge01.example.com": "staged", "edge02.example.com": "failed"}
    assert error.result["clusters"][0]["commit"] == "2"
    assert "wait_timeout (100 s)" in str(error)
    assert "run again" in str(error)
    result = staged(clusters=["domain-c9"])
    assert result["clusters"][0]["task"]["adopted"] is True
    assert len(vcenter.stages) == 1


def test_without_waiting_a_busy_cluster_fails_at_once(staged: Stage, world: World, clock: t.Any) -> None:
    world.start_operation("apply", 300, cluster="domain-c9")
    started = clock.now()
    error = failure(lambda: staged(clusters=["domain-c9"], wait=False))
    assert "busy with 'apply'" in str(error)
    assert clock.now() == started


# Answers that get lost


def test_a_staging_whose_answer_got_lost_is_found(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.faults.add("reset_after", action="stage")
    result = staged(clusters=["domain-c9"])
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert len(vcenter.stages) == 1


def test_a_staging_whose_answer_is_too_large_is_found(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.faults.add("oversize", action="stage")
    assert staged(clusters=["domain-c9"], outage_timeout=0)["changed"] is True
    assert len(vcenter.stages) == 1


def test_a_staging_that_never_arrived_is_sent_again(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.faults.add("reset_before", action="stage")
    result = staged(clusters=["domain-c9"])
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert len([task for task in world.tasks.tasks.values() if task.operation.startswith("stage")]) == 1


def test_a_task_that_vanishes_is_judged_by_a_new_scan(
    staged: Stage, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    real_sleep, started = clock.sleep, clock.now()

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        for number, task in list(world.tasks.tasks.items()):
            # Both hosts take 30 s, so that the work is done when the task gets lost.
            if task.operation.startswith("stage") and clock.now() - started > 30:
                world.tasks.vanish(number)

    clock.sleep = sleep
    world.host("edge02.example.com").outcomes.append(Outcome("ERROR"))
    error = failure(lambda: staged(clusters=["domain-c9"]))
    unit = error.result["clusters"][0]
    assert unit["source"] == "compliance"
    assert verdicts(error.result) == {"edge01.example.com": "staged", "edge02.example.com": "failed"}
    assert "no longer knows task" in unit["hosts"][0]["reason"]
    assert len(vcenter.stages) == 1


def test_an_outage_that_lasts_fails_what_is_unfinished(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.faults.add("503_plain", action="list", after=1, times=None)
    error = failure(lambda: staged(clusters=["domain-c9", "prod"]))
    assert "vCenter goes on with what it has started" in error.result["clusters"][0]["msg"]
    assert error.result["skipped_hosts"] == ["esx02.example.com", "esx03.example.com"]
    assert sorted(error.result["failed_hosts"]) == ["edge01.example.com", "edge02.example.com", "esx01.example.com"]
    assert vcenter.sessions == []


def test_an_adopted_staging_of_another_commit_is_not_enough(staged: Stage, vcenter: VCenter, world: World) -> None:
    managed = world.cluster("domain-c9").managed
    world.engine.stage(managed, "somebody", None, None)
    world.new_commit("3", cluster="domain-c9")
    result = staged(clusters=["domain-c9"], commit="3")
    assert result["clusters"][0]["commit"] == "3"
    assert world.host("edge01.example.com").staged_commit == "3"


@pytest.mark.parametrize("scanned", [True, False])
def test_a_host_that_came_after_the_last_scan_is_staged(
    staged: Stage, vcenter: VCenter, world: World, clock: t.Any, scanned: bool
) -> None:
    """What the last scans say of who is where is not believed once vCenter's list of hosts says otherwise."""
    staged(clusters=["prod", "domain-c9"])
    prod, edge = world.cluster("prod"), world.cluster("domain-c9")
    for cluster in (prod, edge):
        world.engine.scan(cluster.managed, "somebody")
    clock.sleep(600)
    number = len(vcenter.requests)
    assert staged(clusters=["prod", "domain-c9"])["changed"] is False
    assert [request.path for request in vcenter.requests[number:]].count("/api/vcenter/host") == 1
    # One from elsewhere, or one of the two clusters that its new cluster was scanned for and its old one was not.
    before = edge if scanned else world.cluster("domain-c11")
    host = before.hosts.pop(0)
    prod.hosts.append(host)
    host.cluster, host.status, host.staged_commit = prod, "NON_COMPLIANT", None
    if scanned:
        world.engine.scan(prod.managed, "somebody")
        clock.sleep(600)
    assert staged(clusters=["prod", "domain-c9"])["successful_hosts"] == [host.name]
    assert host.staged_commit == prod.managed.commit


def test_an_image_that_the_last_scan_did_not_know_is_told_with_its_age(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    (cluster,) = staged(clusters=["domain-c9"])["clusters"]
    assert cluster.get("commit_time") is None
    world.new_commit("8", cluster="prod")
    (cluster,) = staged(clusters=["prod"], detail="failed")["clusters"]
    assert (cluster["commit"], cluster["commit_time"][:10]) == ("8", "2026-01-15")


def commits_read(vcenter: VCenter) -> int:
    return sum(1 for request in vcenter.requests if "/commits/" in request.path)


def test_a_later_image_of_a_cluster_without_a_scan_is_told_with_its_age(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    world.cluster("prod").managed.compliance = None
    (cluster,) = staged(clusters=["prod"], commit="4")["clusters"]
    assert cluster["commit"] == "5"
    assert cluster["commit_time"] is not None
    assert commits_read(vcenter) == 2, "the one that was asked for, and the one that was staged"


def test_a_commit_that_was_looked_up_is_not_read_again(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.new_commit("8", cluster="prod")
    (cluster,) = staged(clusters=["prod"], commit="8")["clusters"]
    assert cluster["commit_time"][:10] == "2026-01-15"
    assert commits_read(vcenter) == 1


def test_without_an_answer_nobody_asks_for_the_age_of_images(
    staged: Stage, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    world.new_commit("8", cluster="prod")
    world.new_commit("8", cluster="domain-c9")
    world.host("esx01.example.com").stage_seconds = 1000
    world.faults.add("503_plain", action="list", after=40, times=None)
    started = clock.now()
    failure(lambda: staged(clusters=["prod", "domain-c9"], outage_timeout=60))
    assert commits_read(vcenter) == 0
    assert clock.now() - started < 1000


def test_no_more_clusters_of_a_site_are_in_flight_than_allowed(staged: Stage, vcenter: VCenter, clock: t.Any) -> None:
    """The third cluster does not wait for the second one, which waits for its site."""
    sites = {"prod": "berlin", "domain-c9": "berlin"}
    staged(clusters=["prod", "domain-c9", "domain-c11"], sites=sites, site_clusters_in_flight=1)
    assert [request.path.split("/")[5] for request in vcenter.stages] == ["domain-c8", "domain-c11", "domain-c9"]
    first, elsewhere, second = (request.time for request in vcenter.stages)
    assert elsewhere - first < 5
    assert second - first >= 60


def test_the_time_for_everything_is_over(staged: Stage, vcenter: VCenter, world: World, clock: t.Any) -> None:
    started = clock.now()
    call = functools.partial(staged, clusters=["domain-c9", "prod", "domain-c11"], clusters_in_flight=1)
    error = failure(functools.partial(call, total_timeout=50))
    assert 50 <= clock.now() - started <= 50 + 31
    edge, prod, other = error.result["clusters"]
    assert (edge["failed"], edge["timed_out"]) == (False, False)
    assert "after total_timeout (50 s)" in prod["msg"]
    assert "total_timeout (50 s) is over, and cluster 'edge' (domain-c11) was not started" in other["msg"]
    assert [request.path.split("/")[5] for request in vcenter.stages] == ["domain-c9", "domain-c8"]
    clock.sleep(100)
    assert call(total_timeout=50)["changed"] is True
    assert len(vcenter.stages) == 3


def test_a_scan_that_runs_is_waited_for(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.cluster("prod").managed.compliance = None
    world.engine.scan(world.cluster("prod").managed, "somebody")
    result = staged(clusters=["prod"])
    assert result["successful_hosts"] == ["esx01.example.com"]


def test_a_cluster_without_hosts_is_told(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    world_data["datacenters"][0]["clusters"][0]["hosts"] = []
    run = request.getfixturevalue("run")
    call = request.getfixturevalue("staged")
    assert call(clusters=["prod"])["changed"] is False
    assert "has no hosts" in run.warnings[0]
    assert request.getfixturevalue("vcenter").writes == []


@pytest.mark.parametrize("name", ["wait_timeout", "poll_interval", "clusters_in_flight"])
def test_numbers_must_be_positive(staged: Stage, name: str) -> None:
    error = failure(functools.partial(staged, clusters=["prod"], **{name: 0}), InvalidOption)
    assert name in str(error)


def test_many_failed_hosts_are_not_all_named(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    world_data["datacenters"][0]["clusters"][1]["hosts"] = [
        {"name": f"esx{number}", "host": f"host-{number}", "outcomes": ["ERROR"]} for number in range(100, 115)
    ]
    call = request.getfixturevalue("staged")
    error = failure(lambda: call(clusters=["domain-c9"]))
    assert "and 5 more" in str(error)
    assert "esx100, esx101" in str(error), "one reason, told once"
    assert len(error.result["failed_hosts"]) == 15


@pytest.mark.parametrize("cancelable", [True, False])
def test_a_time_out_can_cancel_the_task(staged: Stage, vcenter: VCenter, world: World, cancelable: bool) -> None:
    world.cluster("domain-c9").managed.stage_cancelable = cancelable
    world.host("edge02.example.com").stage_seconds = 5000
    error = failure(lambda: staged(clusters=["domain-c9"], wait_timeout=100, on_timeout="cancel"))
    assert error.result["clusters"][0]["timed_out"] is True
    assert ("It was cancelled" if cancelable else "cannot cancel it") in str(error)
    assert verdicts(error.result) == {"edge01.example.com": "staged", "edge02.example.com": "failed"}
    task = error.result["clusters"][0]["task"]["id"]
    assert [request.path for request in vcenter.requests if request.action == "cancel"] == [
        f"/api/cis/tasks/{urllib.parse.quote(task, safe='')}"
    ]
    assert world.tasks.tasks[task].finished is cancelable


def test_retriable_failures_are_staged_again(staged: Stage, vcenter: VCenter, world: World) -> None:
    broken = {"errors": [{"id": "sim.vlcm.x", "message": "Try again.", "retriable": True}]}
    hopeless = {"errors": [{"id": "sim.vlcm.y", "message": "Hopeless."}]}
    world.patch(
        {
            "hosts": {
                "edge01.example.com": {"outcomes": [{"status": "ERROR", "notifications": broken}]},
                "edge02.example.com": {"outcomes": [{"status": "ERROR", "notifications": hopeless}]},
            }
        }
    )
    error = failure(lambda: staged(clusters=["domain-c9"], retry_failed_hosts=3))
    assert verdicts(error.result) == {"edge01.example.com": "staged", "edge02.example.com": "failed"}
    assert [request.body for request in vcenter.stages] == [{}, {"hosts": ["host-19"]}]


def test_rounds_of_retries_end(staged: Stage, vcenter: VCenter, world: World) -> None:
    outcome = {"status": "ERROR", "notifications": {"errors": [{"id": "x", "message": "No.", "retriable": True}]}}
    world.patch({"hosts": {"edge01.example.com": {"outcomes": [outcome] * 9}}})
    failure(lambda: staged(clusters=["domain-c9"], hosts=["edge01.example.com"], retry_failed_hosts=2))
    assert len(vcenter.stages) == 3


@pytest.mark.parametrize("wait_timeout", [7200, 40])
def test_an_image_that_changes_between_two_rounds_is_told_by_host(
    staged: Stage, vcenter: VCenter, world: World, wait_timeout: int
) -> None:
    outcome = {"status": "ERROR", "notifications": {"errors": [{"id": "x", "message": "No.", "retriable": True}]}}
    world.patch({"hosts": {"edge01.example.com": {"outcomes": [outcome]}}})
    world.events.add({"at": 10, "do": "new_commit", "commit": "9", "cluster": "domain-c9"})
    options = {"clusters": ["domain-c9"], "retry_failed_hosts": 1, "wait_timeout": wait_timeout}
    whole = wait_timeout == 7200
    result = staged(**options) if whole else failure(lambda: staged(**options)).result
    hosts = {host["name"]: (host["verdict"], host["commit"]) for host in result["clusters"][0]["hosts"]}
    assert result["clusters"][0]["commit"] == "9"
    assert hosts == {
        "edge01.example.com": ("staged" if whole else "failed", "9"),
        "edge02.example.com": ("staged", "9" if whole else "2"),
    }
    later = [{"hosts": ["host-19"]}, {"hosts": ["host-20"]}]
    assert [request.body for request in vcenter.stages] == [{}, *(later if whole else later[:1])]


@pytest.mark.parametrize("kind", ["reset_after", "500_unreadable", "503_plain"])
def test_a_staging_that_has_ended_before_it_is_found_counts(
    staged: Stage, vcenter: VCenter, world: World, kind: str
) -> None:
    world.patch({"clusters": {"domain-c9": {"stage_seconds": 1}}})
    world.host("edge01.example.com").stage_seconds = 1
    world.host("edge02.example.com").stage_seconds = 1
    world.faults.add(kind, action="stage")
    result = staged(clusters=["domain-c9"])
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    tasks = [task for task in world.tasks.tasks.values() if task.operation.startswith("stage")]
    assert len(tasks) == 1


def test_an_outage_at_the_start_is_endured(staged: Stage, world: World) -> None:
    world.faults.add("503_plain", action="stage", times=20)
    assert staged(clusters=["domain-c9"])["changed"] is True


def test_an_outage_after_the_end_is_endured(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.faults.add("503_plain", method="GET", path="/api/cis/tasks/.*", times=20)
    result = staged(clusters=["domain-c9"])
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]


def test_a_500_that_stays_is_not_sent_for_ever(staged: Stage, vcenter: VCenter, world: World) -> None:
    world.patch(
        {
            "clusters": {
                "domain-c9": {"stage_outcomes": [{"refuse": {"error_type": "ERROR", "id": "x", "message": "Nope"}}] * 9}
            }
        }
    )
    assert "Nope" in str(failure(lambda: staged(clusters=["domain-c9"])))
    assert len(vcenter.stages) == 2


# Found by trying


def test_a_host_staged_for_an_image_that_has_changed_since_is_staged_again(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    staged(clusters=["domain-c9"], hosts=["edge01.example.com"])
    world.new_commit("3", cluster="domain-c9")
    result = staged(clusters=["domain-c9"])
    assert result["clusters"][0]["commit"] == "3"
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert world.host("edge01.example.com").staged_commit == "3"
    assert staged(clusters=["domain-c9"])["changed"] is False


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_vcenter_that_cannot_stage_yet_is_told_before_the_first_write(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest, check_mode: bool
) -> None:
    world_data["vcenter"]["version"] = "7.0.3.01700"
    call = request.getfixturevalue("staged")
    error = failure(lambda: call(clusters=["prod"], check_mode=check_mode), PreflightFailed)
    assert "version 7.0.3.01700, and staging needs 8.0" in str(error)
    assert request.getfixturevalue("vcenter").writes == []


def test_without_waiting_hosts_left_out_of_the_running_task_are_told(staged: Stage, world: World, clock: t.Any) -> None:
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, ["host-19"])
    clock.sleep(5)
    error = failure(lambda: staged(clusters=["domain-c9"], wait=False))
    assert verdicts(error.result) == {"edge01.example.com": "started", "edge02.example.com": "failed"}
    assert "run again when it has ended" in str(error)


def test_check_mode_with_a_scan_asked_for_warns(staged: Stage, run: t.Any) -> None:
    staged(check_mode=True, clusters=["prod"], refresh="always")
    assert "rests on the stored compliance" in run.warnings[0]


def test_the_error_of_a_failed_task_is_kept(staged: Stage, world: World) -> None:
    error = {"error_type": "ERROR", "id": "sim.vlcm.x", "message": "Something else broke."}
    ending = {"status": "FAILED", "error": error, "result": True}
    world.patch({"clusters": {"domain-c9": {"stage_outcomes": [ending]}}})
    result = staged(clusters=["domain-c9"])
    assert result["clusters"][0]["errors"] == ["Something else broke."]


def test_an_empty_datacenter_is_none(staged: Stage) -> None:
    assert staged(clusters=["prod"], datacenter="")["changed"] is True


# Found by review


def without_targets(world: World, *, until_the_end: bool = False) -> None:
    """Let vCenter leave out the target of its tasks, as the contract allows it to, or all that tells before the end."""
    world.tasks.show_targets = False
    world.engine.partial_results = not until_the_end


@pytest.mark.parametrize("kind", ["reset_after", "500_unreadable"])
def test_a_lost_answer_is_found_without_a_target(staged: Stage, vcenter: VCenter, world: World, kind: str) -> None:
    without_targets(world)
    world.faults.add(kind, action="stage")
    result = staged(clusters=["domain-c9"])
    assert result["changed"] is True
    assert len([task for task in world.tasks.tasks.values() if task.operation.startswith("stage")]) == 1
    assert staged(clusters=["domain-c9"])["changed"] is False
    assert len(vcenter.stages) <= 2


def test_a_running_staging_without_a_target_is_adopted(
    staged: Stage, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    without_targets(world)
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    clock.sleep(5)
    result = staged(clusters=["domain-c9"])
    assert result["clusters"][0]["task"]["adopted"] is True
    assert vcenter.stages == []


@pytest.mark.parametrize("late", [False, True])
def test_a_lost_staging_that_tells_nothing_is_not_started_again(
    staged: Stage, vcenter: VCenter, world: World, *, late: bool
) -> None:
    without_targets(world, until_the_end=True)
    world.cluster("domain-c9").managed.busy_as_task_error = late
    world.host("edge01.example.com").stage_seconds = 400
    world.faults.add("reset_after", action="stage")
    assert staged(clusters=["domain-c9"])["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    hosts = [len(run.runs) for run in world.engine.runs if run.task.operation.startswith("stage")]
    assert hosts == [2]
    # One try while nothing tells that it runs; the refusal then tells.
    assert len(vcenter.stages) == 2


def test_a_staging_that_told_nothing_when_it_ran_is_known_by_the_next_in_turn(
    staged: Stage, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    without_targets(world, until_the_end=True)
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    clock.sleep(5)
    staged(clusters=["prod", "domain-c9"], clusters_in_flight=1)
    assert [request.path for request in vcenter.stages] == ["/api/esx/settings/clusters/domain-c8/software"]


def test_a_foreign_task_beside_a_lost_one_does_not_hide_it(
    staged: Stage, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    edge = world.cluster("domain-c9").managed
    for host in edge.hosts:
        host.stage_seconds = 1
    world.faults.add("reset_after", action="stage")
    real_sleep = clock.sleep

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        world.look()
        tasks = list(world.tasks.tasks.values())
        if len(tasks) == 1 and tasks[0].finished:
            world.engine.stage(edge, "somebody", None, ["host-20"])

    clock.sleep = sleep
    assert staged(clusters=["domain-c9"])["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]
    assert len(world.tasks.tasks) == 2
    assert len(vcenter.stages) == 1


def test_an_outage_leaves_alone_what_has_ended(staged: Stage, world: World, clock: t.Any) -> None:
    world.host("esx01.example.com").stage_seconds = 5000
    real_sleep, started = clock.sleep, clock.now()

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        if clock.now() - started > 200 and not world.faults.rules:
            world.faults.add("503_plain", path="/api/.*", times=None)

    clock.sleep = sleep
    error = failure(lambda: staged(clusters=["domain-c9", "prod"]))
    edge, prod = error.result["clusters"]
    assert (edge["failed"], edge["msg"]) == (False, "")
    assert prod["failed"] is True
    assert prod["task"]["status"] == "RUNNING"
    assert prod["task"]["progress"] is not None


def test_naming_all_hosts_is_not_naming_the_cluster(staged: Stage, vcenter: VCenter) -> None:
    staged(clusters=["domain-c9"], hosts=["edge01.example.com", "edge02.example.com"])
    assert [request.body for request in vcenter.stages] == [{"hosts": ["host-19", "host-20"]}]


def test_the_task_of_somebody_else_is_not_cancelled(staged: Stage, world: World) -> None:
    world.host("edge01.example.com").stage_seconds = 5000
    task = world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    error = failure(
        lambda: staged(clusters=["domain-c9"], hosts=["edge01.example.com"], wait_timeout=60, on_timeout="cancel")
    )
    assert "it was not cancelled" in str(error)
    assert world.tasks.tasks[str(getattr(task, "id", task))].status == "RUNNING"


def test_a_foreign_task_found_after_a_lost_call_is_not_the_whole_answer(
    staged: Stage, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    world.faults.add("reset_before", action="stage")
    real_sleep = clock.sleep

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        if not world.tasks.tasks:
            world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, ["host-20"])

    clock.sleep = sleep
    result = staged(clusters=["domain-c9"], hosts=["edge01.example.com"])
    assert verdicts(result) == {"edge01.example.com": "staged"}


def test_a_task_that_is_gone_right_after_its_end_is_judged_by_a_scan(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    world.faults.add("404", method="GET", path="/api/cis/tasks/.*software")
    result = staged(clusters=["domain-c9"])
    assert result["clusters"][0]["source"] == "compliance"
    assert result["successful_hosts"] == ["edge01.example.com", "edge02.example.com"]


@pytest.mark.parametrize("kind", ["500_unreadable", "malformed"])
def test_an_unreadable_earlier_task_costs_a_call_and_no_more(
    staged: Stage, run: t.Any, world: World, kind: str
) -> None:
    staged(clusters=["domain-c9"])
    world.faults.add(kind, method="GET", path="/api/cis/tasks/.*", times=6)
    assert staged(clusters=["domain-c9"])["changed"] is False
    assert "earlier staging of cluster 'edge'" in run.warnings[0]


def test_an_outage_beyond_the_deadline_ends_the_waiting(staged: Stage, world: World, clock: t.Any) -> None:
    world.host("edge01.example.com").stage_seconds = 5000
    world.faults.add("503_plain", path="/api/cis/.*", after=8, times=None)
    started = clock.now()
    error = failure(lambda: staged(clusters=["domain-c9"], wait_timeout=100))
    assert 100 <= clock.now() - started < 100 + 30 + 60, "a last look for half a minute, and its tries"
    assert error.result["clusters"][0]["timed_out"] is True
    assert "wait_timeout (100 s)" in str(error)


def test_neither_clusters_nor_hosts_is_refused(staged: Stage) -> None:
    assert "Name what is to be staged" in str(failure(staged, InvalidOption))


def test_an_empty_commit_is_none(staged: Stage, vcenter: VCenter) -> None:
    staged(clusters=["domain-c9"], commit="")
    assert vcenter.stages[0].body == {}


def test_a_cluster_without_any_of_the_hosts_named_is_told(staged: Stage, run: t.Any) -> None:
    staged(clusters=["prod", "domain-c9"], hosts=["edge01.example.com"])
    assert "cluster 'prod' (domain-c8) has none of the hosts named" in run.warnings[0]


@pytest.mark.parametrize("check_mode", [True, False])
def test_without_waiting_a_busy_cluster_is_told_the_same_in_check_mode(
    staged: Stage, world: World, check_mode: bool
) -> None:
    world.start_operation("apply", 300, cluster="domain-c9")
    error = failure(lambda: staged(clusters=["domain-c9"], wait=False, check_mode=check_mode))
    assert error.result["changed"] is False
    assert "busy with 'apply'" in str(error)
    assert "busy_timeout" not in str(error)


def test_a_cluster_back_on_baselines_is_found_before_the_first_write(
    staged: Stage, vcenter: VCenter, world: World
) -> None:
    world.cluster("prod").managed.managed_by = "baseline"
    error = failure(lambda: staged(clusters=["domain-c9", "prod"]), PreflightFailed)
    assert "managed by baselines" in str(error)
    assert vcenter.writes == []


# How much is returned, and the file with everything

BRIEF = {"name", "moid", "changed", "failed", "commit", "counts"}


def test_by_default_only_what_had_trouble_is_told_in_full(staged: Stage, world: World) -> None:
    world.patch({"hosts": {"edge01.example.com": {"outcomes": ["ERROR"]}}})
    default = ARGUMENT_SPEC["detail"]["default"]
    error = failure(lambda: staged(clusters=["prod", "domain-c9"], hosts=None, detail=default))
    result = error.result
    good, bad = result["clusters"]
    assert set(result) == {"changed", "counts", "clusters", "standalone_hosts", "failed_hosts"}
    assert set(good) == BRIEF
    assert good["counts"] == {"staged": 1, "skipped": 2, "failed": 0, "started": 0}
    assert good["commit"] == "5"
    assert bad["task"]["status"] == "SUCCEEDED"
    assert [host["name"] for host in bad["hosts"]] == result["failed_hosts"] == ["edge01.example.com"]
    assert bad["counts"] == {"staged": 1, "skipped": 0, "failed": 1, "started": 0}
    assert result["counts"] == {
        "clusters": 2,
        "standalone_hosts": 0,
        "hosts": 5,
        "staged": 2,
        "skipped": 2,
        "failed": 1,
        "started": 0,
    }
    assert str(error).startswith("1 of 5 hosts was not staged. Cluster 'edge' (domain-c9): edge01.example.com: ")


def test_a_summary_is_little_more_than_counts(staged: Stage, world: World) -> None:
    world.host("single01.example.com").outcomes = [Outcome(status="ERROR")]
    hosts = ["esx01.example.com", "single01.example.com"]
    error = failure(lambda: staged(hosts=hosts, detail="summary"))
    counts = {"staged": 0, "skipped": 0, "failed": 1, "started": 0}
    assert error.result["clusters"] == []
    assert error.result["standalone_hosts"] == [
        {"name": "single01.example.com", "moid": "host-23", "failed": True, "msg": "", "counts": counts}
    ]
    assert error.result["failed_hosts"] == ["single01.example.com"]
    assert error.result["counts"] == {**counts, "clusters": 1, "standalone_hosts": 1, "hosts": 2, "staged": 1}
    assert error.result["changed"] is True


def test_a_summary_tells_of_a_cluster_whose_time_ran_out(staged: Stage) -> None:
    error = failure(lambda: staged(clusters=["prod", "domain-c9"], wait_timeout=40, detail="summary"))
    (cluster,) = error.result["clusters"]
    assert cluster["name"] == "prod"
    assert "wait_timeout" in cluster["msg"]


def test_what_was_only_started_can_be_looked_for(staged: Stage, world: World) -> None:
    result = staged(clusters=["domain-c9"], wait=False, detail="failed")
    (cluster,) = result["clusters"]
    (task,) = world.tasks.tasks
    assert cluster == {
        "name": "edge",
        "moid": "domain-c9",
        "changed": True,
        "failed": False,
        "commit": None,
        "counts": {"staged": 0, "skipped": 0, "failed": 0, "started": 2},
        "task": {"id": task},
    }


@pytest.mark.parametrize("detail", ARGUMENT_SPEC["detail"]["choices"])
def test_the_diff_is_whole_and_only_there_when_asked_for(staged: Stage, detail: str) -> None:
    assert "diff" not in staged(clusters=["prod"], check_mode=True, detail=detail)
    changed = {"prod": {"esx01.example.com": "NOT_STAGED"}}
    assert staged(clusters=["prod"], check_mode=True, diff=True, detail=detail)["diff"]["before"] == changed
    assert staged(clusters=["prod"], diff=True, detail=detail)["diff"]["before"] == changed


def lines_in(path: pathlib.Path) -> list[dict[str, t.Any]]:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_result_file_has_everything_and_is_replaced_by_each_run(staged: Stage, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "result.jsonl"
    hosts = ["esx01.example.com", "esx02.example.com", "single01.example.com"]
    foretold = staged(hosts=hosts, result_file=str(path), check_mode=True)
    lines = lines_in(path)
    assert [(line["kind"], line["check_mode"]) for line in lines] == [("cluster", True), ("host", True)]
    kept = [{name: line[name] for name in line if name not in ("kind", "check_mode")} for line in lines]
    assert kept == [*foretold["clusters"], *foretold["standalone_hosts"]]
    staged(hosts=hosts, result_file=str(path), detail="summary")
    lines = lines_in(path)
    assert [(line["name"], line["check_mode"]) for line in lines] == [("prod", False), ("single01.example.com", False)]
    assert [host["verdict"] for host in lines[0]["hosts"]] == ["staged", "skipped"]
    assert lines[1]["task"]["status"] == "SUCCEEDED"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("wait_timeout", [40, 7200])
def test_the_result_file_is_written_when_the_run_fails(
    staged: Stage, world: World, tmp_path: pathlib.Path, wait_timeout: int
) -> None:
    world.patch({"hosts": {"esx01.example.com": {"outcomes": ["ERROR"]}}})
    path = tmp_path / "result.jsonl"
    error = failure(lambda: staged(clusters=["prod"], wait_timeout=wait_timeout, result_file=str(path)))
    assert lines_in(path) == [{"kind": "cluster", "check_mode": False, **error.result["clusters"][0]}]
    assert lines_in(path)[0]["timed_out"] is (wait_timeout == 40)


def test_a_result_file_that_cannot_be_written_is_refused_before_anything_is_sent(
    staged: Stage, vcenter: VCenter, tmp_path: pathlib.Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "link").symlink_to(precious)
    for path in (tmp_path / "link", tmp_path / "missing" / "result.jsonl", tmp_path):
        text = str(failure(functools.partial(staged, clusters=["prod"], result_file=str(path)), InvalidOption))
        assert str(path) in text
        assert "Give result_file " in text
    assert precious.read_text() == "precious"
    assert {request.path for request in vcenter.requests} == {"/api/session"}


def test_a_problem_found_early_leaves_the_result_file_as_it_was(staged: Stage, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "result.jsonl"
    path.write_text("before\n")
    failure(lambda: staged(clusters=["prot"], result_file=str(path)), PreflightFailed)
    assert path.read_text() == "before\n"


def test_a_disk_that_is_full_at_the_end_costs_the_file_and_not_the_result(
    staged: Stage, run: t.Any, world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.jsonl"

    def full(*dummy: t.Any) -> t.NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = staged(clusters=["prod"], result_file=str(path))
    assert result["counts"]["staged"] == 1
    (warning,) = run.warnings
    assert "result.jsonl' of result_file was not written: No space left on device" in warning
    assert list(tmp_path.iterdir()) == []


def test_hostile_names_in_the_result_file_stay_inert(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> None:
    world_data["datacenters"][0]["clusters"][0]["hosts"] = [{"name": "esx\x1b[31m\nred", "host": "host-16"}]
    message = {"id": "x", "message": "no \x1b[31m\u2028depot \ud800", "resolution": "\x9b2J"}
    outcome = {"status": "ERROR", "notifications": {"errors": [message]}}
    world_data["datacenters"][0]["clusters"][0]["hosts"][0]["outcomes"] = [outcome]
    path = tmp_path / "result.jsonl"
    staged = request.getfixturevalue("staged")
    failure(lambda: staged(clusters=["prod"], result_file=str(path)))
    (line,) = lines_in(path)
    assert line == harmless(line)
    assert r"\x1b[31m" in line["hosts"][0]["name"]
