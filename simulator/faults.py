# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on the wire, by schedule: which request is to go wrong and how; the server does it, this file only decides."""

from __future__ import annotations

import collections
import dataclasses
import random
import re
import typing as t

from .errors import WorldError

#: Kinds by what has become of the request: it never reached vCenter's services, or they have done their work.
BEFORE = (
    "refused",
    "reset_before",
    "503_json",
    "503_plain",
    "503_proxy",
    "408",
    "429",
    "500_unreadable",
    "502",
    "html",
    "echo",
    "redirect",
    "401",
    "401_as_500",
    "401_by_mistake",
    "401_spurious",
    "404",
    "list_too_long",
    "session_limit",
)
AFTER = (
    "latency",
    "slow_body",
    "empty",
    "malformed",
    "truncated",
    "wrong_shape",
    "oversize",
    "reset_after",
    "reset_in_body",
    "503_after",
    "504",
    "500_timed_out",
)
#: What a fault can do; the exchange has the other half of this list.
KINDS = BEFORE + AFTER


@dataclasses.dataclass
class Fault:
    """One rule: the requests it is for, after how many of them it begins, how often it strikes, and how likely.

    Several kinds are a choice: each time one of them, at random.
    """

    kind: str | t.Sequence[str]
    method: str = ".*"
    path: str = ".*"
    action: str = ".*"
    after: int = 0
    times: int | None = 1
    seconds: float = 0.0
    retry_after: float | None = None
    probability: float = 1.0

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise WorldError(f"No such fault: {kind}. There are {', '.join(KINDS)}.")

    @property
    def kinds(self) -> t.Sequence[str]:
        # YAML takes 429 for a number.
        return [str(kind) for kind in (self.kind if isinstance(self.kind, (list, tuple)) else [self.kind])]

    def strikes(self, method: str, path: str, action: str, chance: random.Random) -> bool:
        wanted = ((self.method, method), (self.path, path), (self.action, action))
        if not all(re.fullmatch(pattern, value) for pattern, value in wanted):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.probability < 1 and chance.random() >= self.probability:
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


@dataclasses.dataclass(frozen=True)
class Strike:
    """What goes wrong with one request."""

    kind: str
    seconds: float
    retry_after: float | None

    @property
    def ends_session(self) -> bool:
        """Whoever is told that the session is gone has lost it."""
        return self.kind in ("401", "401_as_500")


class Faults:
    """The rules, asked once for each request; the first that strikes is it.

    :param chance: where all that happens at random comes from.
    """

    def __init__(self, rules: t.Iterable[t.Mapping[str, t.Any]] = (), chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self.rules: list[Fault] = []
        #: How often each kind has struck.
        self.counts: collections.Counter[str] = collections.Counter()
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

    def next_for(self, method: str, path: str, action: str) -> Strike | None:
        rule = next((rule for rule in self.rules if rule.strikes(method, path, action, self._chance)), None)
        if rule is None:
            return None
        kind = rule.kinds[0] if len(rule.kinds) == 1 else self._chance.choice(rule.kinds)
        self.counts[kind] += 1
        return Strike(kind, rule.seconds, rule.retry_after)
