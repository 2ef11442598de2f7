# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists as the role rolling_stage takes them: documentation and wiring; the work is in _rollout_plan.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stage_names
short_description: Read a list of names that may have come as a text
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Returns a list as it is, and makes one of what a survey or the command line gives, a text with commas, with lines,
    or in JSON.
options:
  _input:
    description: A list, a text, or nothing.
    type: raw
    required: true
seealso:
  - plugin: vsphere.lifecycle.rolling_stage
    plugin_type: role
"""

EXAMPLES = r"""
- name: Show three lists of the same two names
  ansible.builtin.debug:
    msg: "{{ item | vsphere.lifecycle.stage_names }}"
  loop:
    - [prod-berlin, lab-*]
    - prod-berlin, lab-*
    - '["prod-berlin", "lab-*"]'
"""

RETURN = r"""
_value:
  description: The names, without those that are empty.
  type: list
  elements: str
  sample: [prod-berlin, lab-*]
"""

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout_plan import names


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"stage_names": names}
