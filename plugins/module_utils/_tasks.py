# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Tasks of vCenter (cis.tasks): read one, list many, wait for many at once; knows not what a task is about."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import random
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient, segment
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    ConnectionFailed,
    NotFound,
    TooMany,
    UnexpectedReply,
    UnparsableError,
    VCenterError,
    attempt,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.vsphere.lifecycle.plugins.module_utils._task_info import error_of, percent_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    expect,
    mapping_of,
    member,
    string_or_none,
)

LIST = "/api/cis/tasks"
TASK = "/api/cis/tasks/{task}"
UNFINISHED = ("PENDING", "RUNNING", "BLOCKED")
FINISHED = ("SUCCEEDED", "FAILED")
IDS_PER_CALL = 500
TASKS_PER_SECOND = 1000
"""So many may be looked at, at most: many make a long answer."""
HOSTS_PER_CALL = 1500
"""So many hosts may be in the results that are read at once; each takes about a kilobyte, and vCenter gives 7 MB."""


@dataclasses.dataclass(frozen=True)
class Task:
    """The state of a task as last read; contract section 3.2.

    :param status: PENDING, RUNNING, BLOCKED, SUCCEEDED or FAILED; later releases may add more.
    :param percent: how much is done; None where vCenter does not say.
    :param target: identifier of the object it works on; None where vCenter does not say.
    :param error_type: with FAILED, where the task has an error: its type, such as NOT_ALLOWED_IN_CURRENT_STATE.
    :param result: whatever the operation returns; may be partial while it runs, None when it was not asked for.
    """

    task: str
    status: str
    service: str = ""
    operation: str = ""
    target: str | None = None
    percent: int | None = None
    start_time: str | None = None
    end_time: str | None = None
    error_type: str | None = None
    error_messages: tuple[str, ...] = ()
    result: t.Any = None

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def action(self) -> str:
        """The operation without the mark of its task variant, such as ``stage``."""
        return self.operation.removesuffix("$task")

    def summary(self) -> dict[str, t.Any]:
        """Return what a module says of a task."""
        return {
            "id": self.task,
            "status": self.status,
            "progress": self.percent,
            "start_time": self.start_time,
            "end_time": self.end_time,
        }


def get_task(client: VCenterClient, task: str) -> Task:
    """Read one task with its result.

    :raises NotFound: vCenter has dropped it, or never had it.
    """
    with attempt(f"read task {task}"):
        try:
            return _task(task, client.get(TASK.format(task=segment(task))))
        except NotFound as error:
            error.remedy = "Correct task: vCenter has no such task (any more), or this user may not see it"
            raise


def cancel_task(client: VCenterClient, task: str) -> None:
    """Ask vCenter to end a task.

    :raises Unsupported: its kind cannot be cancelled.
    :raises NotAllowedInCurrentState: it has ended.
    """
    with attempt(f"cancel task {task}"):
        client.post(TASK.format(task=segment(task)), {"action": "cancel"})


def list_tasks(client: VCenterClient, filter_spec: dict[str, t.Any], *, results: bool = False) -> dict[str, Task]:
    """List tasks by identifier.

    :param filter_spec: contract section 3.2; ``tasks`` or ``services`` must be in it, of one provider.
    :param results: whether to read their results as well.
    :raises TooMany: more than 1,000 match.
    """
    body = {"filter_spec": filter_spec, "result_spec": {"exclude_result": not results}}
    with attempt("list tasks"):
        answer = client.post(LIST, {"action": "list"}, body, safe=True)
        if not isinstance(answer, (dict, list)):
            raise UnexpectedReply("the list of tasks is neither an object nor an array")
        return {task: _task(task, info) for task, info in mapping_of(answer).items()}


def find_states(client: VCenterClient, tasks: t.Iterable[str], *, results: bool = False) -> dict[str, Task]:
    """Return the state of each of the tasks that vCenter still has; one call for each service and 500 tasks.

    :param results: whether to read their results as well.
    """
    by_service: dict[str, list[str]] = collections.defaultdict(list)
    for task in tasks:
        by_service[task.partition(":")[2]].append(task)
    found: dict[str, Task] = {}
    for ids in by_service.values():
        for start in range(0, len(ids), IDS_PER_CALL):
            found.update(list_tasks(client, {"tasks": ids[start : start + IDS_PER_CALL]}, results=results))
    return found


