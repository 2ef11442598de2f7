# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Several calls at the same time, for the sake of the time that their answers take; knows not what they do."""

from __future__ import annotations

import collections
import threading
import typing as t

T = t.TypeVar("T")
Call = t.Callable[[], T]


def side_by_side(calls: t.Iterable[Call[T]], at_once: int) -> list[T]:
    """Make all calls, begun in their order, and return what they return, in the same order.

    With ``at_once`` 1 they are made one after the other in this thread. The threads are daemons: whoever is interrupted
    while waiting for them leaves at once, and those that still run keep no process alive.

    :param at_once: how many threads, at most.
    :raises BaseException: what the first of the calls raised that failed; no call is begun after one has failed.
    """
    queue = collections.deque(enumerate(calls))
    if at_once <= 1 or len(queue) <= 1:
        return [call() for dummy, call in queue]
    number = len(queue)
    results: dict[int, T] = {}
    failures: dict[int, BaseException] = {}

    def work() -> None:
        while queue and not failures:
            try:
                place, call = queue.popleft()
            except IndexError:
                return
            try:
                results[place] = call()
            except BaseException as error:
                failures[place] = error

    threads = [threading.Thread(target=work, daemon=True) for dummy in range(min(at_once, number))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        queue.clear()
    if failures:
        raise failures[min(failures)]
    return [results[place] for place in range(number)]
