#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: extension_task_update
short_description: Report status and progress of a task of a vCenter extension (tech preview)
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Changes a task that an extension of vCenter has created, so that the work of a playbook shows up in the task list of
    vCenter, with its status, progress, result or error.
  - This is a B(tech preview). Only the reference of vCenter 7.0 has the operation, as one in development. The API of
    vCenter 8 and 9 lacks it. O(on_unsupported) tells what happens there.
  - The rules of the API about what goes together are checked before anything is sent, all of them at once. Where
    O(status) is left out, they apply to the status that the task has.
  - The task is read first. Nothing is sent when it is already as asked for. Nothing is ever sent to a task that has
    ended; that it should become something else is an error.
  - Nothing is sent a second time by itself. When it is not known whether vCenter took an update, the module fails, and
    the next run finds out by reading the task.
options:
  task:
    description: Identifier of the task, as it was returned when the task was created.
    type: str
    required: true
  status:
    description:
      - The status that the task should have. V(SUCCEEDED) and V(FAILED) are its end; it cannot be changed afterwards.
      - V(FAILED) needs O(error).
      - If it is left out, the task keeps its status.
    type: str
    choices: [PENDING, RUNNING, BLOCKED, SUCCEEDED, FAILED]
  progress:
    description:
      - How far the work is, as a structure of C(completed), C(total) and C(message). It is accepted only while the task
        runs, or together with O(status=RUNNING).
      - C(completed) is the amount of work done, from 0 to C(total). It is required, and it never goes back.
      - C(total) is the amount of work in all. If it is left out, that of the task; V(100) when it has none yet.
      - C(message) is what is being worked on, as a text or in the full structure that O(description) takes. vCenter
        requires it and then ignores it. So it is no change by itself, and it may be left out.
      - If it is left out, the task keeps its progress.
    type: dict
  description:
    description:
      - What the task does, as a text or as a structure of C(id), C(default_message), C(args), C(params) and
        C(localized).
      - C(id) names the message in the catalogue of the extension, C(default_message) is shown where there is no such
        message. Both are required in the structure.
      - C(params) is an object of named parameters. Each has one of C(s) (text), C(i) (whole number), C(d) (number),
        C(dt) (time) or C(l) (a nested message with an C(id) and C(params) of its own), and may have C(format) and
        C(precision).
      - A text is compared with the default message of the task, a structure with all of its message except
        C(localized), which vCenter writes in the language of whoever reads it.
    type: raw
  result:
    description:
      - What the task has produced, any value. It may change while the task runs.
      - Needs a task that has started, so any status but V(PENDING).
    type: raw
  error:
    description:
      - Why the task failed, as a text or as a structure of C(error_type), C(messages) and C(data). C(messages) is a
        list in which each is a text or a structure like O(description). C(error_type) is V(ERROR) where it is left out.
      - Needs O(status=FAILED).
    type: raw
  start_time:
    description:
      - When the task started, by ISO 8601 such as V(2026-03-01T22:00:05.000Z). A time without an offset is in UTC.
      - Needs a task that has started, so any status but V(PENDING).
      - If it is left out, vCenter takes the time at which the task starts.
    type: str
  end_time:
    description:
      - When the task ended, in the form of O(start_time). Must not be before the start.
      - Needs O(status=SUCCEEDED) or O(status=FAILED).
      - If it is left out, vCenter takes the time at which the task ends.
    type: str
  on_unsupported:
    description:
      - What happens where this vCenter does not offer the operation.
      - V(warn) warns, V(ignore) says nothing, and both go on with RV(supported=false) and without a change.
      - V(fail) fails.
    type: str
    choices: [fail, warn, ignore]
    default: warn
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.attributes
attributes:
  check_mode:
    support: full
    details:
      - Whether vCenter offers the operation shows only when something is sent, which check mode never does. It
        foretells what a vCenter that offers it would do.
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Needs the privilege C(Task.Update).
  - Where vCenter does not offer it, nothing is lost, as each staging is a task of vCenter already. Other ways to show
    a task of your own are the operations C(UpdateProgress) and C(SetTaskState) of a C(Task) in the vSphere Web Services
    API.
seealso:
  - module: vsphere.lifecycle.esx_software_stage
  - name: "vSphere Automation API: update an extension task"
    description: The vendor's reference, in the edition for vCenter 7.0.
    link: https://developer.broadcom.com/xapis/vsphere-automation-api/7.0/
"""

EXAMPLES = r"""
- name: Report progress
  vsphere.lifecycle.extension_task_update:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
    task: "{{ extension_task }}"
    status: RUNNING
    progress:
      completed: 40
      total: 100
    description: Staging the image of 3 clusters

