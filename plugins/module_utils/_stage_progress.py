# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Tells how far one cluster or standalone host is; decides nothing, and knows not who listens."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _progress, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task

FRESH = _progress.HEARTBEAT / 3
"""Seconds for which a percentage is good enough."""
GOOD = (_verdicts.STAGED, _verdicts.SKIPPED)


class UnitProgress:
    """The news of one unit.

    :param commit: the minimum commit asked for; None for the present one.
    """

    def __init__(self, context: Context, unit: Unit, commit: str | None, clock: Clock) -> None:
        self._context, self._unit, self._clock = context, unit, clock
        self._told = clock.now()
        self._asked = unit.plan(commit).needed
        self._staged: set[str] = set()
        entity = unit.entity
        self._news = _progress.News(entity.kind, entity.moid, entity.name, hosts=len(self._asked))
        context.progress(self._news)

    def now(self, text: str) -> None:
        """Tell what is being done from now on."""
        hosts = len(self._staged) or len(self._asked)
        self._tell(state=_progress.RUNNING, text=text, hosts=hosts, staged=None, percent=None, left=None)

    def staging(self, hosts: set[str], *, adopted: bool) -> None:
        """Tell that these hosts are being staged from now on; those of earlier rounds count on.

        :param adopted: whether the task ran already.
        """
        again = " again" if self._staged else ""
        text = f"staging of {len(hosts)} host{'s' if len(hosts) > 1 else ''} started{again}"
        self._staged |= hosts
        self.now("waiting for the running staging" if adopted else text)

    def saw(self, task: Task, left: float | None) -> None:
        """Tell how far a staging is that was looked at; what its result says so far is no verdict yet."""
        if task.finished:
            return
        counts = {}
        if task.result:
            # Whether it makes sense is judged at the end.
            with contextlib.suppress(VCenterError):
                counts = self._counts(_verdicts.outcome_of(self._unit.entity, task.result, ended=False).verdicts)
        self._tell(percent=task.percent, left=left, **counts)

    def ended(self) -> None:
        """Tell what became of the unit."""
        unit = self._unit
        hosts = self._staged or set(self._asked if unit.problem else ())
        verdicts = unit.verdicts
        if unit.problem:
            verdicts = {**{moid: _verdicts.failed(unit.hosts[moid], unit.problem) for moid in hosts}, **verdicts}
        self._staged = hosts
        started = sum(moid in verdicts and verdicts[moid].verdict == _verdicts.STARTED for moid in hosts)
        text = f"ended early: {unit.problem}" if unit.problem else "done"
        if started:
            text = f"{started} started, and not waited for"
        elif not hosts and not unit.problem:
            text = "nothing to stage"
        self._tell(state=_progress.ENDED, text=text, hosts=len(hosts), left=None, **self._counts(verdicts))

    def _counts(self, news: t.Mapping[str, _verdicts.Verdict]) -> dict[str, int]:
        known = {**self._unit.verdicts, **news}
        verdicts = [known[moid].verdict for moid in self._staged if moid in known]
        return {"staged": sum(one in GOOD for one in verdicts), "failed": verdicts.count(_verdicts.FAILED)}

    def _tell(self, **changes: t.Any) -> None:
        moved = {name for name, value in changes.items() if value != getattr(self._news, name)} - {"left"}
        now = self._clock.now()
        # A thousand clusters move by a percent at each look, and a reader hears of that in heartbeats only.
        if moved - {"percent"} or (moved and now - self._told >= FRESH):
            self._news, self._told = dataclasses.replace(self._news, **changes), now
            self._context.progress(self._news)
