# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated vCenter without its wire: all state and all rules, and a clock of its own; knows no HTTP."""

from __future__ import annotations

import dataclasses
import functools
import math
import pathlib
import random
import re
import time
import typing as t

from . import worldfile
from .appliance import Appliance
from .errors import WorldError
from .events import Events
from .extension_tasks import ExtensionTasks
from .faults import Faults
from .images import Commit, Managed
from .inventory import Cluster, Datacenter, Host
from .sessions import Sessions
from .staging import Engine
from .tasks import RETENTION, Task, TaskManager
from .timeline import Clock, Timeline
from .values import Struct, timestamp

if t.TYPE_CHECKING:
    Named = t.TypeVar("Named", Datacenter, Cluster, Host)

ROOTS = ("api", "rest")
#: Whether anybody answers: vCenter itself, only the proxy in front of it, or nobody.
UP, STARTING, DOWN = "up", "starting", "down"


class World:
    """One vCenter. Call `look` (the server does) before reading; whatever has become due then happens.

    Tests may change any field between requests; the methods below are for what takes more than one assignment.
    """

    def __init__(self, data: Struct, now: Clock = time.time) -> None:
        """Raises WorldError."""
        worldfile.members(data, "the world", worldfile.SECTIONS)
        self.vcenter = _vcenter(data.get("vcenter") or {})
        self.timeline = Timeline(now)
        self.timeline.shift(self.vcenter.get("clock_skew", 0))
        self.chance = random.Random(data.get("seed"))
        self.availability = UP
        self._restarts = 0
        self.users = worldfile.users(self.vcenter.get("users"))
        limits = worldfile.members(self.vcenter.get("sessions") or {}, "vcenter.sessions", worldfile.SESSIONS)
        self.sessions = Sessions(self.timeline, self.users, limits)
        self.tasks = TaskManager(self.timeline, self.vcenter.get("task_retention", RETENTION))
        self.tasks.show_targets = self.vcenter.get("task_targets", True)
        self.tasks.filter_targets = self.vcenter.get("task_target_filter", True)
        self.engine = Engine(
            self.timeline,
            self.tasks,
            operation_suffix=self.vcenter.get("task_operation_suffix", True),
            partial_results=self.vcenter.get("partial_results", True),
        )
        self.inventory = worldfile.inventory(data.get("datacenters"), data.get("defaults"), self.timeline.now())
        appliance = worldfile.appliance(data.get("appliance"))
        self.appliance = Appliance(self.timeline, appliance, self.vcenter)
        self.extension_tasks = self._extension_tasks(data.get("extension_tasks") or {})
        self.faults = Faults(worldfile.entries(data.get("faults"), "faults"), self.chance)
        self._set_limits(self.vcenter.get("limits") or {})
        for item in worldfile.entries(data.get("tasks"), "tasks"):
            self._running_task(worldfile.members(item, "a task", worldfile.TASK, ("operation",)))
        self.events = Events(self, worldfile.entries(data.get("events"), "events"))

    @classmethod
    def load(cls, path: str | pathlib.Path, now: Clock = time.time) -> World:
        """The world of a YAML file. Raises WorldError."""
        return cls(worldfile.read(path), now)

    def look(self) -> None:
        """Let everything happen that has become due."""
        self.timeline.catch_up()

    @property
    def now(self) -> float:
        return self.timeline.now()

    @property
    def roots(self) -> list[str]:
        """The roots that are served; others answer 404 to everything."""
        roots: list[str] = self.vcenter["roots"]
        return roots

    @property
    def version(self) -> tuple[int, ...]:
        return version_tuple(self.vcenter["version"])

    # Names to objects, for tests and world files; several objects of one name need the identifier.

    def datacenter(self, name: str) -> Datacenter:
        return _one(name, self.inventory.datacenters, "datacenter")

    def cluster(self, name: str) -> Cluster:
        return _one(name, self.inventory.clusters, "cluster")

    def host(self, name: str) -> Host:
        return _one(name, self.inventory.hosts, "host")

    def managed(self, *, cluster: str | None = None, host: str | None = None) -> Managed:
        """The image side of a cluster or of a standalone host. Raises WorldError."""
        if cluster is not None:
            return self.cluster(cluster).managed
        found = self.host(host or "").managed
        if found is None:
            raise WorldError(f"The host {host} is not managed by an image of its own.")
        return found

    # Changes that tests ask for.

    def start_operation(
        self, kind: str, seconds: float = 60, *, cluster: str | None = None, host: str | None = None
    ) -> Task:
        """Another vLCM operation (apply, check, ...) keeps the cluster or standalone host busy.

        A scan is a real one, and takes the time that scans take there.
        """
        managed = self.managed(cluster=cluster, host=host)
        if kind == "scan":
            return self.engine.scan(managed, self.username)
        return self.engine.occupy(managed, kind, seconds, self.username)

    def new_commit(
        self, commit: str, description: str = "", *, cluster: str | None = None, host: str | None = None
    ) -> None:
        """Make a new image the desired one: compliant hosts no longer are, stored compliance stays as it was."""
        managed = self.managed(cluster=cluster, host=host)
        managed.commits[commit] = Commit(self.username, description, self.now)
        managed.commit = commit
        for member in managed.hosts:
            if member.status == "COMPLIANT":
                member.status = "NON_COMPLIANT"

    def restart(self, seconds: float = 60, *, refused: float = 0.5, forget_tasks: bool = False) -> None:
        """Be away for so long: sessions end, tasks go on.

        Nobody listens for that share of the time, in its middle; before and after it only the proxy answers.
        """
        self.sessions.expire()
        self._restarts += 1
        number = self._restarts
        edge = seconds * (1 - refused) / 2
        for moment, state in ((0.0, STARTING), (edge, DOWN), (seconds - edge, STARTING), (seconds, UP)):
            if state != DOWN or refused:
                self.timeline.after(moment, functools.partial(self._become, number, state))
        if forget_tasks:
            self.tasks.tasks.clear()

    def _become(self, number: int, state: str) -> None:
        # Of two restarts that overlap the later one counts.
        if number == self._restarts:
            self.availability = state

    def vanish(self, *, cluster: str | None = None, host: str | None = None, operation: str | None = None) -> None:
        """Forget the tasks of an object, or all; the work behind them goes on."""
        for task in self._tasks_of(cluster, host):
            if operation is None or task.operation.removesuffix("$task") == operation:
                self.tasks.vanish(task.id)

    def release(self, *, cluster: str | None = None, host: str | None = None) -> None:
        """Let the stuck and BLOCKED tasks of an object go on, or all, those that have vanished too."""
        lost = [run.task for run in self.engine.runs if run.task.id not in self.tasks.tasks]
        wanted = self.managed(cluster=cluster, host=host).id if cluster or host else None
        for task in [*self._tasks_of(cluster, host), *lost]:
            if not task.finished and task.held_until and (wanted is None or task.owner == wanted):
                self.tasks.release(task)

    def block(self, seconds: float = 60, *, cluster: str | None = None, host: str | None = None) -> None:
        """The running stage tasks of an object, or all, are BLOCKED for so long."""
        for task in self._tasks_of(cluster, host):
            if task.status == "RUNNING" and task.operation.startswith("stage"):
                self.tasks.block(task, self.now + seconds)

    def _tasks_of(self, cluster: str | None, host: str | None) -> list[Task]:
        wanted = self.managed(cluster=cluster, host=host).id if cluster or host else None
        return [task for task in self.tasks.tasks.values() if wanted is None or task.owner == wanted]

    def shift_clock(self, seconds: float) -> None:
        """Set the clock of this vCenter: what has been recorded keeps its old time, what runs keeps its duration."""
        self.timeline.shift(seconds)
        self.sessions.shift(seconds)
        for task in {**self.tasks.tasks, **{run.task.id: run.task for run in self.engine.runs}}.values():
            if task.held_until and not math.isinf(task.held_until):
                task.held_until += seconds

    def change_service(self, service: str, seconds: float | None = None, **changes: t.Any) -> None:
        """Give a service of vCenter another state, health or the like; for so long, then it is as before."""
        services = self.appliance.services
        if service not in services:
            raise WorldError(f"There is no service {service}. There are {', '.join(services)}.")
        before = services[service]
        self.patch({"appliance": {"services": {service: {**before, **changes}}}})
        if seconds is not None:
            self.timeline.after(seconds, functools.partial(services.update, {service: before}))

    def patch(self, changes: Struct) -> None:
        """Set fields by name; what is a mapping in the appliance is merged. Raises WorldError."""
        known = ("clusters", "hosts", "appliance", "vcenter", "extension_tasks", "sessions", "limits")
        worldfile.members(changes, "the patch", known)
        for name, fields in (changes.get("clusters") or {}).items():
            worldfile.check_choices(fields, f"cluster {name}")
            cluster = self.cluster(name)
            own = {field: value for field, value in fields.items() if field in ("ha_enabled", "drs_enabled", "name")}
            _assign(cluster, own, f"cluster {name}")
            _assign(cluster.managed, {k: v for k, v in fields.items() if k not in own}, f"cluster {name}")
        for name, fields in (changes.get("hosts") or {}).items():
            self._patch_host(self.host(name), dict(fields))
        for name, value in worldfile.appliance(changes.get("appliance")).items():
            self.appliance.change(name, value)
        _assign(self.extension_tasks, changes.get("extension_tasks") or {}, "extension_tasks")
        self.vcenter.update(worldfile.members(changes.get("vcenter") or {}, "vcenter", ("version", "build", "roots")))
        sessions = worldfile.members(changes.get("sessions") or {}, "sessions", worldfile.SESSIONS)
        _assign(self.sessions, sessions, "sessions")
        self._set_limits(changes.get("limits") or {})

    def _set_limits(self, source: t.Any) -> None:
        """How many matches a list may have before it is refused."""
        limits = dict(worldfile.members(source, "limits", worldfile.LIMITS))
        self.tasks.limit = limits.pop("tasks", self.tasks.limit)
        self.inventory.limits.update(limits)

    def _patch_host(self, host: Host, fields: Struct) -> None:
        worldfile.check_choices(fields, f"host {host.name}")
        if "outcomes" in fields:
            fields["outcomes"] = [worldfile.outcome(item, f"host {host.name}") for item in fields["outcomes"]]
        image = {name: fields.pop(name) for name in worldfile.IMAGE_FIELDS & set(fields) - {"stage_seconds"}}
        _assign(host, fields, f"host {host.name}")
        if image:
            _assign(self.managed(host=host.id), image, f"host {host.name}")

    @property
    def username(self) -> str:
        """The first user."""
        return next(iter(self.users))

    @property
    def password(self) -> str:
        return self.users[self.username].password

    def summary(self) -> Struct:
        """The truth about every cluster and host, which no API call tells so directly."""
        self.look()
        return {
            "now": timestamp(self.now),
            "sessions": len(self.sessions.open),
            "clusters": {cluster.id: _cluster_summary(cluster) for cluster in self.inventory.clusters.values()},
            "standalone_hosts": {
                host.id: {**_host_summary(host), "commit": host.managed.commit if host.managed else None}
                for host in self.inventory.hosts.values()
                if host.cluster is None
            },
            "tasks": {
                task.id: {"operation": task.operation, "status": task.status} for task in self.tasks.tasks.values()
            },
            "peaks": {
                "sessions": self.sessions.peak,
                "clusters_staging": self.engine.peak_managed,
                "hosts_staging": self.engine.peak_hosts,
            },
        }

    def _extension_tasks(self, data: t.Any) -> ExtensionTasks:
        source = worldfile.members(data, "extension_tasks", worldfile.EXTENSION_TASKS)
        service = ExtensionTasks(
            self.timeline,
            self.tasks,
            offered=bool(source.get("offered", True)),
            operations=source.get("operations") or (),
        )
        for spec in worldfile.entries(source.get("tasks"), "extension_tasks.tasks"):
            service.add(dict(spec), self.username)
        return service

    def _running_task(self, source: Struct) -> None:
        """A task that is already running when the world begins."""
        managed = self.managed(cluster=source.get("cluster"), host=source.get("host"))
        user = source.get("user", self.username)
        for _dummy in range(source.get("number", 0)):
            # Of those that are long over, only the number matters.
            self.engine.occupy(managed, source["operation"], 0, user)
        if source.get("number"):
            self.look()
            return
        with self.timeline.as_of(self.now - source.get("started", 0)):
            if source["operation"] == "stage":
                hosts = [self.host(name).id for name in source.get("hosts") or ()]
                self.engine.stage(managed, user, source.get("commit"), hosts or None)
            elif source["operation"] == "scan":
                self.engine.scan(managed, user)
            else:
                self.engine.occupy(managed, source["operation"], source.get("seconds", 3600), user)


