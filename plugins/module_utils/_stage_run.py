# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Stages clusters and standalone hosts side by side, or predicts what that would bring; knows no URL and no Ansible."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _staging, _tasks, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Deadline
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import ENDED, RUNNING, News
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_history import find_history, later_stages
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_job import StageJob
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_progress import UnitProgress
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Options, Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task
from ansible_collections.vsphere.lifecycle.plugins.module_utils._verdicts import Verdict


class StageRun:
    """One run over several units with the same options."""

    def __init__(self, client: VCenterClient, options: Options, context: Context) -> None:
        self._client, self._options, self._context = client, options, context
        self._operations: dict[str, Task] = {}
        self._learned: dict[str, set[str]] = {}

    def look(self, units: t.Sequence[Unit]) -> None:
        """Learn what runs already, so that it is adopted, and what was staged since the last scan.

        Staging is not documented to refresh the stored compliance: a host that it calls NOT_STAGED may have been staged
        by the last run. The results of those tasks tell. One call for all units, and none when nothing is to do.
        """
        open_units = self._with_work(units)
        owner = _staging.owners([(unit.entity, unit.hosts) for unit in open_units])
        later: dict[str, list[Task]] = {}
        for kind in sorted({unit.entity.kind for unit in open_units}):
            of_kind = [unit for unit in open_units if unit.entity.kind == kind]
            listed = _staging.find_all_operations(self._client, kind, [unit.entity for unit in of_kind])
            tasks = _staging.attributed(self._client, listed, owner, self._learned, self._client.connections)
            # One vLCM operation at a time; should there be a scan beside a staging, the staging is what counts.
            running = sorted((task for task in tasks if not task.finished), key=lambda task: task.action == "stage")
            self._operations.update({task.target: task for task in running if task.target})
            # One that runs and does not tell what it is for may turn out to be of any of these objects.
            untold = {task.task for task in tasks if task.target is None and not task.finished}
            known = frozenset(task.task for task in tasks) - untold
            by_target: dict[str | None, list[Task]] = collections.defaultdict(list)
            for task in tasks:
                by_target[task.target].append(task)
            for unit in of_kind:
                unit.known_tasks, unit.untold = known, bool(untold)
                scan_time = (unit.compliance.scan_time or "") if unit.compliance else None
                later[unit.entity.moid] = later_stages(unit.entity, by_target[unit.entity.moid], scan_time)
        hosts = {task.task: len(unit.hosts) for unit in open_units for task in later[unit.entity.moid]}
        results = _tasks.find_results(self._client, hosts)
        for unit in open_units:
            unit.history = find_history(self._client, unit.entity, later[unit.entity.moid], results, self._context.warn)

    def predict(self, units: t.Sequence[Unit]) -> None:
        """Give every host the verdict that ``run`` would most likely bring; sends nothing that changes anything."""
        for unit in units:
            plan = unit.plan(self._options.commit)
            unit.verdicts.update(plan.settled)
            running = self._operations.get(unit.entity.moid)
            if plan.needed and running and running.action == "stage":
                unit.task, unit.adopted = running, True
            busy = running and running.action != "stage" and not self._options.wait
            for moid in plan.needed:
                host = unit.hosts[moid]
                unit.verdicts[moid] = (
                    _verdicts.failed(host, f"vCenter is busy with '{running.action}' (task {running.task})")
                    if running and busy
                    else self._predicted(host)
                )

    def run(self, units: t.Sequence[Unit]) -> bool:
        """Stage what needs it and give every host its verdict; what goes wrong with one unit stays with that unit.

        Return whether all was seen through, and nothing ended the work on all units at once.
        """
        busy = self._with_work(units)
        options = self._options
        limits = _tasks.Limits(options.clusters_in_flight, options.hosts_in_flight, options.site_clusters_in_flight)
        pace = _tasks.Pace(options.poll_interval)
        together = _tasks.Together(
            self._client, limits, pace, options.outage_timeout, follow=self._context.followed, away=self._away
        )
        told = [UnitProgress(self._context, unit, options.commit, self._client.clock) for unit in busy]
        end = Deadline(self._client.clock, options.total_timeout) if options.total_timeout else None
        jobs = {self._job(unit, progress, end): unit for unit, progress in zip(busy, told, strict=True)}
        sites = {job: self._site(unit) for job, unit in jobs.items()}
        seen_through = True
        try:
            together.run([(job, self._weight(unit)) for job, unit in jobs.items()], sites)
        except VCenterError as error:
            seen_through = False
            for unit, progress in zip(busy, told, strict=True):
                if not unit.ended:
                    unit.problem = f"{error} vCenter goes on with what it has started; run again to see it through."
                    unit.task = together.last.get(unit.task.task, unit.task) if unit.task else None
                    progress.ended()
        for unit in units:
            unit.verdicts = {**unit.plan(self._options.commit).settled, **unit.verdicts}
            unit.settle()
        return seen_through

    def _with_work(self, units: t.Sequence[Unit]) -> list[Unit]:
        return [
            unit
            for unit in units
            if unit.hosts and (unit.scan_wanted(self._options) or unit.plan(self._options.commit).needed)
        ]

    def _predicted(self, host: Host) -> Verdict:
        if not self._options.wait:
            return _verdicts.started(host)
        trouble = _verdicts.unreachable(host)
        return (
            _verdicts.failed(host, trouble)
            if trouble
            else Verdict(host.moid, host.name, _verdicts.STAGED, reason="to be staged")
        )

    def _weight(self, unit: Unit) -> int:
        """Return how many hosts of a unit will be busy, as far as that can be told."""
        return len(unit.plan(self._options.commit).needed) or len(unit.hosts)

    def _site(self, unit: Unit) -> str | None:
        sites = self._options.sites
        return sites.get(unit.entity.moid) or sites.get(unit.entity.name)

    def _job(self, unit: Unit, progress: UnitProgress, end: Deadline | None) -> _tasks.Job:
        running = self._operations.get(unit.entity.moid)
        return StageJob(self._client, self._options, progress, unit, running, self._learned, end).steps()

    def _away(self, away: bool) -> None:
        """Tell that vCenter gives no answers any more, or that it does so again."""
        state, text = (RUNNING, "gives no usable answer; its tasks go on") if away else (ENDED, "answers again")
        self._context.progress(News("vcenter", "", "vCenter", state, text))
