# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on the wire, by schedule: which request is to go wrong and how; the server does it, this file only decides."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .errors import WorldError

#: What a fault can do; the server has the other half of this list.
KINDS = (
    "latency",
    "503_json",
    "503_plain",
    "429",
    "500_unreadable",
    "html",
    "empty",
    "malformed",
    "truncated",
    "reset_before",
    "reset_after",
)


@dataclasses.dataclass
class Fault:
    """One rule: the requests it is for, after how many of them it begins, and how often it strikes."""

    kind: str
    method: str = ".*"
    path: str = ".*"
    action: str = ".*"
    after: int = 0
    times: int | None = 1
    seconds: float = 0.0
    retry_after: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WorldError(f"No such fault: {self.kind}. There are {', '.join(KINDS)}.")

    def strikes(self, method: str, path: str, action: str) -> bool:
        wanted = ((self.method, method), (self.path, path), (self.action, action))
        if not all(re.fullmatch(pattern, value) for pattern, value in wanted):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class Faults:
    """The rules, asked once for each request; the first that strikes is it."""

    def __init__(self, rules: t.Iterable[t.Mapping[str, t.Any]] = ()) -> None:
        self.rules: list[Fault] = []
        for rule in rules:
            self.add(**rule)

    def add(self, kind: str, **rule: t.Any) -> Fault:
        """Raises WorldError."""
        try:
            fault = Fault(kind, **rule)
        except TypeError:
            names = ", ".join(field.name for field in dataclasses.fields(Fault))
            raise WorldError(f"A fault has the members {names}; got {', '.join(rule)}.") from None
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        self.rules.clear()

    def next_for(self, method: str, path: str, action: str) -> Fault | None:
        return next((rule for rule in self.rules if rule.strikes(method, path, action)), None)
