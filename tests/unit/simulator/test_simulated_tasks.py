# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task service of the simulated vCenter (contract section 3.2)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator.tasks import TaskFilter, provider_of

CLUSTERS = "com.vmware.esx.settings.clusters.software"
HOSTS = "com.vmware.esx.settings.hosts.software"


def found(driver: t.Any, **members: t.Any) -> list[str]:
    wanted = TaskFilter(**{name: frozenset(values) for name, values in members.items()})
    return [task.id for task in driver.world.tasks.matching(wanted)]


def test_id_carries_the_service(driver: t.Any) -> None:
    assert driver.stage().partition(":")[2] == CLUSTERS


def test_members_are_anded_and_values_ored(driver: t.Any) -> None:
    first, second = driver.stage("prod"), driver.stage("domain-c9")
    scan = driver.world.engine.scan(driver.world.cluster("domain-c11").managed, "someone").id
    assert found(driver, tasks=[first, second]) == [first, second]
    assert found(driver, services=[CLUSTERS]) == [first, second, scan]
    assert found(driver, services=[CLUSTERS], operations=["scan$task"]) == [scan]
    assert found(driver, services=[CLUSTERS], users=["someone"]) == [scan]
    assert found(driver, services=[CLUSTERS], targets=[("ClusterComputeResource", "domain-c9")]) == [second]
    driver.wait(40)
    assert found(driver, services=[CLUSTERS], status=["RUNNING"]) == [first]
    assert found(driver, tasks=[first], status=["SUCCEEDED"]) == []


def test_unknown_task_is_left_out_of_a_list(driver: t.Any) -> None:
    task = driver.stage()
    assert found(driver, tasks=[task, f"none:{CLUSTERS}"]) == [task]


@pytest.mark.parametrize("members", [{}, {"tasks": []}, {"status": ["RUNNING"]}, {"tasks": [], "services": []}])
def test_tasks_or_services_are_needed(driver: t.Any, refused: t.Any, members: dict[str, list[str]]) -> None:
    refused("INVALID_ARGUMENT", found, driver, **members)


@pytest.mark.parametrize(
    "members", [{"services": [CLUSTERS, HOSTS]}, {"tasks": [f"a:{CLUSTERS}", f"b:{HOSTS}"]}], ids=["services", "tasks"]
)
def test_one_provider_in_a_request(driver: t.Any, refused: t.Any, members: dict[str, list[str]]) -> None:
    refused("INVALID_ARGUMENT", found, driver, **members)


def test_provider() -> None:
    assert provider_of(CLUSTERS) == provider_of("com.vmware.esx.settings.clusters.software.drafts")
    assert provider_of(CLUSTERS) != provider_of(HOSTS)
    assert provider_of("com.vmware.vcenter.extension.tasks") == "com.vmware.vcenter.extension"


def test_unknown_status_is_refused(driver: t.Any, refused: t.Any) -> None:
    refused("INVALID_ARGUMENT", found, driver, services=[CLUSTERS], status=["DONE"])


def test_too_many_matches_are_an_error(driver: t.Any, refused: t.Any) -> None:
    driver.world.tasks.limit = 1
    first = driver.stage("prod")
    driver.stage("domain-c9")
    refused("RESOURCE_INACCESSIBLE", found, driver, services=[CLUSTERS])
    assert found(driver, tasks=[first]) == [first]


def test_finished_tasks_are_kept_for_a_day(driver: t.Any, refused: t.Any) -> None:
    task = driver.stage()
    driver.wait(60 + 24 * 3600)
    assert driver.info(task)["status"] == "SUCCEEDED"
    driver.wait(1)
    refused("NOT_FOUND", driver.info, task)


def test_cancelling(driver: t.Any, refused: t.Any) -> None:
    task = driver.stage()
    refused("UNSUPPORTED", driver.world.tasks.cancel, task)
    driver.wait(60)
    refused("NOT_ALLOWED_IN_CURRENT_STATE", driver.world.tasks.cancel, task)
    refused("NOT_FOUND", driver.world.tasks.cancel, f"none:{CLUSTERS}")


def test_everything_about_a_task_of_vlcm(driver: t.Any) -> None:
    task = driver.stage()
    driver.wait(60)
    info = driver.info(task, return_all=True)
    assert info["last_update_time"] == info["end_time"]
    assert info["notifications"] == {}
    assert "last_update_time" not in driver.info(task)
