# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold after every run, whatever went wrong: pure questions to a laboratory and its reports (README.md)."""

from __future__ import annotations

import base64
import collections
import math
import typing as t

from ansible_collections.vsphere.lifecycle.simulator.images import COMPLIANT, INCOMPATIBLE
from ansible_collections.vsphere.lifecycle.simulator.inventory import Outcome

from .laboratory import Laboratory, Post, Report
from .scenario import PASSWORD, USERNAME, Data

LISTS = {
    "staged": "successful_hosts",
    "skipped": "skipped_hosts",
    "failed": "failed_hosts",
    "started": "started_hosts",
}
#: Seconds between two tries while vCenter gives no good answer.
LONGEST_PAUSE = 30.0
#: Seconds between the first and the last look for a lost task while vCenter does not tell what a new one is for.
LOOKING = 45.0

#: Seconds between two tries of a request, whatever Retry-After says.
LONGEST_RETRY_PAUSE = 60.0
#: Seconds from an interruption to the end: some tries to log out, the last of which may hang.
LEAVING = 45.0
#: No world has more hosts.
MANY_HOSTS = 64
#: So much of a session is enough to be recognised; answers that are cut off hold no more.
BEGINNING = 12

Breaches = t.Iterator[str]


def after_run(laboratory: Laboratory, report: Report) -> Breaches:
    """Every invariant that can be judged after one run."""
    yield from nothing_crashes(report)
    yield from nothing_starts_twice(laboratory, report)
    yield from nothing_is_lost(laboratory, report)
    yield from staged_means_staged(laboratory, report)
    yield from sessions_are_closed(report)
    yield from it_ends_in_time(laboratory, report)
    yield from no_secret_gets_out(laboratory, report)
    yield from check_mode_writes_nothing(report)


def nothing_crashes(report: Report) -> Breaches:
    if report.outcome == "crash":
        yield f"an exception that is none of ours: {report.text}"


# (1) nothing is started twice


def nothing_starts_twice(laboratory: Laboratory, report: Report) -> Breaches:
    for post in report.posts:
        if post.visible:
            yield f"a stage request for {post.managed.id} at {post.time:.0f} while {_ids(post)} runs and can be seen"
        if post.started and not laboratory.clock_was_set:
            yield from _needless(laboratory, report, post)


def _ids(post: Post) -> str:
    return ", ".join(run.task.id for run in post.visible)


def _needless(laboratory: Laboratory, report: Report, post: Post) -> Breaches:
    """A second staging for the same commit and hosts, when the first succeeded and vCenter still shows it.

    A commit asked for is a minimum. Where vCenter staged a later one, nobody but vCenter knows that it is later.
    """
    second = post.started
    if second is None or post.commit not in (None, second.commit):
        return
    wanted = {host.id for host in second.hosts}
    for first in laboratory.world.engine.runs:
        if first is second:
            return
        same = first.managed is second.managed and first.commit == second.commit and first.task.user == USERNAME
        # What is one of too many tasks for a list is looked up by its target; without one, nobody can find it.
        shown = first.task.id in laboratory.world.tasks.tasks and bool(first.task.target or not report.list_refused)
        # Where the result of the first cannot be read, only vCenter can tell; it skips what needs nothing.
        shown = shown and first.task.id not in report.misread
        if same and shown and first.task.status == "SUCCEEDED":
            good = {run.host.id for run in first.runs if _good(run.outcome)}
            # Where a scan says nothing of the stage status, only vCenter itself can tell; it skips what needs nothing.
            unclear = {host.id for host in second.hosts if host.stage_status_known is not True or not host.reachable}
            if wanted <= good and not wanted & unclear:
                yield f"a second staging of {sorted(wanted)} for commit {second.commit}, when {first.task.id} succeeded"


def _good(outcome: Outcome) -> bool:
    return outcome.status == "OK" or (outcome.status == "SKIPPED" and not outcome.notifications.get("errors"))


# (2) the result is true and complete


