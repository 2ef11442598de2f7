# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datacenters, clusters and hosts, and the lists of them; knows nothing of images."""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import object_not_found, refusal
from .values import Struct

if t.TYPE_CHECKING:
    from .images import Managed

CONNECTION_STATES = ("CONNECTED", "DISCONNECTED", "NOT_RESPONDING")
POWER_STATES = ("POWERED_ON", "POWERED_OFF", "STANDBY")
#: More matches than this are an error, there is no paging (contract section 3.10).
LIMITS = {"datacenters": 1000, "clusters": 1000, "hosts": 2500}


def escaped(name: str) -> str:
    """The name as vCenter keeps and shows it: its three special characters are escaped."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


@dataclasses.dataclass
class Outcome:
    """What one attempt to stage a host ends with; see the world file reference."""

    status: str | None = "OK"
    seconds: float | None = None
    notifications: Struct = dataclasses.field(default_factory=dict)
    #: The host list of the result that names the host: successful, failed, skipped, none; None means by status.
    list: str | None = None


@dataclasses.dataclass(eq=False)
class Datacenter:
    id: str
    name: str
    folder: str
    host_folder: str


@dataclasses.dataclass(eq=False)
class Cluster:
    id: str
    name: str
    datacenter: Datacenter
    folder: str
    managed: Managed
    ha_enabled: bool = True
    drs_enabled: bool = True
    hosts: list[Host] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(eq=False)
class Host:
    """A host. `status` is the truth about its software, relative to the current commit; a scan reports it."""

    id: str
    name: str
    datacenter: Datacenter
    folder: str
    cluster: Cluster | None = None
    managed: Managed | None = None
    connection_state: str = "CONNECTED"
    power_state: str = "POWERED_ON"
    maintenance_mode: bool = False
    status: str = "NON_COMPLIANT"
    staged_commit: str | None = None
    stage_status_known: bool | str = True
    stage_seconds: float | None = None
    is_vsan_witness: bool | None = None
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)

    @property
    def reachable(self) -> bool:
        return self.connection_state == "CONNECTED" and self.power_state == "POWERED_ON"

    def info(self) -> Struct:
        """`esx.settings.host_info`."""
        built: Struct = {"name": escaped(self.name)}
        if self.is_vsan_witness is not None:
            built["is_vsan_witness"] = self.is_vsan_witness
        return built


Filter = t.Mapping[str, t.Any]


class Inventory:
    """What the vCenter manages. A filter maps the members of the contract's filter to their values, None if unset."""

    def __init__(self) -> None:
        self.datacenters: dict[str, Datacenter] = {}
        self.clusters: dict[str, Cluster] = {}
        self.hosts: dict[str, Host] = {}
        self.limits = dict(LIMITS)

    def cluster(self, cluster_id: str) -> Cluster:
        """Raises NOT_FOUND."""
        try:
            return self.clusters[cluster_id]
        except KeyError:
            raise object_not_found(cluster_id, "ClusterComputeResource") from None

    def host(self, host_id: str) -> Host:
        """Raises NOT_FOUND."""
        try:
            return self.hosts[host_id]
        except KeyError:
            raise object_not_found(host_id, "HostSystem") from None

    def datacenter_summaries(self, wanted: Filter) -> list[Struct]:
        found = [
            {"datacenter": datacenter.id, "name": escaped(datacenter.name)}
            for datacenter in self.datacenters.values()
            if _matches(wanted, names=escaped(datacenter.name), datacenters=datacenter.id, folders=datacenter.folder)
        ]
        return self._limited(found, "datacenters")

    def cluster_summaries(self, wanted: Filter) -> list[Struct]:
        found = [
            {
                "cluster": cluster.id,
                "name": escaped(cluster.name),
                "ha_enabled": cluster.ha_enabled,
                "drs_enabled": cluster.drs_enabled,
            }
            for cluster in self.clusters.values()
            if _matches(
                wanted,
                names=escaped(cluster.name),
                clusters=cluster.id,
                datacenters=cluster.datacenter.id,
                folders=cluster.folder,
            )
        ]
        return self._limited(found, "clusters")

    def host_summaries(self, wanted: Filter) -> list[Struct]:
        states = wanted.get("connection_states")
        unknown = sorted(set(states or ()) - set(CONNECTION_STATES))
        if unknown:
            raise refusal(
                "INVALID_ARGUMENT", "connection_state", f"No such connection state: {unknown[0]}.", unknown[0]
            )
        found = [_host_summary(host) for host in self._candidates(wanted) if _host_matches(host, wanted)]
        return self._limited(found, "hosts")

    def _candidates(self, wanted: Filter) -> t.Iterable[Host]:
        """All hosts that may match; where clusters are named, theirs only, so that many such calls stay fast."""
        clusters = set(wanted.get("clusters") or ())
        if not clusters:
            return self.hosts.values()
        return [host for cluster in self.clusters.values() if cluster.id in clusters for host in cluster.hosts]

    def _limited(self, found: list[Struct], what: str) -> list[Struct]:
        limit = self.limits[what]
        if len(found) > limit:
            raise refusal(
                "UNABLE_TO_ALLOCATE_RESOURCE", "too_many_matches", f"More than {limit} {what} match the filter."
            )
        return found


def _host_matches(host: Host, wanted: Filter) -> bool:
    standalone = wanted.get("standalone")
    return _matches(
        wanted,
        names=escaped(host.name),
        hosts=host.id,
        clusters=host.cluster.id if host.cluster else None,
        datacenters=host.datacenter.id,
        folders=host.folder,
        connection_states=host.connection_state,
    ) and (standalone is None or standalone == (host.cluster is None))


def _host_summary(host: Host) -> Struct:
    """`vcenter.host.summary`; by its union the power state is there with CONNECTED only."""
    built = {"host": host.id, "name": escaped(host.name), "connection_state": host.connection_state}
    if host.connection_state == "CONNECTED":
        built["power_state"] = host.power_state
    return built


def _matches(wanted: Filter, **values: str | None) -> bool:
    """Members are ANDed, values inside one ORed; an unset or empty member matches everything."""
    return all(not wanted.get(member) or value in wanted[member] for member, value in values.items())
