# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""From what the user named to the objects meant, with every problem of it at once; changes nothing."""

from __future__ import annotations

import difflib
import fnmatch
import re
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _inventory
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption, PreflightFailed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain

E_ = t.TypeVar("E_", bound=Entity)
PROBLEMS_WITH_A_HINT = 10
"""Of so many problems, at most, it is told what may have been meant: that takes its time."""
_PATTERN = re.compile(r"[*?\[]")


class Selection:
    """Looks objects up by name or identifier and collects what is wrong.

    :param datacenter: name or identifier; names are looked for only there. None: everywhere.
    :ivar problems: one sentence each; the caller decides when to raise them.
    :ivar notes: what was asked for and means nothing, and does no harm.
    :raises PreflightFailed: there is no such datacenter, or several.
    """

    def __init__(self, client: VCenterClient, datacenter: str | None = None) -> None:
        self._client = client
        self._datacenter = datacenter
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._within: list[str] = []
        self._names: list[str] | None = None
        if datacenter is not None:
            found = self._one("datacenter", datacenter, _inventory.find_datacenter(client, datacenter))
            self.check()
            self._within = [found.moid] if found else []

    def check(self) -> None:
        """Raise all problems found so far, if any."""
        if self.problems:
            raise PreflightFailed(self.problems)

    def clusters(self, wanted: t.Sequence[str] | None) -> list[Entity]:
        """Return the clusters named, each once; all that the user may see for None."""
        if wanted is None:
            return _inventory.list_clusters(self._client, self._within)
        return self._all("cluster", "clusters", wanted, _inventory.find_clusters)

    def matching_clusters(self, wanted: t.Sequence[str] | None, exclude: t.Sequence[str] = ()) -> list[Entity]:
        """Return the clusters named or matched by a pattern such as ``prod-*``, each once; without those excluded."""
        return self._matching("cluster", wanted, exclude, self.clusters)

    def matching_hosts(
        self, wanted: t.Sequence[str], exclude: t.Sequence[str], everything: t.Callable[[], list[Host]]
    ) -> list[Host]:
        """Return the hosts named or matched by a pattern, each once; without those excluded.

        :param everything: returns the hosts that patterns are for.
        """
        return self._matching(
            "host", wanted, exclude, lambda names: everything() if names is None else self.hosts(names)
        )

    def matching_standalone_hosts(self, wanted: t.Sequence[str] | None, exclude: t.Sequence[str] = ()) -> list[Host]:
        """Return the hosts in no cluster that are named or matched by a pattern, each once; without those excluded."""
        return self._matching("host", wanted, exclude, self._standalone_hosts)

    def _standalone_hosts(self, wanted: t.Sequence[str] | None) -> list[Host]:
        if wanted is None:
            return _inventory.list_standalone_hosts(self._client, self._within)
        members: dict[str, Host] = {}

        def find(client: VCenterClient, names: t.Sequence[str], within: t.Sequence[str]) -> list[Host]:
            """Look among the standalone ones, and then only for the others."""
            alone = _inventory.find_hosts(client, names, within, standalone=True)
            known = {form for host in alone for form in (host.name, host.moid)}
            left = [name for name in names if not known & {name, plain(name)}]
            others = _inventory.find_hosts(client, left, within) if left else []
            members.update({host.moid: host for host in others})
            return [*alone, *others]

        chosen = self._all("host", "hosts", wanted, find)
        misplaced = [host for host in chosen if host.moid in members]
        clusters = _inventory.clusters_of(self._client, misplaced) if misplaced else {}
        for host in misplaced:
            cluster = clusters.get(host.moid)
            where = cluster.label if cluster else "a cluster that this user may not see"
            self.problems.append(f"The {host.label} is not standalone, but in {where}; name the cluster instead")
        return [host for host in chosen if host.moid not in members]

    def _matching(
        self,
        kind: str,
        wanted: t.Sequence[str] | None,
        exclude: t.Sequence[str] | None,
        look_up: t.Callable[[t.Sequence[str] | None], list[E_]],
    ) -> list[E_]:
        patterns = {name for name in wanted or () if _PATTERN.search(name)}
        # vCenter's own order is none to rely on.
        everything = sorted(look_up(None), key=_order) if wanted is None or patterns else []
        chosen: dict[str, E_] = {}
        if wanted is None:
            chosen.update({one.moid: one for one in everything})
        else:
            names = [name for name in wanted if name not in patterns]
            named = look_up(names) if names or not wanted else []
            for name in wanted:
                fitting = [one for one in (everything if name in patterns else named) if _fits(one, name)]
                if not fitting and name in patterns:
                    self.notes.append(f"No {kind} matches '{name}'.")
                chosen.update({one.moid: one for one in fitting})
        exclude = exclude or ()
        for name in exclude:
            if not any(_fits(one, name) for one in chosen.values()):
                self.notes.append(f"Nothing that is selected matches '{name}', which is to be excluded.")
        return [one for one in chosen.values() if not any(_fits(one, name) for name in exclude)]

    def hosts(self, wanted: t.Sequence[str]) -> list[Host]:
        """Return the hosts named, each once."""
        return self._all("host", "hosts", wanted, _inventory.find_hosts)

    def _all(
        self,
        kind: str,
        option: str,
        wanted: t.Sequence[str],
        find: t.Callable[[VCenterClient, t.Sequence[str], t.Sequence[str]], list[E_]],
    ) -> list[E_]:
        check_named(kind, option, wanted)
        found = find(self._client, list(dict.fromkeys(wanted)), self._within)
        by_name: dict[str, list[E_]] = {}
        for entity in found:
            for name in (entity.name, entity.moid):
                by_name.setdefault(name, []).append(entity)
        # Few of thousands may be the one meant.
        forms = {name: {plain(name), name} for name in wanted}
        chosen = [
            self._one(kind, name, [entity for form in sorted(forms[name]) for entity in by_name.get(form, ())])
            for name in wanted
        ]
        return list({entity.moid: entity for entity in chosen if entity}.values())

    def _one(self, kind: str, wanted: str, found: t.Sequence[E_]) -> E_ | None:
        matches = list(
            {entity.moid: entity for entity in found if plain(wanted) == entity.name or wanted == entity.moid}.values()
        )
        if len(matches) == 1:
            return matches[0]
        where = f" in datacenter '{self._datacenter}'" if self._within else ""
        if not matches:
            self.problems.append(
                f"There is no {kind} '{wanted}'{where}, or this user may not see it{self._similar(kind, wanted)}"
            )
            return None
        places = {} if kind == "datacenter" else _inventory.datacenters_of(self._client, kind, matches)
        candidates = ", ".join(
            f"{entity.moid} ('{entity.name}'"
            + (f" in datacenter '{places[entity.moid]}')" if entity.moid in places else ")")
            for entity in matches
        )
        narrow = "use the identifier" if kind == "datacenter" else "use the identifier, or set datacenter"
        self.problems.append(f"The {kind} '{wanted}' is ambiguous{where}: {candidates}; {narrow}")
        return None

    def _similar(self, kind: str, wanted: str) -> str:
        if kind != "cluster" or len(self.problems) >= PROBLEMS_WITH_A_HINT:
            return ""
        if self._names is None:
            self._names = sorted({cluster.name for cluster in _inventory.list_clusters(self._client, self._within)})
        return similar(wanted, self._names)


def check_named(kind: str, option: str, wanted: t.Sequence[str]) -> None:
    """Make sure that an option names something, and nothing else.

    :raises InvalidOption: it is empty, or one of its entries is.
    """
    if not wanted or not all(name.strip() for name in wanted):
        raise InvalidOption(
            f"The option '{option}' is empty or has an empty entry; it never means all",
            f"Name at least one {kind}, or leave the option out",
        )


def similar(wanted: str, names: t.Iterable[str]) -> str:
    """Return which names may have been meant, for the end of a sentence; empty where none comes near."""
    close = difflib.get_close_matches(wanted, list(names), cutoff=0.5)
    return f" (similar: {', '.join(close)})" if close else ""


def _order(entity: Entity) -> tuple[str, str]:
    return entity.name, entity.moid


def _fits(entity: Entity, wanted: str) -> bool:
    return entity.moid == wanted or entity.name in (plain(wanted), wanted) or fnmatch.fnmatchcase(entity.name, wanted)
