# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What is done for one cluster or standalone host: scan, adopt or start, wait, judge; knows nothing of the others."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _images, _staging, _tasks, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline, Delays
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    Busy,
    NotAllowedInCurrentState,
    TaskFailed,
    TaskTimeout,
    TaskVanished,
    Unsupported,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Options, Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task, TimedOut, Vanished, Wait

BUSY_PAUSE = 15.0
"""Seconds between two tries while vCenter is busy with an operation that it does not show us."""
OUTAGE_DELAYS = Delays(2, 2, 30)
"""Pauses between two tries while vCenter gives no usable answer."""

T = t.TypeVar("T")
Steps = t.Generator[Wait, _tasks.Resumption, T]


class StageJob:
    """The work on one unit, as a job for ``Together``.

    :param running: the vLCM operation that ran on the object when it was last looked at; None for none.
    """

    def __init__(
        self, client: VCenterClient, options: Options, context: Context, unit: Unit, running: Task | None
    ) -> None:
        self._client, self._options, self._context = client, options, context
        self._unit, self._running = unit, running
        self._label = unit.entity.label
        self._deadline = Deadline(client.clock, options.wait_timeout)
        self._busy: Deadline | None = None
        self._judged: set[str] = set()
        self._present: str | None = None

    def steps(self) -> _tasks.Job:
        """Do the work; yield whatever has to be waited for. What goes wrong becomes the problem of the unit."""
        self._deadline = Deadline(self._client.clock, self._options.wait_timeout)
        staging_runs = self._running is not None and self._running.action == "stage"
        try:
            if self._unit.scan_wanted(self._options) and not staging_runs:
                yield from self._scan()
            yield from self._stage()
        except VCenterError as error:
            self._unit.problem = str(error)
            self._context.progress(f"{self._label}: {error}")

    def _scan(self) -> Steps[None]:
        self._context.progress(f"{self._label}: compliance scan")
        start = functools.partial(_images.start_scan, self._client, self._unit.entity)
        task, dummy = yield from self._obtain("scan", start)
        ended = yield from self._wait_for(task)
        if ended.status != "SUCCEEDED":
            raise TaskFailed(
                f"The compliance scan of {self._label} failed: {_why(ended)}", "Correct the cause, then run again"
            )
        if ended.result:
            self._unit.compliance = _images.compliance_of(self._unit.entity, ended.result)
        else:
            stored = functools.partial(_images.find_compliance, self._client, self._unit.entity)
            self._unit.compliance = yield from self._endured(stored)
        self._unit.scanned = self._unit.compliance is not None

    def _stage(self) -> Steps[None]:
        plan = self._unit.plan(self._options.commit)
        self._unit.verdicts.update(plan.settled)
        needed, rounds = set(plan.needed), self._options.retry_failed_hosts
        while needed:
            if self._deadline.passed:
                raise TaskTimeout(f"wait_timeout ({self._options.wait_timeout:g} s) is over for {self._label}")
            task = yield from self._staging_task(needed)
            if not self._options.wait:
                self._leave(needed)
                return
            try:
                self._unit.task = yield from self._wait_for(task)
            except TaskVanished as lost:
                yield from self._judge_by_compliance(needed, lost)
                return
            self._judged.add(task)
            if _refused_late(self._unit.task):
                yield from self._wait_for_others()
                continue
            needed = self._judge(self._unit.task, needed) or self._outdated()
            if not needed and rounds > 0:
                rounds -= 1
                needed = self._retriable()

    def _leave(self, needed: set[str]) -> None:
        """Give the verdicts for hosts that nobody waits for; someone else's task may not be for all of them."""
        task = self._unit.task
        outcome = _verdicts.NOTHING
        if self._unit.adopted and task and task.result:
            outcome = _verdicts.outcome_of(self._unit.entity, task.result, ended=task.finished)
        for moid in needed:
            host = self._unit.hosts[moid]
            left_out = outcome.verdicts and moid not in outcome.verdicts
            reason = "a staging of other hosts runs on this cluster; run again when it has ended"
            self._unit.verdicts[moid] = _verdicts.failed(host, reason) if left_out else _verdicts.started(host)

    def _staging_task(self, needed: set[str]) -> Steps[str]:
        """Return a task that stages these hosts, found running or started."""
        whole = self._unit.whole and len(needed) == len(self._unit.hosts)
        hosts = None if whole else needed
        start = functools.partial(_staging.start_stage, self._client, self._unit.entity, self._options.commit, hosts)
        task, self._unit.adopted = yield from self._obtain("stage", start)
        self._unit.task = Task(task, "PENDING")
        if not self._options.wait:
            self._unit.task = yield from self._endured(functools.partial(_tasks.get_task, self._client, task))
        news = "waiting for the running" if self._unit.adopted else "started"
        self._context.progress(f"{self._label}: {news} task {task}")
        return task

    def _obtain(self, action: str, start: t.Callable[[], str]) -> Steps[tuple[str, bool]]:
        """Return a task that does ``action``, and whether it ran already; waits while vCenter is busy with another.

        An answer that got lost may have started it, so vCenter's tasks are looked at before anything is sent again.
        """
        other, self._running = self._running, None
        trouble = Trouble(self._client, self._options.outage_timeout)
        while True:
            if other is None:
                try:
                    return start(), False
                except NotAllowedInCurrentState:
                    other = yield from self._endured(self._operation_on)
                except VCenterError as error:
                    yield trouble.pause(error)
                    lost = yield from self._endured(functools.partial(self._new_task, action))
                    if lost:
                        return lost.task, False
                    continue
            if other and other.action == action and other.task not in self._judged:
                return other.task, True
            yield self._busy_with(other)
            other = yield from self._endured(self._operation_on)

    def _operation_on(self) -> Task | None:
        """Return the vLCM operation that runs on the object now: the staging, if there are several."""
        found = _staging.find_operations(self._client, self._unit.entity.kind, self._unit.entity)
        return next((task for task in found if task.action == "stage"), found[0] if found else None)

    def _new_task(self, action: str) -> Task | None:
        """Return the latest task for ``action`` that vCenter did not have before; one that has ended counts as well."""
        found = _staging.find_operations(self._client, self._unit.entity.kind, self._unit.entity, unfinished=False)
        known = self._unit.known_tasks | self._judged
        new = [task for task in found if task.action == action and task.task not in known]
        return max(new, key=lambda task: task.start_time or "", default=None)

    def _busy_with(self, other: Task | None) -> Wait:
        """Return what to wait for while another operation occupies the object; the time for that is counted together.

        :raises Busy: that time is over.
        """
        if self._busy is None:
            self._busy = Deadline(self._client.clock, self._options.busy_timeout if self._options.wait else 0)
        if self._busy.passed:
            raise Busy(
                f"vCenter is busy with {_named(other)} on {self._label}, "
                f"and busy_timeout ({self._busy.seconds:g} s) is over"
            )
        self._context.progress(f"{self._label}: waiting for {_named(other)}")
        if other is None or other.finished:
            return Wait(Deadline(self._client.clock, min(BUSY_PAUSE, self._busy.left)))
        return Wait(self._busy, other.task)

    def _wait_for_others(self) -> Steps[None]:
        """Wait after a task that was refused although it was accepted: something else occupies the object."""
        self._running = yield from self._endured(self._operation_on)
        if self._running is None:
            yield self._busy_with(None)

    def _endured(self, call: t.Callable[[], T]) -> Steps[T]:
        """Return what a call that changes nothing returns; an outage of vCenter is waited out, as its tasks go on."""
        trouble = Trouble(self._client, self._options.outage_timeout)
        while True:
            try:
                return call()
            except VCenterError as error:
                yield trouble.pause(error, repeatable=True)

    def _wait_for(self, task: str) -> Steps[Task]:
        """Return the task when it has ended, with its result.

        :raises TaskVanished: vCenter has dropped it.
        :raises TaskTimeout: it takes too long.
        """
        news = yield Wait(self._deadline, task)
        if isinstance(news, Vanished):
            raise TaskVanished(f"vCenter no longer knows task {task} of {self._label}")
        last = yield from self._endured(functools.partial(_tasks.get_task, self._client, task))
        if isinstance(news, TimedOut) and not last.finished:
            raise self._timed_out(last)
        return last

    def _timed_out(self, last: Task) -> TaskTimeout:
        """Return the error for a task that takes too long, after keeping what is known of its hosts."""
        self._unit.task, self._unit.timed_out = last, True
        if last.action == "stage" and last.result:
            outcome = _verdicts.outcome_of(self._unit.entity, last.result, ended=False)
            self._unit.commit = outcome.commit
            for host, one in self._asked(outcome.verdicts).items():
                self._unit.verdicts[host] = _verdicts.unfinished(one) if one.verdict == _verdicts.STARTED else one
        error = TaskTimeout(
            f"Task {last.task} of {self._label} is {last.status} ({last.percent or 0} %) "
            f"after wait_timeout ({self._options.wait_timeout:g} s)"
        )
        if self._options.on_timeout == "cancel":
            error.remedy = self._cancelled(last.task)
        return error

    def _cancelled(self, task: str) -> str:
        """Cancel a task as far as vCenter lets us; return what to tell the user."""
        try:
            _tasks.cancel_task(self._client, task)
        except Unsupported:
            return "vCenter cannot cancel it and goes on: run again to wait for the same task"
        except VCenterError as error:
            return f"{error} vCenter may go on with it: run again to see"
        return "It was cancelled. Hosts that have the image by now keep it; run again to stage the others"

    def _judge(self, task: Task, needed: set[str]) -> set[str]:
        """Take over the verdicts of an ended task; return the hosts that still need one of our own."""
        unit = self._unit
        outcome = _verdicts.outcome_of(unit.entity, task.result) if task.result else _verdicts.NOTHING
        unit.commit, unit.notifications = outcome.commit, outcome.notifications
        if unit.adopted and self._options.commit not in {None, outcome.commit} and not unit.scanned:
            # It may have staged an older image. vCenter skips what needs nothing, so asking again is right in any case.
            return needed
        asked = self._asked(outcome.verdicts)
        unit.verdicts.update(asked)
        missing = needed - set(asked)
        if unit.adopted and task.status == "SUCCEEDED":
            return missing
        for moid in missing:
            unit.verdicts[moid] = _verdicts.failed(unit.hosts[moid], _why(task))
        return set()

    def _outdated(self) -> set[str]:
        """Return the hosts that are good for an image which, as the result now tells, is no longer the present one."""
        present = self._unit.commit
        if self._options.commit or present in {None, self._present}:
            return set()
        self._present = present
        good = {_verdicts.STAGED, _verdicts.SKIPPED}
        return {moid for moid, one in self._unit.verdicts.items() if one.verdict in good and one.commit != present}

    def _asked(self, verdicts: dict[str, _verdicts.Verdict]) -> dict[str, _verdicts.Verdict]:
        """Return those about hosts asked for: someone else's task may be for other hosts as well."""
        return {host: one for host, one in verdicts.items() if self._unit.whole or host in self._unit.hosts}

    def _judge_by_compliance(self, needed: set[str], lost: TaskVanished) -> Steps[None]:
        """Give verdicts from a new scan, as the task that knew them is gone."""
        self._context.progress(f"{self._label}: {lost.reason}; scanning to learn what became of it")
        self._unit.source = "compliance"
        yield from self._scan()
        compliance = self._unit.compliance
        if compliance is None:
            raise lost
        self._unit.commit = compliance.commit
        for moid in needed:
            self._unit.verdicts[moid] = _verdicts.by_compliance(self._unit.hosts[moid], compliance, lost.reason)

    def _retriable(self) -> set[str]:
        """Return the hosts that failed in a way that vCenter calls worth another try."""
        verdicts = self._unit.verdicts
        again = {moid for moid in self._unit.hosts if moid in verdicts and verdicts[moid].retriable}
        if again:
            self._context.progress(f"{self._label}: once more for {len(again)} hosts")
        return again


