# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Desired images of clusters and standalone hosts: managed or not, commits, compliance; knows nothing of staging."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient, segment
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import NotFound, Unsupported, attempt
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    expect,
    mapping_of,
    member,
    notifications_of,
    string_or_none,
    strings_of,
)

SOFTWARE = {
    "cluster": "/api/esx/settings/clusters/{entity}/software",
    "host": "/api/esx/settings/hosts/{entity}/software",
}
COMPLIANCE = {
    "cluster": "/api/esx/settings/clusters/{entity}/software/compliance",
    "host": "/api/esx/settings/hosts/{entity}/software/compliance",
}
COMMIT = {
    "cluster": "/api/esx/settings/clusters/{entity}/software/commits/{commit}",
    "host": "/api/esx/settings/hosts/{entity}/software/commits/{commit}",
}
ENABLEMENT = {
    "cluster": "/api/esx/settings/clusters/{entity}/enablement/software",
    "host": "/api/esx/settings/hosts/{entity}/enablement/software",
}
COMPLIANCE_TIMEOUT = 300.0
"""Seconds: the answer for a large cluster is some megabytes and is put together when asked for."""
READ_IMAGE = "VcIntegrity.lifecycleSoftwareSpecification.Read"
READ_SETTINGS = "VcIntegrity.lifecycleSettings.Read"


@dataclasses.dataclass(frozen=True)
class HostCompliance:
    """What the last scan found of one host.

    :param status: COMPLIANT, NON_COMPLIANT, INCOMPATIBLE or UNAVAILABLE.
    :param stage_status: STAGED or NOT_STAGED; None where vCenter does not say: not known, which is neither.
    :param commit: the commit it was compared with; None where vCenter does not say.
    """

    status: str
    stage_status: str | None = None
    commit: str | None = None
    scan_time: str | None = None
    notifications: tuple[Json, ...] = ()

    @property
    def staged(self) -> bool:
        """Whether the image is on the host, waiting; says nothing about which image, so look at the commit as well."""
        return self.status == "NON_COMPLIANT" and self.stage_status == "STAGED"


@dataclasses.dataclass(frozen=True)
class Compliance:
    """The stored result of the last scan of a cluster or a standalone host; contract section 4.

    :param hosts: by identifier, hosts that could not be scanned included.
    :param names: names of those hosts, where vCenter gives them.
    """

    status: str
    stage_status: str | None
    commit: str | None
    scan_time: str | None
    hosts: dict[str, HostCompliance]
    names: dict[str, str]
    notifications: tuple[Json, ...] = ()

    @property
    def nothing_left(self) -> bool:
        """Whether every host scanned has the image already, on it or staged."""
        return all(
            host.commit in {None, self.commit} and (host.status == "COMPLIANT" or host.staged)
            for host in self.hosts.values()
        )


def find_compliance(client: VCenterClient, entity: Entity) -> Compliance | None:
    """Return the stored compliance; None when there is none: never scanned, or not managed by an image."""
    with attempt(f"read the compliance of {entity.label}", privilege=READ_IMAGE):
        try:
            path = COMPLIANCE[entity.kind].format(entity=segment(entity.moid))
            return compliance_of(entity, client.get(path, timeout=COMPLIANCE_TIMEOUT))
        except (NotFound, Unsupported):
            return None


def managed_by_image(client: VCenterClient, entity: Entity) -> bool:
    """Return whether the cluster or host is managed by an image, and not by baselines."""
    with attempt(f"find out how {entity.label} is managed", privilege=READ_SETTINGS):
        try:
            answer = client.get(ENABLEMENT[entity.kind].format(entity=segment(entity.moid)))
        except Unsupported:
            # A host inside a cluster has no image of its own.
            return False
        except NotFound as error:
            if entity.kind == "host":
                error.remedy = "It is gone, or this vCenter is older than 8.0, which brought images of standalone hosts"
            raise
        return member(answer, "enabled", bool, "enablement")


def find_commit(client: VCenterClient, entity: Entity, commit: str) -> Json | None:
    """Return what vCenter knows of a commit (contract section 4); None if the object has never had it."""
    with attempt(f"look up commit '{commit}' of {entity.label}", privilege=READ_IMAGE):
        try:
            path = COMMIT[entity.kind].format(entity=segment(entity.moid), commit=segment(commit))
            return expect(client.get(path), dict, "commit")
        except NotFound:
            return None


def start_scan(client: VCenterClient, entity: Entity) -> str:
    """Start a compliance scan and return its task."""
    with attempt(f"start a compliance scan of {entity.label}", privilege=READ_IMAGE):
        query = {"action": "scan", "vmw-task": "true"}
        return expect(
            client.post(SOFTWARE[entity.kind].format(entity=segment(entity.moid)), query), str, "task of the scan"
        )


def compliance_of(entity: Entity, value: t.Any) -> Compliance:
    """Return a ClusterCompliance or HostCompliance structure as one shape."""
    own = _host_compliance(value, "compliance")
    if entity.kind == "host":
        hosts, names = {entity.moid: own}, {entity.moid: entity.name}
    else:
        hosts = {
            host: _host_compliance(entry, f"compliance of {host}")
            for host, entry in mapping_of(value.get("hosts")).items()
        }
        for host in strings_of(value.get("unavailable_hosts")):
            hosts[host] = HostCompliance("UNAVAILABLE", commit=own.commit, scan_time=own.scan_time)
        names = names_of(value.get("host_info"))
    return Compliance(own.status, own.stage_status, own.commit, own.scan_time, hosts, names, own.notifications)


def names_of(host_info: t.Any) -> dict[str, str]:
    """Return the names in a ``host_info`` map, by identifier, each in one plain line."""
    entries = mapping_of(host_info)
    return {
        host: plain(info["name"])
        for host, info in entries.items()
        if isinstance(info, dict) and isinstance(info.get("name"), str)
    }


def _host_compliance(value: t.Any, what: str) -> HostCompliance:
    return HostCompliance(
        status=member(value, "status", str, what),
        stage_status=string_or_none(value.get("stage_status")),
        commit=string_or_none(value.get("commit")),
        scan_time=string_or_none(value.get("scan_time")),
        notifications=tuple(notifications_of(value.get("notifications"))),
    )