- name: See what an update would change (connection from the environment)
  vsphere.lifecycle.extension_task_update:
    task: "{{ extension_task }}"
    progress:
      completed: 80
  check_mode: true
  diff: true

- name: Describe the task by a message of the extension's catalogue, with parameters
  vsphere.lifecycle.extension_task_update:
    task: "{{ extension_task }}"
    description:
      id: com.example.extension.rollout.stage
      default_message: Staging {clusters} clusters of {site}
      args: []
      params:
        clusters:
          i: 3
        site:
          l:
            id: com.example.extension.site
            params:
              name:
                s: Berlin

- name: End the task with a result
  vsphere.lifecycle.extension_task_update:
    task: "{{ extension_task }}"
    status: SUCCEEDED
    result:
      staged_hosts: 14

- name: End a task with an error, and insist on it
  vsphere.lifecycle.extension_task_update:
    task: "{{ other_extension_task }}"
    status: FAILED
    error: "esx03.berlin.example.com could not be staged"
    on_unsupported: fail
"""

RETURN = r"""
supported:
  description:
    - V(true) when vCenter took an update, V(false) when it does not offer the operation.
    - V(null) when nothing was sent, in check mode or because nothing was to be changed. It is not known then.
  returned: success, and on failure when vCenter does not offer the operation
  type: bool
  sample: true
task:
  description:
    - The task as it is afterwards.
    - In check mode it is as it would be, except for times that vCenter fills in itself.
  returned: success
  type: dict
  contains:
    id:
      description: Identifier of the task.
      type: str
      sample: 5295e1c2-6f0c-4d0e-9c38-7f1f0a6f9f3d:com.vmware.vcenter.extension.tasks
    status:
      description: V(PENDING), V(RUNNING), V(BLOCKED), V(SUCCEEDED) or V(FAILED).
      type: str
      sample: RUNNING
    description:
      description: What it does.
      type: str
      sample: Staging the image of 3 clusters
    progress:
      description: How far it is; V(null) before it has started.
      type: dict
      contains:
        total:
          description: Amount of work in all.
          type: int
          sample: 100
        completed:
          description: Amount of work done.
          type: int
          sample: 40
        percent:
          description: Percent done.
          type: int
          sample: 40
        message:
          description: What vCenter says of the progress, which is not what was sent with it.
          type: str
          sample: In progress.
    start_time:
      description: When it started; V(null) before.
      type: str
      sample: "2026-03-01T22:00:05.000Z"
    end_time:
      description: When it ended; V(null) before.
      type: str
      sample: null
    cancelable:
      description: Whether it can be cancelled.
      type: bool
      sample: false
    service:
      description: The service that the task belongs to.
      type: str
      sample: com.vmware.vcenter.extension.tasks
    operation:
      description: The operation, as the extension registered it.
      type: str
      sample: com.example.extension.rollout
    user:
      description: Who created it; V(null) where vCenter does not say.
      type: str
      sample: administrator@vsphere.local
    parent:
      description: The task that it is part of; V(null) where vCenter does not say.
      type: str
      sample: null
    target:
      description: What it works on, as type and id; V(null) where vCenter does not say.
      type: dict
      sample: null
    error:
      description: Why it failed; V(null) when it did not.
      type: dict
      contains:
        error_type:
          description: The API's name of the error.
          type: str
          sample: ERROR
        messages:
          description: The texts of the error.
          type: list
          elements: str
          sample: [esx03.berlin.example.com could not be staged]
    result:
      description: What it has produced, as vCenter returns it; V(null) when there is nothing.
      type: raw
      sample: null
diff:
  description: The members that were asked for, before and after.
  returned: success
  type: dict
  contains:
    before:
      description: As they were.
      type: dict
      sample:
        status: PENDING
    after:
      description: As they are, or would be in check mode.
      type: dict
      sample:
        status: RUNNING
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _extension_tasks
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import NotOffered, PreflightFailed, attempt
from ansible_collections.vsphere.lifecycle.plugins.module_utils._localizable import utc_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context

MEMBERS = ("status", "progress", "description", "result", "error", "start_time", "end_time")
STATUSES = ("PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED")
FINISHED = ("SUCCEEDED", "FAILED")

# The union of the structure: with which status a member may be sent.
NEEDED_STATUS = {
    "result": ("RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"),
    "error": ("FAILED",),
    "start_time": ("RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"),
    "end_time": FINISHED,
}


