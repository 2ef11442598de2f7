#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: extension_task_create
short_description: Create a task of a vCenter extension (tech preview)
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Creates a task in the task list of vCenter, in the name of an extension, so that the work of a playbook shows up
    there. M(vsphere.lifecycle.extension_task_update) then reports its status and progress, and ends it.
  - B(Each run creates another task.) vCenter does not look for one that is there already, and a task cannot be removed.
    So create it once at the beginning, keep RV(task), and end the task on every way out, as in the last example.
  - This is a B(tech preview). Only the reference of vCenter 7.0 has the operation, as one in development. The API of
    vCenter 8 and 9 lacks it. O(on_unsupported) tells what happens there.
  - The rules of the API about what goes together are checked before anything is sent, all of them at once.
  - Nothing is sent a second time by itself. When it is not known whether vCenter has created the task, the module
    fails.
options:
  operation_id:
    description:
      - The operation that the task is about, such as V(com.example.extension.rollout). An extension of this vCenter
        must have registered it, in the C(taskList) with which it is registered.
    type: str
    required: true
  cancelable:
    description:
      - Whether vCenter offers to cancel the task. It is up to the extension to notice that and to end the work.
    type: bool
    default: false
  target:
    description: The object that the task works on; in the vSphere Client it is listed there.
    type: dict
    suboptions:
      type:
        description: Type of the object, such as V(ClusterComputeResource), V(HostSystem) or V(Datacenter).
        type: str
        required: true
      id:
        description: Identifier of the object, such as V(domain-c8).
        type: str
        required: true
  status:
    description:
      - The status that the task begins with.
      - V(FAILED) needs O(error).
      - If it is left out, it is up to vCenter, and the task waits for its start. Then nothing can be set that needs a
        status.
    type: str
    choices: [PENDING, RUNNING, BLOCKED, SUCCEEDED, FAILED]
  progress:
    description:
      - How far the work is, as a structure of C(completed), C(total) and C(message).
      - C(completed) is the amount of work done, from 0 to C(total). It is required.
      - C(total) is the amount of work in all; V(100) where it is left out.
      - C(message) is what is being worked on, as a text or in the full structure that O(description) takes. vCenter
        requires it and then ignores it, so it may be left out.
      - Needs O(status=RUNNING).
    type: dict
    aliases: [percent_done]
  task_user:
    description:
      - Name of the user who does the work in the extension; C(user) in the API.
      - If it is left out, vCenter takes the user who is logged in.
    type: str
  parent_task:
    description: Identifier of the task that this one is a part of.
    type: str
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.extension_task
  - vsphere.lifecycle.attributes
attributes:
  check_mode:
    support: full
    details:
      - Whether vCenter offers the operation, and whether O(operation_id) is registered, shows only when something is
        sent, which check mode never does. It foretells what a vCenter that offers it would do.
      - There is no task then, so RV(task) is V(null).
  diff_mode:
    support: full
  idempotent:
    support: none
    details: Each run creates another task.
notes:
  - Needs the privilege C(Task.Create).
  - Where vCenter does not offer it, nothing is lost, as each staging is a task of vCenter already.
seealso:
  - module: vsphere.lifecycle.extension_task_update
  - module: vsphere.lifecycle.esx_software_stage
  - name: "vSphere Automation API: create an extension task"
    description: The vendor's reference, in the edition for vCenter 7.0.
    link: https://developer.broadcom.com/xapis/vsphere-automation-api/7.0/
"""

EXAMPLES = r"""
- name: Create a task that waits for its start
  vsphere.lifecycle.extension_task_create:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
    operation_id: com.example.extension.rollout
    description: Staging the image of 3 clusters

