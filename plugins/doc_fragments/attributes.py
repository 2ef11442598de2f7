# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules say of check mode, diff mode and the like."""

from __future__ import annotations


class ModuleDocFragment:
    # The common part; the fragments below say which modules support what.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change, without changing anything.
  diff_mode:
    description: Returns what changed (or would change in check mode), when in diff mode.
  idempotent:
    description: Changes nothing when it is run a second time and nothing else has changed in between.
"""

    # For modules that only read.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: It only reads, so that check mode makes no difference.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent:
    support: full
"""
