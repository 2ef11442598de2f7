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
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    Busy,
    ConnectionFailed,
    NotAllowedInCurrentState,
    TaskFailed,
    TaskTimeout,
    TaskVanished,
    UnparsableError,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Options, Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task, TimedOut, Vanished, Wait

BUSY_PAUSE = 15.0
"""Seconds between two tries while vCenter is busy with an operation that it does not show us."""

Steps = t.Generator[Wait, _tasks.Resumption, t.Any]


class StageJob:
    """The work on one unit, as a job for ``Together``.

    :param running: the vLCM operation that ran on the object when it was last looked at; None for none.
    """

    def __init__(
        self, client: VCenterClient, options: Options, context: Context, unit: Unit, running: Task | None
    ) -> None:
        self._client, self._options, self._context = client, options, context
        self._unit, self._running = unit, running
        self._busy: Deadline | None = None
        self._judged: set[str] = set()

    def steps(self) -> _tasks.Job:
        """Do the work; yield whatever has to be waited for. What goes wrong becomes the problem of the unit."""
        deadline = Deadline(self._client.clock, self._options.wait_timeout)
        try:
            staging_runs = self._running is not None and self._running.action == "stage"
            if self._unit.scan_wanted(self._options) and not staging_runs:
                yield from self._scan(deadline)
            yield from self._stage(deadline)
        except VCenterError as error:
            self._unit.problem = str(error)
            self._context.progress(f"{self._unit.entity.label}: {error}")

    def _scan(self, deadline: Deadline) -> Steps:
        self._context.progress(f"{self._unit.entity.label}: compliance scan")
        start = functools.partial(_images.start_scan, self._client, self._unit.entity)
        task, dummy = yield from self._obtain("scan", start)
        ended = yield from self._wait_for(task, deadline)
        if ended.status != "SUCCEEDED":
            raise TaskFailed(
                f"The compliance scan of {self._unit.entity.label} failed: {_why(ended)}",
                "Correct the cause, then run again",
            )
        self._unit.compliance = (
            _images.compliance_of(self._unit.entity, ended.result)
            if ended.result
            else _images.find_compliance(self._client, self._unit.entity)
        )
        self._unit.scanned = self._unit.compliance is not None

    def _stage(self, deadline: Deadline) -> Steps:
        plan = self._unit.plan(self._options.commit)
        self._unit.verdicts.update(plan.settled)
        needed = set(plan.needed)
        while needed:
            if deadline.passed:
                raise TaskTimeout(
                    f"wait_timeout ({self._options.wait_timeout:g} s) is over for {self._unit.entity.label}"
                )
            wanted = None if self._unit.whole and len(needed) == len(self._unit.hosts) else needed
            task, self._unit.adopted = yield from self._obtain("stage", functools.partial(self._start, wanted))
            self._unit.task = Task(task, "PENDING")
            if not self._options.wait:
                self._unit.task = _tasks.get_task(self._client, task)
                self._unit.verdicts.update({host: _verdicts.started(self._unit.hosts[host]) for host in needed})
                return
            news = "waiting for the running" if self._unit.adopted else "started"
            self._context.progress(f"{self._unit.entity.label}: {news} task {task}")
            self._unit.task = yield from self._wait_for(task, deadline)
            self._judged.add(task)
            if _refused_late(self._unit.task):
                self._running = self._operation_on()
                if self._running is None:
                    yield self._busy_with(None)
                continue
            needed = self._judge(self._unit.task, needed)

    def _start(self, hosts: t.Collection[str] | None) -> str:
        """Start staging. An answer that got lost may have started it, so look before sending again."""
        try:
            return _staging.start_stage(self._client, self._unit.entity, self._options.commit, hosts)
        except VCenterError as error:
            if not _outcome_unknown(error):
                raise
        running = self._operation_on()
        if running and running.action == "stage":
            return running.task
        return _staging.start_stage(self._client, self._unit.entity, self._options.commit, hosts)

    def _operation_on(self) -> Task | None:
        """Return the vLCM operation that runs on the object now: the staging, if there are several."""
        found = _staging.find_operations(self._client, self._unit.entity.kind, self._unit.entity)
        return next((task for task in found if task.action == "stage"), found[0] if found else None)

    def _obtain(self, action: str, start: t.Callable[[], str]) -> Steps:
        """Return a task that does ``action``, and whether it ran already; waits while vCenter is busy with another."""
        other, self._running = self._running, None
        while True:
            if other is None:
                try:
                    return start(), False
                except NotAllowedInCurrentState:
                    other = self._operation_on()
            if other and other.action == action and other.task not in self._judged:
                return other.task, True
            yield self._busy_with(other)
            other = self._operation_on()

    def _busy_with(self, other: Task | None) -> Wait:
        """Return what to wait for while another operation occupies the object; the time for that is counted together.

        :raises Busy: that time is over.
        """
        if self._busy is None:
            self._busy = Deadline(self._client.clock, self._options.busy_timeout if self._options.wait else 0)
        if self._busy.passed:
            raise Busy(
                f"vCenter is busy with {_named(other)} on {self._unit.entity.label}, "
                f"and busy_timeout ({self._busy.seconds:g} s) is over"
            )
        self._context.progress(f"{self._unit.entity.label}: waiting for {_named(other)}")
        if other is None or other.finished:
            return Wait(Deadline(self._client.clock, min(BUSY_PAUSE, self._busy.left)))
        return Wait(self._busy, other.task)

    def _wait_for(self, task: str, deadline: Deadline) -> Steps:
        """Return the task when it has ended, with its result."""
        news = yield Wait(deadline, task)
        if isinstance(news, Vanished):
            raise TaskVanished(f"vCenter no longer knows task {task} of {self._unit.entity.label}")
        if isinstance(news, TimedOut):
            last = _tasks.get_task(self._client, task)
            if not last.finished:
                self._keep_partial(last)
                raise TaskTimeout(
                    f"Task {task} of {self._unit.entity.label} is {last.status} ({last.percent or 0} %) "
                    f"after wait_timeout ({self._options.wait_timeout:g} s)"
                )
            return last
        return _tasks.get_task(self._client, task)

    def _keep_partial(self, task: Task) -> None:
        """Take over what is known of a task that has not ended: some hosts may have their verdict already."""
        self._unit.task = task
        if task.action == "stage" and task.result:
            outcome = _verdicts.outcome_of(self._unit.entity, task.result, ended=False)
            done = {host: one for host, one in outcome.verdicts.items() if one.verdict != _verdicts.STARTED}
            self._unit.verdicts.update(done)

    def _judge(self, task: Task, needed: set[str]) -> set[str]:
        """Take over the verdicts of an ended task; return the hosts that still need one of our own."""
        outcome = (
            _verdicts.outcome_of(self._unit.entity, task.result) if task.result else _verdicts.Outcome(None, True, {})
        )
        self._unit.commit, self._unit.notifications = outcome.commit, outcome.notifications
        if self._unit.adopted and self._options.commit not in {None, outcome.commit} and not self._unit.scanned:
            # It may have staged an older image. vCenter skips what needs nothing, so asking again is right in any case.
            return needed
        # Someone else's task may have been for other hosts as well, which nobody has asked us about.
        asked = {host: one for host, one in outcome.verdicts.items() if self._unit.whole or host in self._unit.hosts}
        self._unit.verdicts.update(asked)
        missing = needed - set(asked)
        if self._unit.adopted and task.status == "SUCCEEDED":
            return missing
        for moid in missing:
            self._unit.verdicts[moid] = _verdicts.failed(self._unit.hosts[moid], _why(task))
        return set()


def _refused_late(task: Task) -> bool:
    """Whether a task failed because of another operation: the same refusal as a 400 on the call, only later."""
    return task.status == "FAILED" and task.error_type == "NOT_ALLOWED_IN_CURRENT_STATE"


def _outcome_unknown(error: VCenterError) -> bool:
    """Whether vCenter may have started what we asked for, although no good answer came."""
    if isinstance(error, ConnectionFailed):
        return error.sent
    status = error.status if isinstance(error, (ApiError, UnparsableError)) else 0
    return status >= 500


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
