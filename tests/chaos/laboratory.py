# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the work function of esx_software_stage in the world of a seed, run after run; judges nothing."""

from __future__ import annotations

import collections
import copy
import dataclasses
import json
import random
import traceback
import typing as t
import urllib.parse

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    Interrupted,
    StagingFailed,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint
from ansible_collections.vsphere.lifecycle.plugins.modules.esx_software_stage import stage
from ansible_collections.vsphere.lifecycle.simulator import World
from ansible_collections.vsphere.lifecycle.simulator.exchange import SESSION_HEADER, Answer, Asked, Exchange
from ansible_collections.vsphere.lifecycle.simulator.faults import AFTER
from ansible_collections.vsphere.lifecycle.simulator.images import Managed
from ansible_collections.vsphere.lifecycle.simulator.inventory import Host
from ansible_collections.vsphere.lifecycle.simulator.staging import StageRun
from ansible_collections.vsphere.lifecycle.simulator.world import UP

from .scenario import PASSWORD, USERNAME, Data, Run, Scenario
from .wire import Killed, RetryClock, SimulatedClock, Wire

EPOCH = 1768478400.0


@dataclasses.dataclass
class Post:
    """A stage request that reached vCenter's services.

    :param commit: the minimum commit that it asked for.
    :param visible: stage tasks that the client started earlier, that run on this object, and that the list shows.
    :param started: what it started; None if vCenter refused it.
    :param looked_for: whether tasks were searched for after it (not just those looked at that are known), or vCenter
        failed to list any.
    """

    run: int
    time: float
    managed: Managed
    commit: str | None
    visible: list[StageRun]
    started: StageRun | None = None
    looked_for: bool = False


