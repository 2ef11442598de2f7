# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What a stage run tells the user: result, diff, the message of a failure; pure functions over units."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import listed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import Json
from ansible_collections.vsphere.lifecycle.plugins.module_utils._verdicts import (
    FAILED,
    SKIPPED,
    STAGED,
    STARTED,
    Verdict,
)

NAMED_IN_MESSAGE = 10
"""How many hosts a message names for one reason; the result has all of them."""


def result_of(units: t.Sequence[Unit], detail: str = "full", *, with_diff: bool = False) -> Json:
    """Return the result of the module, as RETURN of esx_software_stage documents it.

    :param detail: ``full``; ``failed`` for counts where all is well; ``summary`` for hardly more than counts.
    :param with_diff: whether to tell of each host that changes what it was and is.
    """
    verdicts = [verdict for unit in units for verdict in unit.verdicts.values()]
    entries = {
        kind: [_ENTRIES[detail](unit) for unit in units if unit.entity.kind == kind and _told_of(unit, detail)]
        for kind in ("cluster", "host")
    }
    kinds = [unit.entity.kind for unit in units]
    result: Json = {
        "changed": any(_changed(unit) for unit in units),
        "counts": {
            "clusters": kinds.count("cluster"),
            "standalone_hosts": kinds.count("host"),
            "hosts": len(verdicts),
            **_counts(verdicts),
        },
        "clusters": entries["cluster"],
        "standalone_hosts": entries["host"],
        "failed_hosts": names_with(verdicts, FAILED),
    }
    if detail == "full":
        result["successful_hosts"] = names_with(verdicts, STAGED)
        result["skipped_hosts"] = names_with(verdicts, SKIPPED)
        result["started_hosts"] = names_with(verdicts, STARTED)
    if with_diff:
        result["diff"] = _diff(units)
    return result


def lines_of(units: t.Sequence[Unit], *, check_mode: bool) -> list[Json]:
    """Return all there is to know, one entry for each cluster and standalone host.

    :param check_mode: whether it is a prediction.
    """
    return [{"kind": unit.entity.kind, "check_mode": check_mode, **_full_entry(unit)} for unit in units]


def failure_of(units: t.Sequence[Unit], *, predicted: bool) -> tuple[str, str]:
    """Return what failed and what to do next.

    :param predicted: whether nothing was done yet, as in check mode.
    """
    failed = [verdict for unit in units for verdict in unit.verdicts.values() if verdict.verdict == FAILED]
    number = sum(len(unit.verdicts) for unit in units)
    verb = "would not be" if predicted else "was not" if len(failed) == 1 else "were not"
    told = [f"{len(failed)} of {number} host{'' if number == 1 else 's'} {verb} staged."]
    told.extend(_unit_failure(unit) for unit in units)
    retriable = sum(1 for verdict in failed if verdict.retriable)
    return " ".join(text for text in told if text), _next_step(retriable)


def names_with(verdicts: t.Iterable[Verdict], verdict: str) -> list[str]:
    """Return the names of the hosts with that verdict, sorted."""
    return sorted(entry.name for entry in verdicts if entry.verdict == verdict)


def _unit_failure(unit: Unit) -> str:
    """Return why hosts of a unit failed: each reason once, with the hosts that share it."""
    by_reason: dict[str, list[str]] = {}
    for verdict in sorted(unit.verdicts.values(), key=lambda entry: entry.name):
        if verdict.verdict == FAILED:
            by_reason.setdefault(verdict.reason.rstrip("."), []).append(verdict.name)
    if not by_reason:
        return ""
    label = unit.entity.label[0].upper() + unit.entity.label[1:]
    told = (
        f"{label}: "
        + "; ".join(f"{listed(names, NAMED_IN_MESSAGE)}: {reason}" for reason, names in by_reason.items())
        + "."
    )
    return told if unit.problem.rstrip(".") in by_reason else f"{told} {unit.problem}".rstrip()


