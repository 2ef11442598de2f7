# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmark makes of what it measured."""

from __future__ import annotations

import pytest

from ansible_collections.vsphere.lifecycle.bench.figures import Figure, left_over, merged, table
from ansible_collections.vsphere.lifecycle.bench.laboratory import Run
from ansible_collections.vsphere.lifecycle.bench.measure import Usage
from ansible_collections.vsphere.lifecycle.bench.staging import Staged, exponent, schedule
from ansible_collections.vsphere.lifecycle.tests.processes import Json


def test_a_median_is_held_against_the_target() -> None:
    assert Figure("a", (1.0, 1.1, 9.0), "<= 1.1", 1.1).met
    assert Figure("a", (1.0, 1.2, 9.0), "<= 1.1", 1.1).met is False
    assert Figure("a", (), "<= 1.1", 1.1).as_dict() | {"note": ""} == {
        "figure": "a",
        "value": None,
        "target": "<= 1.1",
        "met": None,
        "runs": 0,
        "min": None,
        "max": None,
        "series": [],
        "note": "",
    }


def test_what_must_be_none_must_be_so_in_every_run() -> None:
    figure = merged([left_over([0.0, 0.0]), left_over([1.0])])
    assert [(one.value, one.met, one.series) for one in figure] == [(0.0, False, (0.0, 0.0, 1.0))]
    assert "MISSED" in table(figure)


@pytest.mark.parametrize(
    ("places", "ends"), [(1, 15.0), (2, 9.0), (9, 5.0)], ids=["one by one", "two at a time", "all at once"]
)
def test_the_best_end_of_a_list_of_jobs(places: int, ends: float) -> None:
    assert schedule([3.0, 4.0, 1.0, 2.0, 5.0], places) == ends


def test_the_exponent_of_growth() -> None:
    assert exponent([(10, 5.0), (100, 50.0), (1000, 500.0)]) == pytest.approx(1.0)
    assert exponent([(10, 3.0), (100, 300.0)]) == pytest.approx(2.0)


def request(method: str, path: str, body: Json | None = None) -> Json:
    return {"method": method, "path": path, "body": body}


def test_requests_are_counted_by_what_they_are() -> None:
    look = {"filter_spec": {"tasks": ["one", "two"]}, "result_spec": {"exclude_result": True}}
    results = {"filter_spec": {"tasks": ["one", "two"]}, "result_spec": {"exclude_result": False}}
    service = {"filter_spec": {"services": ["software"]}}
    requests = [
        request("POST", "/api/session"),
        *(request("POST", "/api/cis/tasks", body) for body in (look, look, results, service)),
        request("GET", "/api/vcenter/cluster"),
        request("DELETE", "/api/session"),
    ]
    run = Run(Usage(3.0, 2.0), requests, left=0, changed=1, simulator=0.1)
    assert (run.logins, run.logouts, run.polls) == (1, 1, 2)
    one = Staged(run, Run(Usage(1.0, 0.5), [], 0, 0, 0.0), number=1)
    assert (one.task, one.cpu, one.over_formula) == (2.0, 1.5, 7 / 8)
