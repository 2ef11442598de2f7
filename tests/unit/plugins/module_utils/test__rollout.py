# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the rollout as a value: verdicts, failure budgets, the commit guard, what is told, what a later run gets."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._gates import gates_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout import FAILED_HOSTS_TOLD, rollout_of

Json = dict[str, t.Any]
START = "2026-03-01T22:00:00Z"
LENIENT: Json = {"waves": ["100%"], "max_failed_hosts": "100%", "max_failed_clusters": 100}


def found(name: str, image_managed: bool | None = True, **more: t.Any) -> Json:
    """A cluster as esx_cluster_stage_info returns it, as far as it matters."""
    return {
        **{"name": name, "moid": f"domain-{name}", "image_managed": image_managed, "unknown": ["May not be read."]},
        **{"commit": "5", "counts": {"hosts": 2, "ready": 1}, **more},
    }


def staged(name: str, verdicts: str, msg: str = "", **more: t.Any) -> Json:
    """A cluster as esx_software_stage returns it: one letter for each host."""
    kinds = {"o": "staged", "s": "skipped", "f": "failed", "r": "failed", "t": "started"}
    hosts = [kinds[letter] for letter in verdicts]
    return {
        "name": name,
        "moid": f"domain-{name}",
        "changed": "o" in verdicts,
        "failed": "failed" in hosts,
        "msg": msg,
        "commit": "5" if "o" in verdicts else None,
        "commit_time": None,
        "task": {"id": f"task-{name}"} if "o" in verdicts else None,
        "counts": {kind: hosts.count(kind) for kind in ("staged", "skipped", "failed", "started")},
        "hosts": [
            {"name": f"{name}{number}", "verdict": kinds[letter], "reason": "No depot.", "retriable": letter == "r"}
            for number, letter in enumerate(verdicts)
            if letter in "fr"
        ],
        **more,
    }


def run(wave: int | str, *clusters: Json, hosts: t.Sequence[Json] = ()) -> Json:
    """A call of esx_software_stage."""
    return {
        "wave": wave,
        "staged": {"clusters": list(clusters), "standalone_hosts": list(hosts)},
        "started": f"2026-03-01T22:{wave:0>2}:00Z",
        "ended": f"2026-03-01T22:{wave:0>2}:30Z",
    }


def one_wave(settings: Json, *clusters: Json, **more: t.Any) -> Json:
    """The rollout after one wave of these clusters, with a plan of them all."""
    named = [found(one["name"]) for one in clusters]
    return rollout_of(named, {**LENIENT, "started": START, **settings}, [run(1, *clusters)], **more)


def verdicts(rollout: Json) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in rollout["clusters"]}


# ---------------------------------------------------------------------------------------------------------------- plan


def test_without_runs_it_is_the_plan() -> None:
    settings = {"waves": [1, "100%"], "vcenter": "vcenter.example.com", "started": START, "not_after": "04:00"}
    plan = rollout_of([found("a"), found("old", False), found("b", counts=None)], settings)
    assert plan["plan"] == [
        "Wave 1 of 2 (canary): a (2 hosts, 1 of them staged or compliant)",
        "Wave 2 of 2: b",
        "old: not managed by an image, left alone.",
    ]
    assert [(one["name"], one["wave"], one["verdict"]) for one in plan["clusters"]] == [
        ("a", 1, "not_started"),
        ("b", 2, "not_started"),
        ("old", None, "not_image_managed"),
    ]
    assert (plan["problem"], plan["changed"], plan["vcenter"]) == ("", False, "vcenter.example.com")
    assert (plan["started"], plan["not_after"]) == (START, "2026-03-02T04:00:00Z")
    assert [(wave["started"], wave["start_time"], wave["end_time"]) for wave in plan["waves"]] == [
        (False, None, None)
    ] * 2
    assert plan["hosts"] == {"staged": 0, "skipped": 0, "failed": 0, "started": 0, "not_started": 2}
    assert plan["hosts_total"] == 2


def test_what_this_run_leaves_to_another_is_told() -> None:
    plan = rollout_of([found("a"), found("b")], {"waves": [1], "mode": "canary"})
    assert plan["plan"][1].endswith(", not in this run")
    assert [wave["selected"] for wave in plan["waves"]] == [True, False]


