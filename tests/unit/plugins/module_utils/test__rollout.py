# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the rollout as a value: waves, failure budget, what is told."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout import Limits, rollout_of, waves_of

Json = dict[str, t.Any]
LENIENT = Limits(failed_hosts_percent=100, failed_clusters=100)


def found(name: str, image_managed: bool | None = True) -> Json:
    """A cluster as esx_cluster_stage_info returns it, as far as it matters."""
    return {"name": name, "moid": f"domain-{name}", "image_managed": image_managed, "unknown": ["May not be read."]}


def staged(name: str, verdicts: str, msg: str = "") -> Json:
    """A cluster as esx_software_stage returns it: one letter for each host."""
    kinds = {"o": "staged", "s": "skipped", "f": "failed", "r": "failed"}
    return {
        "name": name,
        "moid": f"domain-{name}",
        "changed": "o" in verdicts,
        "msg": msg,
        "commit": "5" if "o" in verdicts else None,
        "task": {"id": f"task-{name}"} if "o" in verdicts else None,
        "hosts": [
            {"name": f"{name}{number}", "verdict": kinds[letter], "reason": "No depot.", "retriable": letter == "r"}
            for number, letter in enumerate(verdicts)
        ],
    }


def run(*clusters: Json) -> Json:
    """A wave that was carried out."""
    return {"gate": {"state": "UP_TO_DATE"}, "staged": {"clusters": list(clusters)}}


@pytest.mark.parametrize(
    ("number", "sizes", "lengths"),
    [
        (10, [1, "25%", "100%"], [1, 2, 7]),
        (3, [1, "25%", "100%"], [1, 1, 1]),
        (1, [1, "25%", "100%"], [1]),
        (0, [1], []),
        (10, [1, 2], [1, 2, 2, 2, 2, 1]),
        (3, ["50%"], [1, 1, 1]),
        (10, ["50%"], [5, 5]),
        (200, ["1%", "100%"], [2, 198]),
        (5, ["100%"], [5]),
        (5, ["2", " 3 "], [2, 3]),
        (2, [50], [2]),
    ],
)
def test_sizes_are_those_of_serial(number: int, sizes: list[t.Any], lengths: list[int]) -> None:
    waves = waves_of(range(number), sizes)
    assert [len(wave) for wave in waves] == lengths
    assert [cluster for wave in waves for cluster in wave] == list(range(number))


@pytest.mark.parametrize("size", [0, -1, "0%", "101%", "ten", "", None, True, 1.5, "1.5%", [1]])
def test_other_sizes_are_refused(size: t.Any) -> None:
    with pytest.raises(ValueError, match="neither a number from 1 nor a percentage"):
        waves_of([1, 2], [1, size])


def test_a_rollout_needs_a_wave() -> None:
    with pytest.raises(ValueError, match="there is no wave"):
        waves_of([1, 2], [])


def test_without_runs_it_is_the_plan() -> None:
    plan = rollout_of([found("a"), found("old", False), found("b")], [1, "100%"], [], LENIENT)
    assert plan["plan"] == ["Wave 1 of 2: a", "Wave 2 of 2: b", "old: not managed by an image, left alone."]
    assert [(cluster["name"], cluster["wave"], cluster["verdict"]) for cluster in plan["clusters"]] == [
        ("a", 1, "not_started"),
        ("b", 2, "not_started"),
        ("old", None, "not_image_managed"),
    ]
    assert (plan["problem"], plan["changed"]) == ("", False)
    assert [wave["started"] for wave in plan["waves"]] == [False, False]


def test_clusters_of_the_same_name_are_told_apart() -> None:
    clusters = [{**found("edge"), "moid": moid} for moid in ("domain-c9", "domain-c11")]
    outcome = {**staged("edge", "f"), "moid": "domain-c9"}
    rollout = rollout_of(clusters, [1], [run(outcome)], LENIENT)
    assert rollout["plan"] == ["Wave 1 of 2: edge (domain-c9)", "Wave 2 of 2: edge (domain-c11)"]
    assert rollout["waves"][0]["summary"] == ["edge (domain-c9): 1 failed. edge0: No depot."]
    assert "edge (domain-c11): not started." in rollout["summary"]
    assert [cluster["name"] for cluster in rollout["clusters"]] == ["edge", "edge"]


def test_a_long_wave_is_named_in_short() -> None:
    plan = rollout_of([found(f"c{number}") for number in range(10)], ["100%"], [], LENIENT)
    assert plan["waves"][0]["title"] == "Wave 1 of 1: c0, c1, c2, c3, c4, c5, c6, c7 and 2 more"


def test_each_cluster_gets_its_verdict() -> None:
    clusters = ["good", "same", "part", "broken", "refused", "empty"]
    rollout = rollout_of(
        [found(name) for name in clusters],
        ["100%"],
        [
            run(
                staged("good", "oos"),
                staged("same", "ss"),
                staged("part", "of"),
                staged("broken", "ff"),
                staged("refused", "sf", "vCenter is busy."),
                staged("empty", ""),
            )
        ],
        LENIENT,
    )
    assert {cluster["name"]: cluster["verdict"] for cluster in rollout["clusters"]} == {
        "good": "staged",
        "same": "unchanged",
        "part": "partly_failed",
        "broken": "failed",
        "refused": "failed",
        "empty": "unchanged",
    }
    assert rollout["hosts"] == {"staged": 3, "skipped": 4, "failed": 4}
    assert rollout["budget"]["failed_clusters"] == 2
    assert rollout["changed"] is True
    assert rollout["clusters"][0] == {
        "name": "good",
        "moid": "domain-good",
        "wave": 1,
        "verdict": "staged",
        "changed": True,
        "msg": "",
        "commit": "5",
        "task": "task-good",
        "staged_hosts": ["good0", "good1"],
        "skipped_hosts": ["good2"],
        "failed_hosts": [],
    }
    assert rollout["waves"][0]["summary"] == [
        "good: 2 staged, 1 needed nothing.",
        "same: 2 needed nothing.",
        "part: 1 staged, 1 failed. part1: No depot.",
        "broken: 2 failed. broken0: No depot. broken1: No depot.",
        "refused: 1 needed nothing, 1 failed. vCenter is busy.",
        "empty: no hosts.",
    ]


