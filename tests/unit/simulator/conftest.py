# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the world share: a way to run it without HTTP."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import VapiError, World

USER = "administrator@vsphere.local"


class Driver:
    """A world and its clock, with the few calls that most tests make."""

    def __init__(self, world: World, clock: t.Any) -> None:
        self.world = world
        self._clock = clock

    def wait(self, seconds: float) -> None:
        self._clock.sleep(seconds)
        self.world.look()

    def stage(self, cluster: str = "prod", commit: str | None = None, hosts: list[str] | None = None) -> str:
        return self.world.engine.stage(self.world.cluster(cluster).managed, USER, commit, hosts).id

    def info(self, task: str, **spec: bool) -> dict[str, t.Any]:
        self.world.look()
        return self.world.tasks.find(task).info(self.world.now, **spec)

    def result(self, task: str) -> dict[str, t.Any]:
        return self.info(task)["result"]

    def compliance(self, cluster: str = "prod") -> dict[str, t.Any]:
        return self.world.cluster(cluster).managed.stored_compliance()


@pytest.fixture
def driver(world: World, clock: t.Any) -> Driver:
    return Driver(world, clock)


@pytest.fixture
def refused() -> t.Callable[..., VapiError]:
    """Calls something that must be refused with a certain error type, and returns the refusal."""

    def call(error_type: str, function: t.Callable[..., t.Any], *args: t.Any, **options: t.Any) -> VapiError:
        with pytest.raises(VapiError) as caught:
            function(*args, **options)
        assert caught.value.error_type == error_type
        return caught.value

    return call
