# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads world files: from plain data to the objects of the world, or one clear sentence about what is wrong."""

from __future__ import annotations

import itertools
import pathlib
import typing as t

import yaml

from .errors import WorldError
from .images import STATUSES, Commit, Managed
from .inventory import CONNECTION_STATES, POWER_STATES, Cluster, Datacenter, Host, Inventory, Outcome
from .sessions import User
from .staging import HOST_STATUSES
from .values import Struct, seconds_of

USERNAME, PASSWORD = "administrator@vsphere.local", "simulated-password"

SECTIONS = {"vcenter", "defaults", "datacenters", "appliance", "extension_tasks", "tasks", "faults", "events", "seed"}
VCENTER = {
    "version",
    "build",
    "roots",
    "users",
    "sessions",
    "task_operation_suffix",
    "task_targets",
    "task_target_filter",
    "partial_results",
    "task_retention",
    "clock_skew",
    "limits",
}
SESSIONS = {"idle_timeout", "lifetime", "limit"}
APPLIANCE = {"version", "update", "pending", "staged", "policy", "services"}
SERVICE = {"state", "health", "health_messages", "startup_type", "name_key", "description_key"}
SERVICE_CHOICES = {
    "state": ("STARTING", "STARTED", "STOPPING", "STOPPED"),
    "health": ("HEALTHY", "HEALTHY_WITH_WARNINGS", "DEGRADED"),
    "startup_type": ("AUTOMATIC", "MANUAL", "DISABLED"),
}
EXTENSION_TASKS = {"offered", "operations", "tasks"}
TASK = {"cluster", "host", "operation", "started", "seconds", "commit", "hosts", "user", "number"}
DATACENTER = {"name", "datacenter", "folder", "clusters", "hosts"}
IMAGE = {
    "managed_by",
    "commit",
    "commits",
    "scan",
    "scan_seconds",
    "stage_seconds",
    "pending_seconds",
    "stage_cancelable",
    "staging_refreshes_compliance",
    "busy_as_task_error",
    "stage_outcomes",
    "image",
}
#: Members of IMAGE that are fields of the managed object under the same name.
IMAGE_FIELDS = IMAGE - {"managed_by", "commit", "commits", "scan", "image"}
#: Those that `defaults` may set for every cluster and standalone host that does not say otherwise.
DEFAULTS = IMAGE_FIELDS - {"stage_outcomes"}
CLUSTER = IMAGE | {"name", "cluster", "folder", "hosts", "ha_enabled", "drs_enabled"}
HOST = {
    "name",
    "host",
    "folder",
    "connection_state",
    "power_state",
    "maintenance_mode",
    "status",
    "staged_commit",
    "stage_status_known",
    "stage_seconds",
    "is_vsan_witness",
    "outcomes",
}
#: Members of HOST that are fields of the host under the same name.
HOST_FIELDS = HOST - {"name", "host", "folder", "outcomes"}
STAGE_OUTCOME = {
    "status",
    "error",
    "result",
    "refuse",
    "blocked",
    "stuck",
    "pending_seconds",
    "vanish",
    "backwards",
    "depot_error",
}
LIMITS = {"tasks", "datacenters", "clusters", "hosts"}
CHOICES: dict[str, tuple[str, ...]] = {
    "connection_state": CONNECTION_STATES,
    "power_state": POWER_STATES,
    "status": STATUSES,
    "managed_by": ("image", "baseline"),
}


def read(path: str | pathlib.Path) -> Struct:
    """The data of a world file. Raises WorldError."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = yaml.safe_load(stream)
    except (OSError, UnicodeDecodeError) as exc:
        raise WorldError(f"Could not read the world file {path}: {exc}") from None
    except yaml.YAMLError as exc:
        raise WorldError(f"The world file {path} is not YAML: {exc}") from None
    return members(data or {}, f"the world file {path}", SECTIONS)


def members(data: t.Any, where: str, known: t.Collection[str], required: t.Collection[str] = ()) -> Struct:
    """The mapping itself, once it is sure to be one with known members only. Raises WorldError."""
    if not isinstance(data, dict):
        raise WorldError(f"{where} must be a mapping, got {data!r}.")
    unknown = sorted(str(name) for name in set(data) - set(known))
    if unknown:
        raise WorldError(f"{where} has the unknown member {unknown[0]!r}. Known are {', '.join(sorted(known))}.")
    missing = sorted(set(required) - set(data))
    if missing:
        raise WorldError(f"{where} lacks {missing[0]!r}.")
    return data


def appliance(data: t.Any) -> Struct:
    """The appliance, or changes of it. Raises WorldError."""
    found = members(data or {}, "appliance", APPLIANCE)
    for name, service in (found.get("services") or {}).items():
        where = f"service {name}"
        check_choices(members(service, where, SERVICE), where, SERVICE_CHOICES)
    return found


def check_choices(
    data: t.Mapping[str, t.Any], where: str, known: t.Mapping[str, tuple[str, ...]] | None = None
) -> None:
    """Raises WorldError for a value of CHOICES, or of others that are known, that is none."""
    for name, choices in (CHOICES if known is None else known).items():
        if name in data and data[name] not in choices:
            raise WorldError(f"{name} of {where} must be one of {', '.join(choices)}, got {data[name]!r}.")


def entries(data: t.Any, where: str) -> list[t.Any]:
    """A list, where nothing counts as an empty one. Raises WorldError."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise WorldError(f"{where} must be a list, got {data!r}.")
    return data


