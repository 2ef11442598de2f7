# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked of the server: every request, passwords and tokens left out; decides nothing."""

from __future__ import annotations

import dataclasses
import typing as t

SECRETS = ("password", "session_id", "token")


@dataclasses.dataclass(frozen=True)
class Request:
    """One request as it was answered; `status` 0 means that the connection was reset instead."""

    method: str
    #: As it was sent, so that escapes stay visible.
    path: str
    #: Decoded values by name, in their order.
    query: dict[str, list[str]]
    body: t.Any
    status: int
    #: The world's time.
    time: float
    #: None before or without a login.
    user: str | None
    #: What the fault injected here was, if any.
    fault: str | None = None

    @property
    def action(self) -> str:
        """The value of `action` in the query, else an empty text."""
        return (self.query.get("action") or self.query.get("~action") or [""])[0]

    @property
    def is_write(self) -> bool:
        """Changes something in vCenter. By the contract, not by the method: logins, logouts and lists do not."""
        if self.method == "GET" or self.path.endswith(("/session", "/session/")):
            return False
        return not (self.path.endswith("/cis/tasks") and self.action == "list")

    @property
    def is_stage(self) -> bool:
        """Asks for staging of ESX software."""
        return self.method == "POST" and self.action == "stage" and "/esx/settings/" in self.path

    def as_dict(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "action": self.action, "is_write": self.is_write, "is_stage": self.is_stage}


def without_secrets(value: t.Any) -> t.Any:
    """A body as it may be kept."""
    if isinstance(value, dict):
        return {key: "********" if key in SECRETS else without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value
