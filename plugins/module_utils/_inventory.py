# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Names to identifiers: clusters, hosts, and which host lives where; contract section 3.10. Changes nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import TooMany, attempt
from ansible_collections.vsphere.lifecycle.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import expect, member, string_or_none

CLUSTERS = "/api/vcenter/cluster"
HOSTS = "/api/vcenter/host"
DATACENTERS = "/api/vcenter/datacenter"
STANDALONE = {"standalone": True}
NAMES_PER_CALL = 50
"""A longer list of names goes out in several calls: addresses have a limited length."""
IDS_PER_CALL = 255
"""Of so many clusters the hosts are asked for together: half of them are in an address, and identifiers are short."""
HOSTS_TO_LOCATE = 10
"""So many hosts are looked for one by one, at most."""
HOSTS_PER_CALL = 4000
"""So many hosts may be in these clusters: vCenter lists 2500 at once, and an answer holds about half of them."""


@dataclasses.dataclass(frozen=True)
class Entity:
    """A cluster or a host.

    :param kind: ``cluster`` or ``host``.
    :param moid: vCenter's identifier, such as domain-c8 or host-16.
    :param name: in one plain line, as it ends up in terminals and reports.
    """

    kind: str
    moid: str
    name: str

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.kind} '{self.name}' ({self.moid})"


@dataclasses.dataclass(frozen=True)
class Host(Entity):
    """A host.

    :param connection_state: CONNECTED, DISCONNECTED or NOT_RESPONDING.
    :param power_state: POWERED_ON, POWERED_OFF or STANDBY; None unless connected.
    """

    connection_state: str = "CONNECTED"
    power_state: str | None = None

    @property
    def reachable(self) -> bool:
        return self.connection_state == "CONNECTED" and self.power_state in {None, "POWERED_ON"}


def find_datacenter(client: VCenterClient, name: str) -> list[Entity]:
    """Return the datacenters of that name or identifier; names are unique only within a folder."""
    with attempt(f"look up datacenter '{name}'"):
        return _find(client, DATACENTERS, "names", "datacenters", [name], {}, _datacenter)


def find_clusters(client: VCenterClient, wanted: t.Sequence[str], datacenters: t.Sequence[str] = ()) -> list[Entity]:
    """Return every cluster that has one of the names or identifiers.

    :param datacenters: identifiers; only clusters in these. Empty: in all.
    """
    with attempt("look up the clusters"):
        return _find(client, CLUSTERS, "names", "clusters", wanted, _within(datacenters), _cluster)


def find_hosts(
    client: VCenterClient, wanted: t.Sequence[str], datacenters: t.Sequence[str] = (), *, standalone: bool = False
) -> list[Host]:
    """Return every host that has one of the names or identifiers.

    :param standalone: only those in no cluster.
    """
    with attempt("look up the hosts"):
        within = {**_within(datacenters), **(STANDALONE if standalone else {})}
        return _find(client, HOSTS, "names", "hosts", wanted, within, _host)


def list_clusters(client: VCenterClient, datacenters: t.Sequence[str] = ()) -> list[Entity]:
    """Return all clusters that the user may see; more than vCenter lists at once are read by datacenter."""
    with attempt("list the clusters"):
        return _list_everywhere(client, CLUSTERS, {}, datacenters, _cluster)


def list_standalone_hosts(client: VCenterClient, datacenters: t.Sequence[str] = ()) -> list[Host]:
    """Return all hosts in no cluster that the user may see; more than vCenter lists at once are read by datacenter."""
    with attempt("list the standalone hosts"):
        return _list_everywhere(client, HOSTS, STANDALONE, datacenters, _host)


def hosts_of(client: VCenterClient, cluster: Entity) -> list[Host]:
    """Return the hosts of a cluster."""
    with attempt(f"list the hosts of {cluster.label}"):
        return _list(client, HOSTS, {"clusters": [cluster.moid]}, _host)


def hosts_of_all(
    client: VCenterClient, clusters: t.Sequence[Entity], number: t.Mapping[str, int] | None = None
) -> dict[str, list[Host]]:
    """Return the hosts of each cluster, by the cluster's identifier, in few calls.

    :param number: how many hosts a cluster is thought to have, by its identifier: for the length of the answers.
    """
    found: dict[str, list[Host]] = {}
    for part in _parts_of_hosts(clusters, number or {}, IDS_PER_CALL, HOSTS_PER_CALL):
        found.update(_by_number(client, part))
    others = [cluster for cluster in clusters if cluster.moid not in found]
    listed = side_by_side([functools.partial(hosts_of, client, cluster) for cluster in others], client.connections)
    return {**found, **{cluster.moid: hosts for cluster, hosts in zip(others, listed, strict=True)}}


