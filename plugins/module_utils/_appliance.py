# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""The update of the vCenter appliance: state, pending, staged, policy; contract section 3.8. Changes nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    NotAllowedInCurrentState,
    NotFound,
    VCenterError,
    attempt,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._task_info import common_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    dict_or_empty,
    expect,
    list_or_empty,
    mapping_of,
    member,
    notifications_of,
    number_or_none,
    string_or_none,
    strings_of,
    text_of,
)

UPDATE = ("/api/appliance/update", "/rest/appliance/update")
SYSTEM_VERSION = "/api/appliance/system/version"
SIBLINGS = {
    UPDATE[0]: {
        "pending": "/api/appliance/update/pending",
        "staged": "/api/appliance/update/staged",
        "policy": "/api/appliance/update/policy",
    },
    UPDATE[1]: {
        "pending": "/rest/appliance/update/pending",
        "staged": "/rest/appliance/update/staged",
        "policy": "/rest/appliance/update/policy",
    },
}


class ApplianceUpdate:
    """The update service of one appliance, as last read.

    Making it reads the state, and so settles which root this vCenter answers under: /rest is for those without /api.

    :ivar state: state, version, latest_query_time and task, as the module returns them.
    """

    def __init__(self, client: VCenterClient) -> None:
        self._client = client
        with attempt("read the update state of the appliance"):
            root, info = client.get_first(*UPDATE)
            self.state = update_of(info)
        self._siblings = SIBLINGS[root]

    def pending(self) -> list[Json]:
        """Return the updates that the last check found."""
        with attempt("list the pending updates of the appliance"):
            try:
                answer = self._client.get(self._siblings["pending"], {"source_type": "LAST_CHECK"})
            except NotFound:
                # vCenter says no_updates_found instead of an empty list.
                return []
            return [summary_of(entry) for entry in expect(answer or [], list, "list of pending updates")]

    def staged(self) -> Json | None:
        """Return the update that is staged; None when there is none."""
        with attempt("read the staged update of the appliance"):
            try:
                answer = self._client.get(self._siblings["staged"])
            except NotAllowedInCurrentState:
                return None
            complete = member(answer, "staging_complete", bool, "staged update")
            return {**summary_of(answer), "staging_complete": complete}

    def policy(self) -> Json:
        """Return when and from where the appliance looks for updates."""
        with attempt("read the update policy of the appliance"):
            return policy_of(self._client.get(self._siblings["policy"]))


def system_version(client: VCenterClient) -> str | None:
    """Return the version of vCenter, such as 8.0.3.00400; None where it may not be read."""
    try:
        version = client.get(SYSTEM_VERSION)
    except VCenterError:
        return None
    return string_or_none(dict_or_empty(version).get("version"))


def update_of(value: t.Any) -> Json:
    """Return an ``appliance.update.info`` as plain values; a state that we do not know passes through."""
    what = "update state of the appliance"
    task = value.get("task") if isinstance(value, dict) else None
    return {
        "state": member(value, "state", str, what),
        "version": member(value, "version", str, what),
        "latest_query_time": string_or_none(value.get("latest_query_time")),
        "task": None if task is None else task_of(task),
    }


def task_of(value: t.Any) -> Json:
    """Return an ``appliance.task_info`` as plain values, its subtasks in the order that vCenter gives."""
    subtasks = mapping_of(expect(value, dict, "task of the update").get("subtasks"))
    order = [name for name in strings_of(value.get("subtask_order")) if name in subtasks]
    # One that is missing from the order is still worth a look.
    order += [name for name in subtasks if name not in order]
    decoded = [{"name": name, **_work_of(subtasks[name], f"subtask '{name}'")} for name in order]
    own = _work_of(value, "task of the update")
    own["notifications"] += [entry for subtask in decoded for entry in subtask["notifications"]]
    return {**own, "subtasks": decoded}


def _work_of(value: t.Any, what: str) -> Json:
    """Return what a task and its subtasks have in common."""
    return {
        **common_of(value, what),
        "auto_rollback_state": string_or_none(value.get("auto_rollback_state")),
        "notifications": notifications_of(value.get("result")),
    }


def summary_of(value: t.Any) -> Json:
    """Return what pending and staged updates have in common, as plain values."""
    return {
        "version": member(value, "version", str, "update"),
        "name": string_or_none(value.get("name")),
        "description": text_of(value.get("description")) or None,
        "update_type": string_or_none(value.get("update_type")),
        "severity": string_or_none(value.get("severity")),
        "priority": string_or_none(value.get("priority")),
        "release_date": string_or_none(value.get("release_date")),
        "reboot_required": _flag(value, "reboot_required"),
        "size": number_or_none(value.get("size")),
        "component": string_or_none(value.get("component")),
        "quick_patch": _flag(value, "quick_patch"),
    }


def policy_of(value: t.Any) -> Json:
    """Return an ``appliance.update.policy.info`` as plain values."""
    policy = expect(value, dict, "update policy")
    flags = ("auto_stage", "auto_update", "certificate_check", "manual_control")
    return {
        "default_url": string_or_none(policy.get("default_URL")),
        "custom_url": string_or_none(policy.get("custom_URL")),
        "username": string_or_none(policy.get("username")),
        **{name: _flag(policy, name) for name in flags},
        "check_schedule": [
            {"day": string_or_none(entry.get("day"))}
            | {name: number_or_none(entry.get(name)) for name in ("hour", "minute")}
            for entry in map(dict_or_empty, list_or_empty(policy.get("check_schedule")))
        ],
    }


def _flag(value: Json, name: str) -> bool | None:
    """Return a yes or no; None where this release does not say."""
    flag = value.get(name)
    return flag if isinstance(flag, bool) else None
