# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""News of a run, their way through a file, and the lines for a reader that they become; prints nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain

FILE = "VSPHERE_LIFECYCLE_PROGRESS_FILE"
"""The variable that names the file in which somebody reads the news of a module while it runs."""
QUEUED, RUNNING, ENDED = "queued", "running", "ended"
HEARTBEAT = 25.0
"""Seconds between two heartbeats; 30 are promised, and whoever asks for them may be a little late."""
MOST_LINES = 10
"""So many lines at most are about one cluster or standalone host, heartbeats aside: AWX keeps each as an event."""
APART = 3
"""So many in flight have a line each in a heartbeat; of more there is one line in all."""
APART_FOR = 1800.0
"""Seconds for which they have; later, a heartbeat is one line: 4,000 events make a job of AWX slow to look at."""
LONGEST = 120
"""Characters of a name or a state that are shown."""


@dataclasses.dataclass(frozen=True)
class News:
    """How things stand with a cluster, a standalone host, or vCenter itself, since something has moved.

    :param kind: ``cluster``, ``host`` or ``vcenter``.
    :param moid: its identifier; empty for vCenter.
    :param state: ``queued``, ``running`` or ``ended``.
    :param text: what is being done, or how it has ended; in a few words.
    :param hosts: how many are to be staged.
    :param staged: how many of them need nothing more; None where nothing tells.
    :param failed: how many of them have failed, as far as is known.
    :param percent: how much of the staging is done; None where vCenter does not say.
    :param left: seconds to its end, as far as its progress tells; None where it tells nothing.
    """

    kind: str
    moid: str
    name: str
    state: str = QUEUED
    text: str = ""
    hosts: int = 0
    staged: int | None = None
    failed: int = 0
    percent: int | None = None
    left: float | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self) -> None:
        # Both may hold words of vCenter.
        for field in ("name", "text"):
            object.__setattr__(self, field, plain(getattr(self, field)))

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"

    @classmethod
    def from_line(cls, line: bytes) -> News | None:
        """Return the news that ``append`` wrote as this line; None if it holds none."""
        try:
            return cls(**json.loads(line))
        except (TypeError, ValueError):
            return None


def append(path: str, news: News) -> None:
    """Write news at the end of a file that is there; without it, they are lost: the work itself matters more."""
    line = f"{json.dumps(dataclasses.asdict(news))}\n".encode()
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.write(file, line)
        finally:
            os.close(file)


@dataclasses.dataclass
class Place:
    """What is known of a cluster, a standalone host or vCenter.

    :param began: when the work on it began; None before that.
    :param ends: when it should end; None where nothing tells.
    :param lines: how many were about it, heartbeats aside.
    """

    news: News
    began: float | None = None
    ends: float | None = None
    lines: int = 0

    @property
    def in_flight(self) -> bool:
        return self.news.state == RUNNING

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        return 1.0 if self.news.state == ENDED else (self.news.percent or 0) / 100


