# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Gets a vLCM task for one object, without ever starting a second one: found, started, or found after all.

Knows what may occupy an object and how an outage is endured, but not what a task is for.
"""

from __future__ import annotations

import enum
import functools
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _staging, _tasks
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline, Delays
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    Busy,
    NotAllowedInCurrentState,
    ReplyTooLarge,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_progress import UnitProgress
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Options, Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task, Wait

BUSY_PAUSE = 15.0
"""Seconds between two tries while vCenter is busy with an operation that it does not show us."""
LOOKS = 4
"""How often a call whose answer got lost is looked for while vCenter does not tell what a new task is for."""
OUTAGE_DELAYS = Delays(2, 2, 30)
"""Pauses between two tries while vCenter gives no usable answer; the task of a lost call may take one to be listed."""

T = t.TypeVar("T")
Steps = t.Generator[Wait, _tasks.Resumption, T]


class Origin(enum.Enum):
    """Where a task comes from: it ran already, we started it, or it was there after our call's answer got lost."""

    ADOPTED = "adopted"
    STARTED = "started"
    FOUND = "found"


class Operations:
    """The vLCM operations on the object of one unit.

    :param running: the operation that ran when it was last looked at; None for none.
    :param learned: the hosts of tasks without a target, as far as they are known; shared by all units.
    """

    def __init__(
        self,
        client: VCenterClient,
        options: Options,
        progress: UnitProgress,
        unit: Unit,
        running: Task | None,
        learned: dict[str, set[str]],
    ) -> None:
        self._client, self._options, self._progress = client, options, progress
        self._unit, self._running, self._learned = unit, running, learned
        self._busy: Deadline | None = None
        self._done: set[str] = set()
        # How often to look for a task that nobody could tell to be this object's, before anything is sent.
        self._looks = 1 if unit.untold else 0

    @property
    def staging_runs(self) -> bool:
        """Whether a staging ran when it was last looked at."""
        return self._running is not None and self._running.action == "stage"

    def done_with(self, task: str) -> None:
        """Never return that task again."""
        self._done.add(task)

    def obtain(self, action: str, start: t.Callable[[], str]) -> Steps[tuple[str, Origin]]:
        """Return a task that does ``action``; waits while vCenter is busy with another one.

        An answer that got lost may have started it, so vCenter's tasks are looked at before anything is sent again.

        :raises Busy: another operation lasts for too long.
        """
        other, self._running = self._running, None
        trouble = Trouble(self._client, self._options.outage_timeout)
        while True:
            if other is None:
                obtained = yield from self._found_or_started(action, start, trouble)
                if obtained:
                    return obtained
                other = yield from self.endured(functools.partial(self._present, guess=action))
            if other and other.action == action and other.task not in self._done:
                return other.task, Origin.ADOPTED
            yield self._busy_with(other)
            if other:
                other = yield from self.endured(self._present)
            # What occupied the object may have been a task of ours that could not be told from others.
            self._looks = LOOKS if other is None else 0

    def _found_or_started(
        self, action: str, start: t.Callable[[], str], trouble: Trouble
    ) -> Steps[tuple[str, Origin] | None]:
        """Return the task of a call whose answer got lost, or else one that is started now; None if vCenter is busy."""
        while True:
            lost = yield from self._lost(action)
            if lost:
                return lost.task, Origin.FOUND
            try:
                task = start()
            except NotAllowedInCurrentState:
                return None
            except VCenterError as error:
                if not _tasks.is_outage(error) and not isinstance(error, ReplyTooLarge):
                    raise
                self._looks = LOOKS
                given_up = trouble.over(error)
                yield trouble.rest()
                if given_up:
                    lost = yield from self._lost(action)
                    if lost:
                        return lost.task, Origin.FOUND
                    raise
            else:
                # Whatever vCenter shows of it, this one need not be asked what it is for.
                self._learned[task] = set(self._unit.hosts)
                return task, Origin.STARTED

    def refused_late(self) -> Steps[None]:
        """Wait after a task that was accepted and failed because something else occupies the object."""
        self._running = yield from self.endured(functools.partial(self._present, guess="stage"))
        if self._running is None:
            yield self._busy_with(None)
            self._looks = LOOKS

    def endured(self, call: t.Callable[[], T], seconds: float | None = None) -> Steps[T]:
        """Return what a call that changes nothing returns; an outage of vCenter is waited out, as its tasks go on.

        :param seconds: how long at most; None for the outage time-out.
        """
        trouble = Trouble(self._client, self._options.outage_timeout if seconds is None else seconds)
        while True:
            try:
                return call()
            except VCenterError as error:
                if trouble.over(error, repeatable=True):
                    raise
                yield trouble.rest()

    def _present(self, guess: str | None = None) -> Task | None:
        """Return the operation that runs on the object now: the staging, if there are several.

        :param guess: an action; if nothing else is there, the only task for it of which vCenter does not tell what it
            is for. Its result will tell.
        """
        listed = self._listed(unfinished=True)
        found = [task for task in listed if task.target == self._unit.entity.moid]
        untold = [
            task
            for task in listed
            if task.target is None
            and task.action == guess
            and task.task not in self._done
            and not self._learned.get(task.task)
        ]
        if not found and len(untold) == 1:
            return untold[0]
        return next((task for task in found if task.action == "stage"), found[0] if found else None)

    def _lost(self, action: str) -> Steps[Task | None]:
        """Return the first task for ``action`` that vCenter did not have before; one that has ended counts as well.

        A new one of which vCenter does not tell yet what it is for may be ours: then it is asked again, a few times. If
        ours is among them after that, vCenter refuses the call that follows.
        """
        known = self._unit.known_tasks | self._done
        looks, self._looks = self._looks, 0
        while looks:
            looks -= 1
            listed = yield from self.endured(functools.partial(self._listed, unfinished=False))
            new = [task for task in listed if task.action == action and task.task not in known]
            ours = [task for task in new if task.target == self._unit.entity.moid]
            if ours or not any(task.target is None and not task.finished for task in new):
                # Somebody else's may be among them: if this one leaves hosts out, the others are looked at after it.
                self._looks = 1 if len(ours) > 1 else 0
                return min(ours, key=lambda task: task.start_time or "", default=None)
            if looks:
                yield Wait(Deadline(self._client.clock, BUSY_PAUSE))
        return None

    def _listed(self, *, unfinished: bool) -> list[Task]:
        entity = self._unit.entity
        found = _staging.find_operations(self._client, entity.kind, entity, unfinished=unfinished)
        owner = _staging.owners([(entity, self._unit.hosts)])
        return _staging.attributed(self._client, found, owner, self._learned)

    def _busy_with(self, other: Task | None) -> Wait:
        """Return what to wait for while another operation occupies the object; the time for that is counted together.

        :raises Busy: that time is over.
        """
        label = self._unit.entity.label
        if not self._options.wait:
            raise Busy(
                f"vCenter is busy with {_named(other)} on {label}", "Run again when that has ended, or set wait: true"
            )
        if self._busy is None:
            self._busy = Deadline(self._client.clock, self._options.busy_timeout)
        if self._busy.passed:
            raise Busy(
                f"vCenter is busy with {_named(other)} on {label}, and busy_timeout ({self._busy.seconds:g} s) is over"
            )
        self._progress.now(f"waiting for {_named(other)}")
        if other is None or other.finished:
            return Wait(Deadline(self._client.clock, min(BUSY_PAUSE, self._busy.left)))
        return Wait(self._busy, other.task)


class Trouble:
    """Counts how long vCenter has given no usable answer to one call, and says when to give up."""

    def __init__(self, client: VCenterClient, outage_timeout: float) -> None:
        self._clock, self._seconds = client.clock, outage_timeout
        self._outage: Deadline | None = None
        self._pauses = iter(OUTAGE_DELAYS)
        self._answered = 0

    def over(self, error: VCenterError, *, repeatable: bool = False) -> bool:
        """Return whether another try is no use.

        That is so if it is no outage, if vCenter has refused the same call with a status of 500 before, or if the
        outage lasts for too long.

        :param repeatable: whether the call changes nothing.
        """
        self._outage = self._outage or Deadline(self._clock, self._seconds)
        if isinstance(error, ApiError) and error.status == 500:
            self._answered += 1
        return not _tasks.is_outage(error) or self._outage.passed or (self._answered > 1 and not repeatable)

    def rest(self) -> Wait:
        """Return the pause before the next try."""
        return Wait(Deadline(self._clock, next(self._pauses)))


def _named(task: Task | None) -> str:
    if task is None:
        return "an operation that it does not show"
    done = f", {task.percent} % done" if task.percent is not None else ""
    return f"'{task.action}' (task {task.task}, {task.status}{done})"