def users(data: t.Any) -> dict[str, User]:
    """The users of `vcenter.users`; without any there is one who may do everything."""
    source = data or {USERNAME: {"password": PASSWORD}}
    return {name: _user(name, item) for name, item in source.items()}


def _user(name: str, data: t.Any) -> User:
    source = members(data, f"user {name}", {"password", "privileges"}, ("password",))
    privileges = source.get("privileges", "all")
    return User(name, str(source["password"]), None if privileges == "all" else frozenset(privileges))


def outcome(data: t.Any, where: str) -> Outcome:
    """One staging attempt of a host; a status alone will do. Raises WorldError."""
    if isinstance(data, Outcome):
        return data
    source = {"status": data} if isinstance(data, str) else dict(data or {})
    members(source, f"outcome of {where}", {"status", "seconds", "notifications", "list"})
    built = Outcome(**source)
    if built.status is not None and built.status not in HOST_STATUSES:
        raise WorldError(f"The outcome of {where} must be one of {', '.join(HOST_STATUSES)}, got {built.status!r}.")
    return built


def inventory(data: t.Any, defaults: t.Any, now: float) -> Inventory:
    """Everything below `datacenters`. Raises WorldError."""
    return _Builder(members(defaults or {}, "defaults", DEFAULTS), now).build(entries(data, "datacenters"))


