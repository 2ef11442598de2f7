# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Stages clusters and standalone hosts side by side: scan, adopt or start, wait, judge; knows no URL and no Ansible."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _images, _staging, _tasks, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline, Delays
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
from ansible_collections.vsphere.lifecycle.plugins.module_utils._images import Compliance
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_history import History, find_history
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task, TimedOut, Vanished, Wait
from ansible_collections.vsphere.lifecycle.plugins.module_utils._verdicts import Verdict

BUSY_PAUSE = 15.0
"""Seconds between two tries while vCenter is busy with an operation that it does not show us."""

Steps = t.Generator[Wait, _tasks.Resumption, t.Any]


@dataclasses.dataclass(frozen=True)
class Options:
    """How to stage; times in seconds.

    :param commit: the minimum commit; None for the current one.
    :param refresh: ``auto``, ``always`` or ``never``: whether to scan before deciding.
    :param clusters_in_flight: how many objects are worked on at once.
    """

    commit: str | None = None
    wait: bool = True
    wait_timeout: float = 7200
    poll_interval: float = 10
    refresh: str = "auto"
    busy_timeout: float = 600
    clusters_in_flight: int = 5


@dataclasses.dataclass
class Unit:
    """A cluster or a standalone host, the hosts asked for, and what became of them.

    :param whole: whether all hosts of the cluster are asked for.
    :param first_compliance: as it was stored before this run.
    :param scanned: whether ``compliance`` comes from a scan of this run.
    :param history: what was staged since the stored compliance was made.
    :param verdicts: by host identifier.
    :param commit: the commit that was really staged; None while nothing was.
    :param problem: why the whole unit ended early; empty when it did not.
    """

    entity: Entity
    hosts: dict[str, Host]
    whole: bool = True
    compliance: Compliance | None = None
    first_compliance: Compliance | None = None
    scanned: bool = False
    history: History = dataclasses.field(default_factory=History)
    verdicts: dict[str, Verdict] = dataclasses.field(default_factory=dict)
    task: Task | None = None
    adopted: bool = False
    commit: str | None = None
    problem: str = ""
    notifications: tuple[dict[str, t.Any], ...] = ()

    def settle(self) -> None:
        """Give every host asked for a verdict: those without one share the fate of the unit."""
        for moid, host in self.hosts.items():
            if moid not in self.verdicts:
                self.verdicts[moid] = _verdicts.failed(host, self.problem or "vCenter says nothing about this host")


