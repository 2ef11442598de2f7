# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired images: who is managed by one, its commits, and compliance with it; knows nothing of staging runs."""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import object_not_found, refusal
from .values import LIFECYCLE, KeyedMap, Struct, notifications, timestamp

if t.TYPE_CHECKING:
    from .inventory import Host

COMPLIANT, NON_COMPLIANT, INCOMPATIBLE, UNAVAILABLE = "COMPLIANT", "NON_COMPLIANT", "INCOMPATIBLE", "UNAVAILABLE"
STATUSES = (COMPLIANT, NON_COMPLIANT, INCOMPATIBLE)
STAGED, NOT_STAGED = "STAGED", "NOT_STAGED"


@dataclasses.dataclass
class Commit:
    author: str
    description: str
    commit_time: float


@dataclasses.dataclass(eq=False)
class Operation:
    """A vLCM operation in progress on a managed object."""

    kind: str
    task_id: str


@dataclasses.dataclass(eq=False)
class Managed:
    """A cluster or standalone host as vLCM sees it: its members and the image that they should run."""

    kind: str
    id: str
    name: str
    managed_by: str = "image"
    hosts: list[Host] = dataclasses.field(default_factory=list)
    commit: str | None = None
    commits: dict[str, Commit] = dataclasses.field(default_factory=dict)
    image: Struct = dataclasses.field(default_factory=dict)
    compliance: Snapshot | None = None
    scan_seconds: float = 2.0
    stage_seconds: float = 60.0
    pending_seconds: float = 0.0
    stage_cancelable: bool = False
    staging_refreshes_compliance: bool = False
    busy_as_task_error: bool = False
    stage_outcomes: list[Struct] = dataclasses.field(default_factory=list)
    operations: list[Operation] = dataclasses.field(default_factory=list)

    @property
    def service(self) -> str:
        return f"com.vmware.esx.settings.{self.kind}s.software"

    @property
    def target(self) -> Struct:
        kind = "ClusterComputeResource" if self.kind == "cluster" else "HostSystem"
        return {"type": kind, "id": self.id}

    @property
    def has_image(self) -> bool:
        return self.managed_by == "image" and self.commit is not None

    def current_commit(self) -> str:
        """Raises NOT_FOUND: there is no image."""
        if self.managed_by != "image" or self.commit is None:
            raise refusal("NOT_FOUND", "no_image", f"{self.name} has no desired software document.", self.id)
        return self.commit

    def commit_info(self, commit: str) -> Struct:
        """`commits.info`. Raises NOT_FOUND."""
        self.current_commit()
        known = self.commits.get(commit)
        if known is None:
            raise object_not_found(commit, "com.vmware.esx.settings.commit")
        applied = commit == self.commit and all(host.status == COMPLIANT for host in self.hosts)
        return {
            "author": known.author,
            "commit_time": timestamp(known.commit_time),
            "description": known.description,
            "apply_status": "APPLIED" if applied else "NOT_APPLIED",
        }

    def software_info(self) -> Struct:
        """`esx.settings.software_info`. Raises NOT_FOUND."""
        self.current_commit()
        built: Struct = {
            "base_image": _base_image(self.image["base_image"]["version"], self.image["base_image"]["release_date"]),
            "components": KeyedMap(
                {
                    name: {"version": version, "details": _component(name)}
                    for name, version in self._components().items()
                }
            ),
            "solutions": KeyedMap(),
        }
        if self.image.get("add_on"):
            built["add_on"] = dict(self.image["add_on"])
        return built

    def _components(self) -> dict[str, str]:
        return dict(self.image.get("components") or {})

    def stored_compliance(self) -> Struct:
        """The last scan's outcome. Raises NOT_FOUND: no image, or never scanned (contract section 3.3)."""
        self.current_commit()
        if self.compliance is None:
            raise refusal(
                "NOT_FOUND", "never_scanned", f"No compliance information for {self.id} is available.", self.id
            )
        return self.compliance.render(self)

    def scan(self, now: float, commit: str | None = None) -> Snapshot:
        """Look at every host and store what was seen."""
        wanted = commit or self.current_commit()
        self.compliance = Snapshot(
            commit=wanted,
            scan_time=now,
            hosts={host.id: HostState.seen(host, wanted) for host in self.hosts if host.reachable},
            unavailable=[host.id for host in self.hosts if not host.reachable],
        )
        return self.compliance


@dataclasses.dataclass
class HostState:
    """What a scan saw on one host."""

    status: str
    stage_status: str | None

    @classmethod
    def seen(cls, host: Host, commit: str) -> HostState:
        return cls(host.status, _stage_status(host, commit))