def nothing_is_lost(laboratory: Laboratory, report: Report) -> Breaches:
    if report.outcome == "error" and any(post.started for post in report.posts):
        yield f"no result, though it has started tasks: {report.error}"
    if report.outcome not in ("result", "failed"):
        return
    yield from _started_in_vain(report)
    verdicts = _verdicts(report)
    asked = asked_for(laboratory, report.run.options)
    found = collections.Counter(verdict["moid"] for verdict in verdicts)
    if found != collections.Counter(asked):
        yield f"asked for {sorted(asked)}, the result has {sorted(found.elements())}"
    for kind, name in LISTS.items():
        told = sorted(verdict["name"] for verdict in verdicts if verdict["verdict"] == kind)
        if sorted(report.result[name]) != told:
            yield f"{name} is {report.result[name]}, the verdicts say {told}"
    if (report.outcome == "failed") != bool(report.result["failed_hosts"]):
        yield f"it ended as {report.outcome} with the failed hosts {report.result['failed_hosts']}"


def _started_in_vain(report: Report) -> Breaches:
    """What vCenter accepted is in the result; where no answer came, it was at least looked for."""
    units = [*report.result["clusters"], *report.result["standalone_hosts"]]
    for post in report.posts:
        told = [unit["task"] for unit in units if unit["moid"] == post.managed.id and unit["task"]]
        if post.started and not told and not post.looked_for:
            yield f"the task {post.started.task.id} was started, and neither named nor looked for"


def staged_means_staged(laboratory: Laboratory, report: Report) -> Breaches:
    if report.outcome not in ("result", "failed") or report.run.check_mode:
        return
    good = commits_of_hosts(laboratory)
    for unit in [*report.result["clusters"], *report.result["standalone_hosts"]]:
        for verdict in unit["hosts"]:
            host = verdict["moid"]
            if verdict["verdict"] == "staged" and verdict["commit"] not in good[host]:
                yield f"{host} is said to be staged for {verdict['commit']}, has {sorted(good[host])}"
            if verdict["verdict"] == "skipped" and not good[host] & _meant(report, unit, verdict):
                yield f"{host} is said to need nothing ({verdict['reason']}), it has only {sorted(good[host])}"


def _meant(report: Report, unit: Data, verdict: Data) -> set[str]:
    """Commits that a verdict may be about.

    Without a scan nothing tells of an image that changed since the last staging: then it is the commit that is named.
    """
    named = verdict["commit"] if report.run.options["refresh"] == "never" else None
    return {
        *report.commits[unit["moid"]],
        *(one for one in (report.run.options["commit"], unit["commit"], named) if one),
    }


def _verdicts(report: Report) -> list[Data]:
    units = [*report.result["clusters"], *report.result["standalone_hosts"]]
    return [verdict for unit in units for verdict in unit["hosts"]]


def asked_for(laboratory: Laboratory, options: Data) -> set[str]:
    """Identifiers of the hosts that the options mean."""
    inventory = laboratory.world.inventory
    if options["hosts"] is not None:
        return set(options["hosts"])
    return {host.id for cluster in options["clusters"] for host in inventory.clusters[cluster].hosts}


def commits_of_hosts(laboratory: Laboratory) -> dict[str, set[str]]:
    """For which commits each host was ever good, in truth: from the beginning, or staged since."""
    good: dict[str, set[str]] = {}
    for host_id, (status, staged, commits) in laboratory.first_state.items():
        good[host_id] = {staged} if staged else set()
        if status == COMPLIANT:
            good[host_id] |= commits
    for run in laboratory.world.engine.runs:
        for host_run in run.runs:
            if host_run.ended and host_run.outcome.status == "OK":
                good[host_run.host.id].add(run.commit)
    return good


# (3) sessions


def sessions_are_closed(report: Report) -> Breaches:
    """Not after a SIGKILL, and not one of which every try to close it was spoilt by a fault."""
    if report.outcome == "killed":
        return
    for token in report.left_open:
        tries = report.logouts.get(token, [])
        if not tries or not all(tries):
            yield f"a session is left open after {len(tries)} tries to close it"


# (4) time


