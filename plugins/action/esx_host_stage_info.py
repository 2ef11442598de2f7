# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.modules import esx_host_stage_info
from ansible_collections.vsphere.lifecycle.plugins.plugin_utils._in_process import InProcess


class ActionModule(InProcess):
    """Runs the module in the worker where that comes to the same."""

    MODULE: t.ClassVar = esx_host_stage_info
