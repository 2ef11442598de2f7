# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Time as a value that tests replace: now, sleep and growing delays; the only file that sleeps."""

from __future__ import annotations

import dataclasses
import random
import time
import typing as t


class Clock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean anything."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for that many seconds."""
        time.sleep(seconds)


@dataclasses.dataclass(frozen=True)
class Deadline:
    """A point in time that something must not pass.

    :param seconds: how long from now.
    """

    clock: Clock
    seconds: float
    started: float = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started", self.clock.now())

    @property
    def left(self) -> float:
        """Seconds until it passes; negative afterwards."""
        return self.started + self.seconds - self.clock.now()

    @property
    def passed(self) -> bool:
        return self.left <= 0


@dataclasses.dataclass(frozen=True)
class Delays:
    """Growing pauses in seconds.

    Each is the one before times ``factor``, up to ``longest``, and off by up to ``jitter`` (0.15 = 15 percent).
    """

    first: float
    factor: float
    longest: float
    jitter: float = 0.15

    def __iter__(self) -> t.Iterator[float]:
        pause = min(self.first, self.longest)
        while True:
            yield min(self.longest, pause * random.uniform(1 - self.jitter, 1 + self.jitter))
            pause = min(self.longest, pause * self.factor)


def full_jitter(attempt: int, base: float, longest: float) -> float:
    """Return a pause in seconds before retry number ``attempt`` (0 = first), anywhere from 0 to a growing bound."""
    return random.uniform(0, min(longest, base * 2**attempt))