class _Builder:
    """Hands out identifiers as it goes; explicit ones from the file are kept."""

    def __init__(self, defaults: Struct, now: float) -> None:
        self._defaults = defaults
        self._now = now
        self._inventory = Inventory()
        self._numbers = {
            kind: itertools.count(first)
            for kind, first in (("datacenter-", 3), ("domain-c", 8), ("host-", 16), ("group-h", 1004))
        }

    def build(self, datacenters: list[t.Any]) -> Inventory:
        for number, source in enumerate(datacenters, 1):
            self._datacenter(members(source, f"datacenter number {number}", DATACENTER, ("name",)))
        return self._inventory

    def _id(self, kind: str, given: str | None, taken: t.Container[str], where: str) -> str:
        if given is not None:
            if given in taken:
                raise WorldError(f"{where} uses the identifier {given}, which is taken.")
            return given
        return next(name for number in self._numbers[kind] if (name := f"{kind}{number}") not in taken)

    def _datacenter(self, source: Struct) -> None:
        where = f"datacenter {source['name']}"
        datacenter = Datacenter(
            self._id("datacenter-", source.get("datacenter"), self._inventory.datacenters, where),
            str(source["name"]),
            source.get("folder", "group-d1"),
            f"group-h{next(self._numbers['group-h'])}",
        )
        self._inventory.datacenters[datacenter.id] = datacenter
        for number, item in enumerate(entries(source.get("clusters"), f"clusters of {where}"), 1):
            self._cluster(datacenter, members(item, f"cluster number {number} of {where}", CLUSTER, ("name",)))
        for item in entries(source.get("hosts"), f"hosts of {where}"):
            self._standalone(datacenter, item)

    def _cluster(self, datacenter: Datacenter, source: Struct) -> None:
        where = f"cluster {source['name']}"
        check_choices(source, where)
        cluster_id = self._id("domain-c", source.get("cluster"), self._inventory.clusters, where)
        managed = self._managed("cluster", cluster_id, str(source["name"]), source)
        cluster = Cluster(
            cluster_id,
            str(source["name"]),
            datacenter,
            source.get("folder", datacenter.host_folder),
            managed,
            bool(source.get("ha_enabled", True)),
            bool(source.get("drs_enabled", True)),
        )
        self._inventory.clusters[cluster_id] = cluster
        for item in entries(source.get("hosts"), f"hosts of {where}"):
            host = self._host(datacenter, _named(item, where), where, HOST)
            host.cluster = cluster
            cluster.hosts.append(host)
        managed.hosts = cluster.hosts
        self._last_scan(managed, source)

    def _standalone(self, datacenter: Datacenter, item: t.Any) -> None:
        source = _named(item, f"datacenter {datacenter.name}")
        host = self._host(datacenter, source, f"datacenter {datacenter.name}", HOST | IMAGE)
        if source.get("managed_by") == "image":
            host.managed = self._managed("host", host.id, host.name, source)
            host.managed.hosts = [host]
            self._last_scan(host.managed, source)

    def _host(self, datacenter: Datacenter, source: Struct, where: str, known: t.Collection[str]) -> Host:
        name = str(source["name"])
        members(source, f"host {name} of {where}", known)
        check_choices(source, f"host {name} of {where}")
        host = Host(
            self._id("host-", source.get("host"), self._inventory.hosts, f"host {name}"),
            name,
            datacenter,
            source.get("folder", datacenter.host_folder),
            outcomes=[outcome(item, f"host {name}") for item in entries(source.get("outcomes"), f"outcomes of {name}")],
            **{field: source[field] for field in HOST_FIELDS & set(source)},
        )
        self._inventory.hosts[host.id] = host
        return host

    def _managed(self, kind: str, object_id: str, name: str, source: Struct) -> Managed:
        where = f"{kind} {name}"
        for item in entries(source.get("stage_outcomes"), f"stage_outcomes of {where}"):
            members(item, f"stage outcome of {where}", STAGE_OUTCOME)
        managed = Managed(
            kind,
            object_id,
            name,
            source.get("managed_by", "image"),
            **{**self._defaults, **{field: source[field] for field in IMAGE_FIELDS & set(source)}},
        )
        if managed.managed_by == "image" and source.get("image", {}) is not None:
            managed.image = _image(source.get("image") or {}, where, self._now)
            managed.commits = self._commits(source.get("commits") or {"1": {}}, where)
            managed.commit = str(source.get("commit", list(managed.commits)[-1]))
            if managed.commit not in managed.commits:
                raise WorldError(f"The commit {managed.commit} of {where} is not among its commits.")
        return managed

    def _commits(self, source: t.Any, where: str) -> dict[str, Commit]:
        if not isinstance(source, dict):
            raise WorldError(f"commits of {where} must be a mapping, got {source!r}.")
        return {str(name): self._commit(item or {}, f"commit {name} of {where}") for name, item in source.items()}

    def _commit(self, data: t.Any, where: str) -> Commit:
        source = members(data, where, {"author", "description", "commit_time"})
        return Commit(
            source.get("author", USERNAME),
            source.get("description", ""),
            _time(source.get("commit_time"), self._now - 86400, where),
        )

    def _last_scan(self, managed: Managed, source: Struct) -> None:
        """Stored compliance as of the start; a world file that says nothing gets one of the current commit."""
        if not managed.has_image or source.get("scan", {}) is None:
            return
        where = f"scan of {managed.kind} {managed.name}"
        scan = members(source.get("scan", {}), where, {"commit", "time"})
        managed.scan(_time(scan.get("time"), self._now - 3600, where), str(scan.get("commit", managed.commit)))


def _named(item: t.Any, where: str) -> Struct:
    """A host may be given by its name alone."""
    if isinstance(item, str):
        return {"name": item}
    if not isinstance(item, dict) or "name" not in item:
        raise WorldError(f"A host of {where} must be a name or a mapping with one, got {item!r}.")
    return item


def _image(data: t.Any, where: str, now: float) -> Struct:
    source = members(data, f"image of {where}", {"base_image", "installed", "components", "add_on"})
    return {
        "base_image": _base_image(source.get("base_image", "8.0.3-0.0.24022510"), where, now - 20 * 86400),
        "installed": _base_image(source.get("installed", "8.0.2-0.0.22380479"), where, now - 200 * 86400),
        "components": source.get("components") or {},
        "add_on": source.get("add_on"),
    }


def _base_image(data: t.Any, where: str, default: float) -> Struct:
    source = {"version": data} if isinstance(data, str) else data
    members(source, f"base image of {where}", {"version", "release_date"}, ("version",))
    return {"version": source["version"], "release_date": _time(source.get("release_date"), default, where)}


def _time(text: t.Any, default: float, where: str) -> float:
    """A time as text, or as the date that YAML makes of it."""
    if text is None:
        return default
    try:
        return seconds_of(str(text))
    except ValueError:
        raise WorldError(f"{where} has {text!r} for a time, it must look like 2026-01-31T12:00:00Z.") from None