@pytest.mark.parametrize(
    ("verdicts", "percent", "exceeded"),
    [
        ("o" * 9 + "f", 10, False),
        ("o" * 8 + "f", 10, True),
        ("o" * 8 + "ff", 10, True),
        ("o" * 9 + "f", 0, True),
        ("o" * 10, 0, False),
        ("", 0, False),
        ("of", 50, False),
        ("of", 49, True),
    ],
)
def test_the_budget_of_hosts_has_to_be_exceeded(verdicts: str, percent: int, exceeded: bool) -> None:
    rollout = rollout_of([found("a")], [1], [run(staged("a", verdicts))], Limits(percent, 0))
    assert rollout["budget"]["exceeded"] is exceeded
    assert bool(rollout["problem"]) is exceeded


@pytest.mark.parametrize(("allowed", "exceeded"), [(0, True), (1, True), (2, False)])
def test_the_budget_of_clusters_has_to_be_exceeded(allowed: int, exceeded: bool) -> None:
    runs = [run(staged("a", "f"), staged("b", "oo", "Timed out."), staged("c", "oooof"))]
    rollout = rollout_of([found(name) for name in "abc"], [3], runs, Limits(100, allowed))
    assert rollout["budget"]["exceeded"] is exceeded
    assert ("failed as a whole (a, b)" in rollout["problem"]) is exceeded


def test_the_budget_counts_over_all_waves_so_far() -> None:
    clusters = [found(name) for name in "abc"]
    runs = [run(staged("a", "f" + "o" * 9)), run(staged("b", "o" * 9 + "f"))]
    assert rollout_of(clusters, [1], runs[:1], Limits(10))["problem"] == ""
    assert rollout_of(clusters, [1], runs, Limits(10))["problem"] == ""
    runs[1] = run(staged("b", "o" * 8 + "ff"))
    rollout = rollout_of(clusters, [1], runs, Limits(10))
    assert rollout["problem"] == "3 of 20 hosts failed so far: 15 %, and 10 % are allowed"
    assert rollout["clusters"][2]["verdict"] == "not_started"
    assert "c: not started." in rollout["summary"]


def test_within_the_budget_it_says_so() -> None:
    rollout = rollout_of([found("a")], [1], [run(staged("a", "ooor"))], Limits(25))
    assert rollout["summary"] == [
        "3 hosts newly staged, 0 needed nothing, 1 failed.",
        "a: 3 staged, 1 failed. a3: No depot. vCenter says that another try may help.",
        "That is within the failure budget (25 % of the hosts, 25 % are allowed). Run again to stage what failed; "
        "nothing else will be touched.",
    ]


def test_check_mode_speaks_of_what_would_be() -> None:
    rollout = rollout_of([found("a")], [1], [run(staged("a", "oos"))], LENIENT, check_mode=True)
    assert rollout["check_mode"] is True
    assert rollout["summary"] == ["2 hosts would be newly staged, 1 needed nothing, 0 would fail."]
    assert rollout["waves"][0]["summary"] == ["a: 2 to be staged, 1 needed nothing."]


def test_a_wave_without_a_result_is_a_problem() -> None:
    rollout = rollout_of([found("a"), found("b")], [1], [{"staged": {"msg": "No route."}}], LENIENT)
    assert rollout["problem"] == "Wave 1: No route."
    assert [cluster["verdict"] for cluster in rollout["clusters"]] == ["unknown", "not_started"]
    assert rollout["waves"][0]["gate"] is None
    assert rollout["summary"][1:] == ["a: no result.", "b: not started.", "The rollout failed. Wave 1: No route."]
    assert rollout_of([found("a")], [1], [{"staged": {}}], LENIENT)["problem"] == "Wave 1: the module returned nothing"


def test_a_problem_from_outside_comes_first() -> None:
    rollout = rollout_of([found("a")], [1], [run(staged("a", "f"))], Limits(), problem="Stopped by hand.")
    assert rollout["problem"] == "Stopped by hand."
    assert rollout["summary"][-1] == "The rollout failed. Stopped by hand."


def test_all_that_forbids_a_rollout_is_told_at_once() -> None:
    clusters = [found("a"), found("old", False), found("dark", None)]
    rollout = rollout_of(clusters, ["0%"], [], Limits(baseline_managed="fail"))
    assert "dark: May not be read." in rollout["problem"]
    assert "Managed by baselines and not by an image: old" in rollout["problem"]
    assert "the wave size '0%'" in rollout["problem"]
    assert rollout["waves"] == []
    assert {cluster["name"]: cluster["verdict"] for cluster in rollout["clusters"]} == {
        "a": "not_started",
        "old": "not_image_managed",
        "dark": "not_started",
    }


def test_baselines_alone_are_nothing_to_do() -> None:
    rollout = rollout_of([found("old", False)], [1, "100%"], [], Limits())
    assert (rollout["problem"], rollout["waves"], rollout["changed"]) == ("", [], False)
