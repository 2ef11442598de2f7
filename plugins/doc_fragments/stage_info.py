# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that tell of clusters and of standalone hosts have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  detail:
    description:
      - How much the module returns. V(full) is everything, V(summary) leaves out hosts, notifications and the last
        staging, which takes a request for each entry.
    type: str
    choices: [summary, full]
    default: full
  parallel_requests:
    description:
      - How many requests are sent to vCenter at the same time, at most.
    type: int
    default: 8
notes:
  - Needs the privileges C(VcIntegrity.lifecycleSoftwareSpecification.Read) and C(VcIntegrity.lifecycleSettings.Read).
"""
