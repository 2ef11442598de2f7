# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of vLCM operations: scan, stage, and others that only keep an object busy; knows no HTTP and no world file."""

from __future__ import annotations

import dataclasses
import functools
import math
import typing as t

from .errors import VapiError, from_data, invalid_argument, not_allowed
from .images import COMPLIANT, INCOMPATIBLE, STAGED, Managed, Operation
from .inventory import Outcome
from .tasks import FAILED, Task, TaskManager
from .timeline import Timeline
from .values import KeyedMap, Struct, notifications, progress, timestamp

if t.TYPE_CHECKING:
    from .inventory import Host

OK, SKIPPED, ERROR, TIMED_OUT, RUNNING, RETRY_PENDING = (
    "OK",
    "SKIPPED",
    "ERROR",
    "TIMED_OUT",
    "RUNNING",
    "RETRY_PENDING",
)
HOST_STATUSES = (OK, SKIPPED, ERROR, TIMED_OUT, RUNNING, RETRY_PENDING)
#: By its union a host status has progress with these only (contract section 4).
WITH_PROGRESS = (OK, ERROR, RUNNING, RETRY_PENDING)
LISTS = {OK: "successful", SKIPPED: "skipped", ERROR: "failed", TIMED_OUT: "failed"}

UNREACHABLE = Outcome(
    ERROR,
    notifications={
        "errors": [
            {
                "id": "sim.vlcm.host_unreachable",
                "message": "vCenter cannot reach the host, nothing was staged on it.",
                "resolution": "Reconnect the host and stage it again.",
                "retriable": True,
            }
        ]
    },
)
NOT_FOR_THIS_IMAGE = Outcome(
    SKIPPED,
    seconds=0.0,
    notifications={
        "errors": [
            {
                "id": "sim.vlcm.downgrade_refused",
                "message": "The image cannot be installed on the host, as it would be a downgrade.",
                "resolution": "Choose an image that is at least as new as the software of the host.",
                "retriable": False,
            }
        ]
    },
)
NOTHING_TO_DO = Outcome(SKIPPED, seconds=0.0)
#: The task succeeds, every host is skipped, and none has the image.
NO_DEPOT = Outcome(
    SKIPPED,
    notifications={
        "errors": [
            {
                "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.DepotConnectErrorV2",
                "message": "The host cannot reach the depot.",
                "resolution": "Check the network between the host and the depot.",
                "retriable": True,
            }
        ]
    },
)


@dataclasses.dataclass
class HostRun:
    """Staging of one host."""

    host: Host
    outcome: Outcome
    start: float
    end: float
    ended: bool = False

    def share(self, now: float) -> float:
        """How much is done, 0 to 1."""
        if self.ended or self.end <= self.start:
            return 1.0
        return min(max((now - self.start) / (self.end - self.start), 0.0), 0.99)

    def list_name(self) -> str | None:
        return self.outcome.list or LISTS.get(self.outcome.status or "")

    def render(self, now: float) -> Struct:
        """`stage_status` of one host; `end_time` is required by the structure even while it runs."""
        status = self.outcome.status if self.ended else RUNNING
        built: Struct = {
            "status": status,
            "start_time": timestamp(self.start),
            "end_time": timestamp(self.end if self.ended else now),
            "notifications": notifications(self.end, self.outcome.notifications) if self.ended else {},
        }
        if status in WITH_PROGRESS:
            percent = int(100 * self.share(now))
            built["progress"] = progress(percent, 100, f"Staging of {self.host.name}: {percent} %.")
        return built


