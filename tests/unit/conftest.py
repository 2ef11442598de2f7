# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of all unit tests: a clock that nobody waits for, and a simulated vCenter over TLS."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import VCenter, World, serve

#: 2026-01-15 12:00:00 UTC, the time at which every simulated vCenter of the unit tests begins.
EPOCH = 1768478400.0

#: Two datacenters; three clusters with an image (one of them twice by name), one with a baseline; standalone hosts.
WORLD: dict[str, t.Any] = {
    "vcenter": {
        "users": {
            "administrator@vsphere.local": {"password": "the-password"},
            "reader@vsphere.local": {
                "password": "reader-password",
                "privileges": ["VcIntegrity.lifecycleSoftwareSpecification.Read", "VcIntegrity.lifecycleSettings.Read"],
            },
        },
    },
    "datacenters": [
        {
            "name": "Berlin",
            "clusters": [
                {
                    "name": "prod",
                    "cluster": "domain-c8",
                    "commit": "5",
                    "commits": {"4": {"description": "8.0 U2"}, "5": {"description": "8.0 U3"}},
                    "stage_seconds": 60,
                    "hosts": [
                        {"name": "esx01.example.com", "host": "host-16"},
                        {"name": "esx02.example.com", "host": "host-17", "staged_commit": "5"},
                        {"name": "esx03.example.com", "host": "host-18", "status": "COMPLIANT"},
                    ],
                },
                {
                    "name": "edge",
                    "cluster": "domain-c9",
                    "commit": "2",
                    "commits": {"1": {}, "2": {}},
                    "stage_seconds": 30,
                    "hosts": [
                        {"name": "edge01.example.com", "host": "host-19"},
                        {"name": "edge02.example.com", "host": "host-20"},
                    ],
                },
                {
                    "name": "legacy",
                    "cluster": "domain-c10",
                    "managed_by": "baseline",
                    "hosts": [{"name": "old01.example.com", "host": "host-21"}],
                },
            ],
        },
        {
            "name": "Hamburg",
            "clusters": [
                {
                    "name": "edge",
                    "cluster": "domain-c11",
                    "commit": "7",
                    "commits": {"7": {}},
                    "stage_seconds": 30,
                    "hosts": [{"name": "edge11.example.com", "host": "host-22"}],
                },
            ],
            "hosts": [
                {
                    "name": "single01.example.com",
                    "host": "host-23",
                    "managed_by": "image",
                    "commit": "3",
                    "commits": {"3": {}},
                    "stage_seconds": 45,
                },
                {"name": "single02.example.com", "host": "host-24"},
            ],
        },
    ],
    "extension_tasks": {"operations": ["com.example.extension.rollout"]},
}


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._now = 1000.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world_data() -> dict[str, t.Any]:
    """The data of the world, to be changed by a test before it asks for `world` or `vcenter`."""
    return copy.deepcopy(WORLD)


@pytest.fixture
def world(world_data: dict[str, t.Any], clock: FakeClock) -> World:
    """A world whose time is that of the fake clock."""
    start = clock.now()
    return World(world_data, lambda: EPOCH + clock.now() - start)


@pytest.fixture
def vcenter(world: World) -> t.Iterator[VCenter]:
    """The world over TLS, on loopback."""
    with serve(world) as running:
        yield running