class Board:
    """Knows how everything stands, and puts it into words: a line for a change, and now and then a heartbeat.

    :param now: returns seconds on a clock that never goes back.
    :param time_of_day: returns the present time, UTC.
    """

    def __init__(self, now: t.Callable[[], float], time_of_day: t.Callable[[], datetime.datetime]) -> None:
        self._now, self._time_of_day = now, time_of_day
        self._places: dict[str, Place] = {}
        self._began = self._last_heartbeat = now()

    def take(self, news: News) -> str | None:
        """Take news in; return the line to show, if they are worth one."""
        now = self._now()
        # No sooner: half a secret would not be found, and so not be masked, by who wrote the news down.
        news = dataclasses.replace(news, name=_short(news.name), text=_short(news.text))
        # What nothing was known of has at least been queued.
        place = self._places.setdefault(news.moid, Place(News(news.kind, news.moid, news.name)))
        before, place.news = place.news, news
        if news.state == RUNNING and (place.began is None or before.state == ENDED):
            place.began = now
        place.ends = None if news.left is None else now + news.left
        changed = news.text != before.text or news.state != before.state
        # The last line is kept for the end.
        room = MOST_LINES - (news.state != ENDED)
        if news.state == QUEUED or place.lines >= room or not (changed or news.failed > before.failed):
            return None
        place.lines += 1
        if news.state == ENDED:
            return _joined(news.name, *_numbers(news), self._since(place.began), news.text)
        return _joined(news.name, news.text, self._since(place.began, least=1)) if changed else self._line(place)

    def heartbeat(self) -> list[str]:
        """Return the lines to show if one is due: of each in flight while they are few and it is early, else of all."""
        now = self._now()
        if now - self._last_heartbeat < HEARTBEAT:
            return []
        self._last_heartbeat = now
        vcenter = [self._line(place) for place in self._places.values() if place.in_flight and not place.news.moid]
        places = [place for place in self._places.values() if place.news.moid]
        flying = [place for place in places if place.in_flight]
        if not places:
            return vcenter or [_joined("vCenter", "reading", self._since(self._began))]
        apart = [self._line(place) for place in flying] if len(flying) <= APART else []
        together = [] if len(apart) == len(places) else [self._total(places, flying)]
        lines = vcenter + apart + together
        if len(lines) == 1 or now - self._began < APART_FOR:
            return lines
        # While vCenter is away, nothing else is new.
        return vcenter or [self._total(places, flying)]

    def _line(self, place: Place) -> str:
        """Return how one that is in flight stands."""
        news = place.news
        text = news.text if news.percent is None else ""
        return _joined(news.name, *_numbers(news), text, self._since(place.began), self._end(place.ends))

    def _total(self, places: list[Place], flying: list[Place]) -> str:
        """Return how all of them stand."""
        counted = [place.news for place in places]
        hosts = sum(news.hosts for news in counted)
        share = sum(place.share * place.news.hosts for place in places) / (hosts or 1)
        sums = News(
            *("cluster", "", ""),
            hosts=hosts,
            staged=sum(news.staged or 0 for news in counted)
            if any(news.staged is not None for news in counted)
            else None,
            failed=sum(news.failed for news in counted),
            percent=int(100 * share),
        )
        ended = sum(news.state == ENDED for news in counted)
        last = max(flying, key=lambda place: place.ends or 0, default=None)
        return _joined(
            f"{_counted([place.news for place in flying])} in flight",
            f"{ended}/{len(places)} ended",
            *_numbers(sums),
            self._since(self._began),
            self._end(self._end_of_all(places, share)),
            f"last: {last.news.name}" if last and last.ends else "",
        )

    def _end_of_all(self, places: list[Place], share: float) -> float | None:
        """Return when all should have ended; None where nothing tells."""
        open_ones = [place for place in places if place.news.state != ENDED]
        ends = [place.ends for place in open_ones if place.ends is not None]
        if len(ends) == len(open_ones):
            return max(ends, default=None)
        # Some have not begun, or do not tell: they should go as fast as the others did.
        elapsed = self._now() - self._began
        return self._began + elapsed / share if share >= 0.02 else None

    def _since(self, began: float | None, least: float = 0) -> str:
        """Return the time that has gone by, such as ``02:10`` or ``1:02:10``; empty where it is too short to tell."""
        elapsed = self._now() - (self._now() if began is None else began)
        minutes, seconds = divmod(int(elapsed), 60)
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
        return text if elapsed >= least else ""

    def _end(self, ends: float | None) -> str:
        """Return when something should end; empty where that is not known, or has been in vain."""
        left = -1 if ends is None else ends - self._now()
        end = self._time_of_day() + datetime.timedelta(seconds=left)
        return f"end about {end:%H:%M} UTC" if left >= 0 else ""


def _numbers(news: News) -> list[str]:
    if not news.hosts:
        return []
    count = f"{news.hosts}" if news.staged is None else f"{news.staged}/{news.hosts}"
    return [
        f"{count} host{'s' if news.hosts > 1 else ''}{'' if news.staged is None else ' staged'}",
        f"{news.failed} failed" if news.failed else "",
        "" if news.percent is None or news.state == ENDED else f"{news.percent} %",
    ]


def _counted(all_news: list[News]) -> str:
    """Return how many of which kind there are, such as ``2 clusters and 1 host``."""
    hosts = sum(news.kind == "host" for news in all_news)
    clusters = len(all_news) - hosts
    counts = [(clusters, "cluster")] * (clusters > 0 or not hosts) + [(hosts, "host")] * (hosts > 0)
    return " and ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in counts)


def _joined(*parts: str) -> str:
    return "  ".join(part for part in parts if part)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