def test_a_plan_alone_says_what_it_is() -> None:
    cluster = {**found("a"), "counts": {"hosts": 4, "ready": 1}}
    plan = rollout_of([cluster], {"mode": "plan"})
    assert plan["verdict"] == "planned"
    assert plan["plan"] == ["Wave 1 of 1 (canary): a (4 hosts, 1 of them staged or compliant)"]
    assert plan["summary"] == ["This is a plan, and nothing was staged: 4 hosts in 1 wave."]
    refused = rollout_of([cluster], {"mode": "plan", "waves": ["0%"]})
    assert refused["verdict"] == "failed"
    assert refused["summary"][-1].startswith("The rollout cannot begin. ")
    assert "0%" in refused["summary"][-1]


def test_a_long_wave_is_named_in_short() -> None:
    plan = rollout_of([found(f"c{number}") for number in range(10)], LENIENT)
    assert plan["waves"][0]["title"] == "Wave 1 of 1 (canary): c0, c1, c2, c3, c4, c5, c6, c7 and 2 more"
    ended = rollout_of([found(f"c{number}") for number in range(11)], {"waves": [1, 10]}, [run(1, staged("c0", "o"))])
    assert ended["summary"][1] == "Not started: c1, c2, c3, c4, c5, c6, c7, c8 and 2 more."


def test_clusters_of_the_same_name_are_told_apart() -> None:
    clusters = [found("edge", moid=moid) for moid in ("domain-c9", "domain-c11")]
    outcome = staged("edge", "f", moid="domain-c9")
    rollout = rollout_of(clusters, {**LENIENT, "waves": [1]}, [run(1, outcome)])
    assert rollout["waves"][0]["title"] == "Wave 1 of 2 (canary): edge (domain-c9)"
    assert rollout["waves"][0]["summary"] == ["edge (domain-c9): 1 failed. edge0: No depot."]
    assert "Not started: edge (domain-c11)." in rollout["summary"]
    assert [one["verdict"] for one in rollout["clusters"]] == ["failed", "not_started"]


def test_all_that_forbids_a_rollout_is_told_at_once() -> None:
    settings = {
        "waves": ["0%"],
        "gates": {"aplliance": "fail"},
        "max_failed_hosts": "x",
        "gate_allowed_states": "ROLLBACK_IN_PROGRESS",
    }
    gates = gates_of(0, {}, appliance={"state": "INSTALL_IN_PROGRESS"}, services={"msg": "No."}, found=[], planned={})
    clusters = [found("a"), found("old", False), found("dark", None)]
    rollout = rollout_of(clusters, settings, gates=gates, problems=["There is no cluster 'b'"])
    for part in (
        "rolling_stage_max_failed_hosts: 'x'",
        "'aplliance' is no gate",
        "ROLLBACK_IN_PROGRESS cannot be let through",
        "There is no cluster 'b'",
        "dark: May not be read",
        "the wave size '0%'",
        "vCenter is being updated",
    ):
        assert part in rollout["problem"]
    assert (rollout["waves"], rollout["verdict"]) == ([], "failed")
    assert verdicts(rollout) == {"a": "not_started", "old": "not_image_managed", "dark": "not_started"}


def test_nothing_to_do_may_be_fine() -> None:
    assert "nothing to stage" in rollout_of([], {})["problem"]
    rollout = rollout_of([found("old", False)], {"allow_empty": True})
    assert (rollout["problem"], rollout["verdict"], rollout["waves"]) == ("", "succeeded", [])


# ------------------------------------------------------------------------------------------------------------ verdicts


