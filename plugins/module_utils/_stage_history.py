# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What the stage tasks that vCenter still remembers tell about hosts since their last scan; changes nothing."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _tasks, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    NotFound,
    UnexpectedReply,
    attempt,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity
from ansible_collections.vsphere.lifecycle.plugins.module_utils._localizable import utc_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task


@dataclasses.dataclass(frozen=True)
class History:
    """What was staged since a scan.

    :param commit: the commit of the latest stage task; None when there was none.
    :param hosts: identifiers of the hosts staged for that commit, with the time.
    """

    commit: str | None = None
    hosts: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def staged_for(self, commit: str | None) -> t.Mapping[str, str]:
        """Return the hosts that are staged for a commit; for the latest one when None."""
        return self.hosts if commit in {None, self.commit} else {}


def later_stages(entity: Entity, tasks: t.Iterable[Task], scan_time: str | None) -> list[Task]:
    """Return the stage tasks of an object that ended after its last scan, in the order of their ends.

    Both times come from vCenter's clock and are brought to one form, so that their texts sort as they do.

    :param tasks: what vCenter lists, of other objects too.
    :param scan_time: None if it was never scanned: then all of them count.
    """
    scanned = "" if scan_time is None else utc_of(scan_time)
    later = [
        task
        for task in tasks
        if task.target == entity.moid
        and task.action == "stage"
        and task.finished
        and (ended := utc_of(task.end_time or ""))
        and scanned is not None
        and ended > scanned
    ]
    return sorted(later, key=lambda task: utc_of(task.end_time or "") or "")


def find_history(
    client: VCenterClient,
    entity: Entity,
    later: t.Iterable[Task],
    known: t.Mapping[str, Task],
    warn: t.Callable[[str], None],
) -> History:
    """Read the results of stage tasks of an object.

    :param later: those that ended after its last scan.
    :param known: tasks of which the results were read before.
    :param warn: told about results that cannot be read.
    """
    history = History()
    for task in later:
        try:
            history = _extended(history, client, entity, task, known.get(task.task))
        except (ApiError, UnexpectedReply) as error:
            # What it says is only to save a call: vCenter skips hosts that are staged.
            warn(f"The result of an earlier staging of {entity.label} cannot be read and is left out. {error}")
    return history


def _extended(history: History, client: VCenterClient, entity: Entity, task: Task, known: Task | None) -> History:
    try:
        ended = known if known and known.result else _tasks.get_task(client, task.task)
    except NotFound:
        # vCenter dropped it between the two calls.
        return history
    with attempt(f"read the result of task {task.task}"):
        outcome = _verdicts.outcome_of(entity, ended.result or {})
    if outcome.commit is None:
        return history
    hosts = dict(history.hosts) if history.commit == outcome.commit else {}
    for moid, verdict in outcome.verdicts.items():
        if verdict.verdict == _verdicts.FAILED:
            hosts.pop(moid, None)
        else:
            hosts[moid] = task.end_time or ""
    return History(outcome.commit, hosts)
