# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks and the task manager (`cis.tasks`); knows nothing of what a task is about."""

from __future__ import annotations

import dataclasses
import math
import typing as t
import uuid

from .errors import VapiError, invalid_argument, not_allowed, refusal, unsupported
from .timeline import Timeline
from .values import KeyedMap, Struct, message, progress, timestamp

PENDING, RUNNING, BLOCKED, SUCCEEDED, FAILED = "PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"
STATUSES = (PENDING, RUNNING, BLOCKED, SUCCEEDED, FAILED)
FINAL = (SUCCEEDED, FAILED)
#: More matches than this are an error, not a cut-off list (contract section 3.2).
LIST_LIMIT = 1000
#: Finished tasks are dropped after a day (the runtime's task manager; vLCM's own retention is not documented).
RETENTION = 24 * 3600.0


@dataclasses.dataclass(eq=False)
class Task:
    """One task. `progress` and `result` may be functions: then they are asked at each look (partial results)."""

    id: str
    service: str
    operation: str
    user: str
    description: Struct
    target: Struct | None = None
    cancelable: bool = False
    parent: str | None = None
    status: str = PENDING
    start_time: float | None = None
    end_time: float | None = None
    progress: Struct | t.Callable[[], Struct] | None = None
    result: t.Any = None
    error: Struct | None = None
    notifications: Struct | None = None
    #: The object that it works on, for those who look behind the scenes; `target` may be withheld.
    owner: str | None = None
    #: Called by cancel, after the status has been set.
    on_cancel: t.Callable[[], None] | None = None
    #: Nothing happens to the task before this time; math.inf means stuck until it is released.
    held_until: float = 0.0
    #: What should have happened while it was stuck.
    put_off: list[t.Callable[[], None]] = dataclasses.field(default_factory=list)

    @property
    def finished(self) -> bool:
        return self.status in FINAL

    def hold(self, until: float = math.inf, status: str = RUNNING) -> None:
        """Freeze the task (stuck, or BLOCKED for a while); what is due meanwhile happens at `until`."""
        self.held_until = until
        self.status = status

    def start(self, now: float) -> None:
        self.status, self.start_time = RUNNING, now

    def succeed(self, now: float, result: t.Any = None) -> None:
        self._finish(now, SUCCEEDED)
        self.result = result

    def fail(self, now: float, error: VapiError | None, result: t.Any = None) -> None:
        self._finish(now, FAILED)
        self.error = error.body() if error else None
        self.result = result

    def _finish(self, now: float, status: str) -> None:
        if self.start_time is None:
            self.start_time = now
        self.status, self.end_time = status, now
        done = _value(self.progress)
        total = done["total"] if done else 100
        completed = total if status == SUCCEEDED or not done else done["completed"]
        self.progress = progress(completed, total, "The task has ended.")
        # Nothing can be cancelled any more.
        self.cancelable = False

    def info(self, now: float, *, return_all: bool = False, exclude_result: bool = False) -> Struct:
        """The task as `cis.task.info`, or with `return_all` as vLCM's `esx.settings.task_info`; unions kept."""
        built: Struct = {
            "description": self.description,
            "service": self.service,
            "operation": self.operation,
            "status": self.status,
            "cancelable": self.cancelable,
            "user": self.user,
        }
        if self.target:
            built["target"] = self.target
        if self.parent:
            built["parent"] = self.parent
        if self.status != PENDING:
            built.update(self._since_running(now, exclude_result))
        if self.finished:
            built["end_time"] = timestamp(now if self.end_time is None else self.end_time)
        if self.status == FAILED and self.error is not None:
            built["error"] = self.error
        if return_all and self.service.startswith("com.vmware.esx.settings."):
            built["last_update_time"] = timestamp(now if self.end_time is None else self.end_time)
            built["notifications"] = self.notifications or {}
        return built

    def _since_running(self, now: float, exclude_result: bool) -> Struct:
        built: Struct = {
            "progress": _value(self.progress) or progress(0, 100, "The task is running."),
            "start_time": timestamp(now if self.start_time is None else self.start_time),
        }
        result = None if exclude_result else _value(self.result)
        if result is not None:
            built["result"] = result
        return built


def _value(source: t.Any) -> t.Any:
    return source() if callable(source) else source


def provider_of(service: str) -> str:
    """The provider behind a service. Cluster and host images are taken as two (the strict reading of one provider)."""
    parts = service.split(".")
    return ".".join(parts[:5]) if service.startswith("com.vmware.esx.settings.") else ".".join(parts[:4])


