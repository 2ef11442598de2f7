# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""A cluster or standalone host on its way through a stage run: what is known, what is to do, what became of it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._images import Compliance
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_history import History
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task
from ansible_collections.vsphere.lifecycle.plugins.module_utils._verdicts import Verdict


@dataclasses.dataclass(frozen=True)
class Options:
    """How to stage; times in seconds.

    :param commit: the minimum commit; None for the current one.
    :param refresh: ``auto``, ``always`` or ``never``: whether to scan before deciding.
    :param on_timeout: ``leave`` or ``cancel``: what becomes of a task that takes too long.
    :param retry_failed_hosts: how often hosts whose failure vCenter calls retriable are staged again.
    :param clusters_in_flight: how many objects are worked on at once.
    :param hosts_in_flight: how many hosts are in these, at most.
    :param site_clusters_in_flight: how many objects of one site, at most; 0 for no such limit.
    :param sites: label of the site of each object, by identifier or name.
    :param total_timeout: for all objects together; 0 for no limit.
    """

    commit: str | None = None
    wait: bool = True
    wait_timeout: float = 7200
    poll_interval: float = 10
    refresh: str = "auto"
    busy_timeout: float = 600
    outage_timeout: float = 900
    on_timeout: str = "leave"
    retry_failed_hosts: int = 0
    clusters_in_flight: int = 5
    hosts_in_flight: int = 64
    site_clusters_in_flight: int = 0
    sites: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    total_timeout: float = 0


@dataclasses.dataclass
class Unit:
    """A cluster or a standalone host, the hosts asked for, and what became of them.

    :param whole: whether all hosts of the cluster are asked for.
    :param first_compliance: as it was stored before this run.
    :param scanned: whether ``compliance`` comes from a scan of this run.
    :param history: what was staged since the stored compliance was made.
    :param verdicts: by host identifier.
    :param source: ``task``, or ``compliance`` where the task was lost and a scan had to tell what became of the hosts.
    :param known_tasks: the tasks that vCenter had for the object before this run.
    :param untold: whether a task ran then of which vCenter did not tell what it is for.
    :param commit: the commit that was really staged; None while nothing was.
    :param commit_time: when that commit was made, where it is another one than the last scan knew.
    :param commit_times: when commits were made that were looked up.
    :param problem: why the whole unit ended early; empty when it did not.
    :param ended: whether the work on it is over, well or not.
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
    source: str = "task"
    timed_out: bool = False
    known_tasks: frozenset[str] = frozenset()
    untold: bool = False
    commit: str | None = None
    commit_time: str | None = None
    commit_times: dict[str, str | None] = dataclasses.field(default_factory=dict)
    problem: str = ""
    ended: bool = False
    notifications: tuple[dict[str, t.Any], ...] = ()

    def settle(self) -> None:
        """Give every host asked for a verdict: those without one share the fate of the unit."""
        for moid, host in self.hosts.items():
            if moid not in self.verdicts:
                self.verdicts[moid] = _verdicts.failed(host, self.problem or "vCenter says nothing about this host")

    def knows(self, commit: str | None) -> bool:
        """Whether the compliance is about the image wanted; None for the present one."""
        return self.scanned or _verdicts.trusted(self.compliance, commit or self.history.commit)

    def plan(self, commit: str | None) -> _verdicts.Plan:
        """Decide what is to do, from what is known by now."""
        staged_since = {} if self.scanned else self.history.staged_for(commit)
        compliance = self.compliance if self.knows(commit) else None
        return _verdicts.plan_for(self.hosts.values(), compliance, staged_since, self.history.commit)

    def scan_wanted(self, options: Options) -> bool:
        """Whether a scan is due before anything is decided."""
        if options.refresh == "never" or self.scanned:
            return False
        return options.refresh == "always" or not self.knows(options.commit)
