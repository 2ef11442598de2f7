# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of a task of an extension, when it is created as well as later."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  description:
    description:
      - What the task does, as a text or as a structure of C(id), C(default_message), C(args), C(params) and
        C(localized).
      - C(id) names the message in the catalogue of the extension, C(default_message) is shown where there is no such
        message. Both are required in the structure.
      - C(params) is an object of named parameters. Each has one of C(s) (text), C(i) (whole number), C(d) (number),
        C(dt) (time) or C(l) (a nested message with an C(id) and C(params) of its own), and may have C(format) and
        C(precision).
    type: raw
  result:
    description:
      - What the task has produced, any value. It may change while the task runs.
      - Needs a task that has started, so any status but V(PENDING).
    type: raw
  error:
    description:
      - Why the task failed, as a text or as a structure of C(error_type), C(messages) and C(data). C(messages) is a
        list in which each is a text or a structure like O(description). C(error_type) is V(ERROR) where it is left out.
      - Needs O(status=FAILED).
    type: raw
  start_time:
    description:
      - When the task started, by ISO 8601 such as V(2026-03-01T22:00:05.000Z). A time without an offset is in UTC.
      - Needs a task that has started, so any status but V(PENDING).
      - If it is left out, vCenter takes the time at which the task starts.
    type: str
  end_time:
    description:
      - When the task ended, in the form of O(start_time). Must not be before the start.
      - Needs O(status=SUCCEEDED) or O(status=FAILED).
      - If it is left out, vCenter takes the time at which the task ends.
    type: str
  on_unsupported:
    description:
      - What happens where this vCenter does not offer the operation.
      - V(warn) warns, V(ignore) says nothing, and both go on with C(supported=false) and without a change.
      - V(fail) fails.
    type: str
    choices: [fail, warn, ignore]
    default: warn
"""