class StageRun:
    """One stage task: all its hosts pull in parallel, the task ends with the last of them."""

    def __init__(self, engine: Engine, managed: Managed, hosts: list[Host], task: Task, ending: Struct) -> None:
        self._engine = engine
        self._managed = managed
        self._hosts = hosts
        self._task = task
        self._ending = ending
        self.commit = managed.current_commit()
        self.created = engine.timeline.now()
        self.runs: list[HostRun] = []
        self._backwards = (0.0, 0)
        task.progress, task.result = self._progress, self._partial_result
        task.cancelable = managed.stage_cancelable
        task.on_cancel = self._cancelled

    def begin(self) -> None:
        now = self._engine.timeline.now()
        self._task.start(now)
        self.runs = [self._plan(host, now) for host in self._hosts]
        for run in self.runs:
            self._engine.schedule(self._task, run.end, functools.partial(self._end_host, run))
        self._engine.schedule(self._task, max((run.end for run in self.runs), default=now), self._end)
        blocked = self._ending.get("blocked")
        if blocked:
            start = now + blocked.get("after", 0)
            self._engine.schedule(
                self._task, start, functools.partial(self._engine.tasks.block, self._task, start + blocked["seconds"])
            )
        self._disturb(now)

    def _disturb(self, now: float) -> None:
        """What the world file wants to go wrong with this task."""
        timeline, tasks, task = self._engine.timeline, self._engine.tasks, self._task
        stuck = self._ending.get("stuck")
        if stuck:
            seconds = stuck.get("seconds", math.inf) if isinstance(stuck, dict) else math.inf
            after = stuck.get("after", 0) if isinstance(stuck, dict) else 0
            if after:
                self._engine.schedule(task, now + after, lambda: task.hold(timeline.now() + seconds))
            else:
                task.hold(now + seconds)
        vanish = self._ending.get("vanish")
        if vanish:
            # The record of it is lost, held or not; the work goes on.
            timeline.after(vanish.get("after", 0), lambda: tasks.vanish(task.id))
        backwards = self._ending.get("backwards")
        if backwards:
            self._backwards = (now + backwards.get("after", 0), backwards["by"])

    def _plan(self, host: Host, now: float) -> HostRun:
        outcome = self._outcome(host)
        usual = self._managed.stage_seconds if host.stage_seconds is None else host.stage_seconds
        seconds = usual if outcome.seconds is None else outcome.seconds
        return HostRun(host, outcome, now, now + seconds)

    def _outcome(self, host: Host) -> Outcome:
        if not host.reachable:
            return UNREACHABLE
        if host.status == INCOMPATIBLE:
            return NOT_FOR_THIS_IMAGE
        if host.status == COMPLIANT or host.staged_commit == self.commit:
            return NOTHING_TO_DO
        if self._ending.get("depot_error"):
            return NO_DEPOT
        return host.outcomes.pop(0) if host.outcomes else Outcome()

    def _end_host(self, run: HostRun) -> None:
        if not run.host.reachable and run.outcome.status == OK:
            run.outcome = UNREACHABLE
        # A task that was held has made its hosts late.
        run.end, run.ended = self._engine.timeline.now(), True
        if run.outcome.status == OK:
            run.host.staged_commit = self.commit
            self._refresh_compliance(run.host)

    def _refresh_compliance(self, host: Host) -> None:
        stored = self._managed.compliance
        if (
            self._managed.staging_refreshes_compliance
            and stored
            and stored.commit == self.commit
            and host.id in stored.hosts
        ):
            stored.hosts[host.id].stage_status = STAGED

    def _end(self) -> None:
        self._engine.done(self._managed, self._task)
        now = self._engine.timeline.now()
        if self._ending.get("status") == FAILED:
            error = self._ending.get("error")
            result = self.result(final=True) if self._ending.get("result", True) else None
            self._task.fail(now, from_data(error) if error else None, result)
        else:
            self._task.succeed(now, self.result(final=True))

    def _cancelled(self) -> None:
        self._engine.done(self._managed, self._task)

    def _progress(self) -> Struct:
        now = self._engine.timeline.now()
        percent = int(100 * sum(run.share(now) for run in self.runs) / max(len(self.runs), 1))
        since, by = self._backwards
        if by and now >= since:
            percent = max(0, percent - by)
        return progress(min(percent, 99), 100, f"Staging of {self._managed.name}: {percent} %.")

    @property
    def task(self) -> Task:
        return self._task

    @property
    def managed(self) -> Managed:
        return self._managed

    @property
    def hosts(self) -> list[Host]:
        return self._hosts

    @property
    def disturbances(self) -> list[str]:
        """What the world file wanted to go wrong with this task, by name."""
        return [name if name != "status" else "FAILED" for name in self._ending if name not in ("error", "result")]

    def _partial_result(self) -> Struct | None:
        return self.result(final=False) if self.runs and self._engine.partial_results else None

    def result(self, *, final: bool) -> Struct:
        """`stage_result`; its overall status is set at the end only (contract section 4)."""
        now = self._engine.timeline.now()
        render = self._cluster_result if self._managed.kind == "cluster" else self._host_result
        return {"commit": self.commit, **render(now, final)}

    def _cluster_result(self, now: float, final: bool) -> Struct:
        ended = [run for run in self.runs if run.ended]
        built: Struct = {
            "host_info": KeyedMap({run.host.id: run.host.info() for run in self.runs}),
            "host_status": KeyedMap(
                {run.host.id: run.render(now) for run in self.runs if not run.ended or run.outcome.status is not None}
            ),
            **{
                f"{name}_hosts": [run.host.id for run in ended if run.list_name() == name]
                for name in ("successful", "failed", "skipped")
            },
            "notifications": {},
        }
        if final:
            built["status"] = {
                "status": self._overall(),
                "start_time": timestamp(self._task.start_time or now),
                "end_time": timestamp(now),
                "notifications": {},
            }
        return built

    def _host_result(self, now: float, final: bool) -> Struct:
        run = self.runs[0]
        built: Struct = {"host_info": run.host.info(), "notifications": {}}
        if final and run.outcome.status is not None:
            built["status"] = run.render(now)
        return built

    def _overall(self) -> str:
        if any(run.list_name() == "failed" for run in self.runs):
            return ERROR
        return SKIPPED if self.runs and all(run.list_name() == "skipped" for run in self.runs) else OK


