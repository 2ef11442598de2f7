#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_cluster_stage_info
short_description: Tell what is staged on the hosts of clusters, and with which result
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Tells for each cluster whether it is managed by an image, what its stored compliance says, which hosts have the
    image staged, whether a staging runs now, and how the last one ended.
  - It reads what is stored and starts no scan. RV(clusters[].scan_time) tells how old that is.
  - vCenter keeps no "last stage result". It is read from the last stage task, which vCenter drops after some time.
    RV(clusters[].unknown) lists what could not be known.
options:
  clusters:
    description:
      - Names or identifiers (such as V(domain-c8)) of clusters, or patterns such as V(prod-*) for their names. A name
        that nobody has is an error, a pattern that fits nothing a warning.
      - If it is left out, all clusters that the user may see, or the cluster of O(task).
      - An empty list is an error; it never means all.
    type: list
    elements: str
    aliases: [cluster, cluster_name]
  exclude:
    description:
      - Names, identifiers or patterns of clusters that are left out.
    type: list
    elements: str
    default: []
  commit:
    description:
      - Identifier of a commit. RV(clusters[].has_commit) tells which clusters have ever had it.
    type: str
  datacenter:
    description:
      - Name or identifier of a datacenter. Clusters are looked up only there.
    type: str
    aliases: [datacenter_name]
  task:
    description:
      - Identifier of a stage task of a cluster, as another module returned it. Its result is returned instead of that
        of the last one.
    type: str
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.stage_info
  - vsphere.lifecycle.attributes
  - vsphere.lifecycle.attributes.info
seealso:
  - module: vsphere.lifecycle.esx_host_stage_info
  - module: vsphere.lifecycle.esx_software_stage
"""

EXAMPLES = r"""
- name: Look at one cluster
  vsphere.lifecycle.esx_cluster_stage_info:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
    clusters: [prod-berlin]

- name: Look at all clusters (connection from the environment)
  vsphere.lifecycle.esx_cluster_stage_info:
  register: stage_info

- name: Name the clusters that are not managed by an image
  ansible.builtin.debug:
    msg: "{{ stage_info.clusters | rejectattr('image_managed') | map(attribute='name') }}"

- name: Name the hosts that still need the image
  ansible.builtin.debug:
    msg: >-
      {{ stage_info.clusters | map(attribute='hosts') | flatten | selectattr('status', 'eq', 'NON_COMPLIANT')
         | rejectattr('stage_status', 'eq', 'STAGED') | map(attribute='name') }}
