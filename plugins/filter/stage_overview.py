# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter of the report for many vCenters: documentation; the work is in module_utils/_stage_overview.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stage_overview
short_description: Sum up what became of many vCenters
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Turns the artifacts that P(vsphere.lifecycle.rolling_stage#role) leaves with C(set_stats), one for each vCenter,
    into one overview.
  - It computes only. The playbook C(vsphere.lifecycle.rolling_stage_report) is built on it.
positional: expected, mode
options:
  _input:
    description: The artifacts, by their names. Each begins with C(vlcm_stage_).
    type: dict
    required: true
  expected:
    description:
      - The vCenters that were meant, by their names in the inventory.
      - One without an artifact counts as failed, because its job was cancelled or lost.
    type: list
    elements: str
    default: []
  mode:
    description:
      - The mode of the run that is summed up, see O(vsphere.lifecycle.rolling_stage#role:main:rolling_stage_mode).
      - AWX hands the artifacts of a node on to all later nodes. So a vCenter whose run was cancelled still has the
        artifact of an earlier run, such as that of the canary. One of another mode counts as none.
      - Empty for any.
    type: str
seealso:
  - plugin: vsphere.lifecycle.rolling_stage
    plugin_type: role
"""

EXAMPLES = r"""
- name: Tell what the jobs before this one in a workflow have done
  ansible.builtin.debug:
    msg: "{{ (artifacts | vsphere.lifecycle.stage_overview(vcenters, mode='rest')).summary }}"
  vars:
    vcenters: "{{ groups['vcenters'] | default(['vcenter1.example.com', 'vcenter2.example.com']) }}"
    artifacts:
      vlcm_stage_vcenter1_example_com: "{{ vlcm_stage_vcenter1_example_com | default({}) }}"
      vlcm_stage_vcenter2_example_com: "{{ vlcm_stage_vcenter2_example_com | default({}) }}"
"""

RETURN = r"""
_value:
  description:
    - The overview. C(verdict) is the worst one of all; C(problem) is empty where none failed; C(hosts) are the counts
      of all; C(vcenters) has name in the inventory, address, verdict, counts, problem, failed hosts and end of each;
      C(missing) has the vCenters without a result; C(summary) says it all in a line each.
  type: dict
  sample:
    verdict: failed
    problem: "1 vCenter failed: vcenter2.example.com."
    hosts: {staged: 12, skipped: 4, failed: 2, not_started: 8}
    missing: []
    vcenters:
      - name: vcenter1.example.com
        vcenter: vcenter1.example.com
        verdict: succeeded
        hosts: {staged: 12, skipped: 4, failed: 0, not_started: 0}
        problem: ""
        failed_hosts: []
        ended: "2026-11-21T04:10:12Z"
    summary:
      - "2 vCenters, hosts: 12 staged, 4 skipped, 2 failed, 8 not started"
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_overview import Json, overview_of


def stage_overview(artifacts: dict[str, t.Any], expected: t.Sequence[str] = (), mode: str | None = None) -> Json:
    """Return what became of all vCenters together."""
    return overview_of(artifacts, expected, mode)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"stage_overview": stage_overview}