def find_each(client: VCenterClient, tasks: t.Iterable[str]) -> dict[str, Task]:
    """Return the state of each of the tasks that vCenter still has, with its result; one call for each."""

    def read(task: str) -> Task | None:
        with contextlib.suppress(NotFound):
            return get_task(client, task)
        return None

    found = side_by_side([functools.partial(read, task) for task in tasks], client.connections)
    return {task.task: task for task in found if task}


def find_results(client: VCenterClient, tasks: t.Mapping[str, int]) -> dict[str, Task]:
    """Return tasks that have ended with their results, where vCenter gives several in one call.

    One alone is left to whoever wants it, and so are those that vCenter cannot list with their results.

    :param tasks: each with the number of hosts that it is for, so that no answer becomes too long.
    """
    parts: list[list[str]] = [[]]
    room = HOSTS_PER_CALL
    for task, hosts in tasks.items():
        if parts[-1] and room < hosts:
            parts.append([])
            room = HOSTS_PER_CALL
        parts[-1].append(task)
        room -= hosts
    found: dict[str, Task] = {}
    for part in parts:
        if len(part) > 1:
            with contextlib.suppress(VCenterError):
                found.update(find_states(client, part, results=True))
    return {task: state for task, state in found.items() if state.finished and state.result is not None}


def _task(task: str, info: t.Any) -> Task:
    status = member(info, "status", str, f"task {task}")
    error = error_of(expect(info.get("error") or {}, dict, f"'error' in the task {task}"))
    target = info.get("target")
    return Task(
        task=task,
        status=status,
        service=string_or_none(info.get("service")) or "",
        operation=string_or_none(info.get("operation")) or "",
        target=string_or_none(target.get("id")) if isinstance(target, dict) else None,
        percent=percent_of(info.get("progress")),
        start_time=string_or_none(info.get("start_time")),
        end_time=string_or_none(info.get("end_time")),
        error_type=error["error_type"] if error else None,
        error_messages=tuple(error["messages"]) if error else (),
        result=info.get("result"),
    )


Seen: t.TypeAlias = "t.Callable[[Task, float | None], None]"


@dataclasses.dataclass(frozen=True)
class Wait:
    """What a job is waiting for.

    :param task: resume with that task, finished; None to resume just after some time.
    :param deadline: how long at most; when it passes, the job is resumed with the last known state of the task.
    :param saw: is told the state of the task after each look, with the seconds to its end that its progress foretells;
        must not raise.
    """

    deadline: Deadline
    task: str | None = None
    saw: Seen | None = None


@dataclasses.dataclass(frozen=True)
class TimedOut:
    """Sent to a job whose task did not finish in time. :param last: its last known state."""

    last: Task | None


