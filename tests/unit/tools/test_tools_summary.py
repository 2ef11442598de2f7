# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary tells the truth: what crashed, counted nothing or never ended has failed; knows no part."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.vsphere.lifecycle.tools import summary
from ansible_collections.vsphere.lifecycle.tools.summary import Outcome, Part, Row


def crash() -> Outcome:
    raise RuntimeError("no such tool")


def test_a_part_that_looked_at_nothing_has_failed() -> None:
    assert summary.judged(Part("units", lambda: Outcome(0, "tests"))).problems == ["looked at no tests at all"]


def test_a_part_that_crashed_has_failed() -> None:
    assert summary.judged(Part("units", crash)).problems == ["crashed: RuntimeError('no such tool')"]


def test_every_part_runs_whatever_became_of_the_others() -> None:
    rows = summary.carry_out([Part("one", crash), Part("two", lambda: Outcome(3))])
    assert [row.result for row in rows] == ["failed", "passed"]


def test_last_line_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Row("one", 1, Outcome(3)), Row("two", 1, Outcome(3, problems=["bad"])), Row("x", 0, Outcome(left_out="y"))]
    assert summary.report(rows) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed, 1 skipped"
    assert summary.report(rows[:1]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_nothing_but_skipped_parts_is_no_success() -> None:
    assert summary.report([Row("matrix", 0, Outcome(left_out="no Python"))]) == 1


def test_reasons_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    summary.report([Row("sanity", 2, Outcome(3, skipped=["pslint: not applicable"], problems=["pep8 failed"]))])
    printed = capsys.readouterr().out
    assert "sanity: pslint: not applicable" in printed
    assert "sanity: pep8 failed" in printed


def test_a_run_that_left_no_rows_has_failed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "RESULTS", tmp_path)
    rows = [Row("one", 1.5, Outcome(3, "tests", skipped=["a: b"]))]
    summary.save("test", rows)
    assert summary.load("test") == rows
    summary.forget("test")
    assert summary.load("test")[0].result == "failed"
