# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_cluster_stage_info against the simulated vCenter."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _inventory
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    InvalidOption,
    NotFound,
    PreflightFailed,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.modules.esx_cluster_stage_info import (
    ARGUMENT_SPEC,
    gather_stage_info,
)
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

Info = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def info(run: t.Any, vcenter: VCenter) -> t.Iterator[Info]:
    """Run the module's work; it must never write and never leave a session."""

    def call(**options: t.Any) -> dict[str, t.Any]:
        login = {name: options.pop(name) for name in ("username", "password") if name in options}
        params = {**{name: option.get("default") for name, option in ARGUMENT_SPEC.items()}, **options}
        return t.cast("dict[str, t.Any]", run(gather_stage_info, params, **login))

    yield call
    assert vcenter.writes == []
    assert vcenter.sessions == []


def only(result: dict[str, t.Any]) -> dict[str, t.Any]:
    assert result["changed"] is False
    (cluster,) = result["clusters"]
    return t.cast("dict[str, t.Any]", cluster)


def test_all_clusters_are_told(info: Info) -> None:
    result = info()
    assert [(cluster["moid"], cluster["image_managed"]) for cluster in result["clusters"]] == [
        ("domain-c11", True),
        ("domain-c9", True),
        ("domain-c10", False),
        ("domain-c8", True),
    ]


@pytest.mark.parametrize(
    ("options", "moids"),
    [
        ({"clusters": ["ed*"]}, ["domain-c11", "domain-c9"]),
        ({"clusters": ["legacy", "[ep]*"]}, ["domain-c10", "domain-c11", "domain-c9", "domain-c8"]),
        ({"clusters": ["ed*"], "datacenter": "Hamburg"}, ["domain-c11"]),
        ({"exclude": ["edge", "domain-c10"]}, ["domain-c8"]),
        ({"clusters": ["domain-c8"], "exclude": None}, ["domain-c8"]),
        ({"clusters": ["*"], "exclude": ["?????"]}, ["domain-c11", "domain-c9", "domain-c10", "domain-c8"]),
        ({"clusters": ["prod", "prod", "pro?"]}, ["domain-c8"]),
    ],
)
def test_clusters_are_chosen_by_patterns(info: Info, options: dict[str, t.Any], moids: list[str]) -> None:
    assert [cluster["moid"] for cluster in info(**options)["clusters"]] == moids


def test_what_matches_nothing_is_told(info: Info, run: t.Any) -> None:
    assert info(clusters=["x*"], exclude=["y*"])["clusters"] == []
    assert run.warnings == [
        "No cluster matches 'x*'.",
        "Nothing that is selected matches 'y*', which is to be excluded.",
    ]


def test_a_name_that_nobody_has_is_an_error_beside_patterns_too(info: Info) -> None:
    with pytest.raises(PreflightFailed, match=r"no cluster 'prodd'.*similar: prod"):
        info(clusters=["prod*", "prodd"])


def test_a_summary_takes_no_request_for_results(info: Info, world: World, vcenter: VCenter, clock: t.Any) -> None:
    world.engine.stage(world.cluster("prod").managed, "somebody", None, None)
    clock.sleep(100)
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    world.patch({"hosts": {"esx01.example.com": {"connection_state": "DISCONNECTED"}}})
    result = info(detail="summary", clusters=["prod", "domain-c9", "legacy"], commit="4")
    assert not [request for request in vcenter.requests if request.path.startswith("/api/cis/tasks/")]
    prod, edge, legacy = result["clusters"]
    assert not {"hosts", "notifications", "last_stage"} & set(prod)
    assert prod["counts"] == {"hosts": 3, "ready": 2}
    assert (prod["unreachable_hosts"], prod["running_operation"]) == (["esx01.example.com"], None)
    assert edge["running_operation"] == "stage, 0 % done"
    assert [cluster["has_commit"] for cluster in (prod, edge, legacy)] == [True, False, None]


def test_a_datacenter_narrows_all(info: Info) -> None:
    assert [cluster["moid"] for cluster in info(datacenter="Hamburg")["clusters"]] == ["domain-c11"]