def test_each_cluster_gets_its_verdict() -> None:
    rollout = one_wave(
        {"site_pattern": "^[a-g]"},
        staged("good", "oos"),
        staged("same", "ss"),
        staged("part", "of"),
        staged("broken", "ff"),
        staged("refused", "sf", "vCenter is busy."),
        staged("late", "ot", "It took too long."),
        staged("started", "st"),
        staged("empty", ""),
    )
    assert verdicts(rollout) == {
        "good": "staged",
        "same": "unchanged",
        "part": "partly_failed",
        "broken": "failed",
        "refused": "failed",
        "late": "failed",
        "started": "staged",
        "empty": "unchanged",
    }
    assert rollout["hosts"] == {"staged": 4, "skipped": 5, "failed": 4, "started": 2, "not_started": 0}
    assert rollout["budget"]["failed_clusters"] == 3
    assert (rollout["changed"], rollout["verdict"]) == (True, "within_budget")
    assert rollout["clusters"][0] == {
        "kind": "cluster",
        "name": "good",
        "moid": "domain-good",
        "site": "g",
        "planned_commit": "5",
        "wave": 1,
        "verdict": "staged",
        "why": "",
        "changed": True,
        "msg": "",
        "commit": "5",
        "commit_time": None,
        "task": "task-good",
        "counts": {"staged": 2, "skipped": 1, "failed": 0, "started": 0},
        "failed_hosts": [],
    }
    assert rollout["clusters"][2]["failed_hosts"] == [{"name": "part1", "reason": "No depot.", "retriable": False}]
    wave = rollout["waves"][0]
    assert (wave["started"], wave["start_time"], wave["end_time"]) == (
        True,
        "2026-03-01T22:01:00Z",
        "2026-03-01T22:01:30Z",
    )
    assert wave["sites"] == {"domain-good": "g", "domain-broken": "b", "domain-empty": "e"}
    assert wave["summary"] == [
        "good: 2 staged, 1 needed nothing.",
        "same: 2 needed nothing.",
        "part: 1 staged, 1 failed. part1: No depot.",
        "broken: 2 failed. broken0: No depot. broken1: No depot.",
        "refused: 1 needed nothing, 1 failed. vCenter is busy.",
        "late: 1 staged. It took too long.",
        "started: 1 needed nothing.",
        "empty: no hosts.",
    ]


def test_a_cluster_without_trouble_is_told_in_short() -> None:
    """The module leaves out what needs no telling."""
    short = {"name": "a", "moid": "domain-a", "changed": True, "failed": False, "commit": "5"}
    rollout = one_wave({}, {**short, "counts": {"staged": 2, "skipped": 0, "failed": 0, "started": 0}})
    assert (verdicts(rollout), rollout["clusters"][0]["task"]) == ({"a": "staged"}, None)


def test_standalone_hosts_are_staged_in_a_call_of_their_own() -> None:
    host = {**found("esx1"), "kind": "host"}
    rollout = rollout_of([found("a"), host], LENIENT, [run(1, staged("a", "o")), run(1, hosts=[staged("esx1", "f")])])
    assert [(one["kind"], one["verdict"]) for one in rollout["clusters"]] == [("cluster", "staged"), ("host", "failed")]
    assert [one["kind"] for one in rollout["waves"][0]["clusters"]] == ["cluster", "host"]
    assert rollout["hosts"]["staged"] == rollout["hosts"]["failed"] == 1


def test_the_number_of_a_wave_may_be_text() -> None:
    assert verdicts(rollout_of([found("a")], LENIENT, [run("1", staged("a", "o"))])) == {"a": "staged"}


def test_many_failed_hosts_are_left_to_the_report() -> None:
    entry = one_wave({}, staged("a", "f" * 60))["clusters"][0]
    assert (len(entry["failed_hosts"]), entry["counts"]["failed"]) == (FAILED_HOSTS_TOLD, 60)
    assert one_wave({}, staged("a", "f" * 60))["waves"][0]["summary"][0].endswith("and 10 more, see the report.")


# ------------------------------------------------------------------------------------------------------------- retries


def tried(*results: Json) -> Json:
    return rollout_of([found("a"), found("b")], {**LENIENT, "waves": [1]}, [run(1, one) for one in results])


def test_what_one_try_has_staged_the_next_one_skips() -> None:
    rollout = tried(staged("a", "oosff"), staged("a", "sssof"), staged("a", "sssso", commit="6"))
    entry = rollout["clusters"][0]
    assert entry["counts"] == {"staged": 4, "skipped": 1, "failed": 0, "started": 0}
    assert (entry["verdict"], entry["changed"], entry["failed_hosts"], entry["commit"]) == ("staged", True, [], "6")
    assert rollout["clusters"][1]["verdict"] == "not_started"


