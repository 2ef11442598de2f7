# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compliance in the simulated vCenter is what the last scan saw (contract sections 3.3 and 5)."""

from __future__ import annotations

import typing as t

import pytest


def scan(driver: t.Any, cluster: str = "prod") -> dict[str, t.Any]:
    task = driver.world.engine.scan(driver.world.cluster(cluster).managed, "user").id
    driver.wait(2)
    return driver.result(task)


def test_stored_compliance_is_as_old_as_its_scan(driver: t.Any) -> None:
    driver.world.host("host-16").status = "COMPLIANT"
    assert driver.compliance()["non_compliant_hosts"] == ["host-16", "host-17"]
    assert scan(driver)["non_compliant_hosts"] == ["host-17"]
    assert driver.compliance()["non_compliant_hosts"] == ["host-17"]


@pytest.mark.parametrize(("refreshes", "seen"), [(False, "NOT_STAGED"), (True, "STAGED")])
def test_staging_refreshes_it_only_where_the_world_says_so(driver: t.Any, refreshes: bool, seen: str) -> None:
    driver.world.cluster("prod").managed.staging_refreshes_compliance = refreshes
    driver.stage()
    driver.wait(60)
    assert driver.compliance()["hosts"]["host-16"]["stage_status"] == seen
    assert scan(driver)["stage_status"] == "STAGED"


def test_scan_time_moves_with_a_scan(driver: t.Any) -> None:
    before = driver.compliance()["scan_time"]
    assert scan(driver)["scan_time"] > before


def test_stage_status_is_there_with_non_compliant_only(driver: t.Any) -> None:
    hosts = driver.compliance()["hosts"]
    assert hosts["host-16"]["stage_status"] == "NOT_STAGED"
    assert hosts["host-17"]["stage_status"] == "STAGED"
    assert "stage_status" not in hosts["host-18"]


def test_unknown_stage_status_is_absent(driver: t.Any) -> None:
    driver.world.host("host-16").stage_status_known = False
    result = scan(driver)
    assert "stage_status" not in result["hosts"]["host-16"]
    assert "stage_status" not in result
    assert result["status"] == "NON_COMPLIANT"


def test_unknown_stage_status_of_later_releases(driver: t.Any) -> None:
    driver.world.host("host-16").stage_status_known = "UNKNOWN"
    assert scan(driver)["hosts"]["host-16"]["stage_status"] == "UNKNOWN"


def test_unreachable_host_has_no_entry(driver: t.Any) -> None:
    driver.world.host("host-16").connection_state = "DISCONNECTED"
    result = scan(driver)
    assert result["unavailable_hosts"] == ["host-16"]
    assert "host-16" not in result["hosts"]
    assert "host-16" in result["host_info"]


@pytest.mark.parametrize(
    ("statuses", "overall"),
    [
        (["COMPLIANT", "COMPLIANT", "COMPLIANT"], "COMPLIANT"),
        (["COMPLIANT", "NON_COMPLIANT", "COMPLIANT"], "NON_COMPLIANT"),
        (["INCOMPATIBLE", "NON_COMPLIANT", "COMPLIANT"], "INCOMPATIBLE"),
    ],
)
def test_overall_status(driver: t.Any, statuses: list[str], overall: str) -> None:
    for host, status in zip(driver.world.cluster("prod").hosts, statuses, strict=True):
        host.status = status
    assert scan(driver)["status"] == overall


def test_cluster_of_which_nothing_can_be_seen(driver: t.Any) -> None:
    for host in driver.world.cluster("prod").hosts:
        host.connection_state = "NOT_RESPONDING"
    result = scan(driver)
    assert result["status"] == "UNAVAILABLE"
    assert result["hosts"] == {}


def test_never_scanned(driver: t.Any, refused: t.Any) -> None:
    driver.world.cluster("prod").managed.compliance = None
    refused("NOT_FOUND", driver.compliance)
    scan(driver)
    assert driver.compliance()["commit"] == "5"


def test_world_file_may_say_never_scanned_or_scanned_for_another_commit(
    world_data: dict[str, t.Any], request: pytest.FixtureRequest, refused: t.Any
) -> None:
    berlin = world_data["datacenters"][0]["clusters"]
    berlin[0]["scan"] = {"commit": "4", "time": "2026-01-01T00:00:00Z"}
    berlin[1]["scan"] = None
    driver = request.getfixturevalue("driver")
    assert driver.compliance()["commit"] == "4"
    assert driver.compliance()["scan_time"] == "2026-01-01T00:00:00.000Z"
    assert driver.compliance()["hosts"]["host-17"]["stage_status"] == "NOT_STAGED"
    refused("NOT_FOUND", driver.compliance, "domain-c9")


def test_new_commit_leaves_stored_compliance_alone(driver: t.Any) -> None:
    driver.world.new_commit("6", "8.0 U3f", cluster="prod")
    assert driver.compliance()["commit"] == "5"
    result = scan(driver)
    assert result["commit"] == "6"
    assert {host["stage_status"] for host in result["hosts"].values()} == {"NOT_STAGED"}


def test_cluster_of_baselines_has_none(driver: t.Any, refused: t.Any) -> None:
    legacy = driver.world.cluster("legacy").managed
    refused("NOT_FOUND", legacy.stored_compliance)
    refused("NOT_FOUND", legacy.software_info)
    refused("NOT_FOUND", driver.world.engine.scan, legacy, "user")


def test_commits(driver: t.Any, refused: t.Any) -> None:
    managed = driver.world.cluster("prod").managed
    assert managed.commit_info("4")["description"] == "8.0 U2"
    assert managed.commit_info("5")["apply_status"] == "NOT_APPLIED"
    for host in managed.hosts:
        host.status = "COMPLIANT"
    assert managed.commit_info("5")["apply_status"] == "APPLIED"
    refused("NOT_FOUND", managed.commit_info, "99")


def test_scan_keeps_staging_from_starting_but_nothing_keeps_a_scan(driver: t.Any, refused: t.Any) -> None:
    managed = driver.world.cluster("prod").managed
    driver.world.engine.scan(managed, "user")
    driver.world.engine.scan(managed, "user")
    refused("NOT_ALLOWED_IN_CURRENT_STATE", driver.stage)
    driver.wait(2)
    driver.stage()
    driver.world.engine.scan(managed, "user")
