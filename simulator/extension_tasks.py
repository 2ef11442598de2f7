# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`vcenter.extension.tasks`: tasks that an extension reports about itself; every rule of contract section 3.9."""

from __future__ import annotations

import typing as t

from .errors import invalid_argument, not_allowed
from .tasks import BLOCKED, FAILED, FINAL, PENDING, RUNNING, STATUSES, SUCCEEDED, Task, TaskManager
from .timeline import Timeline
from .values import KeyedMap, Struct, message, progress, seconds_of

SERVICE = "com.vmware.vcenter.extension.tasks"

#: With which status a member may be sent (the union of the structure); no status at all allows none of them.
ALLOWED_WITH = {
    "error": (FAILED,),
    "result": (RUNNING, BLOCKED, SUCCEEDED, FAILED),
    "start_time": (RUNNING, BLOCKED, SUCCEEDED, FAILED),
    "end_time": FINAL,
}
UPDATE_MEMBERS = ("percent_done", "description", "status", "error", "result", "start_time", "end_time")
CREATE_MEMBERS = (*UPDATE_MEMBERS, "operation_id", "cancelable", "target", "user", "parent_task")


class ExtensionTasks:
    """Creates and updates such tasks; they are read through `cis.tasks`."""

    def __init__(self, timeline: Timeline, tasks: TaskManager, *, offered: bool, operations: t.Iterable[str]) -> None:
        self._timeline = timeline
        self._tasks = tasks
        self.offered = offered
        self.operations = set(operations)

    def create(self, spec: Struct, user: str) -> str:
        """Raises INVALID_ARGUMENT, NOT_ALLOWED_IN_CURRENT_STATE."""
        self._check_creation(spec)
        if spec.get("percent_done") and spec.get("status") != RUNNING:
            raise not_allowed("task_not_running", "Progress can be set on a running task only.")
        return self._create(spec, user).id

    def _check_creation(self, spec: Struct) -> None:
        if not isinstance(spec.get("cancelable"), bool):
            raise invalid_argument("cancelable_missing", "cancelable is required.")
        operation = spec.get("operation_id")
        if operation not in self.operations:
            raise invalid_argument("operation_not_registered", f"{operation} is not registered by any extension.")
        _check_shape(spec)
        self._check_relations(spec)

    def _create(self, spec: Struct, user: str) -> Task:
        operation = spec["operation_id"]
        description = spec.get("description") or message(operation, operation)
        task = self._tasks.create(SERVICE, operation, spec.get("user") or user, "", spec.get("target"))
        task.description = _localizable(description)
        task.cancelable = spec["cancelable"]
        task.parent = spec.get("parent_task")
        self._apply(task, spec, spec.get("status", PENDING))
        return task

    def _check_relations(self, spec: Struct) -> None:
        """What a task is created with beside the members that can be changed later."""
        target = spec.get("target")
        if target is not None and not (
            isinstance(target, dict)
            and set(target) == {"type", "id"}
            and all(isinstance(value, str) for value in target.values())
        ):
            raise invalid_argument("target", "target must be a structure of the strings type and id.")
        if not isinstance(spec.get("user", ""), str):
            raise invalid_argument("user", "user must be a string.")
        parent = spec.get("parent_task")
        if parent is not None and parent not in self._tasks.tasks:
            raise invalid_argument("no_such_parent", f"{parent} is not a task.", str(parent))

    def add(self, spec: Struct, user: str) -> str:
        """A task that exists from the start; it may choose its id, and its operation counts as registered."""
        task_id = spec.pop("id", None)
        self.operations.add(spec.setdefault("operation_id", "com.example.extension.operation"))
        complete = {"cancelable": False, **spec}
        self._check_creation(complete)
        # It has a past, so that even one that has ended may have made progress.
        task = self._create(complete, user)
        if task_id:
            del self._tasks.tasks[task.id]
            task.id = task_id if ":" in task_id else f"{task_id}:{SERVICE}"
            self._tasks.tasks[task.id] = task
        return task.id

    def update(self, task_id: str, spec: Struct) -> None:
        """Raises INVALID_ARGUMENT (an unknown task too: NOT_FOUND is not declared), NOT_ALLOWED_IN_CURRENT_STATE."""
        task = self._tasks.tasks.get(task_id)
        if task is None or task.service != SERVICE:
            raise invalid_argument("no_such_extension_task", f"{task_id} is not a task of an extension.", task_id)
        _check_shape(spec)
        _check_state(task, spec)
        _check_growth(task, spec)
        if spec.get("description"):
            task.description = _localizable(spec["description"])
        self._apply(task, spec, spec.get("status", task.status))

    def _apply(self, task: Task, spec: Struct, status: str) -> None:
        now = self._timeline.now()
        task.status = status
        if status != PENDING and (spec.get("start_time") or task.start_time is None):
            task.start_time = seconds_of(spec["start_time"]) if spec.get("start_time") else now
        if status in FINAL:
            task.end_time = seconds_of(spec["end_time"]) if spec.get("end_time") else now
        if spec.get("percent_done"):
            # The message that comes with the progress is ignored, though the structure requires it.
            done = spec["percent_done"]
            task.progress = progress(done["completed"], done["total"], "In progress.")
        if "result" in spec:
            task.result = spec["result"]
        if status == FAILED and spec.get("error"):
            task.error = spec["error"]


