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
  - An O(description) that is a text is compared with the default message of the task, a structure with all of its
    message except C(localized), which vCenter writes in the language of whoever reads it.
  - Nothing is sent a second time by itself. When it is not known whether vCenter took an update, the module fails, and
    the next run finds out by reading the task.
options:
  task:
    description:
      - Identifier of the task, as it was returned when the task was created, such as
        RV(vsphere.lifecycle.extension_task_create#module:task).
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
    aliases: [percent_done]
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.extension_task
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
  - module: vsphere.lifecycle.extension_task_create
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
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import attempt
from ansible_collections.vsphere.lifecycle.plugins.module_utils._extension_task_rules import (
    FINISHED,
    MEMBER_SPEC,
    MEMBERS,
    NEEDED_STATUS,
    breaches_of_form,
    breaches_of_union,
    check,
    tell_unsupported,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._localizable import utc_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context


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
            tell_unsupported("updates", params["on_unsupported"], client.endpoint.host, context)
            return {**outcome(task, wanted, info, info, changed=False), "supported": False}
        now = _extension_tasks.find_task(client, task)
        return {**planned, "supported": True, "task": _extension_tasks.task_of(task, now)}


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


def main() -> None:
    """Run as a module."""
    run_module(
        update,
        argument_spec={
            "task": {"type": "str", "required": True},
            **MEMBER_SPEC,
        },
        required_one_of=[MEMBERS],
    )


if __name__ == "__main__":
    main()