@dataclasses.dataclass(frozen=True)
class TaskFilter:
    """`cis.tasks.filter_spec`: members are ANDed, values inside one ORed; None means the member is not set."""

    tasks: frozenset[str] | None = None
    services: frozenset[str] | None = None
    operations: frozenset[str] | None = None
    status: frozenset[str] | None = None
    targets: frozenset[tuple[str, str]] | None = None
    users: frozenset[str] | None = None

    def check(self) -> None:
        """The rules before anything is looked up. Raises INVALID_ARGUMENT."""
        if not self.tasks and not self.services:
            raise invalid_argument("task_filter_empty", "Either tasks or services must be given in the filter.")
        services = set(self.services or ()) | {task.partition(":")[2] for task in self.tasks or ()}
        if len({provider_of(service) for service in services}) > 1:
            raise invalid_argument("task_providers", "All tasks of one request must be in the same provider.")
        unknown = sorted(set(self.status or ()) - set(STATUSES))
        if unknown:
            raise invalid_argument("task_status", f"No such task status: {unknown[0]}.", unknown[0])

    def matches(self, task: Task) -> bool:
        target = (task.target["type"], task.target["id"]) if task.target else None
        return all(
            wanted is None or value in wanted
            for wanted, value in (
                (self.tasks, task.id),
                (self.services, task.service),
                (self.operations, task.operation),
                (self.status, task.status),
                (self.users, task.user),
                (self.targets, target),
            )
        )


class TaskManager:
    """All tasks of the vCenter."""

    def __init__(self, timeline: Timeline, retention: float = RETENTION) -> None:
        self._timeline = timeline
        self.retention = retention
        self.tasks: dict[str, Task] = {}
        self.limit = LIST_LIMIT
        #: Whether tasks tell their target, and whether the filter of that name is heeded (contract section 10).
        self.show_targets = True
        self.filter_targets = True

    def create(self, service: str, operation: str, user: str, description: str, target: Struct | None = None) -> Task:
        """A new PENDING task; its id carries the service, as the endpoint needs it to find the provider."""
        task = Task(
            id=f"{uuid.uuid4()}:{service}",
            service=service,
            operation=operation,
            user=user,
            description=message("com.vmware.vcIntegrity.lifecycle.Task.Description", description),
            target=target if self.show_targets else None,
            owner=target["id"] if target else None,
        )
        self.tasks[task.id] = task
        return task

    def step(self, task: Task, action: t.Callable[[], None]) -> None:
        """Run `action` now, or when the task is no longer held, or never when it has ended.

        The work behind a task that vanished goes on: only the record of it is lost.
        """
        if task.finished:
            return
        now = self._timeline.now()
        if task.held_until > now:
            if math.isinf(task.held_until):
                task.put_off.append(action)
            else:
                self._timeline.at(task.held_until, lambda: self.step(task, action))
            return
        action()

    def release(self, task: Task) -> None:
        """Let a task that is stuck or BLOCKED go on; what should have happened meanwhile happens now."""
        task.held_until = 0.0
        self._unblock(task)
        actions, task.put_off = task.put_off, []
        for action in actions:
            self.step(task, action)

    def block(self, task: Task, until: float) -> None:
        """BLOCKED until then; afterwards it runs on."""
        task.hold(until, BLOCKED)
        self._timeline.at(until, lambda: self._unblock(task))

    def _unblock(self, task: Task) -> None:
        if task.status == BLOCKED:
            task.status = RUNNING

    def vanish(self, task_id: str) -> None:
        """Forget a task, as a restart of the provider may."""
        self.tasks.pop(task_id, None)

    def find(self, task_id: str) -> Task:
        """Raises NOT_FOUND."""
        self._drop_old()
        task = self.tasks.get(task_id)
        if task is None:
            raise refusal("NOT_FOUND", "no_such_task", f"No such task: {task_id}.", task_id)
        return task

    def matching(self, wanted: TaskFilter) -> list[Task]:
        """All matching tasks. Raises INVALID_ARGUMENT, and RESOURCE_INACCESSIBLE over the limit."""
        self._drop_old()
        wanted.check()
        if not self.filter_targets:
            wanted = dataclasses.replace(wanted, targets=None)
        found = [task for task in self.tasks.values() if wanted.matches(task)]
        if len(found) > self.limit:
            raise refusal("RESOURCE_INACCESSIBLE", "too_many_tasks", f"More than {self.limit} tasks match the filter.")
        return found

    def cancel(self, task_id: str) -> None:
        """End a task early. Raises NOT_FOUND, NOT_ALLOWED_IN_CURRENT_STATE (ended), UNSUPPORTED (not cancelable)."""
        task = self.find(task_id)
        if task.finished:
            raise not_allowed("task_ended", "The task has already been cancelled or has completed.", task_id)
        if not task.cancelable:
            raise unsupported("task_not_cancelable", "The task cannot be cancelled.", task_id)
        task.fail(
            self._timeline.now(), refusal("CANCELED", "task_cancelled", "The task was cancelled."), _value(task.result)
        )
        if task.on_cancel:
            task.on_cancel()

    def infos(self, tasks: t.Iterable[Task], **spec: bool) -> KeyedMap:
        now = self._timeline.now()
        return KeyedMap({task.id: task.info(now, **spec) for task in tasks})

    def _drop_old(self) -> None:
        horizon = self._timeline.now() - self.retention
        old = [task.id for task in self.tasks.values() if task.end_time is not None and task.end_time < horizon]
        for task_id in old:
            del self.tasks[task_id]
