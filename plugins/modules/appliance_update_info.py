#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: appliance_update_info
short_description: Tell whether the vCenter appliance itself is being updated
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Returns the update state of the vCenter appliance, with the task of an update that runs or ran last, and on request
    the updates that are pending, the one that is staged, and the update policy.
  - While an update is installed or rolled back, services of vCenter restart and running tasks are lost. So look at
    RV(state) before a long job, such as M(vsphere.lifecycle.esx_software_stage) for many clusters.
  - It looks for no new updates. RV(latest_query_time) tells when vCenter did so last.
options:
  gather:
    description:
      - What to return besides the state. Each costs one call.
      - V(pending) is the updates that vCenter found when it looked last.
      - V(staged) is the update that is staged on the appliance.
      - V(policy) is when and from where vCenter looks for updates.
      - V(system_version) is the version that runs now.
    type: list
    elements: str
    choices: [pending, staged, policy, system_version]
    default: []
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.attributes
  - vsphere.lifecycle.attributes.info
notes:
  - Accounts that may only stage images often lack the right to read the appliance's update. Then the module fails with
    C(UNAUTHORIZED) in C(error_type) of the result.
  - A vCenter that has no C(/api/appliance/update) is read through C(/rest/appliance/update), with the same result.
seealso:
  - module: vsphere.lifecycle.esx_software_stage
  - name: "vSphere Automation API: update state of the appliance"
    description: The vendor's reference of the call.
    link: https://developer.broadcom.com/xapis/vsphere-automation-api/latest/
"""

EXAMPLES = r"""
- name: Read the update state of the vCenter appliance
  vsphere.lifecycle.appliance_update_info:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
  register: appliance

- name: Go on only where no update is being installed or rolled back
  ansible.builtin.assert:
    that: appliance.state in ['UP_TO_DATE', 'UPDATES_PENDING']
    fail_msg: "The appliance is {{ appliance.state }}; wait until its update has ended."

- name: See what could be installed, and what is staged (connection from the environment)
  vsphere.lifecycle.appliance_update_info:
    gather: [pending, staged]
  register: appliance

- name: Name the pending updates
  ansible.builtin.debug:
    msg: "{{ appliance.pending | map(attribute='version') | join(', ') | default('none', true) }}"

- name: Name the staged update
  ansible.builtin.debug:
    msg: "{{ appliance.staged.version | default('nothing is staged') }}"
"""

RETURN = r"""
state:
  description:
    - The state as vCenter names it, V(UP_TO_DATE), V(UPDATES_PENDING), V(STAGE_IN_PROGRESS), V(INSTALL_IN_PROGRESS),
      V(INSTALL_FAILED) or V(ROLLBACK_IN_PROGRESS). Later releases may add more.
    - V(UPDATES_PENDING) does not tell whether an update is staged; ask for RV(staged).
  returned: success
  type: str
  sample: STAGE_IN_PROGRESS
version:
  description: The version of the appliance when it is up to date, else that of the update.
  returned: success
  type: str
  sample: 8.0.3.00500
latest_query_time:
  description: When vCenter looked for updates last; V(null) when it never did.
  returned: success
  type: str
  sample: "2026-03-01T03:00:00.000Z"
task:
  description: The task of the update that runs, or of the last one; V(null) when there is none. It has no identifier.
  returned: success
  type: dict
  contains:
    status: &status
      description: V(PENDING), V(RUNNING), V(BLOCKED), V(SUCCEEDED) or V(FAILED).
      type: str
      sample: RUNNING
    description: &description
      description: What it does.
      type: str
      sample: Staging the update 8.0.3.00500.
    progress: &progress
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
          description: What it is at.
          type: str
          sample: Downloading packages.
    start_time: &start_time
      description: When it started; V(null) before.
      type: str
      sample: "2026-03-01T21:00:00.000Z"
    end_time: &end_time
      description: When it ended; V(null) before.
      type: str
      sample: null
    cancelable: &cancelable
      description: Whether it can be cancelled.
      type: bool
      sample: true
    service: &service
      description: The service that runs it.
      type: str
      sample: com.vmware.appliance.update.pending
    operation: &operation
      description: The operation of that service.
      type: str
      sample: stage
    user: &user
      description: Who started it; V(null) where vCenter does not say.
      type: str
      sample: administrator@vsphere.local
    parent: &parent
      description: The task that it is part of; V(null) where vCenter does not say.
      type: str
      sample: null
    target: &target
      description: What it works on, as type and id; V(null) where vCenter does not say.
      type: dict
      sample: null
    error: &error
      description: Why it failed; V(null) when it did not, or where vCenter does not say.
      type: dict
      contains:
        error_type:
          description: The API's name of the error.
          type: str
          sample: ERROR
        messages:
          description: What vCenter says.
          type: list
          elements: str
          sample: [The repository cannot be reached.]
    auto_rollback_state: &auto_rollback_state
      description: What became of the automatic rollback of a failed update; V(null) before vCenter 9.0.
      type: str
      sample: null
    notifications:
      description: The notifications of all subtasks, in their order, errors first in each.
      type: list
      elements: dict
      contains: &notification
        type:
          description: V(ERROR), V(WARNING) or V(INFO).
          type: str
          sample: WARNING
        id:
          description: Identifier of the message.
          type: str
          sample: com.example.appliance.space_low
        message:
          description: The text.
          type: str
          sample: The disk is almost full.
        resolution:
          description: What vCenter advises; V(null) where it gives no advice.
          type: str
          sample: Remove old logs.
        retriable:
          description: Always V(null) here; vCenter does not say.
          type: bool
          sample: null
        time:
          description: When it was written; V(null) where vCenter does not say.
          type: str
          sample: "2026-03-01T21:00:30.000Z"
    subtasks:
      description: Its parts, in the order in which vCenter works on them.
      type: list
      elements: dict
      contains:
        name:
          description: What vCenter calls the part.
          type: str
          sample: download
        status: *status
        description: *description
        progress: *progress
        start_time: *start_time
        end_time: *end_time
        cancelable: *cancelable
        service: *service
        operation: *operation
        user: *user
        parent: *parent
        target: *target
        error: *error
        auto_rollback_state: *auto_rollback_state
        notifications:
          description: What vCenter has to say of this part, errors first.
          type: list
          elements: dict
          contains: *notification
