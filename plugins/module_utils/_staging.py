# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Staging operations of vCenter: start one, find those that run; knows neither waiting nor judging."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient, segment
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    TooMany,
    UnexpectedReply,
    attempt,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._images import SOFTWARE
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity
from ansible_collections.vsphere.lifecycle.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import (
    UNFINISHED,
    Task,
    get_task,
    list_tasks,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    dict_or_empty,
    expect,
    mapping_of,
    string_or_none,
)

SERVICES = {
    "cluster": "com.vmware.esx.settings.clusters.software",
    "host": "com.vmware.esx.settings.hosts.software",
}
TARGET_TYPES = {"cluster": "ClusterComputeResource", "host": "HostSystem"}
OBJECTS_PER_CALL = 100
"""Of so many objects the tasks are asked for together, where there are too many to ask for all."""
STAGE_PRIVILEGE = "VcIntegrity.lifecycleSoftwareRemediation.Write"


def start_stage(client: VCenterClient, entity: Entity, commit: str | None, hosts: t.Collection[str] | None) -> str:
    """Start staging and return the task; contract sections 3.3 and 3.4.

    :param commit: the minimum commit; None for the current one.
    :param hosts: identifiers of the hosts of a cluster; None for all. Never empty: vCenter takes that for all, too.
    :raises ValueError: ``hosts`` is empty.
    """
    if hosts is not None and not hosts:
        raise ValueError("an empty list of hosts would stage all hosts")
    spec: dict[str, t.Any] = {}
    if commit is not None:
        spec["commit"] = commit
    if hosts is not None and entity.kind == "cluster":
        spec["hosts"] = sorted(hosts)
    with attempt(f"start staging {entity.label}", privilege=STAGE_PRIVILEGE):
        query = {"action": "stage", "vmw-task": "true"}
        return expect(
            client.post(SOFTWARE[entity.kind].format(entity=segment(entity.moid)), query, spec),
            str,
            "task of the staging",
        )


def find_operations(
    client: VCenterClient, kind: str, entity: Entity | None = None, *, unfinished: bool = True
) -> list[Task]:
    """Return the vLCM tasks of all clusters (or standalone hosts), or of one.

    The server's filters narrow the answer, but are not relied on. A task without a target may be of any object.

    :param unfinished: only tasks that have not ended.
    """
    try:
        found = list_tasks(client, _filter(kind, unfinished)).values()
    except TooMany:
        if entity is None:
            raise
        return _operations_of(client, kind, [entity], unfinished)
    return [
        task
        for task in found
        if task.service in {SERVICES[kind], ""}
        and (entity is None or task.target in {entity.moid, None})
        and not (unfinished and task.finished)
    ]


def find_all_operations(client: VCenterClient, kind: str, entities: t.Sequence[Entity]) -> list[Task]:
    """Return all vLCM tasks of these objects, finished ones too: in one call, or in several if there are too many."""
    try:
        return find_operations(client, kind, unfinished=False)
    except TooMany:
        parts = [entities[start : start + OBJECTS_PER_CALL] for start in range(0, len(entities), OBJECTS_PER_CALL)]
        reads = [functools.partial(_operations_of, client, kind, part, False) for part in parts]
        found = side_by_side(reads, client.connections)
    return list({task.task: task for part in found for task in part}.values())


def _operations_of(client: VCenterClient, kind: str, entities: t.Sequence[Entity], unfinished: bool) -> list[Task]:
    """Return the tasks of these objects, in more calls where even these are too many.

    Last resort: it leaves out tasks that vCenter keeps without a target.
    """
    moids = {entity.moid for entity in entities}
    targets = [{"type": TARGET_TYPES[kind], "id": entity.moid} for entity in entities]
    try:
        found = list_tasks(client, {**_filter(kind, unfinished), "targets": targets}).values()
    except TooMany:
        if len(entities) == 1:
            raise
        middle = len(entities) // 2
        parts = (entities[:middle], entities[middle:])
        return [task for part in parts for task in _operations_of(client, kind, part, unfinished)]
    return [
        task
        for task in found
        if task.service in {SERVICES[kind], ""} and task.target in moids and not (unfinished and task.finished)
    ]


def _filter(kind: str, unfinished: bool) -> Json:
    return {"services": [SERVICES[kind]], **({"status": list(UNFINISHED)} if unfinished else {})}


def attributed(
    client: VCenterClient,
    tasks: t.Iterable[Task],
    owner: t.Mapping[str, str],
    learned: dict[str, set[str]],
    at_once: int = 1,
) -> list[Task]:
    """Return the tasks with their targets, where vCenter leaves them out: the hosts in the result tell.

    :param owner: identifier of the object that each host belongs to, by the host's identifier; that of a standalone
        host by its name as well, as its results hold no identifier.
    :param learned: the hosts of each task, as far as they were read before; it is added to.
    :param at_once: how many results to read side by side, at most.
    """
    tasks = list(tasks)
    untold = [task.task for task in tasks if task.target is None and task.action == "stage"]
    reads = [functools.partial(_learn, client, task, learned) for task in untold if not learned.get(task)]
    side_by_side(reads, at_once)
    targets = {
        task: next((owner[host] for host in learned[task] if host in owner), None) for task in untold if task in learned
    }
    return [dataclasses.replace(task, target=targets.get(task.task, task.target)) for task in tasks]


def _learn(client: VCenterClient, task: str, learned: dict[str, set[str]]) -> None:
    with contextlib.suppress(ApiError, UnexpectedReply):
        learned[task] = hosts_in(get_task(client, task).result)


def owners(objects: t.Iterable[tuple[Entity, t.Iterable[str]]]) -> dict[str, str]:
    """Return what ``attributed`` wants to know of clusters and standalone hosts, each with the hosts in it."""
    return {
        host: entity.moid
        for entity, hosts in objects
        for host in (hosts if entity.kind == "cluster" else (entity.moid, entity.name))
    }


def hosts_in(result: t.Any) -> set[str]:
    """Return the hosts that a stage result speaks of, partial ones too: identifiers; of a standalone host, its name."""
    value = dict_or_empty(result)
    info = value.get("host_info")
    own_name = string_or_none(dict_or_empty(info).get("name"))
    if own_name is not None:
        return {own_name}
    return set(mapping_of(info)) | set(mapping_of(value.get("host_status")))


def last_stage(entity: Entity, known: t.Iterable[Task]) -> Task | None:
    """Return the stage task of an object that ended last, without its result; None when vCenter has none (any more)."""
    ended = [task for task in known if task.target == entity.moid and task.action == "stage" and task.finished]
    return max(ended, key=lambda task: task.end_time or "", default=None)
