# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a report: a row for each host, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_csv import COLUMNS, csv_lines
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.tests import rollouts


def rows(rollout: dict[str, t.Any], lines: list[dict[str, t.Any]]) -> list[dict[str, str]]:
    """Return the table as a program reads it."""
    return list(csv.DictReader(csv_lines(report_of(rollout, lines))))


def test_every_host_has_a_row_and_a_cluster_without_hosts_too() -> None:
    found = rows(*rollouts.small())
    assert len(found) == 6
    assert tuple(found[0]) == COLUMNS
    assert [row["verdict"] for row in found] == ["staged", "skipped", "staged", "failed", "staged", ""]
    assert found[0]["seconds"] == "180"
    assert found[3]["retriable"] == "true"
    assert found[3]["resolution"] == "Check the network between the host and vCenter, port 9084."
    assert found[3]["message_id"] == "com.vmware.vcIntegrity.lifecycle.EsxImage.DepotConnectErrorV2"
    assert (found[5]["cluster"], found[5]["host"]) == ("legacy", "")
    assert found[5]["reason"] == "vCenter manages it by baselines, not by an image"
    assert len(rows(*rollouts.large(2500))) == 2500 + 30


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "  =1", "\uff1d1", "=cmd|' /C calc'!A0"]
)
def test_no_cell_is_a_formula(name: str) -> None:
    rollout, lines = rollouts.small()
    lines[0]["hosts"][0]["name"] = name
    lines[0]["hosts"][0]["reason"] = name
    row = rows(rollout, lines)[0]
    for column in ("host", "reason"):
        assert row[column].startswith("'")
        assert row[column][1:].strip() == name.strip()


def test_a_hostile_name_stays_one_cell_of_one_line() -> None:
    rollout, lines = rollouts.small()
    lines[0]["hosts"][0]["name"] = 'a,"b"\n"c";d\x1b[31m\u202e\0'
    row = rows(rollout, lines)[0]
    assert row["host"] == 'a,"b" "c";d\\x1b[31m\\u202e\\x00'
    assert len(list(csv_lines(report_of(rollout, lines)))) == 7


def test_times_that_are_none_are_shown_as_they_came() -> None:
    rollout, lines = rollouts.small()
    lines[0]["hosts"][0]["end_time"] = "yesterday"
    row = rows(rollout, lines)[0]
    assert (row["end_time"], row["seconds"]) == ("yesterday", "")
