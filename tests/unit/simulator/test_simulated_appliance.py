# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The appliance of the simulated vCenter (contract section 3.8)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import World, WorldError


def test_plain_state(world: World) -> None:
    assert world.appliance.info() == {"state": "UP_TO_DATE", "version": "8.0.3.00400"}


def test_state_changes_by_itself(world_data: dict[str, t.Any], driver_of: t.Callable[[], t.Any]) -> None:
    world_data["appliance"] = {
        "update": {
            "state": "STAGE_IN_PROGRESS",
            "task": {"status": "RUNNING"},
            "changes": [{"after": 60, "state": "UPDATES_PENDING", "task": None}],
        }
    }
    driver = driver_of()
    driver.wait(59)
    assert driver.world.appliance.info()["task"]["status"] == "RUNNING"
    driver.wait(1)
    assert driver.world.appliance.info() == {"state": "UPDATES_PENDING", "version": "8.0.3.00400"}


@pytest.fixture
def driver_of(request: pytest.FixtureRequest) -> t.Callable[[], t.Any]:
    return lambda: request.getfixturevalue("driver")


@pytest.mark.parametrize("state", ["INSTALL_FAILED", "SOMETHING_NEW"])
def test_any_state_can_be_shown(world: World, state: str) -> None:
    world.patch({"appliance": {"update": {"state": state}}})
    assert world.appliance.info()["state"] == state


def test_pending_with_nothing_available(world: World, refused: t.Any) -> None:
    error = refused("NOT_FOUND", world.appliance.list_pending, "LAST_CHECK")
    assert error.messages[0]["id"] == "com.vmware.appliance.update.no_updates_found"


@pytest.mark.parametrize("source_type", [None, "REMOTE"])
def test_pending_needs_a_source(world: World, refused: t.Any, source_type: str | None) -> None:
    refused("INVALID_ARGUMENT", world.appliance.list_pending, source_type)


def test_pending_and_staged(world: World, refused: t.Any) -> None:
    refused("NOT_ALLOWED_IN_CURRENT_STATE", world.appliance.get_staged)
    update = {"version": "8.0.3.00500", "size": 8000}
    world.patch({"appliance": {"pending": [update], "staged": update}})
    assert world.appliance.list_pending("LOCAL")[0]["version"] == "8.0.3.00500"
    assert world.appliance.get_pending("8.0.3.00500")["staged"] is True
    assert world.appliance.get_staged()["staging_complete"] is True
    refused("NOT_FOUND", world.appliance.get_pending, "9.9")


def test_policy_and_version_can_be_set_in_parts(world: World) -> None:
    world.patch({"appliance": {"policy": {"auto_stage": True}, "version": {"build": "1"}}})
    assert world.appliance.get_policy()["auto_stage"] is True
    assert world.appliance.get_policy()["certificate_check"] is True
    assert world.appliance.version["build"] == "1"
    assert world.appliance.version["version"] == "8.0.3.00400"


def test_services(world: World, refused: t.Any) -> None:
    assert world.appliance.service("updatemgr")["health"] == "HEALTHY"
    world.patch({"appliance": {"services": {"updatemgr": {"state": "STOPPED", "health": "DEGRADED"}}}})
    assert "health" not in world.appliance.service("updatemgr")
    refused("NOT_FOUND", world.appliance.service, "none")
    assert {"updatemgr", "vpxd"} <= set(world.appliance.list_services())


def test_a_service_may_be_another_for_a_while(world: World, clock: t.Any) -> None:
    world.patch({"appliance": {"services": {"updatemgr": {"startup_type": "MANUAL"}}}})
    world.change_service("updatemgr", 60, health="DEGRADED", health_messages=["No answer."])
    degraded = world.appliance.service("updatemgr")
    assert (degraded["health"], degraded["startup_type"]) == ("DEGRADED", "MANUAL")
    assert degraded["health_messages"][0]["default_message"] == "No answer."
    clock.sleep(61)
    world.look()
    assert world.appliance.service("updatemgr")["health"] == "HEALTHY"
    assert world.appliance.service("updatemgr")["startup_type"] == "MANUAL"


@pytest.mark.parametrize(
    "services",
    [
        {"updatemgr": {"health": "SICK"}},
        {"updatemgr": {"state": "RUNNING"}},
        {"updatemgr": {"colour": "red"}},
        {"updatemgr": "STOPPED"},
    ],
)
def test_services_that_cannot_be(world: World, services: dict[str, t.Any]) -> None:
    with pytest.raises(WorldError, match="service updatemgr"):
        world.patch({"appliance": {"services": services}})
    with pytest.raises(WorldError, match="service updatemgr"):
        World({"appliance": {"services": services}})


def test_only_services_that_are_there_change(world: World) -> None:
    with pytest.raises(WorldError, match="no service updatemngr"):
        world.change_service("updatemngr", state="STOPPED")
