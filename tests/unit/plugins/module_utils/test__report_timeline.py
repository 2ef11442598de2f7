# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the waves: every bar where its time is, everything that has no time told all the same."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_timeline import (
    NAMED_IN_A_WAVE,
    Timeline,
    legend,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.tests import rollouts

Json = dict[str, t.Any]


def picture(rollout: Json, lines: list[Json]) -> str:
    return Timeline(report_of(rollout, lines)).picture()


def bars(html: str) -> list[tuple[float, float, str]]:
    """Return where each bar begins, how wide it is, and its class."""
    found = re.findall(r'<rect x="([\d.]+)%" width="([\d.]+)%" y="\d+" height="[\d.%]+" class="([a-z ]+)"', html)
    return [(float(start), float(width), kind) for start, width, kind in found]


def one(verdict: str = "staged", **task: t.Any) -> tuple[Json, list[Json]]:
    """Return a rollout of one cluster of one host, with other times for the task."""
    line = rollouts.line("prod", "domain-c8", [rollouts.host("esx01", "host-1", verdict, 0, 60)], 0, 120)
    fact = rollouts.rollout([line], [[line]])
    line["task"].update(task)
    return fact, [line]


def test_every_cluster_and_every_host_has_a_bar_in_the_colour_of_its_verdict() -> None:
    html = picture(*rollouts.small())
    kinds = [kind for dummy, width, kind in bars(html) if width]
    # Two waves (each with a back and one bar), two clusters, and the hosts that were worked on.
    assert sorted(kinds) == sorted(["back", "good", "good", "good", "back", "part", "part", "good", "bad", "good"])
    assert all(0 <= start <= start + width <= 100.01 for start, width, dummy in bars(html))


def test_a_bar_is_where_its_time_is() -> None:
    # 22:00 to 22:02 on an axis from 21:59:30 to 22:02.
    dummy, (start, width, kind), *others = bars(picture(*one()))
    assert (round(start), round(width), kind) == (20, 80, "good")


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ({"start_time": None, "end_time": None}, "22:00:00, 1\u00a0min"),
        ({"end_time": None}, "22:00:00, end not known"),
        ({"end_time": "before"}, "22:00:00, end not known"),
        ({"start_time": "2026-03-02T22:00:00Z"}, "22:00:00, 1\u00a0min"),
        ({"start_time": "0001-01-01T00:00:00Z"}, "00:00:00, "),
    ],
)
def test_times_that_are_missing_or_damaged_are_made_up_by_what_is_known(task: Json, told: str) -> None:
    assert told in picture(*one(**task))


def test_what_has_no_end_goes_pale_to_the_edge() -> None:
    assert [kind for start, width, kind in bars(picture(*one(end_time=None)))].count("good open") == 1


def test_a_rollout_without_any_time_has_rows_and_no_axis() -> None:
    html = picture(*rollouts.planned())
    assert "<svg" not in html
    assert "prod-berlin" in html
    assert "to be staged" in html


def test_a_large_wave_shows_those_with_trouble_and_a_list_to_open() -> None:
    html = picture(*rollouts.large(500))
    assert "The other 24 clusters" in html
    assert "The other 73 clusters" in html
    before = html[: html.index("The other 24 clusters")]
    assert "prod-berlin-0020" in before
    assert "esx0021-0" not in before
    # Every cluster is in the picture of its wave, and named there.
    assert len(re.findall(r"<title>prod-berlin-\d{4}: ", html)) == 100
    assert len(set(re.findall(r"<bdi>(esx[\w.-]+)</bdi>", html))) == 500


def test_a_large_wave_without_trouble_is_a_list_to_open() -> None:
    html = picture(*rollouts.large(5 * (NAMED_IN_A_WAVE + 1) * 4, failing=1000))
    assert "All 13 clusters" in html


def test_bars_of_one_line_do_not_overlap() -> None:
    html = picture(*rollouts.large(500, failing=1000))
    wave = html[html.index("Wave 3") :]
    tops: dict[str, list[tuple[float, float]]] = {}
    for start, width, top in re.findall(
        r'<rect x="([\d.]+)%" width="([\d.]+)%" y="(\d+)" height="\d+" class="good"', wave
    ):
        tops.setdefault(top, []).append((float(start), float(width)))
    assert len(tops) == 20
    for line in tops.values():
        ordered = sorted(line)
        assert all(a[0] + a[1] <= b[0] + 0.02 for a, b in zip(ordered, ordered[1:], strict=False))


def test_very_many_at_once_still_fit() -> None:
    lines = [
        rollouts.line(f"c{number}", f"domain-c{number}", [rollouts.host("h", f"host-{number}", "staged", 0, 60)], 0, 60)
        for number in range(200)
    ]
    html = picture(rollouts.rollout(lines, [lines]), lines)
    heights = [int(height) for height in re.findall(r'class="bar" height="(\d+)"', html)]
    assert max(heights) < 300


def test_waves_that_were_not_started_say_so() -> None:
    assert "2 clusters, not started" in picture(*rollouts.failed())
    rollout, lines = rollouts.failed()
    rollout["waves"][1]["selected"] = False
    assert "2 clusters, left for another run" in picture(rollout, lines)


def test_a_problem_of_a_wave_and_of_a_cluster_is_told() -> None:
    rollout, lines = one()
    rollout["waves"][0]["problem"] = "The connection was lost"
    rollout["clusters"][0].update({"msg": "It took too long", "site": "Berlin"})
    lines[0].update({"timed_out": True})
    lines[0]["task"]["adopted"] = True
    lines[0]["hosts"][0]["commit"] = "6"
    html = picture(rollout, lines)
    for text in (
        *("The connection was lost", "It took too long", "site Berlin", "image 5", "image 6"),
        *("the task ran already and was waited for", "the time was over before the task ended"),
    ):
        assert text in html


def test_a_cluster_in_no_wave_is_shown() -> None:
    assert "In no wave" in picture({}, one()[1])


def test_the_legend_has_what_is_shown() -> None:
    told = re.findall(r"<b class=\"\w+\">(.*?)</b>", legend(report_of(*rollouts.small())))
    assert told == ["✓ staged", "! partly failed"]