@dataclasses.dataclass
class Report:
    """What one run of the module did, and what it said.

    :param outcome: `result`, `failed` (with a result), `error` (without one), `interrupted`, `killed`, `crash`.
    :param delivered: tokens of sessions that the client knows to have.
    :param undelivered: tokens of sessions whose login was answered, but the answer got lost.
    :param logouts: for each token that was to be closed, whether a fault got in the way of each try.
    :param waited: seconds that went by in requests and between their tries.
    :param troubled: whether a request went wrong.
    :param misread: tasks of which an answer was spoilt.
    :param longest_pause: seconds, between two tries of a request.
    :param leaving: seconds from an interruption to the end.
    :param commits: those that a verdict may be about, by the identifier of the cluster or standalone host.
    :param list_refused: whether vCenter refused to list tasks because there are too many.
    :param was_busy: whether it says that it waited for something else that occupied an object.
    :param text: everything that it let out.
    """

    run: Run
    number: int
    outcome: str = ""
    result: Data = dataclasses.field(default_factory=dict)
    error: str = ""
    began: float = 0.0
    ended: float = 0.0
    waited: float = 0.0
    requests: int = 0
    writes: int = 0
    posts: list[Post] = dataclasses.field(default_factory=list)
    delivered: set[str] = dataclasses.field(default_factory=set)
    undelivered: set[str] = dataclasses.field(default_factory=set)
    left_open: set[str] = dataclasses.field(default_factory=set)
    logouts: dict[str, list[bool]] = dataclasses.field(default_factory=dict)
    troubled: bool = False
    misread: set[str] = dataclasses.field(default_factory=set)
    list_refused: bool = False
    was_busy: bool = False
    longest_pause: float = 0.0
    leaving: float = 0.0
    commits: collections.defaultdict[str, set[str]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(set)
    )
    text: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Laboratory:
    """One world, its clock, and the runs in it."""

    def __init__(self, scenario: Scenario, *, faults: bool = True) -> None:
        self.scenario = scenario
        self.clock = SimulatedClock()
        data = copy.deepcopy(scenario.world)
        if not faults:
            data["faults"], data["events"] = [], []
        self.world = World(data, lambda: EPOCH + self.clock.now())
        self.exchange = Exchange(self.world)
        self.reports: list[Report] = []
        self.posts: list[Post] = []
        self.first_state = {
            host.id: (host.status, host.staged_commit, self._commits_of(host))
            for host in self.world.inventory.hosts.values()
        }
        self._report = Report(Run({}), 0)
        self._watched: Post | None = None

    def _commits_of(self, host: Host) -> set[str]:
        """Commits that a host which is compliant from the beginning complies with."""
        managed = host.managed or (host.cluster.managed if host.cluster else None)
        if managed is None:
            return set()
        scanned = managed.compliance.commit if managed.compliance else None
        return {commit for commit in (managed.commit, scanned) if commit}

    @property
    def clock_was_set(self) -> bool:
        return "shift_clock" in self.world.events.done

    def is_refused(self, targets: Data) -> bool:
        """Whether the user asks for something that has no image, so that nothing but an error can come of it."""
        inventory = self.world.inventory
        clusters = [inventory.clusters[name] for name in targets["clusters"] or ()]
        hosts = [inventory.hosts[name] for name in targets["hosts"] or ()]
        owners = [host.cluster.managed if host.cluster else host.managed for host in hosts]
        managed = [*(cluster.managed for cluster in clusters), *owners]
        return any(one is None or one.managed_by != "image" for one in managed)

    def struck(self) -> collections.Counter[str]:
        """Everything that went wrong, by kind."""
        found = collections.Counter(self.world.faults.counts)
        found.update(f"event {name}" for name in self.world.events.done)
        found.update(
            f"signal {report.outcome}" for report in self.reports if report.outcome in ("killed", "interrupted")
        )
        for run in self.world.engine.runs:
            found.update(f"task {name}" for name in run.disturbances)
            found.update(
                f"host {host.outcome.status}"
                for host in run.runs
                if host.outcome.status != "OK" and host.outcome.seconds != 0
            )
        return found

    def execute(self, run: Run) -> Report:
        """Run the module once, from login to logout."""
        self.clock.sleep(run.pause)
        self._report = report = Report(run, len(self.reports), began=self.clock.now())
        self.reports.append(report)
        # The pauses of the client are at random; a seed must replay exactly.
        random.seed(f"{self.scenario.seed} {report.number}")
        lines: list[str] = []
        told: list[t.Any] = []
        self.world.look()
        self._note_commits()
        self.clock.begin(run.plan)
        wire = Wire(self.exchange, self.clock, self)
        pauses = RetryClock(self.clock)
        followed = self.scenario.seed % 2 == 0
        context = Context(run.check_mode, lines.append, lambda news: lines.append(str(news)), followed=followed)
        client = VCenterClient(
            Endpoint("localhost"),
            Credentials(USERNAME, PASSWORD),
            self.clock,
            trace=told.append,
            shield=self.clock.held_back,
        )
        # The one thing that is put in from outside: who opens the sockets, and which clock the retries sleep by.
        client._transport._session.mount("https://", wire)
        client._transport._clock = pauses
        first = len(self.exchange.requests)
        try:
            with client:
                report.result = stage(dict(run.options), client, context)
            report.outcome = "result"
        except StagingFailed as error:
            report.outcome, report.result = "failed", error.details()
            self._said(report, error)
        except VCenterError as error:
            report.outcome = "error"
            self._said(report, error)
        except Interrupted as error:
            report.outcome = "interrupted"
            self._said(report, error)
        except Killed:
            report.outcome = "killed"
        # A bug of ours is what the seeds are played for; the invariants tell of it, with the seed.
        except Exception as error:
            report.outcome = "crash"
            self._said(report, error)
        self.clock.end()
        report.ended = self.clock.now()
        report.waited = wire.waited + pauses.paused
        report.requests = wire.count
        report.writes = sum(request.is_write for request in self.exchange.requests[first:])
        self.world.look()
        self._note_commits()
        report.longest_pause = pauses.longest
        report.leaving = report.ended - (self.clock.interrupted or report.ended)
        report.left_open = {session.token for session in self.world.sessions.open} & report.delivered
        report.was_busy = any(": waiting for " in line and "for the running" not in line for line in lines)
        report.text += json.dumps([report.result, lines, told], default=str)
        return report

    def _said(self, report: Report, error: BaseException) -> None:
        report.error = str(error)
        details = error.details() if isinstance(error, VCenterError) else {}
        trace = "".join(traceback.format_exception(error))
        report.text += f"{error}\n{error!r}\n{trace}\n{json.dumps(details, default=str)}"

    def _note_commits(self) -> None:
        """Note every commit that a verdict of now may be about."""
        for managed in self.all_managed():
            stored = managed.compliance.commit if managed.compliance else None
            self._report.commits[managed.id] |= {commit for commit in (managed.commit, stored) if commit}

    def all_managed(self) -> list[Managed]:
        inventory = self.world.inventory
        clusters = [cluster.managed for cluster in inventory.clusters.values()]
        return clusters + [host.managed for host in inventory.hosts.values() if host.managed]

    # What the wire shows

    def before(self, asked: Asked) -> None:
        self._watched = None
        self.world.look()
        self._open_before = len(self.world.sessions.issued)
        managed = self._stage_target(asked)
        if managed:
            visible = [
                run
                for run in self.world.engine.runs
                if run.managed is managed
                and run.task.user == USERNAME
                and not run.task.finished
                and run.task.id in self.world.tasks.tasks
                # Without a target nobody can tell before there is a result; vCenter refuses a second one as busy.
                and run.task.target
            ]
            self._watched = Post(
                self._report.number, self.clock.now(), managed, json.loads(asked.body).get("commit"), visible
            )
            self._runs_before = len(self.world.engine.runs)

    def after(self, asked: Asked, answer: Answer) -> None:
        strike = self.exchange.requests[-1].fault
        failed = strike is not None or self.world.availability != UP
        self._report.troubled |= failed or answer.status >= 500
        if failed and asked.path.startswith("/api/cis/tasks/"):
            self._report.misread.add(urllib.parse.unquote(asked.path.rpartition("/")[2]))
        # Where vCenter lists nothing any more, the whole run ends.
        if ("action", "list") in asked.query and (failed or "tasks" not in json.loads(asked.body)["filter_spec"]):
            for sent in self._report.posts:
                sent.looked_for = True
        self._report.list_refused |= b"too_many_tasks" in answer.body
        if asked.path.endswith("/session") and asked.method == "DELETE":
            self._report.logouts.setdefault(asked.headers.get(SESSION_HEADER, ""), []).append(failed)
        self._report.undelivered |= set(self.world.sessions.issued[self._open_before :])
        post = self._watched
        if post and self.world.availability == UP and (strike is None or strike in AFTER):
            started = self.world.engine.runs[self._runs_before :]
            post.started = started[0] if started else None
            self.posts.append(post)
            self._report.posts.append(post)

    def delivered(self, asked: Asked, answer: Answer) -> None:
        if asked.path.endswith("/session") and asked.method == "POST" and 200 <= answer.status < 300:
            for token in list(self._report.undelivered):
                if token.encode() in answer.body:
                    self._report.undelivered.discard(token)
                    self._report.delivered.add(token)

    def _stage_target(self, asked: Asked) -> Managed | None:
        if asked.method != "POST" or ("action", "stage") not in asked.query:
            return None
        wanted = asked.path.split("/")[-2]
        return next((managed for managed in self.all_managed() if managed.id == wanted), None)

    # After all faults

    def calm_down(self) -> None:
        """All that goes wrong is over, and everything that runs has ended."""
        world = self.world
        world.faults.clear()
        for _dummy in range(12):
            self.clock.sleep(600)
            world.look()
        world.faults.clear()
        world.patch({"sessions": {"limit": 550, "idle_timeout": 1800, "lifetime": 86400}, "limits": {"tasks": 1000}})
        world.release()
        for managed in self.all_managed():
            managed.stage_outcomes.clear()
            for host in managed.hosts:
                host.outcomes.clear()
        self.clock.sleep(7200)
        world.look()
