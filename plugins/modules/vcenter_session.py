#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcenter_session
short_description: Open a session with vCenter for many tasks, or end it
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Logs in once and leaves the session open, so that the tasks after it need no login of their own. Give them
    RV(session_id) as O(session_id), and end the session with O(state=absent) when they are done, whatever happened.
  - Without this module every module call logs in by itself and out again. That is good for most playbooks.
options:
  state:
    description:
      - With V(present) there is a session afterwards. When O(session_id) is given and vCenter takes it, it is returned
        as it is. Otherwise a new one is opened with O(username) and O(password).
      - With V(absent) the session O(session_id) is ended. One that has ended already, or none, is no error.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.attributes
attributes:
  check_mode:
    support: full
    details:
      - With O(state=present) it makes sure that it could log in, and leaves no session open. RV(session_id) is V(null)
        then, with which the other modules log in by themselves.
  diff_mode:
    support: none
    details: What changes is a secret.
  idempotent:
    support: partial
    details: With O(state=present) only if O(session_id) is given; otherwise each run opens a session.
notes:
  - B(The result holds a secret.) Whoever has the session can do what its user can do. Ansible shows results at C(-v),
    and keeps them in the log and in AWX, unless the task has C(no_log=true), as all examples have. The registered
    variable is complete all the same.
  - A failure under C(no_log=true) hides its reason as well. The message is in the registered variable; it holds neither
    password nor session, so that it can be shown.
  - Give the other tasks O(username) and O(password) too, such as through C(module_defaults). Then they log in by
    themselves when the session ends too early, because vCenter was restarted or a day is over.
  - vCenter ends a session that nobody uses for 30 minutes, so one that is left behind does no lasting harm. Still, the
    number of sessions of a user is limited.
seealso:
  - module: vsphere.lifecycle.esx_software_stage
  - name: "vSphere Automation API: session"
    description: The vendor's reference of the calls.
    link: https://developer.broadcom.com/xapis/vsphere-automation-api/latest/
"""

EXAMPLES = r"""
- name: Log in once for many tasks
  module_defaults:
    group/vsphere.lifecycle.vcenter:
      hostname: "{{ vcenter_hostname }}"
      username: "{{ vcenter_username }}"
      password: "{{ vcenter_password }}"
      ca_path: "{{ vcenter_ca_path }}"
  block:
    - name: Open a session
      vsphere.lifecycle.vcenter_session:
      register: session
      no_log: true

    - name: Look at all clusters
      vsphere.lifecycle.esx_cluster_stage_info:
        session_id: "{{ session.session_id }}"

    - name: Stage the image of a cluster
      vsphere.lifecycle.esx_software_stage:
        session_id: "{{ session.session_id }}"
        clusters: [prod-berlin]

  always:
    - name: End the session
      vsphere.lifecycle.vcenter_session:
        session_id: "{{ session.session_id | default('') }}"
        state: absent
      no_log: true

- name: Use a session that may be there, else open one (connection from the environment)
  vsphere.lifecycle.vcenter_session:
    session_id: "{{ known_session | default('') }}"
  register: session
  no_log: true

- name: End the session only if it was opened here
  vsphere.lifecycle.vcenter_session:
    session_id: "{{ session.session_id }}"
    state: absent
  when: session.opened
  no_log: true
"""

RETURN = r"""
session_id:
  description:
    - The session, for the option of the same name of all modules. It is a secret.
    - V(null) when there is none, in check mode unless O(session_id) is still taken, and with O(state=absent).
  returned: success
  type: str
  sample: 0f2d6a7c5b9e4d1384c6a2b1f0e9d8c7
hostname:
  description: Name or address of the vCenter, without its port.
  returned: success
  type: str
  sample: vcenter.example.com
opened:
  description: Whether this task opened the session, so that it is up to the play to end it.
  returned: success
  type: bool
  sample: true
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import attempt
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context


def provide(params: dict[str, t.Any], client: VCenterClient, context: Context) -> dict[str, t.Any]:
    """Bring a session into the state that was asked for."""
    with attempt(f"look at the session with {client.endpoint.host}"):
        was_open = client.is_open()
    if params["state"] == "absent":
        return without_session(client, context, was_open)
    if not was_open:
        client.renew()
    # In check mode a new one is closed on the way out.
    kept = client.keep() if was_open or not context.check_mode else None
    return {
        **{"changed": not was_open, "opened": not was_open and not context.check_mode, "session_id": kept},
        "hostname": client.endpoint.host,
    }


def without_session(client: VCenterClient, context: Context, was_open: bool) -> dict[str, t.Any]:
    """End a session that is open."""
    if was_open and not context.check_mode:
        with attempt(f"end the session with {client.endpoint.host}"):
            client.end()
    return {"changed": was_open, "opened": False, "session_id": None, "hostname": client.endpoint.host}


def main() -> None:
    """Run as a module."""
    run_module(
        provide,
        argument_spec={"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}},
        hands_out_session=True,
    )


if __name__ == "__main__":
    main()
