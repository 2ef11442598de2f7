# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the plan of a rollout: settings as users write them, waves, canaries, sites, what an earlier run left."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout_plan import (
    Amount,
    Plan,
    mapping,
    names,
    plan_of,
    settings_of,
    texts,
    time_of,
    truth,
    waves_of,
)

Json = dict[str, t.Any]
START = "2026-03-01T22:00:00Z"


def found(name: str, image_managed: bool | None = True, **more: t.Any) -> Json:
    """A cluster as esx_cluster_stage_info returns it, as far as it matters."""
    return {
        **{"name": name, "moid": f"domain-{name}", "image_managed": image_managed, "unknown": ["May not be read."]},
        **{"commit": "5", "counts": {"hosts": 2, "ready": 0}, **more},
    }


def clusters(text: str) -> list[Json]:
    return [found(name) for name in text]


def plan(clusters: list[Json], state: str | None = None, **settings: t.Any) -> Plan:
    """The plan for settings of which none is wrong."""
    read, wrong = settings_of({"started": START, **settings})
    assert wrong == []
    return plan_of(clusters, read, state=state)


def shape(plan: Plan) -> list[str]:
    """The waves: names of clusters, with a mark for a canary, and one for what is not carried out."""
    return [
        "".join(one["name"] for one in wave.clusters)
        + ("*" if wave.canary else "")
        + ("" if wave.selected else " later")
        for wave in plan.waves
    ]


def state(waves: list[tuple[bool, str]], done: t.Mapping[str, str], **more: t.Any) -> str:
    """The text of a state file: waves with their clusters, and the verdicts of clusters."""
    return json.dumps(
        {
            **{"schema_version": 1, "vcenter": "", "commit": None, "started": "2026-02-28T22:00:00Z"},
            "finished": False,
            "waves": [{"canary": canary, "clusters": [f"domain-{one}" for one in group]} for canary, group in waves],
            "clusters": {
                f"domain-{name}": {"verdict": verdict, "commit": "5", "hosts": 2} for name, verdict in done.items()
            },
            **more,
        }
    )


# --------------------------------------------------------------------------------------------------------------- waves


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


@pytest.mark.parametrize(
    "waves",
    [
        [1, "25%", "100%"],
        "1,25%,100%",
        "1, 25%,\n100%",
        '[1, "25%", "100%"]',
        ("1", "25%", "100%"),
        [1, "25%", "", "100%"],
    ],
)
def test_sizes_may_come_from_a_survey(waves: t.Any) -> None:
    assert shape(plan(clusters("abcdefghij"), waves=waves)) == ["a*", "bc", "defghij"]


@pytest.mark.parametrize("waves", [[], "", None, " , "])
def test_a_rollout_needs_a_wave(waves: t.Any) -> None:
    refused = plan(clusters("ab"), waves=waves)
    assert refused.waves == ()
    assert refused.problems == ("The waves cannot be planned: there is no wave; give at least one size",)
    assert [left.verdict for left in refused.left] == ["not_started", "not_started"]


def test_one_size_may_be_a_number() -> None:
    assert shape(plan(clusters("abc"), waves=2)) == ["ab*", "c"]
    assert plan(clusters("abc"), waves=True).problems


def test_without_sizes_there_is_one_wave() -> None:
    read, wrong = settings_of({})
    assert (shape(plan_of(clusters("abc"), read)), wrong) == (["abc*"], [])


# ------------------------------------------------------------------------------------------------------------ canaries


@pytest.mark.parametrize(
    ("canary", "waves"),
    [
        (["c"], ["c*", "a", "bdef"]),
        (["domain-c", "a"], ["ca*", "b", "def"]),
        ("f,b", ["fb*", "a", "cde"]),
        (["[ab]"], ["ab*", "c", "def"]),
        (["a", "a", "domain-a"], ["a*", "b", "cdef"]),
        (["*"], ["abcdef*"]),
    ],
)
def test_canaries_are_the_first_wave(canary: t.Any, waves: list[str]) -> None:
    assert shape(plan(clusters("abcdef"), canary=canary, waves=[1, "100%"])) == waves


def test_percentages_are_of_all_clusters_with_an_image() -> None:
    all_of_them = [*clusters("abcdefgh"), found("z", False)]
    assert shape(plan(all_of_them, canary=["a", "b"], waves=["25%"])) == ["ab*", "cd", "ef", "gh"]