"""

RETURN = r"""
clusters:
  description: One entry for each cluster.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cluster.
      type: str
      sample: prod-berlin
    moid:
      description: Its identifier.
      type: str
      sample: domain-c8
    image_managed:
      description: Whether it is managed by an image and not by baselines; V(null) where that could not be read.
      type: bool
      sample: true
    status:
      description: Compliance of the cluster, such as V(COMPLIANT) or V(NON_COMPLIANT); V(null) when it was never
        scanned.
      type: str
      sample: NON_COMPLIANT
    stage_status:
      description:
        - V(STAGED), V(NOT_STAGED), or V(UNKNOWN) where vCenter does not say.
        - It means something only where RV(clusters[].status=NON_COMPLIANT).
      type: str
      sample: NOT_STAGED
    commit:
      description: The commit that the cluster was compared with.
      type: str
      sample: "5"
    scan_time:
      description: When it was scanned, by vCenter's clock.
      type: str
      sample: "2026-03-01T21:00:00.000Z"
    has_commit:
      description: Whether the cluster has ever had O(commit); V(null) where none was asked for.
      type: bool
      sample: null
    counts:
      description: How many C(hosts) it has, and how many of them are C(ready), compliant or staged by the last scan.
      type: dict
      sample: {"hosts": 16, "ready": 3}
    members:
      description: A short text that changes when other hosts are in the cluster.
      type: str
      sample: 9f86d081884c7d65
    unreachable_hosts:
      description: Names of its hosts that are not connected, or not powered on.
      type: list
      elements: str
      sample: []
    running_operation:
      description: What vSphere Lifecycle Manager does with the cluster now, in words; V(null) for nothing.
      type: str
      sample: stage, 40 % done
    notifications:
      description: What the scan found to say of the cluster, in the shape of RV(clusters[].hosts[].notifications).
      type: list
      elements: dict
      sample: []
    hosts:
      description: What is known of each host of a cluster with an image, those that no scan has known included.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the host.
          type: str
          sample: esx01.berlin.example.com
        moid:
          description: Identifier of the host.
          type: str
          sample: host-16
        status:
          description: Compliance of the host. V(UNAVAILABLE) when it could not be scanned, V(null) when no scan has
            known it.
          type: str
          sample: NON_COMPLIANT
        stage_status:
          description: V(STAGED), V(NOT_STAGED), or V(UNKNOWN) where vCenter does not say.
          type: str
          sample: STAGED
        commit:
          description: The commit that the host was compared with; V(null) where vCenter does not say.
          type: str
          sample: "5"
        notifications:
          description: What the scan found to say of the host, errors first.
          type: list
          elements: dict
          contains:
            type:
              description: V(ERROR), V(WARNING) or V(INFO).
              type: str
              sample: INFO
            id:
              description: Identifier of the message.
              type: str
              sample: com.vmware.vcIntegrity.lifecycle.HostScan.RebootImpact
            message:
              description: The text.
              type: str
              sample: The host will be rebooted during remediation.
            resolution:
              description: What vCenter advises; V(null) where it gives no advice.
              type: str
              sample: null
            retriable:
              description: Whether vCenter says that another try may help; V(null) where it does not say.
              type: bool
              sample: null
            time:
              description: When it was written.
              type: str
              sample: "2026-03-01T21:00:00.000Z"
    running_task:
      description: The stage task that runs now; V(null) when there is none.
      type: dict
      contains: &task
        id:
          description: Identifier of the task.
          type: str
          sample: 52f9f1b0-160a-25fe-fd1e-e7526df80e0d:com.vmware.esx.settings.clusters.software
        status:
          description: PENDING, RUNNING, BLOCKED, SUCCEEDED or FAILED.
          type: str
          sample: RUNNING
        progress:
          description: Percent done; V(null) where vCenter does not say.
          type: int
          sample: 40
        start_time:
          description: When it started.
          type: str
          sample: "2026-03-01T22:00:05.000Z"
        end_time:
          description: When it ended; V(null) while it runs.
          type: str
          sample: null
    last_stage:
      description: The result of the last staging that ended, or of O(task); V(null) when vCenter has none (any more).
      type: dict
      contains:
        source:
          description: V(task_list) when vCenter's list of tasks was searched for it, V(task) when O(task) named it.
          type: str
          sample: task_list
        task:
          description: The task.
          type: dict
          contains: *task
        commit:
          description: The commit that was staged.
          type: str
          sample: "5"
        errors:
          description: Why the task as a whole failed; empty when it did not.
          type: list
          elements: str
          sample: []
        notifications:
          description: What vCenter said of the whole.
          type: list
          elements: dict
          sample: []
        successful_hosts:
          description: Names of the hosts that were newly staged.
          type: list
          elements: str
          sample: [esx01.berlin.example.com]
        skipped_hosts:
          description: Names of the hosts that needed nothing.
          type: list
          elements: str
          sample: []
        failed_hosts:
          description: Names of the hosts that were not staged.
          type: list
          elements: str
          sample: []
        hosts:
          description: The verdict of each host, in the shape of
            RV(vsphere.lifecycle.esx_software_stage#module:clusters[].hosts).
          type: list
          elements: dict
          sample: []
    unknown:
      description: One sentence for each thing that could not be known.
      type: list
      elements: str
      sample: ["There is no stored compliance: the cluster was never scanned."]
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _stage_info
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context


def gather_stage_info(params: dict[str, t.Any], client: VCenterClient, context: Context) -> dict[str, t.Any]:
    """Return what is known of the staging of clusters."""
    return {"changed": False, "clusters": _stage_info.entries("cluster", params, client, context)}


ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "clusters": {"type": "list", "elements": "str", "aliases": ["cluster", "cluster_name"]},
    **_stage_info.ARGUMENT_SPEC,
}


def main() -> None:
    """Run as a module."""
    run_module(gather_stage_info, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