def test_hosts_that_fail_again_are_told_once() -> None:
    entry = tried(staged("a", "off"), staged("a", "sfs"))["clusters"][0]
    assert entry["counts"] == {"staged": 1, "skipped": 1, "failed": 1, "started": 0}
    assert [one["name"] for one in entry["failed_hosts"]] == ["a1"]
    assert entry["commit"] == "5"


def test_a_second_try_that_is_refused_does_not_hide_what_failed() -> None:
    rollout = tried(staged("a", "off"), staged("a", "", "vCenter is busy."))
    entry = rollout["clusters"][0]
    assert entry["counts"] == {"staged": 1, "skipped": 0, "failed": 2, "started": 0}
    assert (entry["verdict"], entry["msg"], len(entry["failed_hosts"])) == ("failed", "vCenter is busy.", 2)
    assert rollout["budget"]["failed_hosts"] == 2


def test_hosts_that_left_meanwhile_are_not_counted_below_nothing() -> None:
    assert tried(staged("a", "ooof"), staged("a", "o"))["clusters"][0]["counts"]["skipped"] == 0


def test_a_host_for_which_its_wave_had_no_time_has_failed_and_says_why() -> None:
    host = {**found("esx1"), "kind": "host", "counts": {"hosts": 1, "ready": 0}}
    late = {"wave": 1, "staged": {"clusters": [], "too_late": ["domain-esx1"]}}
    rollout = rollout_of([found("a"), host], {**LENIENT, "max_failed_hosts": 0}, [run(1, staged("a", "o")), late])
    assert verdicts(rollout) == {"a": "staged", "esx1": "failed"}
    assert rollout["waves"][0]["summary"][1] == (
        "esx1: 1 failed. rolling_stage_wave_timeout is over, so it was not started. Run again."
    )
    assert [one["name"] for one in rollout["clusters"][1]["failed_hosts"]] == ["esx1"]
    assert (rollout["hosts"]["failed"], rollout["budget"]["exceeded"]) == (1, True)


def test_a_host_that_needs_nothing_needs_no_time_either() -> None:
    host = {**found("esx1"), "kind": "host", "counts": {"hosts": 1, "ready": 1}}
    late = {"wave": 1, "staged": {"clusters": [], "too_late": ["domain-esx1"]}}
    rollout = rollout_of([found("a"), host], {**LENIENT, "max_failed_hosts": 0}, [run(1, staged("a", "o")), late])
    assert verdicts(rollout) == {"a": "staged", "esx1": "unchanged"}
    assert rollout["hosts"]["skipped"] == 1
    assert rollout["problem"] == ""


# ------------------------------------------------------------------------------------------------------------- budgets


@pytest.mark.parametrize(
    ("hosts", "limit", "exceeded"),
    [
        ("o" * 9 + "f", "10%", False),
        ("o" * 8 + "f", "10%", True),
        ("o" * 8 + "ff", "10%", True),
        ("o" * 9 + "f", "0%", True),
        ("o" * 9 + "f", 0, True),
        ("o" * 10, 0, False),
        ("", "0%", False),
        ("of", "50%", False),
        ("of", "49%", True),
        ("ooff", 2, False),
        ("off" + "f", 2, True),
        ("offf", "", False),
        ("offf", None, False),
    ],
)
def test_the_budget_of_hosts_has_to_be_exceeded(hosts: str, limit: t.Any, exceeded: bool) -> None:
    rollout = one_wave({"max_failed_hosts": limit}, staged("a", hosts))
    assert rollout["budget"]["exceeded"] is exceeded
    assert bool(rollout["problem"]) is exceeded
    assert (rollout["verdict"] == "failed") is exceeded


@pytest.mark.parametrize(
    ("limit", "exceeded"), [(0, True), ("1", True), (2, False), ("66%", True), ("67%", False), ("", False)]
)
def test_the_budget_of_clusters_has_to_be_exceeded(limit: t.Any, exceeded: bool) -> None:
    clusters = [staged("a", "f"), staged("b", "oo", "Timed out."), staged("c", "oooof")]
    rollout = one_wave({"max_failed_clusters": limit}, *clusters)
    assert rollout["budget"]["exceeded"] is exceeded
    assert ("2 clusters failed as a whole so far (a, b)" in rollout["problem"]) is exceeded