@pytest.mark.parametrize("canary", ["nobody", "z", "no*"])
def test_a_canary_has_to_be_among_the_clusters(canary: str) -> None:
    refused = plan([*clusters("ab"), found("z", False)], canary=[canary])
    assert refused.problems == (f"The canary '{canary}' is none of the clusters selected that are managed by an image",)


@pytest.mark.parametrize(
    ("mode", "waves"),
    [
        ("all", ["c*", "a", "b"]),
        ("", ["c*", "a", "b"]),
        ("plan", ["c* later", "a later", "b later"]),
        ("canary", ["c*", "a later", "b later"]),
        ("rest", ["c* later", "a", "b"]),
    ],
)
def test_a_mode_carries_out_a_part(mode: str, waves: list[str]) -> None:
    assert shape(plan(clusters("abc"), canary=["c"], waves=[1], mode=mode)) == waves


def test_without_canaries_the_first_wave_is_one() -> None:
    assert shape(plan(clusters("abc"), waves=[1], mode="canary")) == ["a*", "b later", "c later"]
    assert shape(plan(clusters("abc"), waves=[1], mode="rest")) == ["a* later", "b", "c"]


# ---------------------------------------------------------------------------------------------------------- selection


def test_clusters_with_baselines_are_left_alone() -> None:
    made = plan([found("a"), found("old", False)])
    assert shape(made) == ["a*"]
    assert [(left.cluster["name"], left.verdict) for left in made.left] == [("old", "not_image_managed")]


@pytest.mark.parametrize("all_of_them", [[], [found("old", False)]])
def test_nothing_to_stage_is_a_problem_unless_it_may_be(all_of_them: list[Json]) -> None:
    assert "nothing to stage" in plan(all_of_them).problems[0]
    for no in (False, "false", "no", "False", 0, None, ""):
        assert plan(all_of_them, allow_empty=no).problems
    for yes in (True, "true", "yes", 1):
        assert (plan(all_of_them, allow_empty=yes).problems, plan(all_of_them, allow_empty=yes).waves) == ((), ())


def test_what_forbids_a_rollout_is_told_together() -> None:
    read, dummy = settings_of({"waves": ["0%"], "canary": ["nobody"], "commit": "4"})
    clusters = [found("a", has_commit=False), found("dark", None), found("old", False, has_commit=False)]
    refused = plan_of(clusters, read, ["No cluster 'b'"])
    assert len(refused.problems) == 5
    for number, part in enumerate(
        ["No cluster 'b'", "dark: May not be read.", "a has no commit '4'", "nobody", "the wave size '0%'"]
    ):
        assert part in refused.problems[number]
    assert refused.waves == ()
    assert {left.cluster["name"]: left.verdict for left in refused.left} == {
        "a": "not_started",
        "dark": "not_started",
        "old": "not_image_managed",
    }


def test_clusters_of_one_name_have_their_identifiers_as_labels() -> None:
    made = plan([found("edge", moid="domain-c9"), found("edge", moid="domain-c11"), found("a")])
    assert set(made.labels.values()) == {"edge (domain-c9)", "edge (domain-c11)", "a"}


# --------------------------------------------------------------------------------------------------------------- sites


@pytest.mark.parametrize(
    ("settings", "sites"),
    [
        ({}, [None, None, None]),
        ({"sites": {"north": ["prod-a"], "south": ["prod-*"]}}, ["north", "south", None]),
        ({"sites": {"north": "prod-a, domain-lab-c"}}, ["north", None, "north"]),
        ({"sites": '{"north": ["lab-c"], "1": null}'}, [None, None, "north"]),
        ({"sites": {1: ["prod-a"]}}, ["1", None, None]),
        ({"site_pattern": "^([a-z]+)-"}, ["prod", "prod", "lab"]),
        ({"site_pattern": "^prod"}, ["prod", "prod", None]),
        ({"site_pattern": "^prod-(x)?|^(lab)"}, [None, None, "lab"]),
        ({"sites": {"first": ["prod-b"]}, "site_pattern": "^([a-z]+)-"}, ["prod", "first", "lab"]),
    ],
)
def test_sites_come_from_a_mapping_or_from_names(settings: Json, sites: list[str | None]) -> None:
    all_of_them = [found("prod-a"), found("prod-b"), found("lab-c")]
    made = plan(all_of_them, **settings)
    assert [made.sites[one["moid"]] for one in all_of_them] == sites