def update(params: dict[str, t.Any], client: VCenterClient, context: Context) -> dict[str, t.Any]:
    """Bring a task to what was asked for."""
    task = params["task"]
    with attempt(f"update extension task {task}"):
        asked = _extension_tasks.wanted_of({name: params[name] for name in MEMBERS})
        check(breaches_of_form(asked))
        if "status" in asked:
            check(breaches_of_union(asked, asked["status"], "was asked for"))
        info = _extension_tasks.find_task(client, task)
        wanted = _extension_tasks.completed_with(asked, info)
        members = _extension_tasks.changes(wanted, info)
        check(breaches_of_state(wanted, members, info))
        planned = outcome(task, wanted, info, _extension_tasks.updated(info, members), changed=bool(members))
        if not members or context.check_mode:
            return planned
        if not _extension_tasks.send_update(client, task, _extension_tasks.spec_of(sent(wanted, members, info))):
            tell_unsupported(params["on_unsupported"], client.endpoint.host, context)
            return {**outcome(task, wanted, info, info, changed=False), "supported": False}
        now = _extension_tasks.find_task(client, task)
        return {**planned, "supported": True, "task": _extension_tasks.task_of(task, now)}


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


def breaches_of_state(wanted: dict[str, t.Any], members: dict[str, t.Any], info: dict[str, t.Any]) -> list[str]:
    """Return what the task, as it is now, does not allow.

    :param members: those of ``wanted`` that differ from the task.
    """
    present = info["status"]
    breaches = [] if "status" in wanted else breaches_of_union(wanted, present, "is what the task has")
    if present in FINISHED:
        if members and not breaches:
            ended = f" at {info['end_time']}" if info.get("end_time") else ""
            breaches.append(f"the task has ended ({present}{ended}), so {', '.join(members)} can no longer be changed")
        return breaches
    if "progress" in members:
        breaches += breaches_of_progress(wanted, info)
    started = utc_of(str(info.get("start_time")))
    if "end_time" in wanted and "start_time" not in wanted and started and wanted["end_time"] < started:
        breaches.append(f"end_time {wanted['end_time']} is before the start of the task, {started}")
    return breaches


def breaches_of_progress(wanted: dict[str, t.Any], info: dict[str, t.Any]) -> list[str]:
    """Return what is wrong with a progress that differs from that of the task."""
    completed, total = wanted["progress"]["completed"], wanted["progress"]["total"]
    reached = (info.get("progress") or {}).get("completed", 0)
    breaches = []
    if completed > total:
        breaches.append(f"progress.completed is {completed}, and must be within 0 and {total}, the total of the task")
    if completed < reached:
        breaches.append(f"progress.completed cannot go back from {reached} to {completed}")
    if "RUNNING" not in {info["status"], wanted.get("status")}:
        breaches.append(f"progress needs a task that runs, and this one is {info['status']}; report RUNNING first")
    return breaches


def check(breaches: list[str]) -> None:
    """Raise PreflightFailed for anything that is wrong."""
    if breaches:
        raise PreflightFailed(breaches)


def sent(wanted: dict[str, t.Any], members: dict[str, t.Any], info: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what has to be sent for these members to change: those of the union need the status, and it needs them."""
    if not {"status", *NEEDED_STATUS} & set(members):
        return members
    union = {name: wanted[name] for name in NEEDED_STATUS if name in wanted}
    return {"status": info["status"], **members, **union}


def outcome(
    task: str, wanted: dict[str, t.Any], before: dict[str, t.Any], after: dict[str, t.Any], *, changed: bool
) -> dict[str, t.Any]:
    """Return the result of going from one state of the task to the other."""
    diff = {name: _extension_tasks.shown(wanted, info) for name, info in (("before", before), ("after", after))}
    return {"changed": changed, "supported": None, "task": _extension_tasks.task_of(task, after), "diff": diff}


def tell_unsupported(on_unsupported: str, host: str, context: Context) -> None:
    """Warn, fail or do nothing about a vCenter that does not offer the operation."""
    error = NotOffered(
        f"The vCenter {host} does not offer updates of extension tasks. Only vCenter 7.0 is documented to have them, "
        "as an operation in development; the API of vCenter 8 and 9 lacks it. Nothing was changed",
        "Set on_unsupported: ignore to go on without this message; each staging is a task of vCenter anyway",
    )
    if on_unsupported == "fail":
        raise error
    if on_unsupported == "warn":
        context.warn(str(error))


def main() -> None:
    """Run as a module."""
    run_module(
        update,
        argument_spec={
            "task": {"type": "str", "required": True},
            "status": {"type": "str", "choices": list(STATUSES)},
            "progress": {"type": "dict"},
            "description": {"type": "raw"},
            "result": {"type": "raw"},
            "error": {"type": "raw"},
            "start_time": {"type": "str"},
            "end_time": {"type": "str"},
            "on_unsupported": {"type": "str", "choices": ["fail", "warn", "ignore"], "default": "warn"},
        },
        required_one_of=[MEMBERS],
    )


if __name__ == "__main__":
    main()