def test_the_budget_counts_over_all_waves_so_far() -> None:
    clusters = [found(name) for name in "abc"]
    settings = {"waves": [1], "max_failed_hosts": "10%"}
    runs = [run(1, staged("a", "f" + "o" * 9)), run(2, staged("b", "o" * 9 + "f"))]
    assert rollout_of(clusters, settings, runs[:1])["problem"] == ""
    assert rollout_of(clusters, settings, runs)["problem"] == ""
    runs[1] = run(2, staged("b", "o" * 8 + "ff"))
    rollout = rollout_of(clusters, settings, runs)
    assert rollout["problem"] == "3 of 20 hosts failed so far: 15 %, and 10 % are allowed"
    assert rollout["summary"][-1] == f"The rollout failed. {rollout['problem']}."
    assert verdicts(rollout)["c"] == "not_started"
    assert rollout["budget"] == {
        **{"failed_hosts": 3, "failed_hosts_percent": 15.0, "max_failed_hosts": "10 %"},
        **{"failed_clusters": 0, "max_failed_clusters": None, "exceeded": True},
    }


@pytest.mark.parametrize(
    ("name", "limit", "second", "problem"),
    [
        ("wave_max_failed_hosts", 1, "offo", "2 of 4 hosts failed in wave 2, and 1 are allowed"),
        ("wave_max_failed_hosts", "49%", "offo", "2 of 4 hosts failed in wave 2: 50 %, and 49 % are allowed"),
        ("wave_max_failed_hosts", 1, "oofo", ""),
        ("wave_max_failed_hosts", "50%", "offo", ""),
        ("wave_max_failed_clusters", 0, "ff", "1 cluster failed as a whole in wave 2 (b), and 0 are allowed"),
        ("wave_max_failed_clusters", "99%", "ff", "1 cluster failed as a whole in wave 2 (b), and 99 % are allowed"),
        ("wave_max_failed_clusters", 1, "ff", ""),
        ("wave_max_failed_clusters", "100%", "ff", ""),
        ("wave_max_failed_clusters", 0, "fo", ""),
    ],
)
def test_a_wave_may_have_a_budget_of_its_own(name: str, limit: t.Any, second: str, problem: str) -> None:
    """What the other waves do does not count for it."""
    runs = [run(1, staged("a", "fooooooooo")), run(2, staged("b", second))]
    rollout = rollout_of([found("a"), found("b")], {"waves": [1], name: limit}, runs)
    assert rollout["problem"] == problem
    assert rollout["budget"]["exceeded"] is bool(problem)


def test_all_budgets_that_are_exceeded_are_told() -> None:
    settings = {"max_failed_hosts": 0, "max_failed_clusters": 0, "wave_max_failed_hosts": 0}
    problem = one_wave({**settings, "wave_max_failed_clusters": 0}, staged("a", "f"))["problem"]
    assert problem.count("are allowed") == 4


def test_within_the_budget_it_says_so() -> None:
    rollout = one_wave({"max_failed_hosts": "25%"}, staged("a", "ooor"))
    assert rollout["summary"] == [
        "3 hosts newly staged, 0 needed nothing, 1 failed.",
        "a: 3 staged, 1 failed. a3: No depot. vCenter says that another try may help.",
        "That is within the failure budget (25 % of the hosts, 25 % are allowed). Run again to stage what failed; "
        "nothing else will be touched.",
    ]
    assert "(1 host, 2 are allowed)" in one_wave({"max_failed_hosts": 2}, staged("a", "of"))["summary"][-1]
    assert "(there is none for hosts)" in one_wave({"max_failed_hosts": ""}, staged("a", "of"))["summary"][-1]


# ----------------------------------------------------------------------------------------- what ends or stops a rollout


def test_check_mode_speaks_of_what_would_be() -> None:
    rollout = one_wave({}, staged("a", "oos"), check_mode=True)
    assert (rollout["check_mode"], rollout["verdict"]) == (True, "planned")
    assert rollout["summary"] == ["2 hosts would be newly staged, 1 needed nothing, 0 would fail."]
    assert rollout["waves"][0]["summary"] == ["a: 2 to be staged, 1 needed nothing."]


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"msg": "No route."}, "No route"),
        ({}, "the module returned nothing"),
        ({"msg": ""}, "the module returned nothing"),
    ],
)
def test_a_wave_without_a_result_is_a_problem(result: Json, says: str) -> None:
    rollout = rollout_of([found("a"), found("b")], {"waves": [1]}, [{"wave": 1, "staged": result}])
    assert rollout["problem"] == f"Wave 1: {says}"
    assert verdicts(rollout) == {"a": "unknown", "b": "not_started"}
    assert rollout["summary"][1:] == ["a: no result.", "Not started: b.", f"The rollout failed. Wave 1: {says}."]