def version_tuple(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _vcenter(data: t.Any) -> Struct:
    source = {
        "version": "8.0.3.00400",
        "build": "24322831",
        "roots": list(ROOTS),
        **worldfile.members(data, "vcenter", worldfile.VCENTER),
    }
    unknown = set(source["roots"]) - set(ROOTS)
    if unknown:
        raise WorldError(f"vcenter.roots may hold {' and '.join(ROOTS)}, got {', '.join(sorted(unknown))}.")
    return source


def _one(name: str, objects: dict[str, Named], kind: str) -> Named:
    if name in objects:
        return objects[name]
    found = [item for item in objects.values() if item.name == name]
    if len(found) != 1:
        problem = "There is no" if not found else "There are several of the"
        raise WorldError(f"{problem} {kind} {name}.")
    return found[0]


def _assign(target: t.Any, fields: Struct, where: str) -> None:
    known = (
        {field.name for field in dataclasses.fields(target)}
        if dataclasses.is_dataclass(target)
        else {name for name in vars(target) if not name.startswith("_")}
    )
    for name, value in worldfile.members(fields, where, known).items():
        setattr(target, name, value)


def _cluster_summary(cluster: Cluster) -> Struct:
    managed = cluster.managed
    return {
        "name": cluster.name,
        "datacenter": cluster.datacenter.name,
        "managed_by": managed.managed_by,
        "commit": managed.commit,
        "operations": [operation.kind for operation in managed.operations],
        "hosts": {host.id: _host_summary(host) for host in cluster.hosts},
    }


def _host_summary(host: Host) -> Struct:
    return {
        "name": host.name,
        "connection_state": host.connection_state,
        "power_state": host.power_state,
        "status": host.status,
        "staged_commit": host.staged_commit,
    }
