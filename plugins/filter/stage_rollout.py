# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter behind the role rolling_stage: documentation and wiring; the work is in module_utils/_rollout.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stage_rollout
short_description: Plan a rollout in waves, and tell how it stands
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Turns clusters and settings into a plan, and the results of the waves that were carried out into a report.
  - It computes only. It asks no vCenter and changes nothing.
  - The role P(vsphere.lifecycle.rolling_stage#role) is built on it.
positional: settings
options:
  _input:
    description: >-
      The clusters, as RV(vsphere.lifecycle.esx_cluster_stage_info#module:clusters) has them, and standalone hosts, as
      RV(vsphere.lifecycle.esx_host_stage_info#module:hosts) has them.
    type: list
    elements: dict
    required: true
  settings:
    description:
      - The variables of the role without their prefix, of which these count, C(waves), C(canary), C(mode), C(commit),
        C(allow_empty), C(max_failed_hosts), C(max_failed_clusters), C(wave_max_failed_hosts),
        C(wave_max_failed_clusters), C(not_after), C(sites), C(site_pattern), C(gates), C(gate_allowed_states) and
        C(gate_interval), besides C(vcenter) (its name) and C(started) (when the run began, in UTC).
      - Sizes of waves have the meaning of C(serial) of a play. Each is a number of clusters, or a percentage of the
        clusters that are managed by an image, rounded down but at least one. The last size is repeated until no cluster
        is left. So V([1, "25%", "100%"]) makes waves of 1, 2 and 7 from 10 clusters.
    type: dict
    required: true
  runs:
    description:
      - The calls of M(vsphere.lifecycle.esx_software_stage) so far, in their order, each with C(wave) (the number of
        the wave), C(staged) (the result), C(started) and C(ended) (times).
      - Without any, the outcome is the plan.
    type: list
    elements: dict
    default: []
  gates:
    description: What was looked at before the waves, as P(vsphere.lifecycle.stage_gates#filter) returns it.
    type: list
    elements: dict
    default: []
  problems:
    description: What forbids the rollout besides. All problems are told together.
    type: list
    elements: str
    default: []
  problem:
    description: What ended the rollout, where that cannot be seen from O(runs).
    type: str
    default: ""
  stopped:
    description: Why no further wave is started, although nothing went wrong.
    type: str
    default: ""
  state:
    description:
      - The content of the state file of an earlier run, to go on with, in base64 as M(ansible.builtin.slurp) returns
        it. What is damaged is left alone, and a note in C(plan) tells.
    type: str
    default: ""
  check_mode:
    description: Whether O(runs) are predictions.
    type: bool
    default: false
seealso:
  - plugin: vsphere.lifecycle.rolling_stage
    plugin_type: role
  - module: vsphere.lifecycle.esx_software_stage
"""

EXAMPLES = r"""
- name: Look at all clusters (connection from the environment)
  vsphere.lifecycle.esx_cluster_stage_info:
  register: found

- name: Show which cluster would be staged in which wave
  ansible.builtin.debug:
    msg: "{{ (found.clusters | vsphere.lifecycle.stage_rollout({'waves': [1, '25%', '100%']})).plan }}"
"""

RETURN = r"""
_value:
  description:
    - The rollout, as the fact C(rolling_stage_result) of P(vsphere.lifecycle.rolling_stage#role) has it, but without
      its end, and with C(state), which a later run can go on with. The README of the role describes each member.
  type: dict
  sample:
    check_mode: false
    changed: true
    problem: ""
    hosts:
      staged: 13
      skipped: 4
      failed: 1
    summary:
      - 13 hosts newly staged, 4 needed nothing, 1 failed.
"""

import base64
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout import rollout_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout_plan import Json


def stage_rollout(
    found: list[Json],
    settings: Json,
    runs: t.Sequence[Json] = (),
    gates: t.Sequence[Json] = (),
    *,
    problems: t.Sequence[str] = (),
    problem: str = "",
    stopped: str = "",
    state: str = "",
    check_mode: bool = False,
) -> Json:
    """Return the rollout as it stands after some of its waves."""
    return rollout_of(
        found,
        settings,
        runs,
        gates,
        problems=problems,
        problem=problem,
        stopped=stopped,
        state=base64.b64decode(state).decode("utf-8", "replace"),
        check_mode=check_mode,
    )


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"stage_rollout": stage_rollout}