def _stage_status(host: Host, commit: str) -> str | None:
    """Relevant with NON_COMPLIANT only; None means not known, so the member is left out (contract section 5)."""
    if host.status != NON_COMPLIANT or host.stage_status_known is False:
        return None
    if isinstance(host.stage_status_known, str):
        return host.stage_status_known
    return STAGED if host.staged_commit == commit else NOT_STAGED


@dataclasses.dataclass
class Snapshot:
    """Stored compliance: what the last scan saw, whatever has happened since."""

    commit: str
    scan_time: float
    hosts: dict[str, HostState]
    unavailable: list[str]

    def render(self, managed: Managed) -> Struct:
        """`cluster_compliance` or `host_compliance`."""
        if managed.kind == "cluster":
            return self._cluster(managed)
        state = self.hosts.get(managed.id)
        return self._host(managed, state or HostState(UNAVAILABLE, None))

    def _cluster(self, managed: Managed) -> Struct:
        # A host that has joined since the scan is not in it; one that has left no longer shows.
        members = {host.id: host for host in managed.hosts if host.id in self.hosts or host.id in self.unavailable}
        states = {host_id: state for host_id, state in self.hosts.items() if host_id in members}
        status = self._overall(states)
        built: Struct = {
            "status": status,
            "impact": _impact(status),
            "commit": self.commit,
            "scan_time": timestamp(self.scan_time),
            "notifications": {},
            **{
                f"{name}_hosts": [host_id for host_id, state in states.items() if state.status == wanted]
                for name, wanted in (
                    ("compliant", COMPLIANT),
                    ("non_compliant", NON_COMPLIANT),
                    ("incompatible", INCOMPATIBLE),
                )
            },
            "unavailable_hosts": [host_id for host_id in self.unavailable if host_id in members],
            "hosts": KeyedMap({host_id: self._host(managed, state) for host_id, state in states.items()}),
            "host_info": KeyedMap({host_id: host.info() for host_id, host in members.items()}),
        }
        stage_status = _overall_stage_status(states)
        if status == NON_COMPLIANT and stage_status is not None:
            built["stage_status"] = stage_status
        return built

    def _overall(self, states: dict[str, HostState]) -> str:
        seen = {state.status for state in states.values()}
        for status in (INCOMPATIBLE, NON_COMPLIANT):
            if status in seen:
                return status
        return UNAVAILABLE if self.unavailable else COMPLIANT

    def _host(self, managed: Managed, state: HostState) -> Struct:
        part: Struct = {"status": state.status, "notifications": {}}
        if state.stage_status is not None:
            part["stage_status"] = state.stage_status
        wanted = managed.image["base_image"]
        current = wanted if state.status == COMPLIANT else managed.image["installed"]
        return {
            **part,
            "impact": _impact(state.status),
            "commit": self.commit,
            "scan_time": timestamp(self.scan_time),
            "notifications": notifications(self.scan_time, _scan_notes(state.status)),
            "base_image": {
                **part,
                "current": _base_image(current["version"], current["release_date"]),
                "target": _base_image(wanted["version"], wanted["release_date"]),
            },
            # Nobody asked for an add-on, so there is nothing to comply with.
            "add_on": {"status": COMPLIANT, "notifications": {}},
            "components": KeyedMap(
                {
                    name: {**part, "target": {"version": version}, "target_source": "USER"}
                    for name, version in (managed.image.get("components") or {}).items()
                }
            ),
            "solutions": KeyedMap(),
        }


def _overall_stage_status(states: dict[str, HostState]) -> str | None:
    """STAGED when every host that needs it is; not known as soon as one is not known."""
    seen = {state.stage_status for state in states.values() if state.status == NON_COMPLIANT}
    if None in seen or not seen:
        return None
    return NOT_STAGED if NOT_STAGED in seen else sorted(str(status) for status in seen)[-1]


def _impact(status: str) -> str:
    return {COMPLIANT: "NO_IMPACT", NON_COMPLIANT: "REBOOT_REQUIRED"}.get(status, "UNKNOWN")


def _scan_notes(status: str) -> Struct:
    if status == NON_COMPLIANT:
        return {
            "info": [
                {"id": LIFECYCLE + "HostScan.RebootImpact", "message": "The host will be rebooted during remediation."}
            ]
        }
    if status == INCOMPATIBLE:
        text = "The image would downgrade the host, which is not supported."
        return {"errors": [{"id": "sim.vlcm.downgrade_refused", "message": text, "retriable": False}]}
    return {}


def _base_image(version: str, release_date: float) -> Struct:
    details = {
        "display_name": "ESXi",
        "display_version": version.partition("-")[0],
        "release_date": timestamp(release_date),
    }
    return {"version": version, "details": details}


def _component(name: str) -> Struct:
    return {"display_name": name, "vendor": "Simulated"}