def test_a_datacenter_that_is_not_there(info: Info) -> None:
    with pytest.raises(PreflightFailed, match="no datacenter 'Bonn'"):
        info(datacenter="Bonn")


def test_stored_compliance_is_told(info: Info) -> None:
    cluster = only(info(clusters=["prod"]))
    assert cluster["status"] == "NON_COMPLIANT"
    assert cluster["commit"] == "5"
    assert cluster["scan_time"].endswith("Z")
    assert {host["name"]: (host["status"], host["stage_status"]) for host in cluster["hosts"]} == {
        "esx01.example.com": ("NON_COMPLIANT", "NOT_STAGED"),
        "esx02.example.com": ("NON_COMPLIANT", "STAGED"),
        "esx03.example.com": ("COMPLIANT", "UNKNOWN"),
    }
    assert cluster["running_task"] is None
    assert cluster["last_stage"] is None
    assert "no result of an earlier staging" in cluster["unknown"][0]


def test_a_cluster_with_baselines_has_no_image(info: Info) -> None:
    cluster = only(info(clusters=["legacy"]))
    assert cluster["image_managed"] is False
    assert cluster["status"] is None
    assert cluster["stage_status"] == "UNKNOWN"
    assert cluster["hosts"] == []


def test_a_cluster_that_was_never_scanned_says_so(info: Info, world: World) -> None:
    world.cluster("prod").managed.compliance = None
    cluster = only(info(clusters=["prod"]))
    assert cluster["image_managed"] is True
    assert "never scanned" in cluster["unknown"][0]


@pytest.mark.parametrize("shown", [False, "UNKNOWN"])
def test_absent_is_unknown_and_not_not_staged(info: Info, world: World, shown: t.Any) -> None:
    world.host("esx02.example.com").stage_status_known = shown
    world.engine.scan(world.cluster("prod").managed, "somebody")
    cluster = only(info(clusters=["prod"]))
    assert cluster["hosts"][1]["stage_status"] in {"UNKNOWN", "STAGED"}


def test_a_running_staging_is_told(info: Info, world: World, clock: t.Any) -> None:
    task = world.engine.stage(world.cluster("prod").managed, "somebody", None, None)
    clock.sleep(30)
    cluster = only(info(clusters=["prod"]))
    assert cluster["running_task"]["id"] == str(getattr(task, "id", task))
    assert cluster["running_task"]["status"] == "RUNNING"
    assert 0 < cluster["running_task"]["progress"] < 100
    assert cluster["last_stage"] is None


def test_the_last_result_is_told(info: Info, world: World, clock: t.Any) -> None:
    world.patch({"hosts": {"edge01.example.com": {"outcomes": ["ERROR"]}}})
    managed = world.cluster("domain-c9").managed
    world.engine.stage(managed, "somebody", None, None)
    clock.sleep(100)
    last = only(info(clusters=["domain-c9"]))["last_stage"]
    assert last["source"] == "task_list"
    assert last["commit"] == "2"
    assert last["successful_hosts"] == ["edge02.example.com"]
    assert last["failed_hosts"] == ["edge01.example.com"]
    assert last["task"]["status"] == "SUCCEEDED"
    world.engine.stage(managed, "somebody", None, ["host-19"])
    clock.sleep(100)
    last = only(info(clusters=["domain-c9"]))["last_stage"]
    assert last["successful_hosts"] == ["edge01.example.com"], "the later of two"


def test_a_task_given_is_told_instead(info: Info, world: World, clock: t.Any) -> None:
    managed = world.cluster("domain-c9").managed
    first = world.engine.stage(managed, "somebody", None, ["host-19"])
    clock.sleep(100)
    info()
    world.engine.stage(managed, "somebody", None, ["host-20"])
    clock.sleep(100)
    task = str(getattr(first, "id", first))
    cluster = only(info(task=task))
    assert cluster["name"] == "edge"
    assert cluster["last_stage"]["source"] == "task"
    assert cluster["last_stage"]["successful_hosts"] == ["edge01.example.com"]
    with pytest.raises(InvalidOption, match="belongs to none of the clusters"):
        info(task=task, clusters=["prod"])