def hosts_as_scanned(
    client: VCenterClient, clusters: t.Sequence[Entity], scanned: t.Mapping[str, t.Collection[str]]
) -> dict[str, list[Host]] | None:
    """Return the hosts of each cluster as the last scans tell, or None where vCenter's list of them says otherwise.

    One call for many clusters. A host that has moved from one of the clusters to another is not noticed if neither was
    scanned since: where that matters, use ``hosts_of_all``.

    :param scanned: the hosts of each scan, by the cluster's identifier.
    """
    number = {moid: len(hosts) for moid, hosts in scanned.items()}
    found: dict[str, Host] = {}
    with attempt("list the hosts of the clusters"):
        try:
            for part in _parts_of_hosts(clusters, number, IDS_PER_CALL // 2, HOSTS_PER_CALL // 2):
                query = {"clusters": [cluster.moid for cluster in part]}
                found.update({host.moid: host for host in _list(client, HOSTS, query, _host)})
        except TooMany:
            return None
    told = [host for cluster in clusters for host in scanned[cluster.moid]]
    if sorted(told) != sorted(found):
        return None
    return {cluster.moid: [found[host] for host in scanned[cluster.moid]] for cluster in clusters}


def _by_number(client: VCenterClient, clusters: t.Sequence[Entity]) -> dict[str, list[Host]]:
    """Return the hosts of all these clusters, or nothing where they cannot be told like this.

    A host does not tell its cluster. So the clusters are numbered, from 1, and each call lists the hosts of those that
    have one certain bit in their number: the calls in which a host appears make up the number of its cluster.
    """
    bits = range(len(clusters).bit_length())
    groups = [[cluster.moid for place, cluster in enumerate(clusters, 1) if place >> bit & 1] for bit in bits]
    calls = [functools.partial(_list, client, HOSTS, {"clusters": group}, _host) for group in groups]
    with attempt("list the hosts of the clusters"):
        try:
            answers = side_by_side(calls, client.connections)
        except TooMany:
            return {}
    places: dict[str, int] = {}
    hosts: dict[str, Host] = {}
    for bit, answer in zip(bits, answers, strict=True):
        for host in answer:
            hosts[host.moid] = host
            places[host.moid] = places.get(host.moid, 0) | 1 << bit
    if any(place > len(clusters) for place in places.values()):
        # One has moved meanwhile.
        return {}
    found: dict[str, list[Host]] = {cluster.moid: [] for cluster in clusters}
    for moid, place in places.items():
        found[clusters[place - 1].moid].append(hosts[moid])
    return found


def _parts_of_hosts(
    clusters: t.Sequence[Entity], number: t.Mapping[str, int], most_clusters: int, most_hosts: int
) -> t.Iterator[list[Entity]]:
    part: list[Entity] = []
    hosts = 0
    for cluster in clusters:
        more = number.get(cluster.moid, 0)
        if part and (len(part) == most_clusters or hosts + more > most_hosts):
            yield part
            part, hosts = [], 0
        part.append(cluster)
        hosts += more
    if part:
        yield part


def standalone_of(client: VCenterClient, hosts: t.Sequence[Host]) -> set[str]:
    """Return the identifiers of those hosts that are in no cluster."""
    with attempt("look up which hosts are standalone"):
        return {
            found.moid
            for part in _parts([host.moid for host in hosts])
            for found in _list(client, HOSTS, {**STANDALONE, "hosts": part}, _host)
        }


def clusters_of(client: VCenterClient, hosts: t.Sequence[Host]) -> dict[str, Entity]:
    """Return the cluster of each host, by the host's identifier.

    A host does not tell its cluster, so we halve the list of clusters until one is left: few calls for few hosts.
    Where there are many, all clusters are asked for their hosts.
    """
    clusters = list_clusters(client)
    if len(hosts) > HOSTS_TO_LOCATE:
        wanted = {host.moid for host in hosts}
        listed = hosts_of_all(client, clusters)
        return {host.moid: cluster for cluster in clusters for host in listed[cluster.moid] if host.moid in wanted}
    with attempt("look up which cluster each host is in"):
        return {
            host: cluster
            for part in _parts([host.moid for host in hosts])
            for host, cluster in _locate(client, part, clusters)
        }


def datacenters_of(client: VCenterClient, kind: str, entities: t.Sequence[Entity]) -> dict[str, str]:
    """Return the name of the datacenter of each object, by identifier; for messages: it takes a call a datacenter."""
    path, name, decode = (CLUSTERS, "clusters", _cluster) if kind == "cluster" else (HOSTS, "hosts", _host)
    with attempt("look up the datacenters"):
        return {
            found.moid: datacenter.name
            for datacenter in _list(client, DATACENTERS, {}, _datacenter)
            for part in _parts([entity.moid for entity in entities])
            for found in _list(client, path, {name: part, "datacenters": [datacenter.moid]}, decode)
        }


E_ = t.TypeVar("E_", bound=Entity)


def _find(
    client: VCenterClient,
    path: str,
    by_name: str,
    by_id: str,
    wanted: t.Sequence[str],
    within: dict[str, t.Any],
    decode: t.Callable[[t.Any], E_],
) -> list[E_]:
    if len(wanted) > NAMES_PER_CALL:
        # One list of everything is shorter than many of a few.
        with contextlib.suppress(TooMany):
            names = {plain(name) for name in wanted}
            wanted_ids = set(wanted)
            everything = _list(client, path, within, decode)
            return [entity for entity in everything if entity.name in names or entity.moid in wanted_ids]
    found: dict[str, E_] = {}
    for part in _parts(wanted):
        for entity in _list(
            client, path, {by_name: sorted({form for name in part for form in _forms(name)}), **within}, decode
        ):
            found[entity.moid] = entity
    # A name that looks like an identifier is looked up as both: better two candidates than the wrong object.
    names = {entity.name for entity in found.values()}
    for part in _parts(
        [name for name in wanted if plain(name) not in names or re.fullmatch(r"(domain-c|host-|datacenter-)\d+", name)]
    ):
        for entity in _list(client, path, {by_id: part, **within}, decode):
            found[entity.moid] = entity
    return list(found.values())


def _locate(client: VCenterClient, hosts: list[str], clusters: list[Entity]) -> t.Iterator[tuple[str, Entity]]:
    if not hosts or not clusters:
        return
    for start in range(0, len(clusters), NAMES_PER_CALL):
        part = clusters[start : start + NAMES_PER_CALL]
        query = {"hosts": hosts, "clusters": [cluster.moid for cluster in part]}
        here = [host.moid for host in _list(client, HOSTS, query, _host)]
        if len(part) == 1:
            yield from ((host, part[0]) for host in here)
        elif here:
            middle = len(part) // 2
            yield from _locate(client, here, part[:middle])
            yield from _locate(client, here, part[middle:])


def _list_everywhere(
    client: VCenterClient,
    path: str,
    query: dict[str, t.Any],
    datacenters: t.Sequence[str],
    decode: t.Callable[[t.Any], E_],
) -> list[E_]:
    try:
        return _list(client, path, {**query, **_within(datacenters)}, decode)
    except TooMany:
        if datacenters:
            raise
    everywhere = _list(client, DATACENTERS, {}, _datacenter)
    return [
        one for datacenter in everywhere for one in _list(client, path, {**query, **_within([datacenter.moid])}, decode)
    ]


def _list(client: VCenterClient, path: str, query: dict[str, t.Any], decode: t.Callable[[t.Any], E_]) -> list[E_]:
    return [decode(entry) for entry in expect(client.get(path, query), list, f"list from {path}")]


def _within(datacenters: t.Sequence[str]) -> dict[str, t.Any]:
    return {"datacenters": list(datacenters)} if datacenters else {}


def _parts(values: t.Sequence[str]) -> t.Iterator[list[str]]:
    for start in range(0, len(values), NAMES_PER_CALL):
        yield list(values[start : start + NAMES_PER_CALL])


def _forms(name: str) -> set[str]:
    """Return how vCenter may spell a name: it keeps some characters escaped."""
    return {name, name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")}


def _name(entry: t.Any, what: str) -> str:
    name = member(entry, "name", str, what)
    return plain(
        re.sub(
            "%2f|%5c|%25",
            lambda match: {"%2f": "/", "%5c": "\\", "%25": "%"}[match[0].lower()],
            name,
            flags=re.IGNORECASE,
        )
    )


def _cluster(entry: t.Any) -> Entity:
    return Entity("cluster", member(entry, "cluster", str, "cluster"), _name(entry, "cluster"))


def _datacenter(entry: t.Any) -> Entity:
    return Entity("datacenter", member(entry, "datacenter", str, "datacenter"), _name(entry, "datacenter"))


def _host(entry: t.Any) -> Host:
    return Host(
        kind="host",
        moid=member(entry, "host", str, "host"),
        name=_name(entry, "host"),
        connection_state=string_or_none(entry.get("connection_state")) or "UNKNOWN",
        power_state=string_or_none(entry.get("power_state")),
    )
