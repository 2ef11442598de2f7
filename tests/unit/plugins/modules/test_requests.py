# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests the modules send, to the last one: a change that needs more of them has to say so here."""

from __future__ import annotations

import collections
import random
import re
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.modules import (
    appliance_update_info,
    esx_cluster_stage_info,
    esx_host_stage_info,
    esx_software_stage,
    vcenter_service_info,
)
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

HOSTS = 4
LASTS = 20
#: What a request is for, by how it begins; the first that fits counts.
KINDS = {
    "login": r"POST /api/session",
    "logout": r"DELETE /api/session",
    "clusters": r"GET /api/vcenter/cluster",
    "hosts": r"GET /api/vcenter/host",
    "version": r"GET /api/appliance/system/version",
    "update": r"GET /api/appliance/update",
    "services": r"GET /api/vcenter/services ",
    "service": r"GET /api/vcenter/services/",
    "compliance": r"GET .*/software/compliance",
    "enablement": r"GET .*/enablement/software",
    "scan": r"POST .*/software scan",
    "stage": r"POST .*/software stage",
    "search": r"POST /api/cis/tasks list services",
    "look": r"POST /api/cis/tasks list tasks",
    "results": r"POST /api/cis/tasks list results",
    "result": r"GET /api/cis/tasks/",
}


@pytest.fixture(params=[1, 10, 160])
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def world_data(number: int) -> dict[str, t.Any]:
    clusters = [
        {
            "name": f"cluster{one}",
            "cluster": f"domain-c{1000 + one}",
            "hosts": [{"name": f"esx{one}-{host}", "stage_seconds": LASTS} for host in range(HOSTS)],
        }
        for one in range(number)
    ]
    hosts = [{"name": f"single{one}", "managed_by": "image"} for one in range(number)]
    return {"datacenters": [{"name": "Berlin", "clusters": clusters, "hosts": [*hosts, "alone"]}]}


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)


@pytest.fixture
def counted(vcenter: VCenter, new_client: t.Any, run: t.Any) -> t.Callable[..., dict[str, int]]:
    """Return a function that runs a module and returns how many requests of each kind that took."""

    def call(work: t.Any, **params: t.Any) -> dict[str, int]:
        before = len(vcenter.requests)
        run(work, params)
        return dict(collections.Counter(kind_of(request) for request in vcenter.requests[before:]))

    return call


def kind_of(request: t.Any) -> str:
    text = f"{request.method} {request.path} {request.action}"
    if request.action == "list":
        spec = request.body
        text += (
            " services"
            if "services" in spec["filter_spec"]
            else (" tasks" if spec["result_spec"]["exclude_result"] else " results")
        )
    return next((kind for kind, pattern in KINDS.items() if re.match(pattern, text)), text)


def options(number: int, **more: t.Any) -> dict[str, t.Any]:
    defaults = {name: option.get("default") for name, option in esx_software_stage.ARGUMENT_SPEC.items()}
    names = [f"cluster{one}" for one in range(number)]
    return {**defaults, "clusters": names, "clusters_in_flight": number, "hosts_in_flight": number * HOSTS, **more}


def lists_of_hosts(clusters: int) -> int:
    """One for each bit of their number: a host tells its cluster by the lists in which it is."""
    return clusters.bit_length()


def test_staging(counted: t.Callable[..., dict[str, int]], number: int) -> None:
    """Results of what ended together are read together, so it is fewer than three for each cluster."""
    assert counted(esx_software_stage.stage, **options(number)) == {
        **{"login": 1, "clusters": 1, "hosts": lists_of_hosts(number), "version": 1, "search": 1},
        **{"compliance": number, "stage": number, "look": 8, "logout": 1},
        **({"result": 1} if number == 1 else {"results": 1}),
    }


def test_a_second_run_sends_few_and_one_for_each_cluster(
    counted: t.Callable[..., dict[str, int]], world: World, clock: t.Any, number: int
) -> None:
    counted(esx_software_stage.stage, **options(number))
    for cluster in world.inventory.clusters.values():
        world.engine.scan(cluster.managed, "somebody")
    clock.sleep(1000)
    found = counted(esx_software_stage.stage, **options(number))
    lists = 1 if number < 128 else 2
    assert found == {"login": 1, "clusters": 1, "hosts": lists, "compliance": number, "logout": 1}