- name: Show the work of a playbook in vCenter (connection from the environment)
  block:
    - name: Create a task that runs
      vsphere.lifecycle.extension_task_create:
        operation_id: com.example.extension.rollout
        status: RUNNING
        progress:
          completed: 0
          total: 3
        on_unsupported: ignore
      register: rollout_task

    - name: Stage
      vsphere.lifecycle.esx_software_stage:
        clusters: [prod-berlin]

    - name: End the task, if there is one
      vsphere.lifecycle.extension_task_update:
        task: "{{ rollout_task.task }}"
        status: SUCCEEDED
      when: rollout_task.task is not none

  rescue:
    - name: End the task with what went wrong
      vsphere.lifecycle.extension_task_update:
        task: "{{ rollout_task.task }}"
        status: FAILED
        error: "{{ ansible_failed_result.msg }}"
      when: rollout_task.task | default(none) is not none

    - name: Fail all the same
      ansible.builtin.fail:
        msg: "{{ ansible_failed_result.msg }}"
"""

RETURN = r"""
supported:
  description:
    - V(true) when vCenter has created the task, V(false) when it does not offer the operation.
    - V(null) in check mode. It is not known then.
  returned: success, and on failure when vCenter does not offer the operation
  type: bool
  sample: true
task:
  description:
    - Identifier of the task, which O(vsphere.lifecycle.extension_task_update#module:task) takes.
    - V(null) where there is none, in check mode or because vCenter does not offer the operation.
  returned: success
  type: str
  sample: 5295e1c2-6f0c-4d0e-9c38-7f1f0a6f9f3d:com.vmware.vcenter.extension.tasks
diff:
  description: The task, before and after.
  returned: success
  type: dict
  contains:
    before:
      description: Empty, as there was none.
      type: dict
      sample: {}
    after:
      description: What it was created with, or would be in check mode; empty when vCenter does not offer the operation.
      type: dict
      sample:
        operation_id: com.example.extension.rollout
        cancelable: false
        status: RUNNING
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _extension_tasks
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import attempt
from ansible_collections.vsphere.lifecycle.plugins.module_utils._extension_task_rules import (
    MEMBER_SPEC,
    MEMBERS,
    breaches_of_form,
    breaches_of_union,
    check,
    tell_unsupported,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context

# What a task is created with and keeps, by the names of the API. The option of `user` has another name, as all modules
# take that for the user to log in with.
LASTING = {
    "operation_id": "operation_id",
    "cancelable": "cancelable",
    "target": "target",
    "user": "task_user",
    "parent_task": "parent_task",
}


def create(params: dict[str, t.Any], client: VCenterClient, context: Context) -> dict[str, t.Any]:
    """Create a task."""
    operation = params["operation_id"]
    with attempt(f"create a task of the extension operation '{operation}'"):
        asked = _extension_tasks.wanted_of({name: params[name] for name in MEMBERS})
        check(breaches(asked))
        lasting = {name: params[option] for name, option in LASTING.items() if params[option] is not None}
        wanted = _extension_tasks.completed_with(asked, {})
        told = _extension_tasks.shown(wanted, _extension_tasks.updated({"status": "PENDING"}, wanted))
        created = {
            "changed": True,
            "supported": None,
            "task": None,
            "diff": {"before": {}, "after": {**lasting, **told}},
        }
        if context.check_mode:
            return created
        task = _extension_tasks.send_create(client, operation, {**lasting, **_extension_tasks.spec_of(wanted)})
        if task is None:
            tell_unsupported("the creation", params["on_unsupported"], client.endpoint.host, context)
            return {**created, "changed": False, "supported": False, "diff": {"before": {}, "after": {}}}
        return {**created, "supported": True, "task": task}


def breaches(asked: dict[str, t.Any]) -> list[str]:
    """Return what a task cannot begin with."""
    status = asked.get("status")
    found = breaches_of_form(asked) + breaches_of_union(asked, status or "none", "was asked for")
    if "progress" in asked and status != "RUNNING":
        found.append(f"progress needs status: RUNNING, and {status or 'none'} was asked for")
    return found


def main() -> None:
    """Run as a module."""
    run_module(
        create,
        argument_spec={
            "operation_id": {"type": "str", "required": True},
            "cancelable": {"type": "bool", "default": False},
            "target": {
                "type": "dict",
                "options": {"type": {"type": "str", "required": True}, "id": {"type": "str", "required": True}},
            },
            "task_user": {"type": "str"},
            "parent_task": {"type": "str"},
            **MEMBER_SPEC,
        },
    )


if __name__ == "__main__":
    main()
