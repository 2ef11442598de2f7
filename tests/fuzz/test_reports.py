# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A damaged rollout, and damaged result files, still give a report of the form that is promised."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import hypothesis
import jsonschema
from hypothesis import strategies as st

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_csv import COLUMNS, csv_lines
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_html import html_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.tests import rollouts

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8")))
ROLLOUTS = {"small": rollouts.small(), "planned": rollouts.planned(), "failed": rollouts.failed()}
TIMES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026", "2026-03-01T22:00:00+99:99", rollouts.at(0)]
CONTAINERS: list[t.Any] = [[], {}, [None], [[]], [{}], {"a": 1}]
#: Anything that JSON can hold, in the place of anything.
DAMAGE: t.Any = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(TIMES)
    | st.sampled_from(CONTAINERS)
)


def places(value: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Yield every place in a value, as container and key."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield value, key
        yield from places(entry)


@hypothesis.given(st.sampled_from(sorted(ROLLOUTS)), st.data())
def test_a_damaged_rollout_still_gives_a_report(name: str, data: st.DataObject) -> None:
    rollout, lines = copy.deepcopy(ROLLOUTS[name])
    found = [*places(rollout), *places(lines)]
    for container, key in data.draw(st.lists(st.sampled_from(found), max_size=12)):
        container[key] = copy.deepcopy(data.draw(DAMAGE))
    report = report_of(rollout, [line for line in lines if isinstance(line, dict)])
    SCHEMA.validate(report)
    assert html_of(report).endswith("</html>")
    assert next(csv_lines(report)) == ",".join(COLUMNS)
    assert len(list(csv_lines(report))) > len(report["clusters"])