def _next_step(retriable: int) -> str:
    hint = f" vCenter marks {retriable} of the failures as worth another try." if retriable else ""
    return f"Remove the causes and run again: hosts that are staged by then are left alone.{hint}"


def _told_of(unit: Unit, detail: str) -> bool:
    return detail != "summary" or _troubled(unit)


def _troubled(unit: Unit) -> bool:
    """Whether there is something about a unit that an operator should see."""
    return (
        bool(unit.problem or unit.timed_out or (unit.task and unit.task.error_messages))
        or _alarming(unit.notifications)
        or any(_host_troubled(verdict) for verdict in unit.verdicts.values())
    )


def _host_troubled(verdict: Verdict) -> bool:
    return verdict.verdict == FAILED or (verdict.verdict == STAGED and _alarming(verdict.notifications))


def _alarming(notifications: t.Iterable[Json]) -> bool:
    return any(entry["type"] in {"ERROR", "WARNING"} for entry in notifications)


def _counts(verdicts: t.Iterable[Verdict]) -> Json:
    number = collections.Counter(entry.verdict for entry in verdicts)
    return {verdict: number[verdict] for verdict in (STAGED, SKIPPED, FAILED, STARTED)}


def _full_entry(unit: Unit) -> Json:
    return {
        "name": unit.entity.name,
        "moid": unit.entity.moid,
        "changed": _changed(unit),
        "failed": _failed(unit),
        "msg": unit.problem,
        "timed_out": unit.timed_out,
        "source": unit.source,
        "commit": unit.commit,
        "commit_time": unit.commit_time,
        "counts": _counts(unit.verdicts.values()),
        "task": {**unit.task.summary(), "adopted": unit.adopted} if unit.task else None,
        "errors": list(unit.task.error_messages) if unit.task else [],
        "notifications": list(unit.notifications),
        "hosts": _hosts(unit.verdicts.values()),
    }


def _small_entry(unit: Unit) -> Json:
    """Return all about what went wrong, and counts for the rest; a thousand of these are still easy to keep."""
    full = _full_entry(unit)
    if _troubled(unit):
        return {**full, "hosts": _hosts(filter(_host_troubled, unit.verdicts.values()))}
    entry = {name: full[name] for name in ("name", "moid", "changed", "failed", "commit", "counts")}
    if unit.commit_time:
        entry["commit_time"] = unit.commit_time
    if unit.task and entry["counts"][STARTED]:
        # Whoever does not wait for it needs to know where to look.
        entry["task"] = {"id": unit.task.task}
    return entry


def _summary_entry(unit: Unit) -> Json:
    full = _full_entry(unit)
    return {name: full[name] for name in ("name", "moid", "failed", "msg", "counts")}


_ENTRIES = {"full": _full_entry, "failed": _small_entry, "summary": _summary_entry}


def _hosts(verdicts: t.Iterable[Verdict]) -> list[Json]:
    return [verdict.result() for verdict in sorted(verdicts, key=lambda entry: entry.name)]


def _failed(unit: Unit) -> bool:
    return any(verdict.verdict == FAILED for verdict in unit.verdicts.values())


def _changed(unit: Unit) -> bool:
    verdicts = {verdict.verdict for verdict in unit.verdicts.values()}
    return STAGED in verdicts or (STARTED in verdicts and not unit.adopted)


def _diff(units: t.Sequence[Unit]) -> Json:
    """Return before and after of the hosts that change, by cluster (or standalone host) and host."""
    before: Json = {}
    after: Json = {}
    for unit in units:
        for verdict in unit.verdicts.values():
            if verdict.verdict == STAGED:
                before.setdefault(unit.entity.name, {})[verdict.name] = _known_state(unit, verdict.host)
                after.setdefault(unit.entity.name, {})[verdict.name] = "STAGED"
    return {"before": before, "after": after}


def _known_state(unit: Unit, host: str) -> str:
    known = unit.first_compliance.hosts.get(host) if unit.first_compliance else None
    return (known.stage_status if known else None) or "UNKNOWN"
