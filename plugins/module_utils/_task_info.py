# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What all kinds of task information have in common (``cis.task.info`` and its kin), as plain values; sends nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    dict_or_empty,
    member,
    number_or_none,
    string_or_none,
    text_of,
    texts_of,
)


def percent_of(progress: t.Any) -> int | None:
    """Return how much of a progress is done, 0 to 100; None where it does not say."""
    total = progress.get("total") if isinstance(progress, dict) else None
    completed = progress.get("completed") if isinstance(progress, dict) else None
    if not isinstance(total, (int, float)) or not isinstance(completed, (int, float)) or total <= 0:
        return None
    try:
        return max(0, min(100, int(completed * 100 / total)))
    except (OverflowError, ValueError):
        # Numbers beyond what a float can hold.
        return None


def progress_of(value: t.Any) -> dict[str, t.Any] | None:
    """Return a progress as plain values, with the percentage; None where there is none."""
    progress = dict_or_empty(value)
    if not progress:
        return None
    return {
        "total": number_or_none(progress.get("total")),
        "completed": number_or_none(progress.get("completed")),
        "percent": percent_of(progress),
        "message": text_of(progress.get("message")) or None,
    }


def error_of(value: t.Any) -> dict[str, t.Any] | None:
    """Return the error of a task as its type and texts; None where there is none."""
    error = dict_or_empty(value)
    if not error:
        return None
    # Under /rest, an error may come wrapped; contract section 6.
    inner = dict_or_empty(error.get("value")) or error
    kind = string_or_none(error.get("error_type")) or (string_or_none(error.get("type")) or "").rsplit(".", 1)[-1]
    return {"error_type": kind.upper() or "ERROR", "messages": texts_of(inner.get("messages"))}


def common_of(value: t.Any, what: str) -> dict[str, t.Any]:
    """Return what every ``cis.task.info`` and its kin have, as plain values.

    :param what: how an error calls it.
    """
    status = member(value, "status", str, what)
    target = dict_or_empty(value.get("target"))
    return {
        "status": status,
        "description": text_of(value.get("description")) or None,
        "progress": progress_of(value.get("progress")),
        "start_time": string_or_none(value.get("start_time")),
        "end_time": string_or_none(value.get("end_time")),
        "cancelable": value.get("cancelable") is True,
        "service": string_or_none(value.get("service")),
        "operation": string_or_none(value.get("operation")),
        "user": string_or_none(value.get("user")),
        "parent": string_or_none(value.get("parent")) or None,
        "target": {name: string_or_none(target.get(name)) for name in ("type", "id")} if target else None,
        "error": error_of(value.get("error")),
    }
