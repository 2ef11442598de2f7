# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What is done for one cluster or standalone host: scan, stage, wait, judge; knows nothing of the others."""

from __future__ import annotations

import dataclasses
import functools

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _images, _staging, _tasks, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    NotFound,
    TaskFailed,
    TaskTimeout,
    TaskVanished,
    Unsupported,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_operations import Operations, Origin, Steps
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_progress import UnitProgress
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Options, Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Seen, Task, TimedOut, Vanished, Wait

LAST_LOOK = 30.0
"""Seconds for one more look at a task when the time to wait for it is over."""


class StageJob:
    """The work on one unit, as a job for ``Together``.

    :param running: the vLCM operation that ran on the object when it was last looked at; None for none.
    :param learned: the hosts of tasks without a target, as far as they are known; shared by all units.
    :param end: when the time for all units is over; None for no end.
    """

    def __init__(
        self,
        client: VCenterClient,
        options: Options,
        progress: UnitProgress,
        unit: Unit,
        running: Task | None,
        learned: dict[str, set[str]],
        end: Deadline | None = None,
    ) -> None:
        self._client, self._options, self._progress, self._unit = client, options, progress, unit
        self._operations = Operations(client, options, progress, unit, running, learned)
        self._label = unit.entity.label
        self._end = end
        self._deadline, self._limit = self._time()
        self._origin = Origin.STARTED
        self._present: str | None = None

    def steps(self) -> _tasks.Job:
        """Do the work; yield whatever has to be waited for. What goes wrong becomes the problem of the unit."""
        self._deadline, self._limit = self._time()
        try:
            if self._end and self._end.passed:
                self._unit.timed_out = True
                raise TaskTimeout(f"{self._limit} is over, and {self._label} was not started", "Run again")
            if self._unit.scan_wanted(self._options) and not self._operations.staging_runs:
                yield from self._scan()
            yield from self._stage()
        except VCenterError as error:
            self._unit.problem = str(error)
        self._unit.ended = True
        self._progress.ended()

    def _time(self) -> tuple[Deadline, str]:
        """Return when to stop waiting, and which limit that is."""
        options = self._options
        own = Deadline(self._client.clock, options.wait_timeout)
        if self._end is None or own.left <= self._end.left:
            return own, f"wait_timeout ({options.wait_timeout:g} s)"
        return self._end, f"total_timeout ({options.total_timeout:g} s)"

    def _scan(self) -> Steps[None]:
        self._progress.now("compliance scan")
        start = functools.partial(_images.start_scan, self._client, self._unit.entity)
        task, dummy = yield from self._operations.obtain("scan", start)
        ended = yield from self._wait_for(task)
        if ended.status != "SUCCEEDED":
            raise TaskFailed(
                f"The compliance scan of {self._label} failed: {_why(ended)}", "Correct the cause, then run again"
            )
        if ended.result:
            self._unit.compliance = _images.compliance_of(self._unit.entity, ended.result)
        else:
            stored = functools.partial(_images.find_compliance, self._client, self._unit.entity)
            self._unit.compliance = yield from self._operations.endured(stored)
        self._unit.scanned = self._unit.compliance is not None

    def _stage(self) -> Steps[None]:
        plan = self._unit.plan(self._options.commit)
        self._unit.verdicts.update(plan.settled)
        needed, rounds = set(plan.needed), self._options.retry_failed_hosts
        while needed:
            if self._deadline.passed:
                self._unit.timed_out = True
                raise TaskTimeout(
                    f"{self._limit} is over for {self._label}",
                    "Nothing is running for these hosts: run again, or allow more time",
                )
            task = yield from self._staging_task(needed)
            if not self._options.wait:
                yield from self._leave(task, needed)
                return
            try:
                ended = yield from self._wait_for(task, self._progress.saw)
            except TaskVanished as lost:
                yield from self._judge_by_compliance(needed, lost)
                return
            self._operations.done_with(task)
            # What it says of thousands of hosts is judged below, and not kept.
            self._unit.task = dataclasses.replace(ended, result=None)
            if _refused_late(ended):
                yield from self._operations.refused_late()
                continue
            needed = self._judge(ended, needed) or self._outdated()
            if not needed and rounds > 0:
                rounds -= 1
                needed = self._retriable()

    def _staging_task(self, needed: set[str]) -> Steps[str]:
        """Return a task that stages these hosts, found running or started."""
        whole = self._unit.whole and len(needed) == len(self._unit.hosts)
        hosts = None if whole else needed
        start = functools.partial(_staging.start_stage, self._client, self._unit.entity, self._options.commit, hosts)
        task, self._origin = yield from self._operations.obtain("stage", start)
        self._unit.adopted = self._origin is Origin.ADOPTED
        self._unit.task = Task(task, "PENDING")
        self._progress.staging(needed, adopted=self._unit.adopted)
        return task

    def _leave(self, task: str, needed: set[str]) -> Steps[None]:
        """Give the verdicts for hosts that nobody waits for; someone else's task may not be for all of them."""
        outcome = _verdicts.NOTHING
        try:
            state = yield from self._operations.endured(
                functools.partial(_tasks.get_task, self._client, task), LAST_LOOK
            )
            self._unit.task = state
            if self._unit.adopted and state.result:
                outcome = _verdicts.outcome_of(self._unit.entity, state.result, ended=state.finished)
        except VCenterError as error:
            # It was accepted, and that is all that was asked for.
            self._progress.now(f"started, but not seen: {error}")
        for moid in needed:
            host = self._unit.hosts[moid]
            left_out = outcome.verdicts and moid not in outcome.verdicts
            reason = "a staging of other hosts runs on this cluster; run again when it has ended"
            self._unit.verdicts[moid] = _verdicts.failed(host, reason) if left_out else _verdicts.started(host)

    def _wait_for(self, task: str, saw: Seen | None = None) -> Steps[Task]:
        """Return the task when it has ended, with its result.

        :param saw: is told of each look at it.
        :raises TaskVanished: vCenter has dropped it.
        :raises TaskTimeout: it takes too long.
        """
        news = yield Wait(self._deadline, task, saw)
        look = functools.partial(_tasks.get_task, self._client, task)
        lost = TaskVanished(f"vCenter no longer knows task {task} of {self._label}")
        if isinstance(news, Vanished):
            raise lost
        if isinstance(news, Task) and news.result is not None:
            return news
        try:
            if not isinstance(news, TimedOut):
                return (yield from self._operations.endured(look))
            last = yield from self._operations.endured(look, LAST_LOOK)
        except NotFound as error:
            raise lost from error
        except VCenterError:
            if not isinstance(news, TimedOut):
                raise
            last = news.last or Task(task, "UNKNOWN")
        if not last.finished:
            raise self._timed_out(last)
        return last

    def _timed_out(self, last: Task) -> TaskTimeout:
        """Return the error for a task that takes too long, after keeping what is known of its hosts."""
        self._unit.timed_out = True
        if last.action != "scan":
            self._unit.task = last
        if last.action == "stage" and last.result:
            outcome = _verdicts.outcome_of(self._unit.entity, last.result, ended=False)
            self._unit.commit = outcome.commit
            for host, one in self._asked(outcome.verdicts).items():
                self._unit.verdicts[host] = _verdicts.unfinished(one) if one.verdict == _verdicts.STARTED else one
        error = TaskTimeout(
            f"Task {last.task} of {self._label} is {last.status} ({last.percent or 0} %) after {self._limit}"
        )
        if self._options.on_timeout == "cancel":
            error.remedy = self._cancelled(last)
        return error

    def _cancelled(self, task: Task) -> str:
        """Cancel a task as far as it is ours and vCenter lets us; return what to tell the user."""
        if task.action == "stage" and self._origin is not Origin.STARTED:
            return "It is not known to be a task of ours, so it was not cancelled: run again to wait for it"
        try:
            _tasks.cancel_task(self._client, task.task)
        except Unsupported:
            return "vCenter cannot cancel it and goes on: run again to wait for the same task"
        except VCenterError as error:
            return f"{error} vCenter may go on with it: run again to see"
        return "It was cancelled. Hosts that have the image by now keep it; run again to stage the others"

    def _judge(self, task: Task, needed: set[str]) -> set[str]:
        """Take over the verdicts of an ended task; return the hosts that still need one of our own."""
        unit = self._unit
        foreign = self._origin is not Origin.STARTED
        outcome = _verdicts.outcome_of(unit.entity, task.result) if task.result else _verdicts.NOTHING
        if foreign and task.target is None and not set(outcome.verdicts) & set(unit.hosts):
            # It was for something else, as its result tells.
            return needed
        unit.commit, unit.notifications = outcome.commit, outcome.notifications
        adopted = self._origin is Origin.ADOPTED
        if adopted and self._options.commit not in {None, outcome.commit} and not unit.scanned:
            # It may have staged an older image. vCenter skips what needs nothing, so asking again is right in any case.
            return needed
        asked = self._asked(outcome.verdicts)
        unit.verdicts.update(asked)
        missing = needed - set(asked)
        if foreign and task.status == "SUCCEEDED":
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
        whole = self._unit.whole and self._origin is Origin.STARTED
        return {host: one for host, one in verdicts.items() if whole or host in self._unit.hosts}

    def _judge_by_compliance(self, needed: set[str], lost: TaskVanished) -> Steps[None]:
        """Give verdicts from a new scan, as the task that knew them is gone."""
        self._progress.now("vCenter has lost the task; scanning to learn what became of it")
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
        return {moid for moid in self._unit.hosts if moid in verdicts and verdicts[moid].retriable}


def _refused_late(task: Task) -> bool:
    """Whether a task failed because of another operation: the same refusal as a 400 on the call, only later."""
    return task.status == "FAILED" and task.error_type == "NOT_ALLOWED_IN_CURRENT_STATE"


def _why(task: Task) -> str:
    said = "; ".join(task.error_messages)
    if task.status == "FAILED":
        return f"task {task.task} failed: {said or 'vCenter gives no reason'}"
    return f"task {task.task} ended {task.status} without a word about it"
