# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Tasks that an extension of vCenter reports about itself: create, read, update one; contract section 3.9.

Knows how the members are compared and sent, but not which of them go together.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _localizable
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient, segment
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ConnectionFailed,
    InvalidArgument,
    InvalidOption,
    NotFound,
    UnexpectedReply,
    Unsupported,
    attempt,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._task_info import common_of, error_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    dict_or_empty,
    expect,
    list_or_empty,
    mapping_of,
    member,
    string_or_none,
)

TASK = ("/api/cis/tasks/{task}", "/rest/cis/tasks/{task}")
CREATE = "/rest/vcenter/extension/tasks"
UPDATE = "/rest/vcenter/extension/tasks/{task}"
TIMES = ("start_time", "end_time")


def find_task(client: VCenterClient, task: str) -> Json:
    """Return a task as vCenter has it; there is no read operation among those of extension tasks.

    :raises NotFound: vCenter has dropped it, or never had it.
    """
    with attempt(f"read task {task}"):
        try:
            dummy, info = client.get_first(*(address.format(task=segment(task)) for address in TASK))
        except NotFound as error:
            error.remedy = "Correct task: vCenter has no such task (any more), or this user may not see it"
            raise
        member(info, "status", str, f"task {task}")
        if info.get("progress") is not None:
            for name in ("total", "completed"):
                member(info["progress"], name, int, f"progress of task {task}")
        return info


def send_create(client: VCenterClient, operation: str, spec: Json) -> str | None:
    """Create a task and return its identifier; None where this vCenter does not offer that.

    It is sent once: another try might make another task.

    :param spec: the members of the structure ``create_spec``.
    :raises InvalidArgument: among other reasons, no extension has registered the operation.
    """
    with attempt(f"create a task of the extension operation '{operation}'", privilege="Task.Create"):
        try:
            return expect(client.post(CREATE, body={"spec": spec}), str, "task of the extension")
        except (NotFound, Unsupported):
            # The operation knows no such errors, so the address is missing.
            return None
        except InvalidArgument as error:
            error.remedy = f"Check that an extension of this vCenter has registered the operation '{operation}'"
            raise
        except (ConnectionFailed, UnexpectedReply) as error:
            _say_unknown(error, "has created the task is not known; look at its task list before you run again")
            raise


def send_update(client: VCenterClient, task: str, spec: Json) -> bool:
    """Change a task that was read before; return False where this vCenter does not offer that.

    It is sent once: whoever does not know whether it arrived reads the task again.
    """
    with attempt(f"update extension task {task}", privilege="Task.Update"):
        try:
            client.patch(UPDATE.format(task=segment(task)), {"spec": spec})
        except Unsupported:
            return False
        except NotFound:
            # The operation knows no such error, so the address is missing; unless the task has gone since we read it.
            find_task(client, task)
            return False
        except (ConnectionFailed, UnexpectedReply) as error:
            _say_unknown(error, "took the update is not known; run again, which reads the task first")
            raise
        return True


def _say_unknown(error: ConnectionFailed | UnexpectedReply, what: str) -> None:
    """Have an error say that a write may have reached vCenter, unless it surely has not."""
    if not isinstance(error, ConnectionFailed) or error.sent:
        error.remedy = f"Whether vCenter {what}"


def task_of(task: str, info: Json) -> Json:
    """Return a task as plain values, as the module returns it."""
    return {"id": task, **common_of(info, f"task {task}"), "result": info.get("result")}


def shown(wanted: Json, info: Json) -> Json:
    """Return the members asked for as a task has them, for a diff; a description in as much detail as was asked for."""
    task = task_of("", info)
    if "description" in wanted and not _localizable.is_plain(wanted["description"]):
        task["description"] = _localizable.comparable(info.get("description"))
    return {name: task[name] for name in wanted}


def wanted_of(options: t.Mapping[str, t.Any]) -> Json:
    """Return the members of an update that were asked for, in full structure.

    :param options: status, progress, description, result, error, start_time, end_time; None where not asked for.
    :raises InvalidOption: one has the wrong form.
    """
    wanted: Json = {name: value for name, value in options.items() if value is not None}
    for name in TIMES:
        if name in wanted:
            wanted[name] = _localizable.time_of(wanted[name], name)
    if "description" in wanted:
        wanted["description"] = _localizable.localizable(wanted["description"], "description")
    if "error" in wanted:
        wanted["error"] = _error_of(wanted["error"])
    if "progress" in wanted:
        wanted["progress"] = _progress_of(wanted["progress"])
    return wanted


