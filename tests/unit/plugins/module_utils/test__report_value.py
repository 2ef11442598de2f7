# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The value of a report: nothing is lost, nothing is made up, and it has the form that the schema promises."""

from __future__ import annotations

import copy
import json
import pathlib
import re
import typing as t

import jsonschema
import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_html import html_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import SCHEMA_VERSION, report_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout import rollout_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless
from ansible_collections.vsphere.lifecycle.tests import rollouts

Json = dict[str, t.Any]
SCHEMA = json.loads((pathlib.Path(__file__).parents[4] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
SAMPLES = {
    "small": rollouts.small(),
    "large": rollouts.large(500),
    "planned": rollouts.planned(),
    "failed": rollouts.failed(),
    "nothing": ({}, []),
}


def strict(schema: t.Any) -> t.Any:
    """Return the schema as one that allows no member that it does not describe."""
    if isinstance(schema, list):
        return [strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return {**{name: strict(value) for name, value in schema.items()}, **closed}


def check(report: Json, schema: Json = SCHEMA) -> None:
    jsonschema.Draft202012Validator(schema).validate(report)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_report_has_the_form_of_the_schema(name: str) -> None:
    rollout, lines = SAMPLES[name]
    report = report_of(rollout, lines)
    check(report)
    # Every member is described there.
    check(report, strict(SCHEMA))
    assert report["schema_version"] == SCHEMA_VERSION == SCHEMA["properties"]["schema_version"]["const"]


def of_the_role(*, runs: bool, check_mode: bool = False, **settings: t.Any) -> Json:
    """Return a rollout over two clusters as the role has it in its fact, with one wave carried out or none."""
    found = [
        {
            **{"name": name, "moid": f"domain-{name}", "image_managed": name != "c", "commit": "5"},
            "counts": {"hosts": 2, "ready": 1},
        }
        for name in ("a", "b", "c")
    ]
    outcome = {
        **{"name": "a", "moid": "domain-a", "changed": True, "failed": True, "msg": "", "commit": "6"},
        **{"commit_time": "2026-03-01T23:00:00Z", "task": {"id": "task-a"}},
        "counts": {"staged": 1, "skipped": 0, "failed": 1, "started": 0},
        "hosts": [{"name": "a1", "verdict": "failed", "reason": "No depot.", "retriable": True}],
    }
    run = {"wave": 1, "staged": {"clusters": [outcome]}, "started": rollouts.at(0), "ended": rollouts.at(60)}
    whole = {"waves": [1], "vcenter": "vcenter.example.com", "started": rollouts.at(0), "canary": ["a"], **settings}
    fact = rollout_of(found, whole, [run] if runs else [], check_mode=check_mode)
    return {**{name: value for name, value in fact.items() if name != "state"}, "ended": rollouts.at(90)}


@pytest.mark.parametrize(
    "fact",
    [
        of_the_role(runs=False, mode="plan"),
        of_the_role(runs=False, check_mode=True),
        of_the_role(runs=True),
        of_the_role(runs=True, mode="canary"),
        of_the_role(runs=True, max_failed_hosts="10%", sites={"Berlin": ["a"]}, not_after="2026-03-02T00:00:00Z"),
    ],
    ids=["plan", "check mode", "run", "canary", "budget"],
)
def test_the_schema_describes_every_member_that_the_role_has(fact: Json) -> None:
    report = report_of(fact)
    check(report, strict(SCHEMA))
    for name, value in fact.items():
        if name != "clusters":
            assert report[name] == value, name


def test_the_schema_is_one_and_refuses_what_is_none() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    report = report_of(*rollouts.small())
    damages: list[Json] = [{"clusters": None}, {"schema_version": 2}, {"hosts": {}}, {"started": 5}]
    for damage in damages:
        with pytest.raises(jsonschema.ValidationError):
            check({**report, **damage})


def test_everything_of_the_rollout_is_in_it() -> None:
    rollout, lines = rollouts.small()
    rollout["later"] = {"anything": [1]}
    rollout["hosts"]["later"] = 3
    report = report_of(rollout, lines)
    for name, value in rollout.items():
        if name not in ("clusters", "hosts"):
            assert report[name] == harmless(value)
    for cluster, told in zip(report["clusters"], harmless(rollout["clusters"]), strict=True):
        assert {name: cluster[name] for name in told} == told
    assert report["hosts"]["later"] == 3


def test_a_cluster_has_its_hosts_and_the_times_of_its_task() -> None:
    rollout, lines = rollouts.small()
    berlin = report_of(rollout, lines)["clusters"][0]
    assert (berlin["start_time"], berlin["end_time"]) == ("2026-03-01T22:00:05.000Z", "2026-03-01T22:03:05.000Z")
    assert berlin["hosts"] == lines[0]["hosts"]
    assert berlin["detailed"] is True


def test_without_result_files_the_failed_hosts_are_left_and_a_note_says_so() -> None:
    rollout, lines = rollouts.small()
    report = report_of(rollout, [])
    assert [len(cluster["hosts"]) for cluster in report["clusters"]] == [0, 1, 0]
    assert report["clusters"][1]["hosts"][0]["verdict"] == "failed"
    assert len(report["notes"]) == 1
    assert report["notes"][0].startswith("No result file tells of 2 clusters or standalone hosts (prod-berlin, ")
    check(report)


def resumed() -> tuple[Json, list[Json]]:
    """Return the rollout of a second run, which goes on after a first one that has done the first of two clusters."""
    found = [
        {
            "name": name,
            "moid": f"domain-{name}",
            "image_managed": True,
            "commit": "5",
            "counts": {"hosts": 1, "ready": 0},
        }
        for name in ("a", "b")
    ]
    started = "2026-03-01T22:00:00Z"
    settings = {"waves": [1], "vcenter": "vcenter.example.com", "started": started}
    first, second = (
        rollouts.line(name, f"domain-{name}", [rollouts.host(name, f"host-{name}", "staged", 0, 60)], 0, 60)
        for name in ("a", "b")
    )
    run = {"wave": 1, "started": rollouts.at(0), "ended": rollouts.at(60)}
    state = rollout_of(found, settings, [{**run, "staged": {"clusters": [first]}}])["state"]
    fact = rollout_of(found, settings, [{**run, "staged": {"clusters": [second]}}], state=json.dumps(state))
    return {name: value for name, value in fact.items() if name != "state"}, [second]


def test_what_an_earlier_run_has_done_is_not_missed_and_the_page_says_so() -> None:
    fact, lines = resumed()
    why = "done in the run of 2026-03-01T22:00:00Z"
    assert {one["name"]: (one["verdict"], one["why"]) for one in fact["clusters"]} == {
        "a": ("unchanged", why),
        "b": ("staged", ""),
    }
    report = report_of(fact, lines)
    check(report)
    assert report["notes"] == []
    text = re.sub(r"<[^<>]*>", " ", html_of(report))
    assert "This report is incomplete" not in text
    skipped = text.partition("What was skipped, and why")[2].partition("About this run")[0]
    assert re.search(rf"= nothing to do +{why} +a ", skipped), skipped


def test_what_this_run_has_done_is_missed_without_its_result_file() -> None:
    (note,) = report_of(resumed()[0], [])["notes"]
    assert note.startswith("No result file tells of 1 cluster or standalone host (b): ")


def test_a_cluster_that_only_a_result_file_knows_is_not_lost() -> None:
    for hosts, problem, verdict in (
        ([rollouts.host("a", "host-1", "staged", 0, 1)], "", "staged"),
        ([rollouts.host("a", "host-1", "skipped", 0, 1)], "", "unchanged"),
        ([rollouts.host("a", "host-1", "failed", 0, 1)], "", "failed"),
        (
            [rollouts.host("a", "host-1", "failed", 0, 1), rollouts.host("b", "host-2", "staged", 0, 1)],
            "",
            "partly_failed",
        ),
        ([rollouts.host("a", "host-1", "failed", 0, 1), rollouts.host("b", "host-2", "staged", 0, 1)], "x", "failed"),
    ):
        report = report_of({}, [rollouts.line("new", "domain-c99", hosts, 0, 1, msg=problem)])
        (cluster,) = report["clusters"]
        assert (cluster["name"], cluster["verdict"], cluster["wave"]) == ("new", verdict, None)
        assert len(cluster["hosts"]) == len(hosts)
        assert report["notes"] == [
            "The result files tell of 1 cluster or standalone host (new), of which the rollout does not know"
        ]
        check(report)


def test_a_later_line_counts_more_but_what_was_staged_stays_so() -> None:
    first = rollouts.line(
        "c",
        "domain-c8",
        [
            rollouts.host("a", "host-1", "staged", 0, 60),
            rollouts.host("b", "host-2", "failed", 0, 60, rollouts.DEPOT),
            rollouts.host("c", "host-3", "skipped", 0, 60),
        ],
        0,
        60,
    )
    second = rollouts.line(
        "c",
        "domain-c8",
        [rollouts.host("a", "host-1", "skipped", 0, 0), rollouts.host("b", "host-2", "staged", 100, 60)],
        100,
        60,
    )
    (cluster,) = report_of({}, [first, second])["clusters"]
    assert [(host["name"], host["verdict"]) for host in cluster["hosts"]] == [
        ("a", "staged"),
        ("b", "staged"),
        ("c", "skipped"),
    ]
    assert cluster["counts"] == {"staged": 2, "skipped": 1, "failed": 0, "started": 0}
    assert (cluster["start_time"], cluster["end_time"]) == (rollouts.at(0), rollouts.at(160))
    assert cluster["changed"] is True


def test_texts_are_made_harmless() -> None:
    report = report_of(*rollouts.small())
    text = json.dumps(report, ensure_ascii=False)
    assert "\\\\x1b[31m" in text
    assert not [sign for sign in text if not sign.isprintable()]


def test_the_same_rollout_gives_the_same_report() -> None:
    rollout, lines = rollouts.large(100)
    before = copy.deepcopy((rollout, lines))
    first, second = (html_of(report_of(rollout, lines)) for dummy in range(2))
    assert first == second
    assert (rollout, lines) == before, "what was given is left alone"
