# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.modules import esx_software_stage
from ansible_collections.vsphere.lifecycle.plugins.plugin_utils._in_process import InProcess
from ansible_collections.vsphere.lifecycle.plugins.plugin_utils._live_progress import LiveProgress


class ActionModule(LiveProgress, InProcess):
    """Runs the module in the worker where that comes to the same, and shows how far it is."""

    MODULE: t.ClassVar = esx_software_stage