class Engine:
    """Starts operations and keeps to the rule of one at a time on each cluster or standalone host."""

    def __init__(
        self, timeline: Timeline, tasks: TaskManager, *, operation_suffix: bool, partial_results: bool
    ) -> None:
        self.timeline = timeline
        self.tasks = tasks
        self.operation_suffix = operation_suffix
        self.partial_results = partial_results
        self.in_flight: dict[str, tuple[Managed, int]] = {}
        #: Every stage run that was ever started, those whose task has vanished too.
        self.runs: list[StageRun] = []
        self.peak_managed = 0
        self.peak_hosts = 0
        #: Called whenever a stage run has been started.
        self.on_stage: t.Callable[[], None] = lambda: None

    def schedule(self, task: Task, when: float, action: t.Callable[[], None]) -> None:
        """Something that happens to a task: not while it is held, never once it has ended."""
        self.timeline.at(when, lambda: self.tasks.step(task, action))

    def stage(self, managed: Managed, user: str, commit: str | None, hosts: list[str] | None) -> Task:
        """Start staging: `commit` is a minimum, no hosts means all (contract section 3.3).

        Raises NOT_FOUND, INVALID_ARGUMENT, NOT_ALLOWED_IN_CURRENT_STATE, and what the world file says.
        """
        chosen = self._checked(managed, commit, hosts)
        ending = managed.stage_outcomes.pop(0) if managed.stage_outcomes else {}
        if ending.get("refuse"):
            raise from_data(ending["refuse"])
        busy = self._busy(managed)
        if busy and not managed.busy_as_task_error:
            raise busy
        task = self._create(managed, "stage", user)
        if busy:
            task.fail(self.timeline.now(), busy)
            return task
        managed.operations.append(Operation("stage", task.id))
        self._count(managed, task, len(chosen))
        run = StageRun(self, managed, chosen, task, ending)
        self.runs.append(run)
        self._begin(task, ending.get("pending_seconds", managed.pending_seconds), run.begin)
        self.on_stage()
        return task

    def scan(self, managed: Managed, user: str) -> Task:
        """Start a compliance scan. It declares no refusal for a busy object, so it runs beside anything."""
        managed.current_commit()
        task = self._create(managed, "scan", user)
        operation = Operation("scan", task.id)
        managed.operations.append(operation)

        def finish() -> None:
            self.done(managed, task)
            task.succeed(self.timeline.now(), managed.scan(self.timeline.now()).render(managed))

        def begin() -> None:
            task.start(self.timeline.now())
            self.schedule(task, self.timeline.now() + managed.scan_seconds, finish)

        self._begin(task, managed.pending_seconds, begin)
        return task

    def occupy(self, managed: Managed, kind: str, seconds: float, user: str) -> Task:
        """Start another operation (apply, check, ...) that does nothing but keep the object busy."""
        task = self._create(managed, kind, user)
        managed.operations.append(Operation(kind, task.id))

        def finish() -> None:
            self.done(managed, task)
            task.succeed(self.timeline.now())

        task.start(self.timeline.now())
        self.schedule(task, self.timeline.now() + seconds, finish)
        return task

    def done(self, managed: Managed, task: Task) -> None:
        """The operation behind the task is over, another may start."""
        managed.operations = [operation for operation in managed.operations if operation.task_id != task.id]
        self.in_flight.pop(task.id, None)

    def _begin(self, task: Task, pending_seconds: float, begin: t.Callable[[], None]) -> None:
        if pending_seconds:
            self.schedule(task, self.timeline.now() + pending_seconds, begin)
        else:
            begin()

    def _checked(self, managed: Managed, commit: str | None, hosts: list[str] | None) -> list[Host]:
        if managed.managed_by != "image":
            raise invalid_argument("not_image_managed", f"{managed.name} is not managed by an image.", managed.id)
        managed.current_commit()
        if commit is not None and commit not in managed.commits:
            raise invalid_argument("no_such_commit", f"{commit} is not a commit of {managed.name}.", commit)
        members = {host.id: host for host in managed.hosts}
        strangers = [host_id for host_id in hosts or () if host_id not in members]
        if strangers:
            raise invalid_argument(
                "host_not_in_cluster", f"{strangers[0]} is not a host of {managed.name}.", strangers[0], managed.id
            )
        return [members[host_id] for host_id in dict.fromkeys(hosts)] if hosts else list(managed.hosts)

    def _busy(self, managed: Managed) -> VapiError | None:
        if not managed.operations:
            return None
        kind = managed.operations[0].kind
        return not_allowed(
            "operation_in_progress", f"Another operation ({kind}) is in progress on {managed.name}.", managed.id
        )

    def _create(self, managed: Managed, kind: str, user: str) -> Task:
        operation = kind + ("$task" if self.operation_suffix else "")
        return self.tasks.create(managed.service, operation, user, f"{kind} of {managed.name}", managed.target)

    def _count(self, managed: Managed, task: Task, hosts: int) -> None:
        self.in_flight[task.id] = (managed, hosts)
        self.peak_managed = max(self.peak_managed, len(self.in_flight))
        self.peak_hosts = max(self.peak_hosts, sum(count for dummy, count in self.in_flight.values()))
