# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gates of the role rolling_stage: documentation and wiring; the work is in module_utils/_gates.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stage_gates
short_description: Judge what has to hold before a wave of a rollout begins
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Turns what vCenter says of itself and of the clusters of a wave into verdicts, one for each gate.
  - It computes only. It asks no vCenter and changes nothing.
  - The role P(vsphere.lifecycle.rolling_stage#role), whose README has the table of the gates, is built on it.
positional: wave
options:
  _input:
    description: >-
      The clusters of the wave, or of all waves before the first, as
      RV(vsphere.lifecycle.esx_cluster_stage_info#module:clusters) has them, and standalone hosts, as
      RV(vsphere.lifecycle.esx_host_stage_info#module:hosts) has them.
    type: list
    elements: dict
    required: true
  wave:
    description: The number of the wave that is to begin, or V(0) before the first.
    type: int
    required: true
  modes:
    description: For each gate V(fail), V(warn) or V(ignore). Gates that are missing have their usual mode.
    type: dict
    default: {}
  appliance:
    description: The result of M(vsphere.lifecycle.appliance_update_info), or what it failed with.
    type: dict
    required: true
  services:
    description: The result of M(vsphere.lifecycle.vcenter_service_info), or what it failed with.
    type: dict
    required: true
  planned:
    description: The clusters as they were when the waves were planned, whose commits count.
    type: list
    elements: dict
    default: []
  commit:
    description: The commit that was asked for. A cluster that has it now has not changed.
    type: str
  allowed_states:
    description: States of the appliance that block nothing although they would.
    type: list
    elements: str
    default: []
  time:
    description: When it was looked at.
    type: str
seealso:
  - plugin: vsphere.lifecycle.stage_rollout
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at vCenter itself (connection from the environment)
  vsphere.lifecycle.appliance_update_info:
  register: appliance

- name: Look at the service that stages
  vsphere.lifecycle.vcenter_service_info:
    services: [updatemgr]
  register: services

- name: Show what would keep a wave from beginning
  ansible.builtin.debug:
    msg: "{{ gates | selectattr('verdict', 'ne', 'go') | map(attribute='hint') }}"
  vars:
    gates: "{{ [] | vsphere.lifecycle.stage_gates(1, appliance=appliance, services=services) }}"
"""

RETURN = r"""
_value:
  description:
    - An entry for each gate with C(wave), C(name), C(mode), C(answer) (of vCenter), C(verdict) (V(go), V(note) or
      V(block)), C(hint) and C(time).
  type: list
  elements: dict
  sample:
    - wave: 1
      name: appliance
      mode: fail
      answer: UP_TO_DATE
      verdict: go
      hint: ""
      time: "2026-03-01T22:00:05Z"
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._gates import gates_of, modes_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout_plan import Json, names


def stage_gates(
    found: list[Json],
    wave: int,
    *,
    appliance: Json,
    services: Json,
    modes: Json | None = None,
    planned: t.Sequence[Json] = (),
    commit: t.Any = None,
    allowed_states: t.Sequence[str] = (),
    time: str | None = None,
) -> list[Json]:
    """Return the verdict of each gate."""
    return gates_of(
        int(wave),
        modes_of(modes),
        appliance=appliance,
        services=services,
        found=found,
        planned={one["moid"]: one.get("commit") for one in planned},
        # In YAML a commit looks like a number.
        commit=str(commit).strip() or None if commit is not None else None,
        allowed_states=names(allowed_states),
        time=time,
    )


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"stage_gates": stage_gates}
