# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world's clock and what is due when; knows neither vCenter nor real time."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import time
import typing as t

Clock = t.Callable[[], float]


class ScaledClock:
    """Real time, running `speed` times as fast; seconds since the epoch as the simulated vCenter sees them."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._epoch = time.time()
        self._started = time.monotonic()

    def __call__(self) -> float:
        return self._epoch + (time.monotonic() - self._started) * self.speed


class Timeline:
    """Events in the order of their time, run late but as of the time they were due.

    Nothing runs by itself: whoever looks at the world calls `catch_up` first. The outcome depends on the clock
    alone, never on when or how often somebody looked.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = 0.0
        self._events: list[tuple[float, int, t.Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._moment: float | None = None

    def now(self) -> float:
        """The time being simulated: that of the running event, else the clock's."""
        return self._clock() + self._offset if self._moment is None else self._moment

    def at(self, when: float, action: t.Callable[[], None]) -> None:
        """Run `action` at the time `when`; a time that has gone by means at the next look."""
        heapq.heappush(self._events, (max(when, self.now()), next(self._numbers), action))

    def after(self, seconds: float, action: t.Callable[[], None]) -> None:
        """Run `action` so many seconds from now."""
        self.at(self.now() + seconds, action)

    def shift(self, seconds: float) -> None:
        """Set the clock forward or back; what is due keeps its distance from now."""
        self._offset += seconds
        self._events = [(when + seconds, number, action) for when, number, action in self._events]
        if self._moment is not None:
            self._moment += seconds

    def catch_up(self) -> None:
        """Run everything that has become due."""
        while self._events and self._events[0][0] <= self._clock() + self._offset:
            when, dummy, action = heapq.heappop(self._events)
            with self.as_of(when):
                action()

    @contextlib.contextmanager
    def as_of(self, moment: float) -> t.Iterator[None]:
        """Let `now` be `moment` inside the block."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before
