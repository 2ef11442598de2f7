# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of the simulated vCenter: filters and limits (contract section 3.10)."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import World, inventory


def ids(summaries: list[dict[str, t.Any]], member: str) -> list[str]:
    return [summary[member] for summary in summaries]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["domain-c8", "domain-c9", "domain-c10", "domain-c11"]),
        ({"names": ["edge"]}, ["domain-c9", "domain-c11"]),
        ({"names": ["edge"], "datacenters": ["datacenter-4"]}, ["domain-c11"]),
        ({"names": ["edge", "prod"], "clusters": ["domain-c8", "domain-c10"]}, ["domain-c8"]),
        ({"folders": ["group-h1005"]}, ["domain-c11"]),
        ({"names": ["none"]}, []),
    ],
)
def test_clusters(world: World, wanted: dict[str, t.Any], found: list[str]) -> None:
    assert ids(world.inventory.cluster_summaries(wanted), "cluster") == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"standalone": True}, ["host-23", "host-24"]),
        ({"standalone": True, "names": ["esx01.example.com"]}, []),
        ({"standalone": False, "datacenters": ["datacenter-4"]}, ["host-22"]),
        ({"clusters": ["domain-c9"]}, ["host-19", "host-20"]),
        ({"hosts": ["host-16", "host-24"]}, ["host-16", "host-24"]),
        ({"names": ["esx02.example.com"]}, ["host-17"]),
        ({"connection_states": ["DISCONNECTED", "NOT_RESPONDING"]}, ["host-18"]),
        ({"folders": ["group-h1005"], "standalone": True}, ["host-23", "host-24"]),
    ],
)
def test_hosts(world: World, wanted: dict[str, t.Any], found: list[str]) -> None:
    world.host("host-18").connection_state = "NOT_RESPONDING"
    assert ids(world.inventory.host_summaries(wanted), "host") == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({"names": ["Hamburg"]}, ["datacenter-4"]), ({"folders": ["group-d1"]}, ["datacenter-3", "datacenter-4"])],
)
def test_datacenters(world: World, wanted: dict[str, t.Any], found: list[str]) -> None:
    assert ids(world.inventory.datacenter_summaries(wanted), "datacenter") == found


def test_power_state_is_there_with_connected_only(world: World) -> None:
    world.host("host-16").connection_state = "DISCONNECTED"
    away, here = world.inventory.host_summaries({"hosts": ["host-16", "host-17"]})
    assert "power_state" not in away
    assert here["power_state"] == "POWERED_ON"


def test_special_characters_come_back_escaped(world: World) -> None:
    world.cluster("prod").name = "50% a/b\\c"
    assert world.inventory.cluster_summaries({"names": ["50%25 a%2fb%5cc"]})[0]["name"] == "50%25 a%2fb%5cc"


def test_unknown_connection_state(world: World, refused: t.Any) -> None:
    refused("INVALID_ARGUMENT", world.inventory.host_summaries, {"connection_states": ["AWAY"]})


@pytest.mark.parametrize(
    ("kind", "limit"),
    [(name.removesuffix("s"), limit) for name, limit in inventory.LIMITS.items()],
)
def test_too_many_are_an_error(world: World, refused: t.Any, kind: str, limit: int) -> None:
    objects = getattr(world.inventory, f"{kind}s")
    first = next(iter(objects.values()))
    for number in range(limit - len(objects) + 1):
        extra = copy.copy(first)
        extra.id, extra.name = f"extra-{number}", f"extra-{number}"
        objects[extra.id] = extra
    summaries = getattr(world.inventory, f"{kind}_summaries")
    refused("UNABLE_TO_ALLOCATE_RESOURCE", summaries, {})
    assert len(summaries({"names": ["extra-1", "extra-2"]})) == 2


def test_unknown_objects(world: World, refused: t.Any) -> None:
    refused("NOT_FOUND", world.inventory.cluster, "domain-c99")
    error = refused("NOT_FOUND", world.inventory.host, "host-99")
    assert error.messages[0]["args"] == ["host-99", "HostSystem"]
