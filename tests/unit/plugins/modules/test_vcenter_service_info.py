# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vcenter_service_info against the simulated vCenter, under both roots."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    InvalidOption,
    NotFound,
    PreflightFailed,
    UnexpectedReply,
)
from ansible_collections.vsphere.lifecycle.plugins.modules.vcenter_service_info import gather_services
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

Gather = t.Callable[..., list[dict[str, t.Any]]]


@pytest.fixture
def services(run: t.Any, vcenter: VCenter) -> t.Iterator[Gather]:
    """Run the module's work; it must never write and never leave a session."""

    def call(*wanted: str, **options: t.Any) -> list[dict[str, t.Any]]:
        result = run(gather_services, {"services": list(wanted) or None, **options})
        assert result["changed"] is False
        return t.cast("list[dict[str, t.Any]]", result["services"])

    yield call
    assert vcenter.writes == []
    assert vcenter.sessions == []


def paths(vcenter: VCenter) -> list[str]:
    return [request.path for request in vcenter.requests if not request.path.endswith("session")]


def test_one_service_is_told_in_full(services: Gather, vcenter: VCenter) -> None:
    assert services("updatemgr") == [
        {
            "name": "updatemgr",
            "functional": True,
            "state": "STARTED",
            "health": "HEALTHY",
            "health_messages": [],
            "startup_type": "AUTOMATIC",
            "name_key": "cis.updatemgr.ServiceName",
            "description_key": "cis.updatemgr.ServiceDescription",
        }
    ]
    assert paths(vcenter) == ["/api/vcenter/services/updatemgr"]


def test_all_services_are_told_by_name(services: Gather, vcenter: VCenter) -> None:
    found = services()
    assert [one["name"] for one in found] == ["imagebuilder", "updatemgr", "vapi-endpoint", "vpxd", "vsphere-ui"]
    assert [one["name"] for one in found if not one["functional"]] == ["imagebuilder"]
    assert (found[0]["startup_type"], found[0]["state"], found[0]["health"]) == ("MANUAL", "STOPPED", None)
    assert paths(vcenter) == ["/api/vcenter/services"]


def test_several_are_told_in_their_order_and_once(services: Gather, vcenter: VCenter) -> None:
    found = services("vpxd", "updatemgr", "vpxd")
    assert [one["name"] for one in found] == ["vpxd", "updatemgr"]
    assert paths(vcenter) == ["/api/vcenter/services"]


@pytest.mark.parametrize(
    ("changes", "functional"),
    [
        ({"health": "HEALTHY_WITH_WARNINGS"}, True),
        ({"health": "DEGRADED"}, False),
        ({"state": "STARTING"}, False),
        ({"state": "STOPPING"}, False),
        ({"state": "STOPPED"}, False),
    ],
)
@pytest.mark.parametrize("named", [["updatemgr"], []])
def test_state_and_health_are_told(
    services: Gather, world: World, changes: dict[str, t.Any], functional: bool, named: list[str]
) -> None:
    world.change_service("updatemgr", health_messages=["The service does not answer."], **changes)
    (found,) = [one for one in services(*named) if one["name"] == "updatemgr"]
    assert found["functional"] is functional
    assert found["state"] == changes.get("state", "STARTED")
    assert found["health"] == changes.get("health")
    assert found["health_messages"] == (["The service does not answer."] if "health" in changes else [])


@pytest.mark.parametrize("changes", [{"state": "SLEEPING"}, {"health": "FINE"}])
def test_what_is_not_known_passes_through_and_does_not_count_as_functional(
    services: Gather, world: World, changes: dict[str, t.Any]
) -> None:
    world.appliance.services["updatemgr"] = changes
    (found,) = services("updatemgr")
    assert {name: found[name] for name in changes} == changes
    assert found["functional"] is False


@pytest.mark.parametrize("named", [["updatemgr"], ["updatemgr", "vpxd"], []])
def test_the_older_root_is_read_where_there_is_no_newer_one(services: Gather, world: World, named: list[str]) -> None:
    here = services(*named)
    world.patch({"vcenter": {"roots": ["rest"]}})
    assert services(*named) == here


def test_a_service_that_is_not_there_is_named_with_what_was_meant(services: Gather, vcenter: VCenter) -> None:
    with pytest.raises(PreflightFailed) as caught:
        services("updatemngr")
    assert caught.value.problems == ["There is no service 'updatemngr' in this vCenter (similar: updatemgr)"]


def test_all_that_are_not_there_are_told_at_once(services: Gather) -> None:
    with pytest.raises(PreflightFailed, match=r"2 problems: There is no service 'vpxt' .*There is no service 'xyz'"):
        services("updatemgr", "vpxt", "xyz")


@pytest.mark.parametrize("wanted", [[], [""], ["updatemgr", " "]])
def test_an_empty_name_is_refused(run: t.Any, vcenter: VCenter, wanted: list[str]) -> None:
    with pytest.raises(InvalidOption, match="never means all"):
        run(gather_services, {"services": wanted})
    assert paths(vcenter) == []


def test_a_vcenter_without_the_addresses_is_no_missing_service(services: Gather, world: World) -> None:
    world.faults.add("404", path="/(api|rest)/vcenter/services.*", times=None)
    with pytest.raises(NotFound, match="Could not list the services of vCenter"):
        services("updatemgr")


@pytest.mark.parametrize("named", [["updatemgr"], []])
def test_an_answer_of_another_shape_is_an_error(services: Gather, world: World, named: list[str]) -> None:
    world.faults.add("wrong_shape", path="/api/vcenter/services.*")
    with pytest.raises(UnexpectedReply):
        services(*named)