class Vanished:
    """Sent to a job whose task vCenter no longer knows."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """How many objects, and hosts in them, are worked on at once, at most.

    :param clusters_per_site: of those that have a site; 0 for no limit of that kind.
    """

    clusters: int
    hosts: int
    clusters_per_site: int = 0


Resumption: t.TypeAlias = "Task | TimedOut | Vanished | None"
Job = t.Generator[Wait, Resumption, None]

MISTAKES = 6
"""So many ends that were foretold in vain count, at most: the last adds a minute."""
RESULTS_PAUSE = 30.0
"""Seconds, at least, between two looks that read what the results of running tasks say so far."""
OVERDUE = 5.0
"""Seconds after its foretold end for which a task is looked at as often as can be."""
VANISHED_AFTER = 3
"""How many answers in a row must lack a task before it counts as gone."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """How soon a running task is looked at again: soon while it is young, then less and less often, and at its end.

    :param longest: seconds between two looks, at most.
    :param shortest: seconds, at least, however young it is and however soon it should end.
    """

    longest: float
    shortest: float = 1.0

    def pause(self, age: float, left: float | None) -> float:
        """Return seconds to the next look.

        :param age: seconds for which nothing has ended.
        :param left: seconds until its end, as far as its progress tells; None where it tells nothing.
        """
        usual = max(self.shortest, age / 2) * random.uniform(0.85, 1.15)
        return min(self.longest, usual if left is None else min(usual, max(self.shortest, left)))


class Watched:
    """A task that is waited for: how long, and when its progress says that it ends."""

    def __init__(self, now: float) -> None:
        self.since = now
        self._first: tuple[float, int] | None = None
        self._percent: int | None = None
        self._ends: float | None = None
        self._wrong = 0

    def saw(self, now: float, percent: int | None) -> None:
        """Note how far it is. Only progress since the last look foretells anything: some stand still at 100."""
        self._wrong = min(MISTAKES, self._wrong + (self._ends is not None and now >= self._ends))
        if percent is None or percent == self._percent:
            return
        self._percent = percent
        self._first = self._first or (now, percent)
        since, before = self._first
        if percent > before:
            self._ends = now + (now - since) * (100 - percent) / (percent - before)

    def left(self, now: float) -> float | None:
        """Return seconds until it should end; None where nothing tells, or where it should have ended long ago.

        The more often its end was foretold in vain, the longer it is.
        """
        if self._ends is None or now > self._ends + OVERDUE:
            return None
        return max(self._ends - now, 0) + 2.0**self._wrong - 1


class Together:
    """Runs jobs side by side, and asks for all their tasks in one call.

    A job is a generator: it yields what it waits for and is resumed with what became of it. It must not raise
    VCenterError, except for something that ends all jobs.

    :param limits: how much at once.
    :param pace: the pauses between two looks.
    :ivar last: the last known state of each task.
    :param outage_timeout: seconds of failing looks in a row that are endured: the tasks run in vCenter, not here.
    :param follow: whether some looks are to read the results of running tasks too, as far as they go. That takes no
        request more.
    :param away: is told when looks begin to fail (True), and when they succeed again (False).
    """

    def __init__(
        self,
        client: VCenterClient,
        limits: Limits,
        pace: Pace,
        outage_timeout: float = 900,
        *,
        follow: bool = False,
        away: t.Callable[[bool], None] = lambda dummy: None,
    ) -> None:
        self._client, self._clock = client, client.clock
        self._limits, self._pace, self._outage_timeout = limits, pace, outage_timeout
        self._waiting: dict[Job, Wait] = {}
        self._weights: dict[Job, int] = {}
        self._sites: dict[Job, str | None] = {}
        self._watched: dict[str, Watched] = {}
        self.last: dict[str, Task] = {}
        self._missing: collections.Counter[str] = collections.Counter()
        self._outage: Deadline | None = None
        self._follow, self._away = follow, away
        # Half a pause, so that there is something to tell early on.
        self._results_due = self._clock.now() + RESULTS_PAUSE / 2

    def run(self, jobs: t.Iterable[tuple[Job, int]], sites: t.Mapping[Job, str | None] | None = None) -> None:
        """Return when all jobs have ended; they begin in their order, but for those whose site has no place free.

        :param jobs: each with the number of hosts that it is for.
        :param sites: the label of the site of each job, where it has one.
        :raises VCenterError: vCenter did not answer for longer than the outage time-out.
        """
        queue = list(jobs)
        self._sites = dict(sites or {})
        while queue or self._waiting:
            while begun := self._next(queue):
                self._resume([(job, None) for job in begun])
            if self._waiting:
                self._clock.sleep(self._pause())
                self._look()

    def _next(self, queue: list[tuple[Job, int]]) -> list[Job]:
        """Take the jobs off the queue that may begin now. One that is larger than the limit runs alone."""
        clusters = len(self._waiting)
        hosts = sum(self._weights[job] for job in self._waiting)
        at_site = collections.Counter(self._sites.get(job) for job in self._waiting)
        begun: list[Job] = []
        held_back: list[tuple[Job, int]] = []
        place = 0
        while place < len(queue) and clusters < self._limits.clusters:
            job, weight = queue[place]
            if self._site_is_full(job, at_site):
                held_back.append(queue[place])
            elif clusters and hosts + weight > self._limits.hosts:
                break
            else:
                self._weights[job] = weight
                begun.append(job)
                clusters, hosts = clusters + 1, hosts + weight
                at_site[self._sites.get(job)] += 1
            place += 1
        queue[:place] = held_back
        return begun

    def _site_is_full(self, job: Job, at_site: collections.Counter[str | None]) -> bool:
        site, limit = self._sites.get(job), self._limits.clusters_per_site
        return site is not None and 0 < limit <= at_site[site]

    def _pause(self) -> float:
        """Return seconds until the next look: never past the deadline that comes first."""
        now = self._clock.now()
        left = min(wait.deadline.left for wait in self._waiting.values())
        pauses = [len(self._waiting) / TASKS_PER_SECOND]
        if self._outage:
            pauses.append(self._pace.pause(self._outage.seconds - self._outage.left, None))
        else:
            watched = [self._watched[wait.task] for wait in self._waiting.values() if wait.task]
            usual = [self._pace.pause(now - one.since, one.left(now)) for one in watched]
            pauses.append(min(usual, default=left))
        return max(0.0, min(max(pauses), left))

    def _look(self) -> None:
        tasks = [wait.task for wait in self._waiting.values() if wait.task]
        states = self._states(tasks) if tasks else {}
        resumed: list[tuple[Job, Resumption]] = []
        for job, wait in list(self._waiting.items()):
            news = self._news(wait, states)
            if news is not None or wait.deadline.passed:
                del self._waiting[job]
                resumed.append((job, news or (TimedOut(self.last.get(wait.task)) if wait.task else None)))
        ended = {
            news.task: self._weights[job] for job, news in resumed if isinstance(news, Task) and news.result is None
        }
        results = find_results(self._client, ended)
        self._resume([(job, results.get(news.task, news) if isinstance(news, Task) else news) for job, news in resumed])

    def _states(self, tasks: list[str]) -> dict[str, Task] | None:
        try:
            states = self._found(tasks)
        except VCenterError as error:
            if not is_outage(error):
                raise
            if self._outage is None:
                self._outage = Deadline(self._clock, self._outage_timeout)
                self._away(True)
            if self._outage.passed:
                raise
            return None
        if self._outage is not None:
            self._outage = None
            self._away(False)
        return states

    def _found(self, tasks: list[str]) -> dict[str, Task]:
        """Return the states of the tasks, now and then with what their results say so far."""
        now = self._clock.now()
        hosts = sum(self._weights[job] for job in self._waiting)
        if not self._follow or self._outage or now < self._results_due or hosts > HOSTS_PER_CALL:
            return self._listed(tasks)
        self._results_due = now + RESULTS_PAUSE
        try:
            return find_states(self._client, tasks, results=True)
        except VCenterError as error:
            found = self._listed(tasks)
            # It can list them, but not with their results: for good, unless it was away just then.
            self._follow = is_outage(error)
            return found

    def _listed(self, tasks: list[str]) -> dict[str, Task]:
        """Return the states of the tasks from a list, or one by one where vCenter refuses to list them."""
        try:
            return find_states(self._client, tasks)
        except ApiError as error:
            if is_outage(error) and not isinstance(error, TooMany):
                raise
            found = find_each(self._client, tasks)
            if not found and isinstance(error, NotFound):
                # Not the tasks are gone, but who knows of them.
                raise
            return found

    def _news(self, wait: Wait, states: dict[str, Task] | None) -> Task | Vanished | None:
        """Return what a job waiting like this is to be told; nothing while its task goes on or vCenter is away."""
        if wait.task is None or states is None:
            return None
        state = states.get(wait.task)
        if state is None:
            self._missing[wait.task] += 1
            return Vanished() if self._missing[wait.task] >= VANISHED_AFTER else None
        del self._missing[wait.task]
        self.last[wait.task] = state
        now, watched = self._clock.now(), self._watched[wait.task]
        watched.saw(now, state.percent)
        if wait.saw:
            wait.saw(state, watched.left(now))
        return state if state.finished else None

    def _resume(self, jobs: t.Sequence[tuple[Job, Resumption]]) -> None:
        steps = side_by_side([functools.partial(_step, *one) for one in jobs], self._client.connections)
        for (job, _dummy), wait in zip(jobs, steps, strict=True):
            if wait is None:
                continue
            self._waiting[job] = wait
            if wait.task:
                self._watched.setdefault(wait.task, Watched(self._clock.now()))


def _step(job: Job, news: Resumption) -> Wait | None:
    """Resume a job; return what it waits for next, None if it has ended."""
    try:
        return job.send(news)
    except StopIteration:
        return None


def is_outage(error: VCenterError) -> bool:
    """Whether vCenter may only be away for a while: no answer, a page instead of one, or a status of 500 and above."""
    if isinstance(error, ApiError):
        return error.status >= 500
    if isinstance(error, UnparsableError):
        return error.status >= 500 or error.status in {408, 429}
    if isinstance(error, ConnectionFailed):
        return not error.permanent
    return isinstance(error, UnexpectedReply)