def test_a_lost_result_does_not_hide_those_that_came() -> None:
    rollout = rollout_of([found("a")], LENIENT, [run(1, staged("a", "of")), {"wave": 1, "staged": {"msg": "Killed."}}])
    assert rollout["problem"] == "Wave 1: Killed"
    assert verdicts(rollout) == {"a": "partly_failed"}


def test_a_problem_from_outside_comes_first() -> None:
    rollout = one_wave({}, staged("a", "f"), problem="Stopped by hand.")
    assert rollout["problem"] == "Stopped by hand."
    assert rollout["summary"][-1] == "The rollout failed. Stopped by hand."


def test_a_share_that_is_hardly_too_much_does_not_seem_to_be_allowed() -> None:
    rollout = one_wave({"max_failed_hosts": "10%"}, staged("a", "f" * 101 + "o" * 908))
    assert rollout["problem"] == "101 of 1009 hosts failed so far: 10.0099 %, and 10 % are allowed"


def test_a_problem_from_outside_hides_no_other() -> None:
    rollout = one_wave({"max_failed_hosts": 0}, staged("a", "f"), problem="Status code was 500.")
    assert rollout["problem"] == "Status code was 500. 1 of 1 host failed so far, and 0 are allowed"
    told = one_wave({"max_failed_hosts": 0}, staged("a", "f"), problem=rollout["problem"])
    assert told["problem"] == rollout["problem"]


def test_a_task_of_the_user_may_fail_with_several_words() -> None:
    rollout = one_wave({}, staged("a", "o"), problem=t.cast("str", ["No backup", 5]))
    assert (rollout["verdict"], rollout["problem"]) == ("failed", "No backup. 5")


@pytest.mark.parametrize(("mode", "verdict"), [("warn", "unfinished"), ("fail", "failed")])
def test_the_end_of_the_window_leaves_the_rest_to_another_run(mode: str, verdict: str) -> None:
    settings = {"waves": [1], "gates": {"window": mode}, "not_after": "2026-03-02T04:00:00Z"}
    rollout = rollout_of([found("a"), found("b")], settings, [run(1, staged("a", "o"))], stopped="The window ended")
    assert rollout["verdict"] == verdict
    assert (rollout["problem"] == "The window ended") is (mode == "fail")
    assert "Not started: b." in rollout["summary"]
    assert "The window ended" in rollout["summary"][-1]
    assert " ".join(rollout["summary"]).count("The window ended") == 1
    assert rollout["gates"] == [
        {
            **{"wave": 2, "name": "window", "mode": mode, "verdict": {"warn": "note", "fail": "block"}[mode]},
            **{"answer": "after 2026-03-02T04:00:00Z", "hint": "The window ended", "time": None},
        }
    ]


def test_the_gate_of_the_window_is_of_the_first_wave_that_this_run_has_left() -> None:
    settings = {"waves": [1], "mode": "rest"}
    rollout = rollout_of([found("a"), found("b")], settings, stopped="The window ended")
    assert [(one["name"], one["wave"]) for one in rollout["gates"]] == [("window", 2)]


@pytest.mark.parametrize(
    ("mode", "problem", "noted"), [("fail", True, False), ("warn", False, True), ("ignore", False, False)]
)
def test_gates_stop_or_are_noted(mode: str, problem: bool, noted: bool) -> None:
    modes = {"updatemgr": mode}
    stopped = {"services": [{"name": "updatemgr", "state": "STOPPED"}]}
    gates = gates_of(1, modes, appliance={"state": "UP_TO_DATE"}, services=stopped, found=[], planned={})
    rollout = rollout_of([found("a")], {"gates": modes}, gates=gates)
    assert ("STOPPED" in rollout["problem"]) is problem
    assert any("STOPPED" in line and "failed" not in line for line in rollout["summary"]) is noted
    assert [one["verdict"] for one in rollout["gates"] if one["name"] == "updatemgr"] == [
        {"fail": "block", "warn": "note", "ignore": "go"}[mode]
    ]