def test_a_task_that_still_runs_is_no_final_result(info: Info, world: World, clock: t.Any) -> None:
    task = world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    clock.sleep(10)
    cluster = only(info(task=str(getattr(task, "id", task))))
    assert cluster["last_stage"]["failed_hosts"] == []
    assert any("not final" in text for text in cluster["unknown"])


def test_a_task_that_is_gone(info: Info) -> None:
    with pytest.raises(NotFound, match="read task gone"):
        info(task="gone:com.vmware.esx.settings.clusters.software")


def test_a_task_of_another_kind_is_refused(info: Info, world: World) -> None:
    task = world.engine.stage(world.managed(host="single01.example.com"), "somebody", None, None)
    with pytest.raises(InvalidOption, match="no stage task of a cluster"):
        info(task=str(getattr(task, "id", task)))


@pytest.mark.parametrize("clusters", [[], [""]])
def test_an_empty_list_is_refused(info: Info, clusters: list[str]) -> None:
    with pytest.raises(InvalidOption, match="never means all"):
        info(clusters=clusters)


def test_an_unknown_cluster_is_told(info: Info) -> None:
    with pytest.raises(PreflightFailed, match="no cluster 'prot'"):
        info(clusters=["prot"])


def test_what_the_user_may_not_read_is_unknown(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    world_data["vcenter"]["users"]["blind@vsphere.local"] = {"password": "made-up-1", "privileges": []}
    blind = request.getfixturevalue("info")
    cluster = only(blind(clusters=["prod"], username="blind@vsphere.local", password="made-up-1"))
    assert cluster["image_managed"] is None
    assert "VcIntegrity.lifecycleSettings.Read" in cluster["unknown"][0]
    assert "VcIntegrity.lifecycleSoftwareSpecification.Read" in cluster["unknown"][1]


def test_more_clusters_than_vcenter_lists_are_read_by_datacenter(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest
) -> None:
    for number, datacenter in enumerate(world_data["datacenters"]):
        first = 1000 * (number + 1)
        datacenter["clusters"].extend(
            {"name": f"c{first + index}", "cluster": f"domain-c{first + index}", "managed_by": "baseline"}
            for index in range(600)
        )
    client = request.getfixturevalue("client")
    assert len(_inventory.list_clusters(client)) == 1204


def test_an_error_of_the_task_list_is_told(info: Info, world: World) -> None:
    world.faults.add("html", path="/api/cis/tasks", times=None)
    with pytest.raises(VCenterError, match="list tasks"):
        info(clusters=["prod"])


def test_a_host_that_no_scan_has_known_is_unknown(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest, world: World
) -> None:
    gathered = request.getfixturevalue("info")
    snapshot = world.cluster("prod").managed.compliance
    assert snapshot is not None
    del snapshot.hosts["host-16"]
    hosts = {host["name"]: host for host in only(gathered(clusters=["prod"]))["hosts"]}
    assert hosts["esx01.example.com"]["status"] is None
    assert hosts["esx01.example.com"]["stage_status"] == "UNKNOWN"


def test_a_never_scanned_cluster_has_hosts_all_the_same(info: Info, world: World) -> None:
    world.cluster("prod").managed.compliance = None
    assert len(only(info(clusters=["prod"]))["hosts"]) == 3


def test_an_unreadable_last_task_is_no_reason_to_fail(info: Info, world: World, clock: t.Any) -> None:
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    clock.sleep(100)
    world.faults.add("500_unreadable", path="/api/cis/tasks/.+", times=None)
    cluster = only(info(clusters=["domain-c9"]))
    assert cluster["last_stage"] is None
    assert "cannot be read" in cluster["unknown"][0]


def test_a_task_without_a_target_belongs_to_the_cluster_of_its_hosts(info: Info, world: World, clock: t.Any) -> None:
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    for task in world.tasks.tasks.values():
        task.target = None
    clock.sleep(100)
    assert only(info(clusters=["domain-c9"]))["last_stage"]["successful_hosts"] == [
        "edge01.example.com",
        "edge02.example.com",
    ]
    assert only(info(clusters=["prod"]))["last_stage"] is None