# ------------------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("mode", "some", "mode: 'some' is none of all, plan, canary, rest"),
        ("max_failed_hosts", "ten", "max_failed_hosts: 'ten' is neither a number from 0 nor a percentage"),
        ("max_failed_clusters", "101%", "max_failed_clusters: '101%' is neither"),
        ("wave_max_failed_hosts", -1, "wave_max_failed_hosts: -1 is neither"),
        ("wave_max_failed_clusters", True, "wave_max_failed_clusters: True is neither"),
        ("not_after", "soon", "not_after: 'soon' is neither a time of day"),
        ("sites", ["north"], "sites: ['north'] is no mapping"),
        ("sites", "north", "sites: 'north' is no mapping"),
        ("sites", "{north", "sites: '{north' is no mapping"),
        ("site_pattern", "(", "site_pattern: '(' is no regular expression"),
        ("gates", ["appliance"], "gates: ['appliance'] is no mapping"),
        ("gates", "[1]", "gates: '[1]' is no mapping"),
        ("gate_interval", 0, "gate_interval: 0 is no number of seconds above 0"),
        ("gate_interval", "soon", "gate_interval: 'soon' is no number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_by_name(name: str, value: t.Any, says: str) -> None:
    dummy, wrong = settings_of({name: value, "started": START})
    assert len(wrong) == 1
    assert wrong[0].startswith(f"rolling_stage_{says}")


def test_all_of_them_are_told_together() -> None:
    raw = {"max_failed_hosts": "x", "not_after": "x", "sites": 1, "site_pattern": "*", "gates": 1, "mode": "x"}
    assert len(settings_of(raw)[1]) == len(raw)


def test_a_number_in_yaml_is_a_commit_as_well() -> None:
    assert settings_of({"commit": 5})[0].commit == "5"
    assert [settings_of({"commit": nothing})[0].commit for nothing in (None, "", " ")] == [None, None, None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("", []),
        ("a, b\nc", ["a", "b", "c"]),
        (["a", "", " ", "b,c"], ["a", "b,c"]),
        ('["a", 1]', ["a", 1]),
        ("[ab]*", ["[ab]*"]),
        (7, ["7"]),
    ],
)
def test_lists_may_be_text(value: t.Any, expected: list[t.Any]) -> None:
    assert texts(value) == expected
    assert names(value) == [str(one) for one in expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, {}),
        ("", {}),
        ({}, {}),
        ([], {}),
        ({"a": 1, 2: "b"}, {"a": 1, "2": "b"}),
        ('{"a": 1}', {"a": 1}),
        ("a=fail, b = warn", {"a": "fail", "b": "warn"}),
    ],
)
def test_mappings_may_be_text(value: t.Any, expected: Json) -> None:
    assert mapping(value) == expected


def test_yes_and_no_may_be_text() -> None:
    assert [truth(one) for one in (True, 1, "yes", "TRUE", "on", " y ")] == [True] * 6
    assert [truth(one) for one in (False, 0, None, "", "no", "False", "off", "0", "n", "f")] == [False] * 10


# ------------------------------------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("value", "says"), [(0, "0"), ("3", "3"), (" 10% ", "10 %"), ("10 %", "10 %"), ("0%", "0 %"), ("100%", "100 %")]
)
def test_amounts_are_numbers_or_percentages(value: t.Any, says: str) -> None:
    assert str(Amount.of(value)) == says


@pytest.mark.parametrize("value", [None, "", "  "])
def test_no_amount_is_no_limit(value: t.Any) -> None:
    assert Amount.of(value) is None


@pytest.mark.parametrize("value", [True, False, 1.0, -1, "-1", "1.5", "101%", "%", "1 0", "ten", [1], "\u0661"])
def test_what_is_no_amount_is_refused(value: t.Any) -> None:
    with pytest.raises(ValueError, match="neither a number from 0 nor a percentage"):
        Amount.of(value)