def test_a_second_run_without_a_scan_reads_what_was_staged_together(
    counted: t.Callable[..., dict[str, int]], number: int
) -> None:
    counted(esx_software_stage.stage, **options(number))
    assert counted(esx_software_stage.stage, **options(number)) == {
        **{"login": 1, "clusters": 1, "hosts": lists_of_hosts(number), "compliance": number, "search": 1, "logout": 1},
        **({"result": 1} if number == 1 else {"results": 1}),
    }


@pytest.mark.parametrize("number", [160], indirect=True)
@pytest.mark.parametrize(("limit", "searches"), [(400, 1 + 2), (160, 1 + 2 * 3)])
def test_where_vcenter_knows_too_many_tasks_it_is_asked_for_those_of_many_objects(
    counted: t.Callable[..., dict[str, int]], world: World, clock: t.Any, number: int, limit: int, searches: int
) -> None:
    """Two parts of 100 clusters at most, each in halves where even these have too many tasks: three for a cluster."""
    for _dummy in range(3):
        for cluster in world.inventory.clusters.values():
            world.engine.scan(cluster.managed, "somebody")
        clock.sleep(1000)
    world.tasks.limit = limit
    params = {name: option.get("default") for name, option in esx_cluster_stage_info.ARGUMENT_SPEC.items()}
    found = counted(esx_cluster_stage_info.gather_stage_info, **params)
    assert found["search"] == searches
    assert found["compliance"] == number


@pytest.mark.parametrize("number", [1, 10], indirect=True)
@pytest.mark.parametrize(("followed", "looks", "with_results"), [(False, 30, 0), (True, 22, 8)])
def test_a_long_staging_takes_as_many_requests_whether_it_is_followed_or_not(
    counted: t.Callable[..., dict[str, int]],
    run: t.Any,
    world: World,
    number: int,
    followed: bool,
    looks: int,
    with_results: int,
) -> None:
    """Where somebody follows it, some of the looks read results too."""
    for host in world.inventory.hosts.values():
        host.stage_seconds = 12 * LASTS
    run.followed = followed
    found = counted(esx_software_stage.stage, **options(number))
    at_the_end = {"look": looks, "results": with_results + (number > 1), "result": int(number == 1)}
    assert {kind: found.get(kind, 0) for kind in at_the_end} == at_the_end


def test_information(counted: t.Callable[..., dict[str, int]], number: int) -> None:
    params = {name: option.get("default") for name, option in esx_cluster_stage_info.ARGUMENT_SPEC.items()}
    assert counted(esx_cluster_stage_info.gather_stage_info, **params) == {
        **{"login": 1, "clusters": 1, "search": 1, "hosts": lists_of_hosts(number), "logout": 1},
        "compliance": number,
    }


@pytest.mark.parametrize("named", [False, True])
def test_information_on_standalone_hosts(
    counted: t.Callable[..., dict[str, int]], world: World, number: int, named: bool
) -> None:
    """One list of them, whether they are named or not; two for each host that has no image."""
    names = [host.name for host in world.inventory.hosts.values() if host.cluster is None]
    defaults = {name: option.get("default") for name, option in esx_host_stage_info.ARGUMENT_SPEC.items()}
    assert counted(esx_host_stage_info.gather_stage_info, **{**defaults, "hosts": names if named else None}) == {
        **{"login": 1, "hosts": 1, "search": 1, "logout": 1},
        **{"compliance": number + 1, "enablement": 1},
    }


def test_the_appliance(counted: t.Callable[..., dict[str, int]]) -> None:
    found = counted(appliance_update_info.gather_update_info, gather=[])
    assert found == {"login": 1, "update": 1, "logout": 1}


def test_services_of_vcenter(counted: t.Callable[..., dict[str, int]]) -> None:
    gather = vcenter_service_info.gather_services
    assert counted(gather, services=["updatemgr"]) == {"login": 1, "service": 1, "logout": 1}
    for several in (None, ["updatemgr", "vpxd"]):
        assert counted(gather, services=several) == {"login": 1, "services": 1, "logout": 1}
