# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What is known of the staging of clusters and of standalone hosts, in one shape for both. Changes nothing."""

from __future__ import annotations

import functools
import hashlib
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _images, _inventory, _staging, _tasks, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    InvalidOption,
    NotFound,
    Unauthorized,
    UnexpectedReply,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._selection import Selection
from ansible_collections.vsphere.lifecycle.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_report import names_with

UNKNOWN = "UNKNOWN"
WORDS = {"cluster": "cluster", "host": "standalone host"}

ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "exclude": {"type": "list", "elements": "str", "default": []},
    "commit": {"type": "str"},
    "detail": {"type": "str", "choices": ["summary", "full"], "default": "full"},
    "datacenter": {"type": "str", "aliases": ["datacenter_name"]},
    "task": {"type": "str"},
    "parallel_requests": {"type": "int", "default": 8},
}
"""The options that the modules for both kinds share."""


def entries(
    kind: str, params: t.Mapping[str, t.Any], client: VCenterClient, context: Context
) -> list[dict[str, t.Any]]:
    """Return an entry for each cluster or standalone host, as the modules document it.

    :param kind: ``cluster`` or ``host``.
    :param params: ``clusters`` or ``hosts``, and what ARGUMENT_SPEC names.
    :raises PreflightFailed: something that is named is not there, or ambiguous, or a host in a cluster.
    :raises InvalidOption: nothing is named, or the task is not one of these objects.
    """
    asked = _tasks.get_task(client, params["task"]) if params["task"] else None
    selection = Selection(client, params["datacenter"] or None)
    select = selection.matching_clusters if kind == "cluster" else selection.matching_standalone_hosts
    chosen: t.Sequence[Entity] = select(_named(kind, params[f"{kind}s"], asked), params["exclude"])
    selection.check()
    for note in selection.notes:
        context.warn(note)
    if asked and asked.target not in {entity.moid for entity in chosen}:
        raise InvalidOption(
            f"Task {asked.task} belongs to none of the {kind}s named", f"Leave {kind}s out, or correct task"
        )
    listed = _staging.find_all_operations(client, kind, chosen)
    reads = [functools.partial(_read_image, client, entity) for entity in chosen]
    images = dict(zip((entity.moid for entity in chosen), side_by_side(reads, client.connections), strict=True))
    members = _members(client, chosen, images)
    owner = _staging.owners((entity, [host.moid for host in members[entity.moid]]) for entity in chosen)
    operations = _staging.attributed(client, listed, owner, {}, client.connections)
    wanted = Wanted(params["detail"] == "full", params["commit"] or None, asked)
    calls = [
        functools.partial(_entry, client, entity, images[entity.moid], members[entity.moid], operations, wanted)
        for entity in chosen
    ]
    return side_by_side(calls, client.connections)


def _named(kind: str, named: list[str] | None, asked: _tasks.Task | None) -> list[str] | None:
    """Return which objects to look at: those named, else the one that the task belongs to, else all."""
    if asked and (asked.service != _staging.SERVICES[kind] or asked.action != "stage" or not asked.target):
        raise InvalidOption(
            f"Task {asked.task} is no stage task of a {WORDS[kind]} (service {asked.service}, "
            f"operation {asked.operation})",
            f"Pass the identifier of a task that esx_software_stage returned for a {WORDS[kind]}",
        )
    return [asked.target] if named is None and asked and asked.target else named


def _members(client: VCenterClient, chosen: t.Sequence[Entity], images: t.Mapping[str, Image]) -> dict[str, list[Host]]:
    """Return the hosts of each object, by its identifier; a standalone host is its own."""
    alone = {entity.moid: [entity] for entity in chosen if isinstance(entity, Host)}
    clusters = [entity for entity in chosen if entity.moid not in alone]
    number = {moid: len(image.compliance.hosts) for moid, image in images.items() if image.compliance}
    return {**alone, **_inventory.hosts_of_all(client, clusters, number)}


class Wanted(t.NamedTuple):
    """What to tell of each object: everything or the summary, whether it has a commit, the result of a task."""

    everything: bool
    commit: str | None
    task: _tasks.Task | None


def _entry(
    client: VCenterClient,
    entity: Entity,
    image: Image,
    members: list[Host],
    operations: list[_tasks.Task],
    wanted: Wanted,
) -> dict[str, t.Any]:
    """Return the entry of one cluster or standalone host."""
    compliance, image_managed, unknown = image
    running = [task for task in operations if task.target == entity.moid and not task.finished]
    stagings = [task for task in running if task.action == "stage"]
    hosts = _hosts_info(compliance, members) if image_managed else []
    entry = {
        "name": entity.name,
        "moid": entity.moid,
        "image_managed": image_managed,
        "status": compliance.status if compliance else None,
        "stage_status": (compliance.stage_status if compliance else None) or UNKNOWN,
        "commit": compliance.commit if compliance else None,
        "scan_time": compliance.scan_time if compliance else None,
        "has_commit": _has_commit(client, entity, image, wanted.commit),
        "counts": {"hosts": len(hosts), "ready": sum(1 for host in hosts if _is_ready(host))},
        "members": _fingerprint(host.moid for host in members),
        "unreachable_hosts": sorted(host.name for host in members if not host.reachable),
        "running_task": stagings[0].summary() if stagings else None,
        "running_operation": _in_words((stagings or running)[0]) if running else None,
        "unknown": unknown,
    }
    if isinstance(entity, Host):
        entry.update(connection_state=entity.connection_state, power_state=entity.power_state)
    if not wanted.everything:
        return entry
    return {
        **entry,
        "notifications": list(compliance.notifications) if compliance else [],
        "hosts": hosts,
        "last_stage": _last_stage(client, entity, operations, wanted.task, unknown),
    }


