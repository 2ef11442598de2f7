# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_host_stage_info against the simulated vCenter: standalone hosts, and who is none."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _inventory
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption, NotFound, PreflightFailed
from ansible_collections.vsphere.lifecycle.plugins.modules import esx_cluster_stage_info
from ansible_collections.vsphere.lifecycle.plugins.modules.esx_host_stage_info import ARGUMENT_SPEC, gather_stage_info
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

Info = t.Callable[..., dict[str, t.Any]]

NAME = "single01.example.com"


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
    (host,) = result["hosts"]
    return t.cast("dict[str, t.Any]", host)


def test_a_host_is_told_in_full(info: Info) -> None:
    host = only(info(hosts=[NAME]))
    assert host.pop("scan_time").endswith("Z")
    assert "no result of an earlier staging" in host.pop("unknown")[0]
    assert host.pop("notifications") == host["hosts"][0].pop("notifications")
    assert host == {
        **{"name": NAME, "moid": "host-23", "connection_state": "CONNECTED", "power_state": "POWERED_ON"},
        **{"image_managed": True, "status": "NON_COMPLIANT", "stage_status": "NOT_STAGED", "commit": "3"},
        **{"has_commit": None, "counts": {"hosts": 1, "ready": 0}, "unreachable_hosts": []},
        "members": "26dfe94645d85e76",
        **{"running_task": None, "running_operation": None, "last_stage": None},
        "hosts": [
            {
                **{"name": NAME, "moid": "host-23", "status": "NON_COMPLIANT"},
                **{"stage_status": "NOT_STAGED", "commit": "3"},
            }
        ],
    }


def test_all_standalone_hosts_are_told_and_no_other(info: Info) -> None:
    assert [(host["moid"], host["image_managed"]) for host in info()["hosts"]] == [
        ("host-23", True),
        ("host-24", False),
    ]


def test_an_entry_has_what_that_of_a_cluster_has(info: Info, run: t.Any) -> None:
    spec = esx_cluster_stage_info.ARGUMENT_SPEC
    for detail in ("full", "summary"):
        params = {**{name: option.get("default") for name, option in spec.items()}, "detail": detail}
        cluster = run(esx_cluster_stage_info.gather_stage_info, params)["clusters"][0]
        host = info(detail=detail)["hosts"][0]
        assert set(host) - set(cluster) == {"connection_state", "power_state"}
        assert set(cluster) <= set(host)
        if detail == "full":
            assert set(host["hosts"][0]) == set(cluster["hosts"][0])


def test_a_host_without_an_image_has_its_connection_state_all_the_same(info: Info, world: World) -> None:
    world.patch({"hosts": {"single02.example.com": {"connection_state": "NOT_RESPONDING"}}})
    host = only(info(hosts=["host-24"]))
    assert (host["connection_state"], host["power_state"]) == ("NOT_RESPONDING", None)
    assert host["unreachable_hosts"] == ["single02.example.com"]
    assert (host["image_managed"], host["status"], host["stage_status"]) == (False, None, "UNKNOWN")
    assert host["hosts"] == []


@pytest.mark.parametrize(
    ("options", "moids"),
    [
        ({"datacenter": "Hamburg"}, ["host-23", "host-24"]),
        ({"datacenter": "Berlin"}, []),
        ({"hosts": ["*02*", "host-23"]}, ["host-24", "host-23"]),
        ({"hosts": [NAME, NAME, "host-23"]}, ["host-23"]),
        ({"exclude": ["*01*"]}, ["host-24"]),
    ],
)
def test_hosts_are_chosen(info: Info, options: dict[str, t.Any], moids: list[str]) -> None:
    assert [host["moid"] for host in info(**options)["hosts"]] == moids


def test_a_pattern_fits_no_host_in_a_cluster(info: Info, run: t.Any) -> None:
    assert info(hosts=["esx*"])["hosts"] == []
    assert run.warnings == ["No host matches 'esx*'."]


@pytest.mark.parametrize("named", ["esx01.example.com", "host-16"])
def test_a_host_in_a_cluster_is_refused_with_the_cluster(info: Info, named: str) -> None:
    with pytest.raises(PreflightFailed) as caught:
        info(hosts=[NAME, named])
    assert caught.value.problems == [
        "The host 'esx01.example.com' (host-16) is not standalone, but in cluster 'prod' (domain-c8); "
        "name the cluster instead"
    ]


def test_everything_wrong_with_the_names_is_told_at_once(info: Info) -> None:
    with pytest.raises(PreflightFailed, match="3 problems") as caught:
        info(hosts=["nobody", "edge01.example.com", "edge11.example.com"])
    assert "There is no host 'nobody'" in caught.value.problems[0]
    assert "in cluster 'edge' (domain-c9)" in caught.value.problems[1]
    assert "in cluster 'edge' (domain-c11)" in caught.value.problems[2]


def test_a_standalone_host_comes_before_one_of_its_name_in_a_cluster(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest
) -> None:
    world_data["datacenters"][0]["clusters"][0]["hosts"].append({"name": NAME, "host": "host-99"})
    assert only(request.getfixturevalue("info")(hosts=[NAME]))["moid"] == "host-23"


@pytest.mark.parametrize("hosts", [[], [""]])
def test_an_empty_list_is_refused(info: Info, hosts: list[str]) -> None:
    with pytest.raises(InvalidOption, match="never means all"):
        info(hosts=hosts)


