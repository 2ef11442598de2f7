# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a route is, how an address finds it, and what a handler gets to see of the request; knows no HTTP library."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
import urllib.parse

from .errors import address_not_found, refusal
from .sessions import Session, User, unauthenticated
from .values import Struct

if t.TYPE_CHECKING:
    from .world import World

Pairs = t.Sequence[tuple[str, str]]
Handler = t.Callable[["Call"], t.Any]


@dataclasses.dataclass(frozen=True)
class Route:
    """One operation: method, address and fixed query, and who answers it."""

    method: str
    template: str
    handler: Handler
    #: The page or section of the contract that the answer follows.
    source: str
    fixed: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: Query members by their /api name; under /rest they have the prefix in front.
    accepts: tuple[str, ...] = ()
    prefix: str = ""
    success: int = 200
    since: tuple[int, ...] = ()
    privileges: tuple[str, ...] = ()
    login: bool = False
    #: Whether this vCenter has the address, beyond its release and roots.
    offered: t.Callable[[World], bool] = lambda world: True

    @property
    def root(self) -> str:
        return self.template.split("/")[1]

    def match(self, path: str) -> dict[str, str] | None:
        """The variables of the path, or None where it is another address. Escaped slashes stay inside a segment."""
        wanted, got = _segments(self.template), _texts(path)
        if len(wanted) != len(got):
            return None
        found: dict[str, str] = {}
        for pattern, text in zip(wanted, got, strict=True):
            if pattern.startswith("{"):
                if not text:
                    return None
                found[pattern[1:-1]] = text
            elif pattern != text:
                return None
        return found

    def fits(self, query: Pairs) -> bool:
        given = dict(query)
        return all(given.get(name) == value for name, value in self.fixed.items()) and (
            "vmw-task" not in given or "vmw-task" in self.fixed
        )


@dataclasses.dataclass
class Call:
    """A request on its way through a handler."""

    world: World
    route: Route
    path: dict[str, str]
    query: Pairs
    body: t.Any = None
    session: Session | None = None
    credentials: tuple[str, str] | None = None

    @property
    def user(self) -> User:
        if self.session is None:
            raise unauthenticated()
        return self.session.user

    def values(self, name: str) -> list[str] | None:
        """A list or set of the query: names repeated under /api; numbered, or repeated, under /rest."""
        wanted = self.route.prefix + name
        found = [value for key, value in self.query if re.sub(r"\.\d+$", "", key) == wanted]
        return found or None

    def value(self, name: str) -> str | None:
        found = self.values(name)
        return found[0] if found else None

    def flag(self, name: str) -> bool | None:
        """Raises INVALID_ARGUMENT."""
        text = self.value(name)
        if text not in (None, "true", "false"):
            raise refusal("INVALID_ARGUMENT", "not_boolean", f"{name} must be true or false, got {text}.", name)
        return None if text is None else text == "true"

    def struct(self, known: t.Collection[str], source: t.Any = None) -> Struct:
        """A structure of the body; null members count as unset. Raises INVALID_REQUEST, UNEXPECTED_INPUT."""
        given = self.body if source is None else source
        if not isinstance(given, dict):
            raise refusal("INVALID_REQUEST", "not_a_structure", "A JSON object was expected.")
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise refusal("UNEXPECTED_INPUT", "unknown_member", f"Unknown member: {unknown[0]}.", unknown[0])
        return {name: value for name, value in given.items() if value is not None}

    def check_query(self) -> None:
        """Raises UNEXPECTED_INPUT for a query parameter that the operation does not have."""
        known = {self.route.prefix + name for name in self.route.accepts} | set(self.route.fixed)
        for name in dict(self.query):
            if name not in known and re.sub(r"\.\d+(\..*)?$", "", name) not in known:
                raise refusal("UNEXPECTED_INPUT", "unknown_parameter", f"Unknown parameter: {name}.", name)


def find(routes: t.Iterable[Route], world: World, method: str, path: str, query: Pairs) -> tuple[Route, dict[str, str]]:
    """The route of a request and its path variables. Raises NOT_FOUND, OPERATION_NOT_FOUND (another method)."""
    here = [(route, found) for route in routes if (found := _here(route, world, path)) is not None]
    if not here:
        raise address_not_found()
    candidates = [(route, found) for route, found in here if route.method == method]
    if not candidates:
        raise refusal("OPERATION_NOT_FOUND", "method", f"The address does not take {method}.", method)
    fitting = [(route, found) for route, found in candidates if route.fits(query)]
    if not fitting:
        raise address_not_found()
    # The most demanding one: `?action=x` before the same address without an action.
    return max(fitting, key=lambda item: len(item[0].fixed))


def _here(route: Route, world: World, path: str) -> dict[str, str] | None:
    found = route.match(path)
    if found is None or route.root not in world.roots or world.version < route.since or not route.offered(world):
        return None
    return found


@functools.cache
def _segments(template: str) -> list[str]:
    return template.split("/")


@functools.lru_cache(maxsize=8)
def _texts(path: str) -> list[str]:
    return [urllib.parse.unquote(segment) for segment in path.split("/")]
