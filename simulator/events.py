# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to a vCenter at some moment, by schedule: restarts, lost tasks, new images; knows no HTTP."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from . import worldfile
from .errors import VapiError, WorldError
from .values import Struct

if t.TYPE_CHECKING:
    from .world import World

#: How long a start waits for another operation on the same object to end before it looks again.
WAIT = 1.0


class Events:
    """The schedule of a world: `at` seconds from now, or somewhere between two such times, `do` something.

    With `after_stages`, the seconds count from the moment at which so many more stage runs have been started, by
    whomever: that is the same moment of a rollout however fast the machine is.
    """

    def __init__(self, world: World, entries: t.Iterable[t.Any] = ()) -> None:
        self._world = world
        self._kinds: dict[str, tuple[t.Callable[..., t.Any], set[str]]] = {
            "restart": (world.restart, {"seconds", "refused", "forget_tasks"}),
            "expire_sessions": (world.sessions.expire, set()),
            "vanish": (world.vanish, {"cluster", "host", "operation"}),
            "release": (world.release, {"cluster", "host"}),
            "block": (world.block, {"seconds", "cluster", "host"}),
            "new_commit": (world.new_commit, {"commit", "description", "cluster", "host"}),
            "operation": (self._start_operation, {"kind", "seconds", "cluster", "host"}),
            "stage": (self._start_stage, {"cluster", "host", "hosts"}),
            "service": (world.change_service, {"service", "seconds", *worldfile.SERVICE}),
            "patch": (self._patch, {"changes"}),
            "faults": (self._add_faults, {"faults"}),
            "shift_clock": (world.shift_clock, {"seconds"}),
        }
        #: What has happened, in its order.
        self.done: list[str] = []
        #: What waits for stage runs: how many more, and what then.
        self._waiting: list[tuple[int, t.Callable[[], None]]] = []
        world.engine.on_stage = self._count_stage
        for entry in entries:
            self.add(entry)

    def add(self, entry: t.Any) -> None:
        """Raises WorldError."""
        if not isinstance(entry, dict) or "do" not in entry:
            raise WorldError(f"An event must be a mapping with 'do', got {entry!r}.")
        given = dict(entry)
        name, moment, stages = given.pop("do"), given.pop("at", 0), given.pop("after_stages", 0)
        if name not in self._kinds:
            raise WorldError(f"No such event: {name}. There are {', '.join(self._kinds)}.")
        action, known = self._kinds[name]
        unknown = sorted(set(given) - known)
        if unknown:
            raise WorldError(f"The event {name} has the unknown member {unknown[0]!r}. Known are {sorted(known)}.")
        seconds = self._world.chance.uniform(*moment) if isinstance(moment, (list, tuple)) else moment
        begin = functools.partial(
            self._world.timeline.after, seconds, functools.partial(self._happen, name, action, given)
        )
        if stages:
            self._waiting.append((stages, begin))
        else:
            begin()

    def _count_stage(self) -> None:
        waiting = [(left - 1, begin) for left, begin in self._waiting]
        self._waiting = [(left, begin) for left, begin in waiting if left > 0]
        for left, begin in waiting:
            if left <= 0:
                begin()

    def _happen(self, name: str, action: t.Callable[..., t.Any], given: Struct) -> None:
        self.done.append(name)
        action(**given)

    def _start_operation(self, **given: t.Any) -> None:
        """Not while another one runs: then as soon as that has ended."""

        def start() -> None:
            # It may be refused as anybody's may.
            with contextlib.suppress(VapiError):
                self._world.start_operation(**given)

        self._when_free(given, start)

    def _start_stage(
        self, cluster: str | None = None, host: str | None = None, hosts: t.Sequence[str] | None = None
    ) -> None:
        """Somebody else stages."""
        world = self._world
        managed = world.managed(cluster=cluster, host=host)
        chosen = [world.host(name).id for name in hosts] if hosts else None

        def start() -> None:
            # They may be refused as well as anybody.
            with contextlib.suppress(VapiError):
                world.engine.stage(managed, "somebody@vsphere.local", None, chosen)

        self._when_free({"cluster": cluster, "host": host}, start)

    def _when_free(self, target: Struct, action: t.Callable[[], t.Any]) -> None:
        if self._world.managed(cluster=target.get("cluster"), host=target.get("host")).operations:
            self._world.timeline.after(WAIT, functools.partial(self._when_free, target, action))
        else:
            action()

    def _patch(self, changes: Struct) -> None:
        self._world.patch(changes)

    def _add_faults(self, faults: t.Sequence[Struct]) -> None:
        for rule in faults:
            self._world.faults.add(**rule)
