# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the overview of many vCenters."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_words import _ROLLOUT
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_overview import artifact_name, overview_of


def artifact(verdict: str = "succeeded", **more: t.Any) -> dict[str, t.Any]:
    counts = {"staged": 3, "skipped": 1, "failed": 0, "not_started": 2}
    return {"verdict": verdict, "hosts": counts, "problem": "", "ended": "2026-11-21T04:10:12Z", **more}


def test_the_counts_of_all_are_added_up() -> None:
    found = overview_of({"vlcm_stage_a": artifact(), "vlcm_stage_b": artifact()})
    assert found["verdict"] == "succeeded"
    assert found["hosts"] == {"staged": 6, "skipped": 2, "failed": 0, "not_started": 4}
    assert found["problem"] == ""
    assert found["summary"][0] == "2 vCenters, hosts: 6 staged, 2 skipped, 0 failed, 4 not started"


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (["succeeded", "within_budget"], "within_budget"),
        (["within_budget", "failed", "succeeded"], "failed"),
        (["planned", "planned"], "planned"),
        (["planned", "succeeded"], "planned"),
        (["within_budget", "unfinished", "succeeded"], "unfinished"),
        (["unfinished", "failed"], "failed"),
    ],
)
def test_the_worst_verdict_counts(verdicts: list[str], worst: str) -> None:
    artifacts = {f"vlcm_stage_{number}": artifact(verdict) for number, verdict in enumerate(verdicts)}
    assert overview_of(artifacts)["verdict"] == worst


@pytest.mark.parametrize("verdict", _ROLLOUT)
def test_every_verdict_of_a_rollout_is_known(verdict: str) -> None:
    found = overview_of({"vlcm_stage_a": artifact(verdict)})
    assert found["verdict"] == verdict
    assert bool(found["problem"]) is (verdict == "failed")


def test_the_end_of_a_window_is_no_problem_but_more_is_to_come() -> None:
    found = overview_of({"vlcm_stage_a": artifact("unfinished"), "vlcm_stage_b": artifact()})
    assert found["summary"][1:] == [
        "a: unfinished, hosts: 3 staged, 1 skipped, 0 failed, 2 not started. Run it again to go on",
        "b: succeeded, hosts: 3 staged, 1 skipped, 0 failed, 2 not started",
    ]


def test_a_failed_vcenter_is_a_problem_with_its_words() -> None:
    artifacts = {"vlcm_stage_a": artifact("failed", problem="vCenter is being updated."), "vlcm_stage_b": artifact()}
    found = overview_of(artifacts, ["a", "b"])
    assert found["problem"] == "1 vCenter failed: a."
    assert any("vCenter is being updated." in line for line in found["summary"])


@pytest.mark.parametrize("name", ["north", "VC1.Example.com", "vc1.example.com:8443", "https://vc1.example.com"])
def test_names_are_those_of_the_inventory(name: str) -> None:
    left = artifact(vcenter="vc1.example.com", failed_hosts=["esx01"])
    found = overview_of({artifact_name(name): left}, [name])
    (entry,) = found["vcenters"]
    assert found["missing"] == []
    assert entry["name"] == name
    assert entry["vcenter"] == "vc1.example.com"
    assert entry["failed_hosts"] == ["esx01"]
    assert found["summary"][1].startswith(f"{name}: succeeded")


def test_without_an_inventory_a_vcenter_has_its_address_for_a_name() -> None:
    assert artifact_name("vcenter-1.example.com") == "vlcm_stage_vcenter_1_example_com"
    left = {"vlcm_stage_north": artifact(vcenter="vc1.example.com"), "vlcm_stage_south": artifact()}
    assert [entry["name"] for entry in overview_of(left)["vcenters"]] == ["vc1.example.com", "south"]


def test_a_vcenter_without_a_result_has_failed() -> None:
    found = overview_of({"vlcm_stage_a": artifact()}, ["a", "b.example.com"])
    assert found["verdict"] == "failed"
    assert found["missing"] == ["b.example.com"]
    assert found["problem"] == "1 vCenter without a result: b.example.com. Look at the jobs."
    assert found["summary"][-1] == "b.example.com: no result, its job was cancelled or lost"


@pytest.mark.parametrize("expected", [["a", "b"], []])
def test_what_an_earlier_node_left_is_no_result(expected: list[str]) -> None:
    left = {"vlcm_stage_a": artifact(mode="rest"), "vlcm_stage_b": artifact(mode="canary")}
    found = overview_of(left, expected, "rest")
    assert found["verdict"] == "failed"
    assert found["missing"] == ["b"]
    assert [entry["name"] for entry in found["vcenters"]] == ["a"]
    assert found["hosts"]["staged"] == 3
    assert found["problem"] == "1 vCenter without a result: b. Look at the jobs."
    assert found["summary"][-1] == (
        "b: no result of mode rest, its job was cancelled or lost. The one there is, is of mode canary"
    )


def test_a_vcenter_that_is_no_longer_meant_is_not_missing() -> None:
    left = {"vlcm_stage_a": artifact(mode="rest"), "vlcm_stage_b": artifact(mode="canary")}
    assert overview_of(left, ["a"], "rest")["verdict"] == "succeeded"


def test_an_artifact_that_tells_no_mode_is_of_another_one() -> None:
    found = overview_of({"vlcm_stage_a": artifact()}, ["a"], "rest")
    assert found["missing"] == ["a"]
    assert found["summary"][-1].endswith("is of mode unknown")


@pytest.mark.parametrize("mode", [None, ""])
def test_without_a_mode_every_artifact_counts(mode: str | None) -> None:
    left = {"vlcm_stage_a": artifact(mode="rest"), "vlcm_stage_b": artifact(mode="canary"), "vlcm_stage_c": artifact()}
    assert overview_of(left, ["a", "b", "c"], mode)["verdict"] == "succeeded"


def test_nothing_at_all_is_no_success() -> None:
    found = overview_of({})
    assert found["verdict"] == "failed"
    assert "no results" in found["problem"]


@pytest.mark.parametrize("odd", [{}, {"verdict": "splendid"}, {"verdict": "failed", "hosts": None}])
def test_an_artifact_that_says_little_counts_as_failed(odd: dict[str, t.Any]) -> None:
    found = overview_of({"vlcm_stage_a": odd, "vlcm_stage_b": "no artifact of ours"})
    assert [entry["verdict"] for entry in found["vcenters"]] == ["failed"]