# ---------------------------------------------------------------------------------------------------- the commit guard


@pytest.mark.parametrize(
    ("asked", "commit", "made", "stops"),
    [
        (None, "5", None, False),
        (None, "6", "2026-03-01T22:00:01.000Z", True),
        (None, "6", "2026-03-01T22:00:00.500Z", True),
        (None, "6", "2026-03-01T21:59:59.999Z", False),
        (None, "6", "2026-03-01T23:30:00+02:00", False),
        (None, "6", None, True),
        (None, "6", "some day", True),
        (None, "6", "2026-03-01T21:00:00", True),
        ("4", "5", None, False),
        ("4", "4", None, False),
        ("4", "6", "2026-03-01T23:00:00.000Z", True),
        ("6", "6", "2026-03-01T23:00:00.000Z", False),
        (6, "6", "2026-03-01T23:00:00.000Z", False),
    ],
)
def test_an_image_made_while_the_rollout_runs_stops_it(
    asked: t.Any, commit: str, made: str | None, stops: bool
) -> None:
    rollout = one_wave({"commit": asked}, staged("a", "oo", commit=commit, commit_time=made))
    assert bool(rollout["problem"]) is stops
    if stops:
        assert f"planned for commit 5, and commit {commit} was staged" in rollout["problem"]
        assert [(one["name"], one["wave"], one["answer"]) for one in rollout["gates"]] == [("commit", 1, commit)]


def test_without_a_start_nothing_is_known_to_be_older() -> None:
    result = staged("a", "o", commit="6", commit_time="2026-03-01T21:00:00.000Z")
    assert rollout_of([found("a")], LENIENT, [run(1, result)])["problem"]


def test_where_nothing_was_planned_any_image_is_fine() -> None:
    assert rollout_of([found("a", commit=None)], LENIENT, [run(1, staged("a", "o"))])["problem"] == ""
    assert one_wave({}, staged("a", "s"))["problem"] == ""
    asked = rollout_of([found("a", commit=None)], {**LENIENT, "commit": "4"}, [run(1, staged("a", "o"))])
    assert "planned for commit 4, and commit 5 was staged" in asked["problem"]
    before = staged("a", "o", commit_time="2026-01-01T00:00:00.000Z")
    older = {**LENIENT, "commit": "4", "started": START}
    assert rollout_of([found("a", commit=None)], older, [run(1, before)])["problem"] == ""


@pytest.mark.parametrize(("mode", "verdict"), [("warn", "note"), ("ignore", "go")])
def test_the_commit_guard_has_a_mode(mode: str, verdict: str) -> None:
    rollout = one_wave({"gates": {"commit": mode}}, staged("a", "o", commit="6"))
    assert (rollout["problem"], rollout["gates"][0]["verdict"]) == ("", verdict)
    assert any("commit 6 was staged" in line for line in rollout["summary"]) is (mode == "warn")


# --------------------------------------------------------------------------------------------------------------- state


def go_on(clusters: list[Json], runs: list[Json], earlier: Json | None = None, **settings: t.Any) -> Json:
    given = {**LENIENT, "waves": [1], "started": START, "vcenter": "vcenter.example.com", **settings}
    return rollout_of(clusters, given, runs, state=json.dumps(earlier) if earlier else None)