@pytest.mark.parametrize(
    ("amount", "failed", "total", "exceeded"),
    [
        ("2", 2, 2, False),
        ("2", 3, 100, True),
        ("0", 0, 5, False),
        ("0", 1, 5, True),
        ("10%", 1, 10, False),
        ("10%", 1, 9, True),
        ("10%", 2, 10, True),
        ("0%", 0, 0, False),
        ("100%", 5, 5, False),
        ("33%", 1, 3, True),
        ("34%", 1, 3, False),
    ],
)
def test_an_amount_is_exceeded_and_not_reached(amount: str, failed: int, total: int, exceeded: bool) -> None:
    limit = Amount.of(amount)
    assert limit is not None
    assert limit.exceeded(failed, total) is exceeded


# --------------------------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("value", "point"),
    [
        ("2026-03-02T04:00:00Z", "2026-03-02T04:00:00"),
        ("2026-03-02T04:00:00+01:00", "2026-03-02T03:00:00"),
        ("2026-03-02T04:00:00+0100", "2026-03-02T03:00:00"),
        ("2026-03-02 04:00-05:30", "2026-03-02T09:30:00"),
        (datetime.datetime(2026, 3, 2, 4, tzinfo=datetime.timezone.utc), "2026-03-02T04:00:00"),
        # The start is at 22:00 UTC, which is 23:00 in Berlin.
        ("23:30", "2026-03-01T23:30:00"),
        ("04:00", "2026-03-02T04:00:00"),
        ("4:00", "2026-03-02T04:00:00"),
        ("22:00", "2026-03-02T22:00:00"),
        ("22:01Z", "2026-03-01T22:01:00"),
        ("04:00+01:00", "2026-03-02T03:00:00"),
        ("23:30 +0100", "2026-03-01T22:30:00"),
        ("22:30+01:00", "2026-03-02T21:30:00"),
        ("00:30-08:00", "2026-03-02T08:30:00"),
        ("15:00-08:00", "2026-03-01T23:00:00"),
        # What YAML makes of 22:30 and of 12:05 without quotes.
        (1350, "2026-03-01T22:30:00"),
        ("725", "2026-03-02T12:05:00"),
    ],
)
def test_the_end_of_the_window_is_a_point_in_time_or_the_next_such_time(value: t.Any, point: str) -> None:
    end = time_of(value, START)
    assert end is not None
    assert end.isoformat() == f"{point}+00:00"


@pytest.mark.parametrize("value", [None, "", " "])
def test_without_an_end_there_is_none(value: t.Any) -> None:
    assert time_of(value, START) is None


@pytest.mark.parametrize(
    "value",
    ["2026-03-02T04:00:00", "2026-03-02", "24:00", "4", "12:60", "04:00 CET", "04:00+99:99", "tomorrow", 59, 1440, True]
    + ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "22:00:00+01:00"],
)
def test_other_times_are_refused(value: t.Any) -> None:
    with pytest.raises(ValueError, match="is neither a time of day such as '04:00'"):
        time_of(value, START)


def test_a_time_of_day_without_a_start_is_the_next_one() -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    end = time_of("04:00", None)
    assert end is not None
    assert now - datetime.timedelta(seconds=5) < end <= now + datetime.timedelta(days=1, seconds=5)


# --------------------------------------------------------------------------------------------------------------- state


def test_a_later_run_keeps_the_waves_and_leaves_out_what_is_done() -> None:
    earlier = state([(True, "c"), (False, "ab"), (False, "de")], {"c": "staged", "a": "unchanged", "b": "failed"})
    made = plan(clusters("abcde"), earlier, waves=[1])
    assert shape(made) == ["b", "de"]
    assert [(left.cluster["name"], left.verdict, left.why, left.counts) for left in made.left] == [
        ("a", "unchanged", "done in the run of 2026-02-28T22:00:00Z", {"skipped": 2}),
        ("c", "unchanged", "done in the run of 2026-02-28T22:00:00Z", {"skipped": 2}),
    ]
    assert made.notes == ("Going on with the rollout that began at 2026-02-28T22:00:00Z.",)


def test_new_clusters_come_after_the_waves_that_were_planned() -> None:
    earlier = state([(True, "c"), (False, "a")], {})
    assert shape(plan(clusters("abcd"), earlier, waves=["100%"])) == ["c*", "a", "bd"]
    # What is gone meanwhile, is gone.
    assert shape(plan(clusters("ab"), earlier, waves=["100%"])) == ["a", "b"]
    assert shape(plan(clusters("bd"), earlier, waves=["100%"])) == ["bd*"]


