# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control address /_simulator/: what tests ask and change of a server in another process; not for clients."""

from __future__ import annotations

import functools
import typing as t

from .errors import WorldError
from .values import Struct, timestamp

if t.TYPE_CHECKING:
    from .recording import Request
    from .world import World

PREFIX = "/_simulator/"


class Control:
    """One method for each control address; all answer plain JSON, a mistake is a WorldError."""

    def __init__(self, world: World, requests: list[Request]) -> None:
        self._world = world
        self._requests = requests
        self._calls: dict[tuple[str, str], t.Callable[[Struct], t.Any]] = {
            ("GET", "requests"): self._list_requests,
            ("GET", "sessions"): self._list_sessions,
            ("GET", "issued-sessions"): self._list_issued_sessions,
            ("GET", "world"): lambda body: self._world.summary(),
            ("POST", "reset"): self._reset,
            ("POST", "patch"): self._patch,
            ("POST", "operations"): self._start_operation,
            ("POST", "commits"): self._new_commit,
            ("POST", "expire-sessions"): self._expire_sessions,
            ("POST", "faults"): self._set_faults,
            ("POST", "events"): self._add_events,
            **{
                ("POST", call.__name__.replace("_", "-")): functools.partial(self._call, call)
                for call in (world.restart, world.vanish, world.release, world.block, world.shift_clock)
            },
            ("POST", "service"): functools.partial(self._call, world.change_service),
        }

    def answer(self, method: str, name: str, body: Struct) -> t.Any:
        """Raises WorldError."""
        call = self._calls.get((method, name))
        if call is None:
            known = ", ".join(f"{method} {name}" for method, name in self._calls)
            raise WorldError(f"No such control address: {method} {name}. There are {known}.")
        self._world.look()
        try:
            return call(body)
        except (TypeError, KeyError, AttributeError) as exc:
            raise WorldError(f"{method} {name} does not take {body!r}: {exc}") from None

    def _list_requests(self, body: Struct) -> list[Struct]:
        return [request.as_dict() for request in self._requests]

    def _list_sessions(self, body: Struct) -> list[Struct]:
        return [
            {
                "user": session.user.name,
                "created": timestamp(session.created),
                "last_used": timestamp(session.last_used),
            }
            for session in self._world.sessions.open
        ]

    def _list_issued_sessions(self, body: Struct) -> list[str]:
        """Every token ever given out, to look for where none may be."""
        return self._world.sessions.issued

    def _reset(self, body: Struct) -> Struct:
        self._requests.clear()
        return {}

    def _patch(self, body: Struct) -> Struct:
        self._world.patch(body)
        return self._world.summary()

    def _start_operation(self, body: Struct) -> Struct:
        return {"task": self._world.start_operation(**body).id}

    def _new_commit(self, body: Struct) -> Struct:
        self._world.new_commit(**body)
        return {}

    def _expire_sessions(self, body: Struct) -> Struct:
        self._world.sessions.expire()
        return {}

    def _call(self, call: t.Callable[..., None], body: Struct) -> Struct:
        call(**body)
        self._world.look()
        return {}

    def _add_events(self, body: Struct) -> Struct:
        """Adds to the schedule; times count from now."""
        for event in body.get("events", ()):
            self._world.events.add(event)
        self._world.look()
        return {}

    def _set_faults(self, body: Struct) -> Struct:
        """Replaces all rules by those given."""
        self._world.faults.clear()
        for rule in body.get("faults", ()):
            self._world.faults.add(**rule)
        return {}