def test_a_later_run_goes_on_where_this_one_ended() -> None:
    clusters = [found(name) for name in "abcd"]
    first = go_on(clusters, [run(1, staged("a", "os")), run(2, staged("b", "of"))])["state"]
    assert first == {
        "schema_version": 1,
        "vcenter": "vcenter.example.com",
        "commit": None,
        "started": START,
        "finished": False,
        "waves": [{"canary": not number, "clusters": [f"domain-{name}"]} for number, name in enumerate("abcd")],
        "clusters": {
            "domain-a": {"verdict": "staged", "commit": "5", "hosts": 2, "members": None},
            "domain-b": {"verdict": "partly_failed", "commit": "5", "hosts": 2, "members": None},
        },
        "mode": "all",
        "problem": "",
    }
    second = go_on(clusters, [run(1, staged("b", "so"))], first, started="2026-03-02T22:00:00Z")
    assert verdicts(second) == {"b": "staged", "c": "not_started", "d": "not_started", "a": "unchanged"}
    assert second["plan"][0] == f"Going on with the rollout that began at {START}."
    assert second["plan"][-1] == f"a: done in the run of {START}."
    assert second["state"]["started"] == START
    assert set(second["state"]["clusters"]) == {"domain-a", "domain-b"}
    last = go_on(clusters, [run(1, staged("c", "oo")), run(2, staged("d", "ss"))], second["state"])
    assert (last["state"]["finished"], last["verdict"]) == (True, "succeeded")
    anew = go_on(clusters, [], last["state"])
    assert len(anew["waves"]) == 4
    assert not anew["state"]["finished"]


def test_a_cluster_with_another_host_is_not_done() -> None:
    first = go_on([{**found("a"), "members": "x"}, found("b")], [run(1, staged("a", "oo"))])["state"]
    assert verdicts(go_on([{**found("a"), "members": "x"}, found("b")], [], first))["a"] == "unchanged"
    assert verdicts(go_on([{**found("a"), "members": "y"}, found("b")], [], first))["a"] == "not_started"


def test_the_rest_does_not_follow_a_canary_that_failed() -> None:
    clusters = [found("a"), found("b")]
    failed = go_on(clusters, [run(1, staged("a", "ff"))], mode="canary", max_failed_hosts=0)["state"]
    rest = go_on(clusters, [], failed, mode="rest")
    assert rest["problem"].startswith("The canary wave before this has failed (2 of 2 hosts failed so far")
    assert rest["waves"] == []
    passed = go_on(clusters, [run(1, staged("a", "oo"))], failed, mode="canary")["state"]
    assert go_on(clusters, [], passed, mode="rest")["problem"] == ""


def test_what_was_not_selected_this_time_is_still_to_be_done() -> None:
    first = go_on([found("a"), found("b")], [run(1, staged("a", "oo"))])["state"]
    second = go_on([found("a")], [], first)
    assert not second["state"]["finished"]
    assert second["state"]["waves"] == [{"canary": False, "clusters": ["domain-b"]}]
    third = go_on([found("a"), found("b")], [run(1, staged("b", "oo"))], second["state"])
    assert third["state"]["finished"]


def test_what_was_begun_by_nobody_is_a_plan() -> None:
    plan = rollout_of([found("a")], LENIENT)
    assert plan["verdict"] == "planned"
    assert plan["summary"][0].startswith("This is a plan, and nothing was staged")
    assert rollout_of([found("a")], LENIENT, stopped="The window ended")["verdict"] == "unfinished"
    assert rollout_of([found("old", False)], {**LENIENT, "allow_empty": True})["verdict"] == "succeeded"


def test_hosts_of_which_nothing_came_back_are_not_forgotten() -> None:
    clusters = [{**found(name), "counts": {"hosts": 3, "ready": 0}} for name in "ab"]
    rollout = rollout_of(clusters, {"waves": [1]}, [{"wave": 1, "staged": {"msg": "Killed."}}])
    assert rollout["hosts"]["not_started"] == 6


def test_hosts_that_were_done_before_count_for_the_budget() -> None:
    earlier = go_on([found("a"), found("b")], [run(1, staged("a", "oo"))])["state"]
    rollout = go_on([found("a"), found("b")], [run(1, staged("b", "of"))], earlier, max_failed_hosts="25%")
    assert (rollout["problem"], rollout["budget"]["failed_hosts_percent"]) == ("", 25.0)
    assert rollout["hosts"] == {"staged": 1, "skipped": 2, "failed": 1, "started": 0, "not_started": 0}


@pytest.mark.parametrize("why", [{"problem": "Stopped."}, {"runs": [{"wave": 1, "staged": {}}]}])
def test_what_broke_off_is_not_finished(why: Json) -> None:
    runs = why.pop("runs", [run(1, staged("a", "o"))])
    rollout = rollout_of([found("a")], LENIENT, runs, **why)
    assert not rollout["state"]["finished"]
