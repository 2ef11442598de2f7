#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_host_stage_info
short_description: Tell what is staged on standalone hosts, and with which result
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Tells for each standalone host, which is a host in no cluster, whether it is managed by an image of its own, whether
    vCenter reaches it, what its stored compliance says, whether a staging runs now, and how the last one ended.
  - For hosts in clusters, M(vsphere.lifecycle.esx_cluster_stage_info) tells the same. An entry of RV(hosts) has the
    shape of an entry there, as if the host were a cluster of one, so that both can be worked on alike.
  - It reads what is stored and starts no scan. RV(hosts[].scan_time) tells how old that is.
options:
  hosts:
    description:
      - Names or identifiers (such as V(host-16)) of standalone hosts, or patterns such as V(edge*.example.com) for
        their names. A name that nobody has is an error, a pattern that fits nothing a warning.
      - A host in a cluster is an error, which names the cluster.
      - If it is left out, all standalone hosts that the user may see, or the host of O(task).
      - An empty list is an error; it never means all.
    type: list
    elements: str
    aliases: [host, esxi_host_name, esxi_hostname]
  exclude:
    description:
      - Names, identifiers or patterns of hosts that are left out.
    type: list
    elements: str
    default: []
  commit:
    description:
      - Identifier of a commit. RV(hosts[].has_commit) tells which hosts have ever had it.
    type: str
  datacenter:
    description:
      - Name or identifier of a datacenter. Hosts are looked up only there.
    type: str
    aliases: [datacenter_name]
  task:
    description:
      - Identifier of a stage task of a standalone host, as another module returned it. Its result is returned instead
        of that of the last one.
    type: str
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.stage_info
  - vsphere.lifecycle.attributes
  - vsphere.lifecycle.attributes.info
notes:
  - Images of standalone hosts need vCenter 8.0. An older one tells nothing but names and connection, and
    RV(hosts[].unknown) says so.
seealso:
  - module: vsphere.lifecycle.esx_cluster_stage_info
  - module: vsphere.lifecycle.esx_software_stage
"""

EXAMPLES = r"""
- name: Look at one standalone host
  vsphere.lifecycle.esx_host_stage_info:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
    hosts: [edge01.example.com]

- name: Look at all standalone hosts (connection from the environment)
  vsphere.lifecycle.esx_host_stage_info:
  register: stage_info

- name: Name those with an image that vCenter does not reach
  ansible.builtin.debug:
    msg: "{{ stage_info.hosts | selectattr('image_managed') | rejectattr('connection_state', 'eq', 'CONNECTED')
      | map(attribute='name') }}"

- name: Look at the clusters too
  vsphere.lifecycle.esx_cluster_stage_info:
  register: cluster_info

- name: Name all hosts, in clusters or standalone, that still need the image
  ansible.builtin.debug:
    msg: >-
      {{ (cluster_info.clusters + stage_info.hosts) | map(attribute='hosts') | flatten
         | selectattr('status', 'eq', 'NON_COMPLIANT') | rejectattr('stage_status', 'eq', 'STAGED')
         | map(attribute='name') }}
"""

RETURN = r"""
hosts:
  description:
    - One entry for each standalone host.
    - What is not described here is as in RV(vsphere.lifecycle.esx_cluster_stage_info#module:clusters).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the host.
      type: str
      sample: edge01.example.com
    moid:
      description: Its identifier.
      type: str
      sample: host-23
    connection_state:
      description: V(CONNECTED), V(DISCONNECTED) or V(NOT_RESPONDING).
      type: str
      sample: CONNECTED
    power_state:
      description: V(POWERED_ON), V(POWERED_OFF) or V(STANDBY); V(null) unless it is connected.
      type: str
      sample: POWERED_ON
    image_managed:
      description: Whether it is managed by an image of its own; V(null) where that could not be read.
      type: bool
      sample: true
    status:
      description: Compliance of the host, such as V(COMPLIANT) or V(NON_COMPLIANT); V(null) when it was never scanned.
      type: str
      sample: NON_COMPLIANT
    stage_status:
      description: V(STAGED), V(NOT_STAGED), or V(UNKNOWN) where vCenter does not say. It means something only where
        RV(hosts[].status=NON_COMPLIANT).
      type: str
      sample: STAGED
    commit:
      description: The commit that the host was compared with.
      type: str
      sample: "3"
    scan_time:
      description: When it was scanned, by vCenter's clock.
      type: str
      sample: "2026-03-01T21:00:00.000Z"
    has_commit:
      description: Whether the host has ever had O(commit); V(null) where none was asked for.
      type: bool
      sample: null
    counts:
      description: C(hosts) is 1 for a host with an image, else 0; C(ready) is 1 if it is compliant or staged.
      type: dict
      sample: {"hosts": 1, "ready": 1}
    members:
      description: A short text that changes when other hosts are meant.
      type: str
      sample: 9f86d081884c7d65
    unreachable_hosts:
      description: Its own name, if it is not connected or not powered on.
      type: list
      elements: str
      sample: []
    running_operation:
      description: What vSphere Lifecycle Manager does with the host now, in words; V(null) for nothing.
      type: str
      sample: null
    running_task:
      description: The stage task that runs now; V(null) when there is none.
      type: dict
      sample: null
    hosts:
      description: The host once more, in the shape of
        RV(vsphere.lifecycle.esx_cluster_stage_info#module:clusters[].hosts); empty when it has no image.
      type: list
      elements: dict
      sample:
        - name: edge01.example.com
          moid: host-23
          status: NON_COMPLIANT
          stage_status: STAGED
          commit: "3"
          notifications: []
    notifications:
      description: What the scan found to say, in the shape of
        RV(vsphere.lifecycle.esx_cluster_stage_info#module:clusters[].hosts[].notifications).
      type: list
      elements: dict
      sample: []
    last_stage:
      description: The result of the last staging that ended, or of O(task), in the shape of
        RV(vsphere.lifecycle.esx_cluster_stage_info#module:clusters[].last_stage); V(null) when vCenter has none (any
        more).
      type: dict
      sample: null
    unknown:
      description: One sentence for each thing that could not be known.
      type: list
      elements: str
      sample: ["There is no stored compliance: the host was never scanned."]
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _stage_info
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context

ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "hosts": {"type": "list", "elements": "str", "aliases": ["host", "esxi_host_name", "esxi_hostname"]},
    **_stage_info.ARGUMENT_SPEC,
}


def gather_stage_info(params: dict[str, t.Any], client: VCenterClient, context: Context) -> dict[str, t.Any]:
    """Return what is known of the staging of standalone hosts."""
    return {"changed": False, "hosts": _stage_info.entries("host", params, client, context)}


def main() -> None:
    """Run as a module."""
    run_module(gather_stage_info, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
