# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names to identifiers, and hosts to clusters."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _inventory
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import PreflightFailed, UnexpectedReply
from ansible_collections.vsphere.lifecycle.plugins.module_utils._selection import Selection
from ansible_collections.vsphere.lifecycle.simulator import VCenter


def moids(found: t.Iterable[_inventory.Entity]) -> set[str]:
    return {entity.moid for entity in found}


def test_names_and_identifiers_are_found(client: VCenterClient) -> None:
    assert moids(_inventory.find_clusters(client, ["prod", "domain-c10", "nowhere"])) == {"domain-c8", "domain-c10"}
    assert moids(_inventory.find_hosts(client, ["esx01.example.com", "host-20"])) == {"host-16", "host-20"}


@pytest.mark.parametrize("name", ["a/b", "50%", "back\\slash", "sp ace & more", "{{ 7 * 7 }}", "%2f"])
def test_special_characters_in_names(world_data: dict[str, t.Any], request: pytest.FixtureRequest, name: str) -> None:
    world_data["datacenters"][0]["clusters"][0]["name"] = name
    client = request.getfixturevalue("client")
    (found,) = _inventory.find_clusters(client, [name])
    assert (found.moid, found.name) == ("domain-c8", name)


def test_a_name_that_is_the_identifier_of_another_is_ambiguous(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest
) -> None:
    world_data["datacenters"][0]["clusters"][0]["name"] = "domain-c9"
    client = request.getfixturevalue("client")
    selection = Selection(client)
    selection.clusters(["domain-c9"])
    with pytest.raises(PreflightFailed, match=r"ambiguous: domain-c8 \('domain-c9'.*domain-c9 \('edge'"):
        selection.check()


def test_clusters_of_hosts_take_few_calls(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest, vcenter: VCenter
) -> None:
    del vcenter
    client = request.getfixturevalue("client")
    hosts = _inventory.find_hosts(client, ["host-16", "host-22", "host-24"])
    found = _inventory.clusters_of(client, hosts)
    assert {host: cluster.moid for host, cluster in found.items()} == {"host-16": "domain-c8", "host-22": "domain-c11"}
    assert _inventory.standalone_of(client, hosts) == {"host-24"}


def test_one_host_among_many_clusters_takes_few_calls(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest
) -> None:
    world_data["datacenters"][0]["clusters"].extend(
        {"name": f"c{number}", "cluster": f"domain-c{number}"} for number in range(1000, 1200)
    )
    client = request.getfixturevalue("client")
    running = request.getfixturevalue("vcenter")
    hosts = _inventory.find_hosts(client, ["host-22"])
    before = len(running.requests)
    assert _inventory.clusters_of(client, hosts)["host-22"].moid == "domain-c11"
    assert len(running.requests) - before < 20, "204 clusters"


def test_many_hosts_take_no_more_calls_than_all(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest, clock: t.Any
) -> None:
    clusters = [{"name": f"c{number}", "hosts": [f"c{number}-a", f"c{number}-b"]} for number in range(1000, 1200)]
    world_data["datacenters"] = [{"name": "Berlin", "clusters": clusters}]
    client = request.getfixturevalue("client")
    running = request.getfixturevalue("vcenter")
    hosts = _inventory.find_hosts(client, [f"c{number}-a" for number in range(1000, 1200)])
    before = len(running.requests)
    found = _inventory.clusters_of(client, hosts)
    assert {host.name: found[host.moid].name for host in hosts} == {f"c{n}-a": f"c{n}" for n in range(1000, 1200)}
    assert len(running.requests) - before == 9, "a list of the clusters, and one for each bit of their numbers"


def test_an_ambiguous_datacenter_and_an_unknown_host(client: VCenterClient) -> None:
    with pytest.raises(PreflightFailed, match="no datacenter 'x'"):
        Selection(client, "x")
    selection = Selection(client, "Berlin")
    selection.hosts(["edge11.example.com"])
    with pytest.raises(PreflightFailed, match="no host 'edge11.example.com' in datacenter 'Berlin'"):
        selection.check()


def test_a_list_of_another_shape_is_refused() -> None:
    with pytest.raises(UnexpectedReply, match="'name' in the cluster"):
        _inventory._cluster({"cluster": "domain-c8"})
    with pytest.raises(UnexpectedReply):
        _inventory._host("x")
