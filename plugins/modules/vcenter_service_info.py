#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcenter_service_info
short_description: Tell the state and health of the services of vCenter
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Tells for each service of vCenter whether it runs, how it is, and what vCenter says about that.
  - V(updatemgr) is the service that scans and stages. Look at it before you begin.
options:
  services:
    description:
      - Identifiers of services, such as V(updatemgr), V(vpxd) or V(vapi-endpoint).
      - If it is left out, all of them.
      - An empty list, and a service that this vCenter does not have, is an error.
    type: list
    elements: str
    aliases: [service]
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.attributes
  - vsphere.lifecycle.attributes.info
notes:
  - It takes one request.
  - The vendor documents no privilege for it. An account that stages may lack the right all the same.
seealso:
  - module: vsphere.lifecycle.appliance_update_info
  - module: vsphere.lifecycle.esx_software_stage
"""

EXAMPLES = r"""
- name: Look at all services
  vsphere.lifecycle.vcenter_service_info:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
  register: all_services

- name: Name the services that run and have trouble
  ansible.builtin.debug:
    msg: "{{ all_services.services | selectattr('state', 'eq', 'STARTED') | rejectattr('functional')
      | map(attribute='name') }}"

- name: Wait until the service that stages is there (connection from the environment)
  vsphere.lifecycle.vcenter_service_info:
    services: [updatemgr]
  register: update_manager
  until: update_manager.services is defined and update_manager.services[0].functional
  retries: 10
  delay: 30
"""

RETURN = r"""
services:
  description: One entry for each service, in the order in which they were named, else by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Identifier of the service.
      type: str
      sample: updatemgr
    functional:
      description:
        - Whether it does its work. That is, RV(services[].state=STARTED), and RV(services[].health) is V(HEALTHY) or
          V(HEALTHY_WITH_WARNINGS).
        - V(false) for any state and health that this collection does not know.
      type: bool
      sample: true
    state:
      description: V(STARTED), V(STARTING), V(STOPPING) or V(STOPPED).
      type: str
      sample: STARTED
    health:
      description: V(HEALTHY), V(HEALTHY_WITH_WARNINGS) or V(DEGRADED); V(null) unless it is started.
      type: str
      sample: HEALTHY
    health_messages:
      description: What vCenter says about its health.
      type: list
      elements: str
      sample: []
    startup_type:
      description: V(AUTOMATIC), V(MANUAL) or V(DISABLED).
      type: str
      sample: AUTOMATIC
    name_key:
      description: The key of its name in the catalogue of vCenter.
      type: str
      sample: cis.updatemgr.ServiceName
    description_key:
      description: The key of its description in the catalogue of vCenter.
      type: str
      sample: cis.updatemgr.ServiceDescription
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _services
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context


def gather_services(params: dict[str, t.Any], client: VCenterClient, dummy: Context) -> dict[str, t.Any]:
    """Return what is known of the services."""
    wanted = params["services"]
    return {
        "changed": False,
        "services": _services.all_services(client) if wanted is None else _services.find_services(client, wanted),
    }


def main() -> None:
    """Run as a module."""
    run_module(
        gather_services,
        argument_spec={"services": {"type": "list", "elements": "str", "aliases": ["service"]}},
    )


if __name__ == "__main__":
    main()
