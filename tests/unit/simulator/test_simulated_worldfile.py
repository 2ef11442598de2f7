# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""World files: little is enough, mistakes are named."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle import simulator
from ansible_collections.vsphere.lifecycle.simulator import World, WorldError, worldfile

SMALL = """
datacenters:
  - name: Berlin
    clusters:
      - name: prod
        hosts: [esx01, esx02]
"""


@pytest.fixture
def file(tmp_path: pathlib.Path) -> t.Callable[[str], pathlib.Path]:
    def write(text: str) -> pathlib.Path:
        path = tmp_path / "world.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_few_lines_are_enough(file: t.Any) -> None:
    world = World.load(file(SMALL))
    cluster = world.cluster("prod")
    assert [host.name for host in cluster.hosts] == ["esx01", "esx02"]
    assert cluster.managed.commit == "1"
    assert cluster.managed.stored_compliance()["status"] == "NON_COMPLIANT"


def test_reference_of_the_readme_is_a_world(file: t.Any) -> None:
    text = (pathlib.Path(simulator.__file__).parent / "README.md").read_text(encoding="utf-8")
    reference = text.partition("```yaml\n")[2].partition("```")[0]
    world = World.load(file(reference))
    known = {*worldfile.SECTIONS, *worldfile.CLUSTER, *worldfile.HOST, *worldfile.VCENTER, *worldfile.STAGE_OUTCOME}
    assert world.cluster("prod").managed.commit == "5"
    assert [name for name in sorted(known) if name not in reference] == []


def test_empty_world() -> None:
    assert World({}).inventory.clusters == {}


def test_last_commit_is_the_current_one(file: t.Any) -> None:
    world = World.load(file(SMALL + "        commits: {4: {description: old}, 5: {description: new}}\n"))
    assert world.cluster("prod").managed.commit == "5"


def test_defaults_are_for_all_that_say_nothing_else(file: t.Any) -> None:
    text = "defaults: {stage_seconds: 7, staging_refreshes_compliance: true}" + SMALL
    world = World.load(file(text + "      - {name: other, stage_seconds: 9}\n"))
    assert world.cluster("prod").managed.stage_seconds == 7
    assert world.cluster("other").managed.stage_seconds == 9
    assert world.cluster("other").managed.staging_refreshes_compliance is True


def test_given_identifiers_are_kept_and_others_avoid_them() -> None:
    clusters = [{"name": "a"}, {"name": "b", "cluster": "domain-c9"}, {"name": "c"}]
    world = World({"datacenters": [{"name": "dc", "datacenter": "dc-1", "clusters": clusters}]})
    assert list(world.inventory.clusters) == ["domain-c8", "domain-c9", "domain-c10"]
    assert world.datacenter("dc").id == "dc-1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1, 2]", "must be a mapping"),
        ("a: [", "is not YAML"),
        ("clusters: []", "unknown member 'clusters'"),
        ("vcenter: {rots: [api]}", "unknown member 'rots'"),
        ("vcenter: {roots: [soap]}", "got soap"),
        ("vcenter: {users: {me: {}}}", "user me lacks 'password'"),
        ("defaults: {stage: 1}", "unknown member 'stage'"),
        ("datacenters: {}", "must be a list"),
        ("datacenters: [{clusters: []}]", "datacenter number 1 lacks 'name'"),
        ("datacenters: [{name: dc, clusters: [{hosts: []}]}]", "cluster number 1 of datacenter dc lacks 'name'"),
        (SMALL + "        managed_by: hand\n", "managed_by of cluster prod must be one of image, baseline"),
        (SMALL + "        commit: '9'\n", "commit 9 of cluster prod is not among its commits"),
        (SMALL + "        commits: [1]\n", "commits of cluster prod must be a mapping"),
        (SMALL + "        scan: {time: yesterday}\n", "must look like"),
        (SMALL + "        stage_outcomes: [{end: 1}]\n", "unknown member 'end'"),
        (SMALL + "      - {name: x, hosts: [{}]}\n", "must be a name or a mapping"),
        (SMALL + "      - {name: x, hosts: [{name: y, state: on}]}\n", "host y of cluster x"),
        (SMALL + "      - {name: x, hosts: [{name: y, status: FINE}]}\n", "status of host y"),
        (SMALL + "      - {name: x, hosts: [{name: y, outcomes: [GOOD]}]}\n", "must be one of OK"),
        (SMALL + "      - {name: x, cluster: domain-c8}\n", "which is taken"),
        (SMALL + "tasks: [{operation: stage, cluster: none}]", "There is no cluster none"),
        (SMALL + "tasks: [{operation: stage, host: esx01}]", "not managed by an image of its own"),
        ("faults: [{kind: flood}]", "No such fault: flood"),
        ("faults: [{kind: html, paths: x}]", "A fault has the members"),
    ],
)
def test_mistakes_are_named(file: t.Any, text: str, problem: str) -> None:
    with pytest.raises(WorldError, match=problem.replace("(", r"\(")):
        World.load(file(text))


def test_file_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(WorldError, match="Could not read"):
        World.load(tmp_path / "none.yml")


def test_several_of_one_name_need_the_identifier(world: World) -> None:
    with pytest.raises(WorldError, match="several"):
        world.cluster("edge")
    assert world.cluster("domain-c11").datacenter.name == "Hamburg"


@pytest.mark.parametrize(
    "changes",
    [
        {"cluster": {}},
        {"clusters": {"prod": {"colour": "red"}}},
        {"hosts": {"host-16": {"status": "FINE"}}},
        {"hosts": {"host-16": {"outcomes": ["GOOD"]}}},
        {"hosts": {"host-24": {"scan_seconds": 3}}},
        {"appliance": {"state": "UP_TO_DATE"}},
        {"vcenter": {"colour": "red"}},
    ],
)
def test_patch_refuses_what_does_not_exist(world: World, changes: dict[str, t.Any]) -> None:
    with pytest.raises(WorldError):
        world.patch(changes)


def test_patch_changes_what_it_names(world: World) -> None:
    world.patch(
        {
            "clusters": {"prod": {"stage_seconds": 5, "drs_enabled": False}},
            "hosts": {"single01.example.com": {"scan_seconds": 9, "stage_seconds": 3}},
            "extension_tasks": {"offered": False},
            "vcenter": {"roots": ["rest"], "version": "7.0.3"},
        }
    )
    assert world.cluster("prod").managed.stage_seconds == 5
    assert world.cluster("prod").drs_enabled is False
    assert world.managed(host="single01.example.com").scan_seconds == 9
    assert world.host("single01.example.com").stage_seconds == 3
    assert world.extension_tasks.offered is False
    assert (world.roots, world.version) == (["rest"], (7, 0, 3))


def test_data_of_the_caller_stays_as_it_is(world_data: dict[str, t.Any]) -> None:
    world_data["appliance"] = {"update": {"state": "UP_TO_DATE", "changes": [{"after": 1, "state": "UPDATES_PENDING"}]}}
    world_data["extension_tasks"]["tasks"] = [{"id": "first"}]
    before = copy.deepcopy(world_data)
    world = World(world_data)
    world.patch({"appliance": {"update": {"state": "INSTALL_FAILED"}}, "vcenter": {"roots": ["api"]}})
    assert world_data == before