def test_a_host_that_was_never_scanned_says_so(info: Info, world: World) -> None:
    world.managed(host=NAME).compliance = None
    host = only(info(hosts=[NAME]))
    assert host["image_managed"] is True
    assert host["unknown"][0] == "There is no stored compliance: the host was never scanned."
    assert [one["status"] for one in host["hosts"]] == [None]


def test_a_running_staging_and_its_result_are_told(info: Info, world: World, clock: t.Any) -> None:
    task = world.engine.stage(world.managed(host=NAME), "somebody", None, None)
    clock.sleep(30)
    host = only(info(hosts=[NAME]))
    assert (host["running_task"]["id"], host["running_task"]["status"]) == (task.id, "RUNNING")
    assert host["running_operation"].startswith("stage, ")
    clock.sleep(100)
    host = only(info(hosts=[NAME]))
    assert host["running_task"] is None
    assert host["last_stage"]["successful_hosts"] == [NAME]
    assert host["last_stage"]["commit"] == "3"
    assert only(info(task=task.id))["last_stage"]["source"] == "task"


def test_another_operation_is_told(info: Info, world: World) -> None:
    world.start_operation("apply", 60, host=NAME)
    host = only(info(hosts=[NAME]))
    assert (host["running_task"], host["running_operation"].split(",")[0]) == (None, "apply")


def test_a_failed_staging_is_told_with_its_reason(info: Info, world: World, clock: t.Any) -> None:
    world.patch({"hosts": {NAME: {"outcomes": ["ERROR"]}}})
    world.engine.stage(world.managed(host=NAME), "somebody", None, None)
    clock.sleep(100)
    last = only(info(hosts=[NAME]))["last_stage"]
    assert last["failed_hosts"] == [NAME]
    assert last["hosts"][0]["verdict"] == "failed"


def test_a_task_without_a_target_is_known_by_the_name_in_its_result(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest
) -> None:
    world_data["vcenter"]["task_targets"] = False
    info, world, clock = (request.getfixturevalue(name) for name in ("info", "world", "clock"))
    world.engine.stage(world.managed(host=NAME), "somebody", None, None)
    clock.sleep(100)
    assert only(info(hosts=[NAME]))["last_stage"]["successful_hosts"] == [NAME]


def test_a_task_of_a_cluster_is_refused(info: Info, world: World) -> None:
    task = world.engine.stage(world.cluster("prod").managed, "somebody", None, None)
    with pytest.raises(InvalidOption, match="no stage task of a standalone host"):
        info(task=task.id)


def test_a_task_of_another_host_is_refused(info: Info, world: World) -> None:
    task = world.engine.stage(world.managed(host=NAME), "somebody", None, None)
    with pytest.raises(InvalidOption, match="belongs to none of the hosts named"):
        info(task=task.id, hosts=["single02.example.com"])


def test_a_task_that_is_gone(info: Info) -> None:
    with pytest.raises(NotFound, match="read task gone"):
        info(task="gone:com.vmware.esx.settings.hosts.software")


def test_whether_it_has_ever_had_a_commit(info: Info) -> None:
    for commit, answer in (("3", True), ("9", False)):
        assert [host["has_commit"] for host in info(commit=commit)["hosts"]] == [answer, None]


def test_a_summary_leaves_out_what_takes_a_request(info: Info, world: World, vcenter: VCenter, clock: t.Any) -> None:
    world.engine.stage(world.managed(host=NAME), "somebody", None, None)
    clock.sleep(100)
    world.engine.scan(world.managed(host=NAME), "somebody")
    clock.sleep(100)
    host = only(info(hosts=[NAME], detail="summary"))
    assert not {"hosts", "notifications", "last_stage"} & set(host)
    assert (host["stage_status"], host["counts"]) == ("STAGED", {"hosts": 1, "ready": 1})
    assert not [request for request in vcenter.requests if request.path.startswith("/api/cis/tasks/")]


def test_a_vcenter_before_8_tells_names_and_says_why_not_more(info: Info, world: World) -> None:
    world.patch({"vcenter": {"version": "7.0.3.00100"}})
    for host in info()["hosts"]:
        assert (host["image_managed"], host["connection_state"]) == (None, "CONNECTED")
        assert "older than 8.0" in host["unknown"][0]


def test_a_host_that_is_gone_by_then_does_not_hide_the_others(info: Info, world: World) -> None:
    world.faults.add("404", path=".*/hosts/host-23/.*", times=None)
    gone, other = info()["hosts"]
    assert (gone["image_managed"], other["image_managed"]) == (None, False)
    assert "Could not find out how host 'single01.example.com' (host-23) is managed" in gone["unknown"][0]


def test_what_the_user_may_not_read_is_unknown(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    world_data["vcenter"]["users"]["blind@vsphere.local"] = {"password": "made-up-1", "privileges": []}
    info = request.getfixturevalue("info")
    host = only(info(hosts=[NAME], username="blind@vsphere.local", password="made-up-1"))
    assert host["image_managed"] is None
    assert "VcIntegrity.lifecycleSettings.Read" in host["unknown"][0]


def test_more_hosts_than_vcenter_lists_are_read_by_datacenter(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest
) -> None:
    world_data["vcenter"]["limits"] = {"hosts": 3}
    for number, datacenter in enumerate(world_data["datacenters"]):
        datacenter["hosts"] = [
            {"name": f"alone{number}-{index}", "host": f"host-{100 * number + 200 + index}"} for index in range(3)
        ]
    client = request.getfixturevalue("client")
    assert len(_inventory.list_standalone_hosts(client)) == 6
