# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Which members of an extension task go together, and what becomes of a vCenter without such tasks; sends nothing.

Source: contract section 3.9.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import NotOffered, PreflightFailed

MEMBERS = ("status", "progress", "description", "result", "error", "start_time", "end_time")
"""What can be said of a task both when it is created and later."""
FINISHED = ("SUCCEEDED", "FAILED")

NEEDED_STATUS = {
    "result": ("RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"),
    "error": ("FAILED",),
    "start_time": ("RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"),
    "end_time": FINISHED,
}
"""The union of both structures: with which status a member may be sent."""

MEMBER_SPEC: dict[str, dict[str, t.Any]] = {
    "status": {"type": "str", "choices": ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"]},
    "progress": {"type": "dict", "aliases": ["percent_done"]},
    "description": {"type": "raw"},
    "result": {"type": "raw"},
    "error": {"type": "raw"},
    "start_time": {"type": "str"},
    "end_time": {"type": "str"},
    "on_unsupported": {"type": "str", "choices": ["fail", "warn", "ignore"], "default": "warn"},
}
"""The options that the modules for these tasks share."""


def breaches_of_form(asked: dict[str, t.Any]) -> list[str]:
    """Return what cannot be, whatever the task is like."""
    progress = asked.get("progress", {})
    total, completed = progress.get("total"), progress.get("completed", 0)
    breaches = []
    if completed < 0 or (total is not None and completed > total):
        limit = "the total" if total is None else str(total)
        breaches.append(f"progress.completed is {completed}, and must be within 0 and {limit}")
    # All times have the same form and zone, so that their texts sort as they do.
    if "start_time" in asked and "end_time" in asked and asked["end_time"] < asked["start_time"]:
        breaches.append(f"end_time {asked['end_time']} is before start_time {asked['start_time']}")
    return breaches


def breaches_of_union(asked: dict[str, t.Any], status: str, why: str) -> list[str]:
    """Return which members do not go with a status.

    :param why: where that status comes from.
    """
    breaches = [
        f"{name} needs status: {' or '.join(statuses)}, and {status} {why}"
        for name, statuses in NEEDED_STATUS.items()
        if name in asked and status not in statuses
    ]
    if asked.get("status") == "FAILED" and "error" not in asked:
        breaches.append("status: FAILED needs error, which says why")
    return breaches


def check(breaches: list[str]) -> None:
    """Raise PreflightFailed for anything that is wrong."""
    if breaches:
        raise PreflightFailed(breaches)


def tell_unsupported(what: str, on_unsupported: str, host: str, context: Context) -> None:
    """Warn, fail or do nothing about a vCenter that does not offer an operation.

    :param what: the operation, such as "updates".
    :raises NotOffered: for ``on_unsupported`` fail.
    """
    error = NotOffered(
        f"The vCenter {host} does not offer {what} of extension tasks. Only vCenter 7.0 is documented to have them, "
        "as an operation in development; the API of vCenter 8 and 9 lacks it. Nothing was changed",
        "Set on_unsupported: ignore to go on without this message; each staging is a task of vCenter anyway",
    )
    if on_unsupported == "fail":
        raise error
    if on_unsupported == "warn":
        context.warn(str(error))
