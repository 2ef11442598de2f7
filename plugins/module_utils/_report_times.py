# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Reads the times of a report and puts them into words and onto an axis; knows nothing of what happened then."""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
import statistics
import typing as t

_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 14)),
)
_MOST_PARTS = 5
_FAR = 14 * _DAY
"""How far from the middle of a rollout a time is taken for damaged: it would press all others into a line."""


class Span(t.NamedTuple):
    """From when to when, in seconds since 1970 in UTC; ``end`` is None where that is not known."""

    start: float
    end: float | None

    @property
    def words(self) -> str:
        """From when, and for how long."""
        took = f", {duration(self.end - self.start)}" if self.end is not None else ", end not known"
        return f"{clock(self.start)}{took}"


def moment_of(text: str | None) -> float | None:
    """Return an ISO 8601 time as seconds since 1970; one without a zone is taken as UTC. None if it is none."""
    found = _MOMENT.fullmatch(text.strip()) if text else None
    if not found:
        return None
    *digits, zone = found.groups()
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in digits)
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.timezone.utc)
        # A shift at the edge of all years has no date.
        return _utc(moment.timestamp() - _offset(zone)).timestamp()
    except (OverflowError, ValueError):
        return None


def _offset(zone: str | None) -> float:
    if not zone or zone in "Zz":
        return 0.0
    seconds = int(zone[1:3]) * _HOUR + int(zone[-2:]) * _MINUTE
    return float(-seconds if zone[0] == "-" else seconds)


def span_of(start: str | None, end: str | None) -> Span | None:
    """Return from when to when; None without a start, or where it would end before it starts."""
    first, last = moment_of(start), moment_of(end)
    if first is None or (last is not None and last < first):
        return None
    return Span(first, last)


def around(spans: t.Iterable[Span | None]) -> Span | None:
    """Return the span that holds all of them; open if one of them is. None for none."""
    known = [span for span in spans if span]
    if not known:
        return None
    ends = [span.end for span in known]
    return Span(
        min(span.start for span in known), None if None in ends else max(end for end in ends if end is not None)
    )


def date_and_time(text: str | None) -> str:
    """Return a time as people read it, in UTC; as it is where it is none."""
    moment = moment_of(text)
    return f"{_utc(moment):%Y-%m-%d %H:%M:%S} UTC" if moment is not None else (text or "not known")


def clock(moment: float) -> str:
    """Return the time of the day."""
    return f"{_utc(moment):%H:%M:%S}"


def duration(seconds: float) -> str:
    """Return how long something took, in the two largest units that matter."""
    whole = max(0, round(seconds))
    units = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
    first = next((index for index, (size, dummy) in enumerate(units) if whole >= size), len(units) - 1)
    size, name = units[first]
    words = f"{whole // size}\u00a0{name}"
    if first + 1 < len(units):
        small, small_name = units[first + 1]
        rest = whole % size // small
        words += f"\u00a0{rest}\u00a0{small_name}" if rest else ""
    return words


@dataclasses.dataclass(frozen=True)
class Axis:
    """A piece of time in equal parts that begin at round times."""

    start: float
    unit: float
    parts: int

    @property
    def end(self) -> float:
        return self.start + self.unit * self.parts

    def place(self, span: Span) -> tuple[float, float] | None:
        """Return where a span begins and how wide it is, in percent; None if it is not on the axis."""
        end = self.end if span.end is None else span.end
        # What has no end may begin after the axis.
        if not self.start <= span.start <= end <= self.end:
            return None
        return self._percent(span.start - self.start), self._percent(end - span.start)

    def labels(self) -> list[tuple[float, str, str]]:
        """Return for each mark its place in percent, its time, and its day where that is another than before."""
        found = []
        day = ""
        for number in range(self.parts + 1):
            moment = _utc(self.start + number * self.unit)
            time = f"{moment:%H:%M:%S}" if self.unit < _MINUTE else f"{moment:%H:%M}"
            date = f"{moment:%Y-%m-%d}"
            found.append((self._percent(number * self.unit), time, "" if date == day else date))
            day = date
        return found

    def _percent(self, seconds: float) -> float:
        return 100 * seconds / (self.unit * self.parts)


def axis_of(spans: t.Sequence[Span]) -> Axis | None:
    """Return an axis with room for the spans; without those that are too far from the others to be true."""
    if not spans:
        return None
    middle = statistics.median_low([span.start for span in spans])
    near = [span for span in spans if all(abs(moment - middle) < _FAR for moment in span if moment is not None)]
    ends = [moment for span in near for moment in span if moment is not None]
    if not ends:
        return None
    first, last = min(ends), max(ends)
    for unit in _UNITS:
        start = math.floor(first / unit) * unit
        parts = max(1, math.ceil((last - start) / unit))
        if parts <= _MOST_PARTS:
            break
    return Axis(float(start), float(unit), parts)


def _utc(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