class StageRun:
    """One run over several units with the same options."""

    def __init__(self, client: VCenterClient, options: Options, context: Context) -> None:
        self._client, self._options, self._context = client, options, context
        self._operations: dict[str, Task] = {}

    def look(self, units: t.Sequence[Unit]) -> None:
        """Learn what runs already, so that it is adopted, and what was staged since the last scan.

        Staging is not documented to refresh the stored compliance: a host that it calls NOT_STAGED may have been staged
        by the last run. The results of those tasks tell. One call for all units, and none when nothing is to do.
        """
        open_units = [unit for unit in units if unit.hosts and self.plan(unit).needed]
        for kind in sorted({unit.entity.kind for unit in open_units}):
            entities = [unit.entity for unit in open_units if unit.entity.kind == kind]
            tasks = _staging.find_all_operations(self._client, kind, entities)
            self._operations.update({task.target: task for task in tasks if task.target and not task.finished})
            for unit in open_units:
                if unit.entity.kind == kind and unit.compliance:
                    unit.history = find_history(self._client, unit.entity, tasks, unit.compliance.scan_time)

    def knows(self, unit: Unit) -> bool:
        """Whether the compliance of a unit is about the image wanted."""
        wanted = self._options.commit or unit.history.commit
        return unit.scanned or _verdicts.trusted(unit.compliance, wanted)

    def plan(self, unit: Unit) -> _verdicts.Plan:
        """Decide what is to do for a unit, from what is known by now."""
        staged_since = {} if unit.scanned else unit.history.staged_for(self._options.commit)
        return _verdicts.plan_for(unit.hosts.values(), unit.compliance if self.knows(unit) else None, staged_since)

    def predict(self, units: t.Sequence[Unit]) -> None:
        """Give every host the verdict that ``run`` would most likely bring; sends nothing that changes anything."""
        for unit in units:
            plan = self.plan(unit)
            unit.verdicts.update(plan.settled)
            unit.task = self._operations.get(unit.entity.moid) if plan.needed else None
            unit.adopted = unit.task is not None and unit.task.action == "stage"
            for moid in plan.needed:
                unit.verdicts[moid] = self._predicted(unit.hosts[moid])

    def run(self, units: t.Sequence[Unit]) -> None:
        """Stage what needs it and give every host its verdict; what goes wrong with one unit stays with that unit."""
        busy = self._with_work(units)
        options = self._options
        together = _tasks.Together(self._client, options.clusters_in_flight, Delays(2, 1.5, options.poll_interval))
        try:
            together.run([self._job(unit) for unit in busy])
        except VCenterError as error:
            for unit in busy:
                unit.problem = (
                    unit.problem or f"{error} vCenter goes on with what it has started; run again to see it through."
                )
        for unit in units:
            unit.verdicts = {**self.plan(unit).settled, **unit.verdicts}
            unit.settle()

    def _with_work(self, units: t.Sequence[Unit]) -> list[Unit]:
        return [unit for unit in units if unit.hosts and (self._scan_wanted(unit) or self.plan(unit).needed)]

    def _scan_wanted(self, unit: Unit) -> bool:
        if self._context.check_mode or self._options.refresh == "never" or unit.scanned:
            return False
        return self._options.refresh == "always" or not self.knows(unit)

    def _predicted(self, host: Host) -> Verdict:
        if not self._options.wait:
            return _verdicts.started(host)
        trouble = _verdicts.unreachable(host)
        return (
            _verdicts.failed(host, trouble)
            if trouble
            else Verdict(host.moid, host.name, _verdicts.STAGED, reason="to be staged")
        )

    def _job(self, unit: Unit) -> _tasks.Job:
        deadline = Deadline(self._client.clock, self._options.wait_timeout)
        try:
            running = self._operations.get(unit.entity.moid)
            if self._scan_wanted(unit) and not (running and running.action == "stage"):
                yield from self._scan(unit, deadline)
            yield from self._stage(unit, deadline)
        except VCenterError as error:
            unit.problem = str(error)
            self._context.progress(f"{unit.entity.label}: {error}")

    def _scan(self, unit: Unit, deadline: Deadline) -> Steps:
        self._context.progress(f"{unit.entity.label}: compliance scan")
        task, dummy = yield from self._obtain(
            unit, "scan", functools.partial(_images.start_scan, self._client, unit.entity)
        )
        ended = yield from self._wait_for(unit, task, deadline)
        if ended.status != "SUCCEEDED":
            raise TaskFailed(
                f"The compliance scan of {unit.entity.label} failed: {_why(ended)}", "Correct the cause, then run again"
            )
        unit.compliance = (
            _images.compliance_of(unit.entity, ended.result)
            if ended.result
            else _images.find_compliance(self._client, unit.entity)
        )
        unit.scanned = unit.compliance is not None

    def _stage(self, unit: Unit, deadline: Deadline) -> Steps:
        plan = self.plan(unit)
        unit.verdicts.update(plan.settled)
        needed = set(plan.needed)
        while needed:
            wanted = None if unit.whole and len(needed) == len(unit.hosts) else needed
            task, unit.adopted = yield from self._obtain(unit, "stage", functools.partial(self._start, unit, wanted))
            unit.task = Task(task, "PENDING")
            if not self._options.wait:
                unit.task = _tasks.get_task(self._client, task)
                unit.verdicts.update({host: _verdicts.started(unit.hosts[host]) for host in needed})
                return
            self._context.progress(
                f"{unit.entity.label}: {'waiting for the running' if unit.adopted else 'started'} task {task}"
            )
            unit.task = yield from self._wait_for(unit, task, deadline)
            needed = self._judge(unit, unit.task, needed)

    def _start(self, unit: Unit, hosts: t.Collection[str] | None) -> str:
        """Start staging. An answer that got lost may have started it, so look before sending again."""
        try:
            return _staging.start_stage(self._client, unit.entity, self._options.commit, hosts)
        except VCenterError as error:
            if not _outcome_unknown(error):
                raise
        running = self._operation_on(unit)
        if running and running.action == "stage":
            return running.task
        return _staging.start_stage(self._client, unit.entity, self._options.commit, hosts)

    def _operation_on(self, unit: Unit) -> Task | None:
        """Return the vLCM operation that runs on the object now: the staging, if there are several."""
        found = _staging.find_operations(self._client, unit.entity.kind, unit.entity)
        return next((task for task in found if task.action == "stage"), found[0] if found else None)

    def _obtain(self, unit: Unit, action: str, start: t.Callable[[], str]) -> Steps:
        """Return a task that does ``action``, and whether it ran already; waits while vCenter is busy with another."""
        options = self._options
        busy = Deadline(self._client.clock, options.busy_timeout if options.wait else 0)
        other = self._operations.pop(unit.entity.moid, None)
        while True:
            if other is None:
                try:
                    return start(), False
                except NotAllowedInCurrentState:
                    other = self._operation_on(unit)
            if other and other.action == action:
                return other.task, True
            if busy.passed:
                raise Busy(
                    f"vCenter is busy with {_named(other)} on {unit.entity.label}, "
                    f"and busy_timeout ({busy.seconds:g} s) is over"
                )
            self._context.progress(f"{unit.entity.label}: waiting for {_named(other)}")
            pause = busy if other else Deadline(busy.clock, min(BUSY_PAUSE, busy.left))
            yield Wait(pause, other.task if other else None)
            other = self._operation_on(unit)

    def _wait_for(self, unit: Unit, task: str, deadline: Deadline) -> Steps:
        """Return the task when it has ended, with its result."""
        news = yield Wait(deadline, task)
        if isinstance(news, Vanished):
            raise TaskVanished(f"vCenter no longer knows task {task} of {unit.entity.label}")
        if isinstance(news, TimedOut):
            last = _tasks.get_task(self._client, task)
            if not last.finished:
                self._keep_partial(unit, last)
                raise TaskTimeout(
                    f"Task {task} of {unit.entity.label} is {last.status} ({last.percent or 0} %) "
                    f"after wait_timeout ({self._options.wait_timeout:g} s)"
                )
            return last
        return _tasks.get_task(self._client, task)

    def _keep_partial(self, unit: Unit, task: Task) -> None:
        """Take over what is known of a task that has not ended: some hosts may have their verdict already."""
        unit.task = task
        if task.action == "stage" and task.result:
            outcome = _verdicts.outcome_of(unit.entity, task.result, ended=False)
            done = {host: one for host, one in outcome.verdicts.items() if one.verdict != _verdicts.STARTED}
            unit.verdicts.update(done)

    def _judge(self, unit: Unit, task: Task, needed: set[str]) -> set[str]:
        """Take over the verdicts of an ended task; return the hosts that still need one of our own."""
        if task.status == "FAILED" and task.error_type == "NOT_ALLOWED_IN_CURRENT_STATE":
            # The same refusal as a 400 on the call, only later.
            return needed
        outcome = _verdicts.outcome_of(unit.entity, task.result) if task.result else _verdicts.Outcome(None, True, {})
        unit.commit, unit.notifications = outcome.commit, outcome.notifications
        if unit.adopted and self._options.commit not in {None, outcome.commit} and not unit.scanned:
            # It may have staged an older image. vCenter skips what needs nothing, so asking again is right in any case.
            return needed
        unit.verdicts.update(outcome.verdicts)
        missing = needed - set(outcome.verdicts)
        if unit.adopted and task.status == "SUCCEEDED":
            return missing
        for moid in missing:
            unit.verdicts[moid] = _verdicts.failed(unit.hosts[moid], _why(task))
        return set()


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