class Trouble:
    """Counts how long vCenter has given no usable answer to one call, and says when to give up."""

    def __init__(self, client: VCenterClient, outage_timeout: float) -> None:
        self._clock, self._seconds = client.clock, outage_timeout
        self._outage: Deadline | None = None
        self._pauses = iter(OUTAGE_DELAYS)
        self._answered = 0

    def pause(self, error: VCenterError, *, repeatable: bool = False) -> Wait:
        """Return how long to wait before the next try.

        :param repeatable: whether the call changes nothing.
        :raises VCenterError: the error, if another try is no use: it is no outage, vCenter has refused the same call
            with a status of 500 before, or the outage lasts for too long.
        """
        self._outage = self._outage or Deadline(self._clock, self._seconds)
        if isinstance(error, ApiError) and error.status == 500:
            self._answered += 1
        if not _tasks.is_outage(error) or self._outage.passed or (self._answered > 1 and not repeatable):
            raise error
        return Wait(Deadline(self._clock, next(self._pauses)))


def _refused_late(task: Task) -> bool:
    """Whether a task failed because of another operation: the same refusal as a 400 on the call, only later."""
    return task.status == "FAILED" and task.error_type == "NOT_ALLOWED_IN_CURRENT_STATE"


def _named(task: Task | None) -> str:
    if task is None:
        return "an operation that it does not show"
    done = f", {task.percent} % done" if task.percent is not None else ""
    return f"'{task.action}' (task {task.task}, {task.status}{done})"


def _why(task: Task) -> str:
    said = "; ".join(task.error_messages)
    if task.status == "FAILED":
        return f"task {task.task} failed: {said or 'vCenter gives no reason'}"
    return f"task {task.task} ended {task.status} without a word about it"
