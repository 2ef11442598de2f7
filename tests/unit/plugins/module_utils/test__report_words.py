# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says of a rollout: causes, next steps, labels."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _report_words as words
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.tests import rollouts

Json = dict[str, t.Any]


def steps(rollout: Json, lines: list[Json], **more: t.Any) -> list[str]:
    """Return the next steps of a rollout with some of its members changed."""
    report = report_of({**rollout, **more}, lines)
    return words.next_steps(report, words.causes(report))


def successful() -> tuple[Json, list[Json]]:
    line = rollouts.line("prod", "domain-c8", [rollouts.host("esx01", "host-1", "staged", 0, 60)], 0, 60)
    return rollouts.rollout([line], [[line]]), [line]


def test_hosts_that_failed_for_the_same_reason_are_told_together() -> None:
    found = words.causes(report_of(*rollouts.large(2500)))
    assert [cause.words for cause in found] == [(rollouts.DEPOT["message"],), (rollouts.ROOM["message"],)]
    assert [cause.resolutions for cause in found] == [(rollouts.DEPOT["resolution"],), (rollouts.ROOM["resolution"],)]
    assert [cause.number for cause in found] == [8, 4]
    assert [cause.retriable for cause in found] == [True, False]


def test_a_cluster_that_failed_as_a_whole_is_a_cause_of_its_own() -> None:
    rollout, lines = successful()
    rollout["clusters"][0]["msg"] = "vCenter refuses it."
    (cause,) = words.causes(report_of(rollout, lines))
    assert (cause.words, cause.number) == (("vCenter refuses it.",), 1)
    assert [hosts for dummy, hosts in cause.members.values()] == [[]]


def test_a_problem_that_is_that_of_its_hosts_is_told_once() -> None:
    rollout, lines = successful()
    rollout["clusters"][0]["msg"] = "vCenter refuses it."
    lines[0]["hosts"][0].update({"verdict": "failed", "reason": "vCenter refuses it"})
    (cause,) = words.causes(report_of(rollout, lines))
    assert [hosts for dummy, hosts in cause.members.values()] == [["esx01"]]


def test_a_host_without_a_reason_is_told_all_the_same() -> None:
    rollout, lines = successful()
    lines[0]["hosts"][0]["verdict"] = "failed"
    (cause,) = words.causes(report_of(rollout, lines))
    assert cause.words == ("vCenter gave no reason.",)


def test_a_warning_of_a_host_that_was_staged_is_told_apart() -> None:
    (cause,) = words.warnings(report_of(*rollouts.small()))
    assert cause.words == (rollouts.WARNING["message"],)
    assert words.warnings(report_of(*successful())) == []


def test_next_steps() -> None:
    assert steps(*successful()) == [
        "Nothing. The hosts have the image, and remediation can begin in the maintenance window."
    ]
    assert steps(*successful(), mode="canary") == [
        "Look at the canary, then stage the rest with rolling_stage_mode: rest."
    ]
    assert steps(*successful(), verdict="unfinished", stopped="The time window is over") == [
        "Run again with the same settings to go on: what is staged is left alone."
    ]
    assert steps(*successful(), verdict="planned", mode="plan") == ["Run with rolling_stage_mode: all to stage 1 host."]
    assert steps(*rollouts.planned())[0] == "Run without check mode to stage 4 hosts."
    assert steps({"verdict": "planned", "check_mode": True, "mode": "plan"}, []) == [
        "Run without check mode and with rolling_stage_mode: all to stage what needs it."
    ]
    assert steps({"verdict": "failed", "problem": "x"}, []) == [
        "Read the problem above, remove its cause, and run again: what is staged is left alone."
    ]
    assert steps(*rollouts.small()) == [
        "Remove the cause of failure below, then run again with the same settings: "
        "hosts that are staged by then are left alone.",
        "vCenter marks 1 of the failures as worth another try as they are.",
        "Decide about 1 cluster that vCenter manages by baselines: convert to an image there, or exclude.",
    ]
    assert steps(*rollouts.failed())[:3] == [
        "A gate was closed. Wait until the update of vCenter is done, then run again.",
        "No result came from 1 cluster: run again, and what still runs in vCenter is waited for.",
        "1 cluster was not started: the next run stages what is left.",
    ]
    assert steps(*rollouts.large(2500))[0].startswith("Remove the 2 causes of failure below, ")


def test_clusters_that_are_not_the_canary_are_nothing_to_worry_about() -> None:
    rollout, lines = successful()
    rollout["clusters"].append(rollouts.left_alone("rest", "domain-c9", "not_started", "", 2))
    assert len(steps(rollout, lines, mode="canary")) == 1
    assert "1 cluster was not started: the next run stages what is left." in steps(rollout, lines)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("", "compliant, or staged before"),
        ("staged already (scan of 2026-03-01T14:50:08.680Z)", "staged already"),
        ("staged already (at 2026-03-01T14:50:08Z)", "staged already"),
        ("skipped by vCenter (no need)", "skipped by vCenter (no need)"),
    ],
)
def test_why_hosts_needed_nothing_is_told_without_the_time_of_each(reason: str, told: str) -> None:
    assert words.skipped_reason({"reason": reason}) == told


def test_many_closed_gates_are_not_all_told_twice() -> None:
    gates = [rollouts.gate(0, "commit", "6", "block", f"cluster{number} has another image") for number in range(9)]
    told = steps({"gates": gates}, [])
    assert told[0] == "A gate was closed. cluster0 has another image."
    assert told[5:] == ["4 more gates closed, see below."]


def test_labels_never_lie_about_a_verdict_that_is_not_known() -> None:
    assert words.rollout_label({"verdict": "splendid"}) == ("?", "The outcome is not known", "part")
    assert words.host_label("", planned=False) == ("?", "not known", "part")
    assert words.cluster_label("splendid", planned=True) == ("?", "splendid", "part")
    assert words.cluster_label("staged", planned=True)[1] == "to be staged"