def _check_shape(spec: Struct) -> None:
    """What can be said from the structure alone."""
    status = spec.get("status")
    if status is not None and status not in STATUSES:
        raise invalid_argument("task_status", f"No such task status: {status}.", str(status))
    for member, statuses in ALLOWED_WITH.items():
        if spec.get(member) is not None and status not in statuses:
            raise invalid_argument("union", f"{member} must not be set with the status {status}.", member, str(status))
    if status == FAILED and spec.get("error") is None:
        raise invalid_argument("error_missing", "error is required with the status FAILED.")
    _check_progress(spec.get("percent_done"))
    times = [_time(spec, member) for member in ("start_time", "end_time") if spec.get(member)]
    if times != sorted(times):
        raise invalid_argument("task_times", "end_time must not be before start_time.")


def _check_progress(done: t.Any) -> None:
    if done is None:
        return
    if not isinstance(done, dict) or not all(isinstance(done.get(name), int) for name in ("completed", "total")):
        raise invalid_argument("progress", "percent_done needs the numbers total and completed.")
    if not isinstance(done.get("message"), dict):
        raise invalid_argument("progress", "percent_done needs a message.")
    if not 0 <= done["completed"] <= done["total"]:
        raise invalid_argument("progress", "completed must not be below 0 or above total.")


def _time(spec: Struct, member: str) -> float:
    try:
        return seconds_of(spec[member])
    except (ValueError, AttributeError):
        raise invalid_argument("task_times", f"{member} is not a time.", member) from None


def _check_state(task: Task, spec: Struct) -> None:
    status = spec.get("status")
    if task.finished and status is not None:
        raise not_allowed("task_ended", "The state of a task cannot be changed after its end.", task.id)
    if spec.get("percent_done") and RUNNING not in (task.status, status):
        raise not_allowed("task_not_running", "Progress can be set on a running task only.", task.id)


def _check_growth(task: Task, spec: Struct) -> None:
    done = spec.get("percent_done")
    if done and isinstance(task.progress, dict) and done["completed"] < task.progress["completed"]:
        raise invalid_argument("progress", "completed must not become smaller.", task.id)


def _localizable(source: Struct) -> Struct:
    """A message as it came in under /rest, where `params` is an array of key and value."""
    params = source.get("params")
    if isinstance(params, list):
        return {**source, "params": KeyedMap({item["key"]: item["value"] for item in params})}
    return dict(source)