def test_a_new_canary_goes_first() -> None:
    earlier = state([(True, "c"), (False, "a")], {"c": "staged"})
    assert shape(plan(clusters("abc"), earlier, waves=["100%"], canary=["b"])) == ["b*", "a"]
    # One that is planned already stays where it is.
    assert shape(plan(clusters("abc"), earlier, waves=["100%"], canary=["c"])) == ["a", "b"]


@pytest.mark.parametrize(
    "now",
    [{"commit": "6"}, {"commit": None}, {"counts": {"hosts": 3, "ready": 0}}, {"counts": {"hosts": 1, "ready": 0}}],
)
def test_what_is_done_for_another_image_or_fewer_hosts_is_not_done(now: Json) -> None:
    earlier = state([(True, "a"), (False, "b")], {"a": "staged"})
    assert shape(plan([found("a", **now), found("b")], earlier)) == ["a*", "b"]


@pytest.mark.parametrize("verdict", ["partly_failed", "failed", "anything"])
def test_what_failed_is_not_done(verdict: str) -> None:
    assert shape(plan(clusters("a"), state([(True, "a")], {"a": verdict}))) == ["a*"]


def test_a_cluster_is_in_one_wave_even_if_the_state_says_otherwise() -> None:
    assert shape(plan(clusters("abc"), state([(True, "aa"), (False, "ba")], {}), waves=["100%"])) == ["a*", "b", "c"]


def test_when_all_is_done_there_is_no_wave() -> None:
    made = plan(clusters("ab"), state([(True, "a"), (False, "b")], {"a": "staged", "b": "staged"}))
    assert (made.waves, made.problems, len(made.left)) == ((), (), 2)


def test_after_a_rollout_that_is_finished_a_new_one_begins() -> None:
    made = plan(clusters("ab"), state([(True, "b")], {"b": "staged"}, finished=True), waves=[1])
    assert (shape(made), made.notes) == (["a*", "b"], ())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"vcenter": "other.example.com"}, "about vCenter 'other.example.com' and this run about vCenter ''"),
        ({"commit": "4"}, "about commit '4' and this run about no certain commit"),
    ],
)
def test_the_state_of_another_rollout_is_told_and_left_alone(more: Json, says: str) -> None:
    made = plan(clusters("ab"), state([(True, "b")], {"b": "staged"}, **more), waves=[1])
    assert shape(made) == ["a*", "b"]
    assert says in made.notes[0]
    assert "a new rollout begins" in made.notes[0]


ENTRY = {"verdict": "staged", "commit": "5", "hosts": 2}
DAMAGES: tuple[Json, ...] = (
    {"schema_version": 2},
    {"started": 7},
    {"started": "{{ 7 * 7 }}"},
    {"waves": None},
    {"waves": [7]},
    {"waves": [{}]},
    {"waves": [{"canary": "yes", "clusters": []}]},
    {"waves": [{"canary": True, "clusters": None}]},
    {"waves": [{"canary": True, "clusters": [["a"]]}]},
    {"clusters": []},
    {"clusters": {"a": 7}},
    {"clusters": {"a": {"verdict": "staged"}}},
    {"clusters": {"a": {**ENTRY, "hosts": None}}},
    {"clusters": {"a": {**ENTRY, "hosts": "2"}}},
    {"clusters": {"a": {**ENTRY, "hosts": float("inf")}}},
)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "null",
        "7",
        "[]",
        '"text"',
        "{}",
        "\ufffd\ufffd",
        "[" * 100000,
        *(json.dumps({**json.loads(state([], {})), **damage}) for damage in DAMAGES),
    ],
)
def test_a_damaged_state_is_told_and_left_alone(text: str) -> None:
    made = plan(clusters("ab"), text, waves=[1])
    assert shape(made) == ["a*", "b"]
    assert made.notes == ("The state file does not hold the state of a rollout; a new rollout begins.",)


def test_no_state_is_nothing_to_tell() -> None:
    assert plan(clusters("a"), "").notes == plan(clusters("a"), None).notes == ()
