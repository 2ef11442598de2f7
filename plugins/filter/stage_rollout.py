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
  - Turns clusters and wave sizes into a plan, and the results of the waves that were carried out into a report.
  - It computes only. It asks no vCenter and changes nothing.
  - The role P(vsphere.lifecycle.rolling_stage#role) is built on it.
positional: waves
options:
  _input:
    description: The clusters, as RV(vsphere.lifecycle.esx_cluster_stage_info#module:clusters) has them.
    type: list
    elements: dict
    required: true
  waves:
    description:
      - Sizes of the waves, with the meaning of C(serial) of a play. Each is a number of clusters, or a percentage of
        the clusters that are managed by an image, rounded down but at least one.
      - The last size is repeated until no cluster is left. So V([1, "25%", "100%"]) makes waves of 1, 2 and 7 from 10
        clusters.
    type: list
    elements: raw
    required: true
  runs:
    description:
      - What became of the waves so far, in their order. Each entry has C(staged), the result of
        M(vsphere.lifecycle.esx_software_stage), and may have C(gate), which is passed through.
      - Without any, the outcome is the plan.
    type: list
    elements: dict
    default: []
  max_failed_hosts_percent:
    description: How many percent of the hosts with a verdict so far may have failed. More than that is a problem.
    type: int
    default: 0
  max_failed_clusters:
    description: How many clusters may have failed as a whole. More than that is a problem.
    type: int
    default: 0
  baseline_managed:
    description: Whether clusters that are managed by baselines are only reported (V(report)) or a problem (V(fail)).
    type: str
    choices: [report, fail]
    default: report
  problem:
    description: What ended the rollout, where that cannot be seen from O(runs).
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
    msg: "{{ (found.clusters | vsphere.lifecycle.stage_rollout([1, '25%', '100%'])).waves }}"
"""

RETURN = r"""
_value:
  description:
    - The rollout, as the fact C(rolling_stage_result) of P(vsphere.lifecycle.rolling_stage#role) has it, but without
      its times. The README of the role describes each member.
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

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout import Json, Limits, rollout_of


def stage_rollout(
    clusters: list[Json],
    waves: t.Any,
    runs: t.Sequence[Json] = (),
    *,
    max_failed_hosts_percent: int = 0,
    max_failed_clusters: int = 0,
    baseline_managed: str = "report",
    problem: str = "",
    check_mode: bool = False,
) -> Json:
    """Return the rollout as it stands after some of its waves."""
    # A variable of the command line, or of a survey, is text and not a list.
    sizes = waves if isinstance(waves, list) else str(waves).split(",")
    limits = Limits(int(max_failed_hosts_percent), int(max_failed_clusters), baseline_managed)
    return rollout_of(clusters, sizes, runs, limits, problem=problem, check_mode=check_mode)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"stage_rollout": stage_rollout}
