# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""The value of a report: what the role knows of a rollout and what its result files tell of each host, as one."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless, listed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    dict_or_empty,
    list_or_empty,
    number_or_none,
    string_or_none,
)

SCHEMA_VERSION = 1
"""Raised when a member goes away or means something else; new members do not raise it. docs/report.schema.json."""

WORKED_ON = ("staged", "unchanged", "partly_failed", "failed")
"""The verdicts of a cluster of which a result file tells, unless the role says why it left it alone."""


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else ""


def _text_or_none(value: t.Any) -> str | None:
    """Return a text or number as text."""
    return str(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None


def _truth(value: t.Any) -> bool:
    return value is True


def _truth_or_none(value: t.Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: t.Any) -> int:
    number = number_or_none(value)
    return int(number) if number and number > 0 else 0


def _count_or_none(value: t.Any) -> int | None:
    return _count(value) if number_or_none(value) is not None else None


def _whole_or_none(value: t.Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# A dict is an object with at least these members, a list an array of one kind, a function gives the value itself.
_NOTIFICATION = {
    "type": _text,
    "id": string_or_none,
    "message": _text,
    "resolution": string_or_none,
    "retriable": _truth_or_none,
    "time": string_or_none,
}
_HOST = {
    "name": _text,
    "moid": string_or_none,
    "verdict": _text,
    "status": string_or_none,
    "commit": string_or_none,
    "reason": _text,
    "retriable": _truth,
    "notifications": [_NOTIFICATION],
    "start_time": string_or_none,
    "end_time": string_or_none,
}
_COUNTS = {"staged": _count, "skipped": _count, "failed": _count, "started": _count}
_LINE = {
    "kind": _text,
    "name": _text,
    "moid": _text,
    "changed": _truth,
    "msg": _text,
    "timed_out": _truth,
    "source": string_or_none,
    "commit": string_or_none,
    "counts": _COUNTS,
    "task": {"id": string_or_none, "start_time": string_or_none, "end_time": string_or_none, "adopted": _truth},
    "errors": [_text],
    "notifications": [_NOTIFICATION],
    "hosts": [_HOST],
}
_ROLLOUT = {
    "vcenter": _text,
    "vcenter_version": string_or_none,
    "collection_version": string_or_none,
    "ansible_version": string_or_none,
    "mode": _text,
    "check_mode": _truth,
    "changed": _truth,
    "verdict": _text,
    "problem": _text,
    "stopped": _text,
    "started": string_or_none,
    "ended": string_or_none,
    "commit": string_or_none,
    "summary": [_text],
    "plan": [_text],
    "hosts": {
        "staged": _count,
        "skipped": _count,
        "failed": _count,
        "started": _count,
        "not_started": _count_or_none,
    },
    "budget": {
        "failed_hosts": _count,
        "max_failed_hosts": _text_or_none,
        "failed_clusters": _count,
        "max_failed_clusters": _text_or_none,
        "exceeded": _truth,
    },
    "gates": [
        {
            "wave": _whole_or_none,
            "name": _text,
            "mode": _text,
            "answer": _text,
            "verdict": _text,
            "hint": _text,
            "time": string_or_none,
        }
    ],
    "waves": [
        {
            "number": _whole_or_none,
            "title": _text,
            "canary": _truth,
            "clusters": [{"name": _text, "moid": _text}],
            "started": _truth,
            "start_time": string_or_none,
            "end_time": string_or_none,
            "problem": _text,
            "summary": [_text],
        }
    ],
    "clusters": [
        {
            "kind": _text,
            "name": _text,
            "moid": _text,
            "site": string_or_none,
            "wave": _whole_or_none,
            "verdict": _text,
            "why": _text,
            "changed": _truth,
            "msg": _text,
            "commit": string_or_none,
            "task": string_or_none,
            "counts": _COUNTS,
            "failed_hosts": [{"name": _text, "reason": _text, "retriable": _truth}],
        }
    ],
}


def report_of(rollout: Json, lines: t.Sequence[Json] = (), notes: t.Sequence[str] = ()) -> Json:
    """Return the value of the report, as docs/report.schema.json describes it.

    Members that are missing or of another type are there with an empty value, and members that nobody knows stay.

    :param rollout: the fact rolling_stage_result of the role.
    :param lines: entries of result files of esx_software_stage, in the order in which they were written.
    :param notes: what could not be read.
    """
    report = shaped(harmless(rollout), _ROLLOUT)
    told = _by_object(shaped(harmless(list(lines)), [_LINE]))
    clusters = [
        _detailed(cluster, told.pop((cluster["kind"], cluster["moid"]), None)) for cluster in report["clusters"]
    ]
    # What has a reason was not worked on, such as a cluster that an earlier run has done.
    without = [
        cluster["name"]
        for cluster in clusters
        if cluster["verdict"] in WORKED_ON and not cluster["detailed"] and not cluster["why"]
    ]
    all_notes = [*harmless(list(notes))]
    if without:
        all_notes.append(
            f"No result file tells of {_named(without)}: of these, only hosts that failed are listed, without times"
        )
    if told:
        names = [line["name"] for line in told.values()]
        all_notes.append(f"The result files tell of {_named(names)}, of which the rollout does not know")
        clusters += [_unexpected(line) for line in told.values()]
    return {**report, "schema_version": SCHEMA_VERSION, "clusters": clusters, "notes": all_notes}


def shaped(value: t.Any, shape: t.Any) -> t.Any:
    """Return a value in a shape: what is missing or of another type is empty, and unknown members stay."""
    if isinstance(shape, dict):
        source = dict_or_empty(value)
        return {**source, **{name: shaped(source.get(name), part) for name, part in shape.items()}}
    if isinstance(shape, list):
        kind = dict if isinstance(shape[0], dict) else str
        return [shaped(entry, shape[0]) for entry in list_or_empty(value) if isinstance(entry, kind)]
    return shape(value)


def _by_object(lines: list[Json]) -> dict[tuple[str, str], Json]:
    """Return one entry for each object; a later line counts more, as a second round or a resumed run writes one."""
    found: dict[tuple[str, str], Json] = {}
    for line in lines:
        key = (line["kind"], line["moid"])
        found[key] = _joined(found[key], line) if key in found else line
    return found


def _joined(before: Json, after: Json) -> Json:
    hosts = {host["moid"] or host["name"]: host for host in before["hosts"]}
    for host in after["hosts"]:
        key = host["moid"] or host["name"]
        # That the second round had nothing to do for it does not undo what the first one did.
        if not (key in hosts and hosts[key]["verdict"] == "staged" and host["verdict"] == "skipped"):
            hosts[key] = host
    ordered = sorted(hosts.values(), key=lambda host: str(host["name"]))
    counts = collections.Counter(host["verdict"] for host in ordered)
    starts = [line["task"]["start_time"] for line in (before, after)]
    return {
        **after,
        "changed": before["changed"] or after["changed"],
        "counts": {verdict: counts[verdict] for verdict in _COUNTS},
        "task": {
            **before["task"],
            **{name: value for name, value in after["task"].items() if value is not None},
            "start_time": starts[0] or starts[1],
        },
        "hosts": ordered,
    }


def _detailed(cluster: Json, line: Json | None) -> Json:
    """Return what became of a cluster, with all its hosts."""
    if line is None:
        hosts = [shaped({**host, "verdict": "failed"}, _HOST) for host in cluster["failed_hosts"]]
        return {**cluster, "detailed": False, **_of_the_task(shaped({}, _LINE)), "hosts": hosts}
    known = {"commit": cluster["commit"] or line["commit"], "task": cluster["task"] or line["task"]["id"]}
    return {**cluster, **known, "detailed": True, **_of_the_task(line), "hosts": line["hosts"]}


def _of_the_task(line: Json) -> Json:
    return {
        "start_time": line["task"]["start_time"],
        "end_time": line["task"]["end_time"],
        "adopted": line["task"]["adopted"],
        **{name: line[name] for name in ("timed_out", "source", "errors", "notifications")},
    }


def _unexpected(line: Json) -> Json:
    """Return what became of a cluster that only a result file knows."""
    counts = line["counts"]
    good = counts["staged"] or counts["skipped"]
    if counts["failed"] or line["msg"]:
        verdict = "partly_failed" if good and not line["msg"] else "failed"
    else:
        verdict = "unknown" if counts["started"] else "staged" if counts["staged"] else "unchanged"
    failed = [
        {name: host[name] for name in ("name", "reason", "retriable")}
        for host in line["hosts"]
        if host["verdict"] == "failed"
    ]
    return {
        **{name: line[name] for name in ("kind", "name", "moid", "changed", "msg", "commit", "counts")},
        **{"site": None, "wave": None, "verdict": verdict, "why": "", "task": line["task"]["id"]},
        "failed_hosts": failed,
        "detailed": True,
        **_of_the_task(line),
        "hosts": line["hosts"],
    }


def _named(names: t.Sequence[str]) -> str:
    several = "" if len(names) == 1 else "s"
    return f"{len(names)} cluster{several} or standalone host{several} ({listed(names, 5)})"