def _progress_of(value: t.Any) -> Json:
    # Not an argument specification with options of its own: Ansible keeps the name "message" for itself.
    given = _localizable.members_of(value, ("completed", "total", "message"), "progress")
    if "completed" not in given:
        raise InvalidOption("The option 'progress' needs a number as 'completed'", "Set progress.completed")
    progress: Json = {
        name: _localizable.number_of(given[name], int, f"progress.{name}")
        for name in ("completed", "total")
        if name in given
    }
    if "message" in given:
        progress["message"] = _localizable.localizable(given["message"], "progress.message")
    return progress


def _error_of(value: t.Any) -> Json:
    if isinstance(value, str):
        return {"messages": [_localizable.localizable(value, "error")]}
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list) or not messages:
        raise InvalidOption(
            "The option 'error' is neither a text nor a structure with error_type and messages", "Correct error"
        )
    full = [_localizable.localizable(message, f"error.messages[{number}]") for number, message in enumerate(messages)]
    return {**value, "messages": full}


def completed_with(wanted: Json, info: Json) -> Json:
    """Return what was asked for with the amount of work in all: the task's own, else 100, where it was left out."""
    if "progress" not in wanted:
        return wanted
    total = dict_or_empty(info.get("progress")).get("total")
    return {**wanted, "progress": {"total": 100 if total is None else total, **wanted["progress"]}}


def changes(wanted: Json, info: Json) -> Json:
    """Return the members asked for that are not as they should be."""
    return {name: value for name, value in wanted.items() if not _same(name, value, info.get(name))}


def _same(name: str, wanted: t.Any, present: t.Any) -> bool:
    if name == "progress":
        # vCenter ignores the message, so that it cannot be told apart from one that was set.
        return all(dict_or_empty(present).get(part) == wanted[part] for part in ("total", "completed"))
    if name == "description":
        return _localizable.same_text(wanted, present)
    if name in TIMES:
        return _localizable.utc_of(string_or_none(present) or "") == wanted
    if name == "error":
        return _same_error(wanted, present)
    if name == "result":
        # A bare comparison takes True for 1.
        return _plain(wanted) == _plain(present)
    return wanted == present


def _same_error(wanted: Json, present: t.Any) -> bool:
    error = dict_or_empty(present)
    inner = dict_or_empty(error.get("value")) or error
    messages = list_or_empty(inner.get("messages"))
    kind = (error_of(error) or {}).get("error_type")
    return (
        wanted.get("error_type", kind) == kind
        and len(messages) == len(wanted["messages"])
        and all(map(_localizable.same_text, wanted["messages"], messages))
        and wanted.get("data", inner.get("data")) == inner.get("data")
    )


def _plain(value: t.Any) -> t.Any:
    """Return JSON in which maps are objects, as /rest makes arrays of them, and yes and no are not numbers."""
    if isinstance(value, list):
        if value and all(isinstance(entry, dict) and set(entry) == {"key", "value"} for entry in value):
            return {name: _plain(entry) for name, entry in mapping_of(value).items()}
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return ("bool", value) if isinstance(value, bool) else value


def spec_of(members: Json) -> Json:
    """Return members of an update as vCenter wants them; under /rest, a map is an array of keys and values."""
    spec = {name: value for name, value in members.items() if name != "progress"}
    if "progress" in members:
        progress = members["progress"]
        text = f"{progress['completed']} of {progress['total']}"
        message = progress.get("message") or _localizable.localizable(text, "progress.message")
        spec["percent_done"] = {**progress, "message": _localizable.keyed(message)}
    if "description" in members:
        spec["description"] = _localizable.keyed(members["description"])
    if "error" in members:
        error = members["error"]
        spec["error"] = {
            "error_type": "ERROR",
            **error,
            "messages": [_localizable.keyed(message) for message in error["messages"]],
        }
    return spec


def updated(info: Json, members: Json) -> Json:
    """Return a task as it will be with these members; times that vCenter fills in itself are not foretold."""
    after = {**info, **members}
    if "progress" in members:
        amounts = {name: members["progress"][name] for name in ("total", "completed")}
        after["progress"] = {**dict_or_empty(info.get("progress")), **amounts}
    if "error" in members:
        after["error"] = {"error_type": "ERROR", **members["error"]}
    return after