def _has_commit(client: VCenterClient, entity: Entity, image: Image, commit: str | None) -> bool | None:
    """Return whether an object has ever had a commit; None if that is no question."""
    if commit is None or not image.managed:
        return None
    if image.compliance and image.compliance.commit == commit:
        return True
    return _images.find_commit(client, entity, commit) is not None


def _fingerprint(moids: t.Iterable[str]) -> str:
    """Return a short text that is another one for other hosts."""
    return hashlib.sha256(",".join(sorted(moids)).encode()).hexdigest()[:16]


def _is_ready(host: dict[str, t.Any]) -> bool:
    """Whether nothing is left to stage on a host, by the last scan."""
    staged = host["status"] == "NON_COMPLIANT" and host["stage_status"] == "STAGED"
    return staged or host["status"] == "COMPLIANT"


def _in_words(task: _tasks.Task) -> str:
    """Return what a task does, and how far it is."""
    return f"{task.action}, {task.percent} % done" if task.percent is not None else task.action


class Image(t.NamedTuple):
    """What can be read of an image: None for what cannot, and why not."""

    compliance: _images.Compliance | None
    managed: bool | None
    unknown: list[str]


def _read_image(client: VCenterClient, entity: Entity) -> Image:
    """Read the stored compliance, and whether the object is managed by an image; a compliance proves that it is."""
    unknown: list[str] = []
    refused = ""
    try:
        compliance = _images.find_compliance(client, entity)
    except Unauthorized as error:
        compliance, refused = None, str(error)
    if compliance:
        return Image(compliance, True, unknown)
    managed = None
    try:
        managed = _images.managed_by_image(client, entity)
    except Unauthorized as error:
        unknown.append(str(error))
    except NotFound as error:
        # One that has gone since it was listed must not hide the others.
        return Image(None, None, [str(error)])
    if managed is not False:
        unknown.append(refused or f"There is no stored compliance: the {entity.kind} was never scanned.")
    return Image(None, managed, unknown)


def _hosts_info(compliance: _images.Compliance | None, members: list[Host]) -> list[dict[str, t.Any]]:
    """Return the entries of the hosts, by name: those that the scan knew, and those of the object that it did not."""
    known = compliance.hosts if compliance else {}
    names = {**(compliance.names if compliance else {}), **{host.moid: host.name for host in members}}
    told = [_host_info(moid, names.get(moid, moid), known.get(moid)) for moid in {**known, **names}]
    return sorted(told, key=lambda entry: str(entry["name"]))


def _host_info(moid: str, name: str, host: _images.HostCompliance | None) -> dict[str, t.Any]:
    """Return the entry of one host; None where no scan has known it."""
    return {
        "name": name,
        "moid": moid,
        "status": host.status if host else None,
        "stage_status": (host.stage_status if host else None) or UNKNOWN,
        "commit": host.commit if host else None,
        "notifications": list(host.notifications) if host else [],
    }


def _last_stage(
    client: VCenterClient,
    entity: Entity,
    operations: list[_tasks.Task],
    asked: _tasks.Task | None,
    unknown: list[str],
) -> dict[str, t.Any] | None:
    """Return the result of the task asked for, else of the last one that ended."""
    task, source = asked, "task"
    if task is None:
        found = _staging.last_stage(entity, operations)
        source = "task_list"
        try:
            task = _tasks.get_task(client, found.task) if found else None
        except (ApiError, UnexpectedReply) as error:
            unknown.append(f"The result of the last staging cannot be read. {error}")
            return None
    if task is None:
        unknown.append("There is no result of an earlier staging: vCenter has no such task (any more).")
        return None
    if task.result is None:
        unknown.append(f"Task {task.task} ({task.status}) has no result.")
    elif not task.finished:
        unknown.append(f"Task {task.task} is {task.status}: its result is not final.")
    try:
        outcome = _verdicts.outcome_of(entity, task.result or {}, ended=task.finished)
    except UnexpectedReply as error:
        unknown.append(f"The result of task {task.task} cannot be read: {error.reason}.")
        outcome = _verdicts.NOTHING
    verdicts = sorted(outcome.verdicts.values(), key=lambda verdict: verdict.name)
    return {
        "source": source,
        "task": task.summary(),
        "commit": outcome.commit,
        "errors": list(task.error_messages),
        "notifications": list(outcome.notifications),
        "successful_hosts": names_with(verdicts, _verdicts.STAGED),
        "skipped_hosts": names_with(verdicts, _verdicts.SKIPPED),
        "failed_hosts": names_with(verdicts, _verdicts.FAILED),
        "hosts": [verdict.result() for verdict in verdicts],
    }