pending:
  description: The updates that vCenter found when it looked last; empty when it found none.
  returned: when O(gather) has V(pending)
  type: list
  elements: dict
  contains:
    version: &update_version
      description: Version of the update.
      type: str
      sample: 8.0.3.00500
    name: &update_name
      description: Its name.
      type: str
      sample: VC-8.0U3e
    description: &update_description
      description: What it is about.
      type: str
      sample: Security fixes.
    update_type: &update_update_type
      description: V(SECURITY), V(FIX), V(UPDATE) or V(UPGRADE).
      type: str
      sample: SECURITY
    severity: &update_severity
      description: V(CRITICAL), V(IMPORTANT), V(MODERATE) or V(LOW).
      type: str
      sample: CRITICAL
    priority: &update_priority
      description: V(HIGH), V(MEDIUM) or V(LOW).
      type: str
      sample: HIGH
    release_date: &update_release_date
      description: When it was released.
      type: str
      sample: "2026-02-10T00:00:00.000Z"
    reboot_required: &update_reboot_required
      description: Whether the appliance has to restart for it.
      type: bool
      sample: true
    size: &update_size
      description: Size of the download in megabytes.
      type: int
      sample: 7200
    component: &update_component
      description: The component that it is for; V(null) where vCenter does not say.
      type: str
      sample: null
    quick_patch: &update_quick_patch
      description: Whether it can be installed as a quick patch; V(null) before vCenter 9.1.
      type: bool
      sample: null
staged:
  description: The update that is staged on the appliance; V(null) when none is.
  returned: when O(gather) has V(staged)
  type: dict
  contains:
    version: *update_version
    name: *update_name
    description: *update_description
    update_type: *update_update_type
    severity: *update_severity
    priority: *update_priority
    release_date: *update_release_date
    reboot_required: *update_reboot_required
    size: *update_size
    component: *update_component
    quick_patch: *update_quick_patch
    staging_complete:
      description: Whether all of it is on the appliance.
      type: bool
      sample: true
policy:
  description: When and from where vCenter looks for updates.
  returned: when O(gather) has V(policy)
  type: dict
  contains:
    default_url:
      description: The vendor's repository.
      type: str
      sample: https://updates.example.com/appliance
    custom_url:
      description: A repository of your own that is used instead; V(null) when there is none.
      type: str
      sample: null
    username:
      description: User for that repository; V(null) when there is none.
      type: str
      sample: null
    auto_stage:
      description: Whether updates are staged as soon as they are found.
      type: bool
      sample: false
    auto_update:
      description: Whether updates are installed by themselves.
      type: bool
      sample: false
    certificate_check:
      description: Whether the certificate of the repository is checked.
      type: bool
      sample: true
    manual_control:
      description: Whether updates can be staged and installed by hand.
      type: bool
      sample: true
    check_schedule:
      description: When vCenter looks for updates.
      type: list
      elements: dict
      contains:
        day:
          description: Day of the week.
          type: str
          sample: SUNDAY
        hour:
          description: Hour, 0 to 23.
          type: int
          sample: 3
        minute:
          description: Minute, 0 to 59.
          type: int
          sample: 0
system_version:
  description: The version that runs now; V(null) where this user may not read it.
  returned: when O(gather) has V(system_version)
  type: str
  sample: 8.0.3.00400
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._appliance import ApplianceUpdate, system_version
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context

SIBLINGS = ("pending", "staged", "policy")


def gather_update_info(params: dict[str, t.Any], client: VCenterClient, dummy: Context) -> dict[str, t.Any]:
    """Return the update state of the appliance, and those of its siblings that were asked for."""
    update = ApplianceUpdate(client)
    result = {"changed": False, **update.state}
    for name in SIBLINGS:
        if name in params["gather"]:
            result[name] = getattr(update, name)()
    if "system_version" in params["gather"]:
        result["system_version"] = system_version(client)
    return result


def main() -> None:
    """Run as a module."""
    run_module(
        gather_update_info,
        argument_spec={
            "gather": {"type": "list", "elements": "str", "choices": [*SIBLINGS, "system_version"], "default": []},
        },
    )


if __name__ == "__main__":
    main()
