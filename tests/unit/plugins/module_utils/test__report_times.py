# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times that vCenter may send, in words and on an axis."""

from __future__ import annotations

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _report_times as times
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_times import Span

TEN = 1772402400.0  # 2026-03-01 22:00:00 UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T22:00:00Z",
        "2026-03-01T22:00:00.999Z",
        "2026-03-01T22:00:00.123456789z",
        "2026-03-01T23:00:00+01:00",
        "2026-03-01T17:30:00-0430",
        "2026-03-01 22:00",
        " 2026-03-01T22:00:00 ",
    ],
)
def test_a_time_is_read(text: str) -> None:
    assert times.moment_of(text) == TEN
    assert times.date_and_time(text) == "2026-03-01 22:00:00 UTC"


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "soon", "2026-13-01T00:00:00Z", "2026-03-01", "22:00", "2026-03-01T22:00:00Zulu"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "٢٠٢٦-03-01T22:00:00Z", "2026-03-01T22:00:61Z"),
    ],
)
def test_what_is_no_time_is_none_and_shown_as_it_is(text: str | None) -> None:
    assert times.moment_of(text) is None
    assert times.date_and_time(text) == (text or "not known")


def test_a_span_that_ends_before_it_starts_is_none() -> None:
    assert times.span_of("2026-03-01T22:00:00Z", "2026-03-01T22:00:05Z") == Span(TEN, TEN + 5)
    assert times.span_of("2026-03-01T22:00:00Z", None) == Span(TEN, None)
    assert times.span_of("2026-03-01T22:00:00Z", "2026-03-01T21:00:00Z") is None
    assert times.span_of(None, "2026-03-01T22:00:00Z") is None


def test_a_span_in_words() -> None:
    assert Span(TEN, TEN + 200).words == "22:00:00, 3\u00a0min\u00a020\u00a0s"
    assert Span(TEN, None).words == "22:00:00, end not known"


def test_around_is_open_when_one_of_them_is() -> None:
    assert times.around([None, Span(5, 6), Span(1, 2)]) == Span(1, 6)
    assert times.around([Span(5, 6), Span(1, None)]) == Span(1, None)
    assert times.around([None]) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-3, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h")),
        *((3725, "1 h 2 min"), (90000, "1 d 1 h"), (86400 * 20, "20 d")),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert times.duration(seconds).replace("\u00a0", " ") == words


@pytest.mark.parametrize("lasts", [0, 1, 7, 59, 300, 1800, 7200, 86400, 5 * 86400, 13 * 86400])
def test_an_axis_has_room_and_few_round_marks(lasts: float) -> None:
    span = Span(TEN + 13, TEN + 13 + lasts)
    axis = times.axis_of([span])
    assert axis
    assert axis.start <= span.start
    assert axis.end >= TEN + 13 + lasts
    assert 2 <= len(axis.labels()) <= 6
    assert axis.start % axis.unit == 0
    place = axis.place(span)
    assert place
    assert 0 <= place[0] <= sum(place) <= 100


def test_marks_tell_the_day_where_it_changes() -> None:
    axis = times.axis_of([Span(TEN, TEN + 4 * 3600)])
    assert axis
    assert axis.labels() == [
        (0.0, "22:00", "2026-03-01"),
        (25.0, "23:00", ""),
        (50.0, "00:00", "2026-03-02"),
        (75.0, "01:00", ""),
        (100.0, "02:00", ""),
    ]


def test_a_time_that_cannot_be_true_does_not_press_the_others_into_a_line() -> None:
    spans = [Span(TEN, TEN + 60), Span(TEN + 60, TEN + 120), Span(-6e10, TEN), Span(TEN + 10, 2e11)]
    axis = times.axis_of(spans)
    assert axis
    assert axis.end - axis.start <= 180
    assert axis.place(spans[0])
    assert axis.place(spans[2]) is None
    assert axis.place(spans[3]) is None
    assert times.axis_of([]) is None


def test_what_has_no_end_goes_to_the_edge() -> None:
    axis = times.axis_of([Span(TEN, TEN + 60), Span(TEN + 30, None)])
    assert axis
    assert axis.place(Span(TEN + 30, None)) == (50.0, 50.0)
    assert axis.place(Span(TEN + 60, None)) == (100.0, 0.0)
    assert axis.place(Span(TEN + 61, None)) is None, "it begins after the edge"


def test_times_that_are_far_from_all_others_leave_no_axis() -> None:
    assert times.axis_of([Span(TEN, TEN + 90 * 86400)]) is None