def bound(report: Report) -> float:
    """How long a run may take at most.

    Units that cannot be worked on at the same time come one after the other. Each may take `wait_timeout` and one poll;
    `busy_timeout`, where something else occupied it; and `outage_timeout`, its last pause and the looks for what may
    have been started nevertheless, where vCenter gave no good answer to something. Time that passes inside requests
    and between their tries has its own limits.
    """
    options = report.run.options
    units = max(1, len(report.result.get("clusters", ())) + len(report.result.get("standalone_hosts", ())))
    # Where few hosts may be in flight, there may be no two clusters that fit.
    turns = math.ceil(units / options["clusters_in_flight"]) if options["hosts_in_flight"] >= MANY_HOSTS else units
    each = options["wait_timeout"] + options["poll_interval"]
    if report.was_busy:
        each += options["busy_timeout"]
    if report.troubled:
        each += options["outage_timeout"] + LONGEST_PAUSE + LOOKING
    return report.waited + turns * each


def it_ends_in_time(laboratory: Laboratory, report: Report) -> Breaches:
    if report.longest_pause > LONGEST_RETRY_PAUSE:
        yield f"it paused for {report.longest_pause:.0f} s between two tries"
    if report.outcome == "interrupted" and report.leaving > LEAVING:
        yield f"it took {report.leaving:.0f} s to leave, more than {LEAVING:.0f} s"
    if report.outcome in ("result", "failed", "error") and report.seconds > bound(report):
        yield f"it took {report.seconds:.0f} s ({report.waited:.0f} s in requests), more than {bound(report):.0f} s"


# (6) secrets


def no_secret_gets_out(laboratory: Laboratory, report: Report) -> Breaches:
    basic = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, basic, *(token[:BEGINNING] for token in laboratory.world.sessions.issued)):
        if secret in report.text:
            yield f"a secret is in what it says: {report.text[max(0, report.text.index(secret) - 80) :][:120]}"


def check_mode_writes_nothing(report: Report) -> Breaches:
    if report.run.check_mode and report.writes:
        yield f"{report.writes} writes in check mode"


# The end: all faults are over


def after_calm_run(laboratory: Laboratory, report: Report) -> Breaches:
    """Everything that can be staged is."""
    if report.outcome not in ("result", "failed"):
        yield f"without any fault it ends as {report.outcome}: {report.error}"
        return
    for verdict in _verdicts(report):
        host = laboratory.world.inventory.hosts[verdict["moid"]]
        managed = host.managed or (host.cluster.managed if host.cluster else None)
        ready = host.status == COMPLIANT or (managed and host.staged_commit == managed.commit)
        stageable = host.reachable and host.status != INCOMPATIBLE
        if stageable and (not ready or verdict["verdict"] not in ("staged", "skipped")):
            told = f"{verdict['verdict']} ({verdict['reason']})"
            yield f"without any fault {host.id} is {told}, staged for {host.staged_commit}"
        if not stageable and not ready and verdict["verdict"] != "failed":
            yield f"{host.id} cannot be staged, and is said to be {verdict['verdict']}"


def after_last_run(laboratory: Laboratory, report: Report) -> Breaches:
    """There is nothing left to do."""
    if report.outcome not in ("result", "failed"):
        yield f"the last run ends as {report.outcome}: {report.error}"
    elif report.result["changed"]:
        yield f"the last run changes something: {report.result['successful_hosts']}"


# (5) the number of requests


def allowed_requests(fault_free: int) -> float:
    """A bound for one seed; 1.3 holds for all of them together, a single one may have bad luck."""
    return 1.6 * fault_free + 30


def same_in_spite_of_faults(clean: Report, faulty: Report) -> Breaches:
    """At 10 % faults of the network nobody notices any."""
    if faulty.outcome != clean.outcome:
        yield f"it ends as {faulty.outcome} ({faulty.error}), without faults as {clean.outcome}"
        return
    if faulty.requests > allowed_requests(clean.requests):
        yield f"{faulty.requests} requests, {clean.requests} without faults"
    for name in LISTS.values():
        if sorted(faulty.result[name]) != sorted(clean.result[name]):
            yield f"{name}: {faulty.result[name]}, without faults {clean.result[name]}"
