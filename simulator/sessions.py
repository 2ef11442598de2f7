# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API sessions: opening, using, the two ways of expiring, and the limit; knows no HTTP."""

from __future__ import annotations

import dataclasses
import secrets
import typing as t

from .errors import VapiError, refusal
from .timeline import Timeline
from .values import Struct, message, timestamp


@dataclasses.dataclass(eq=False)
class User:
    name: str
    password: str
    #: None means all of them.
    privileges: frozenset[str] | None = None

    def require(self, privileges: t.Iterable[str]) -> None:
        """Raises UNAUTHORIZED, which as in the product does not say what is missing."""
        if self.privileges is not None and not self.privileges.issuperset(privileges):
            raise refusal("UNAUTHORIZED", "not_authorized", "The user does not have the required privileges.")


@dataclasses.dataclass(eq=False)
class Session:
    token: str
    user: User
    created: float
    last_used: float


class Sessions:
    """The open sessions. One token serves /api and /rest alike (contract section 3.1)."""

    def __init__(self, timeline: Timeline, users: dict[str, User], limits: t.Mapping[str, float]) -> None:
        self._timeline = timeline
        self.users = users
        self.idle_timeout = limits.get("idle_timeout", 1800)
        self.lifetime = limits.get("lifetime", 86400)
        self.limit = limits.get("limit", 550)
        self._sessions: dict[str, Session] = {}
        self.peak = 0
        #: Every token ever given out.
        self.issued: list[str] = []

    @property
    def open(self) -> list[Session]:
        """Sessions that have neither ended nor expired."""
        now = self._timeline.now()
        for session in list(self._sessions.values()):
            if now >= session.last_used + self.idle_timeout or now >= session.created + self.lifetime:
                del self._sessions[session.token]
        return list(self._sessions.values())

    def create(self, name: str, password: str) -> str:
        """Log in and return the token. Raises UNAUTHENTICATED, SERVICE_UNAVAILABLE (too many sessions)."""
        user = self.users.get(name)
        if user is None or not secrets.compare_digest(user.password.encode(), password.encode()):
            raise unauthenticated()
        if sum(session.user is user for session in self.open) >= self.limit:
            raise VapiError(
                "SERVICE_UNAVAILABLE",
                message(
                    "com.vmware.vapi.endpoint.failedToLoginMaxUserSessionCountReached",
                    f"The user has reached the limit of {self.limit:.0f} sessions.",
                ),
            )
        now = self._timeline.now()
        session = Session(secrets.token_hex(16), user, now, now)
        self._sessions[session.token] = session
        self.issued.append(session.token)
        self.peak = max(self.peak, len(self._sessions))
        return session.token

    def use(self, token: str | None) -> Session:
        """The session behind a token; its idle timer starts anew. Raises UNAUTHENTICATED."""
        alive = {session.token: session for session in self.open}
        session = alive.get(token or "")
        if session is None:
            raise unauthenticated()
        session.last_used = self._timeline.now()
        return session

    def close(self, token: str) -> None:
        self._sessions.pop(token, None)

    def expire(self) -> None:
        """End every session, as a restart does."""
        self._sessions.clear()

    def shift(self, seconds: float) -> None:
        """Sessions do not end because somebody sets the clock."""
        for session in self._sessions.values():
            session.created += seconds
            session.last_used += seconds


def info(session: Session) -> Struct:
    """`cis.session.info`."""
    return {
        "user": session.user.name,
        "created_time": timestamp(session.created),
        "last_accessed_time": timestamp(session.last_used),
    }


def unauthenticated() -> VapiError:
    return refusal("UNAUTHENTICATED", "authentication_required", "Authentication required.")
