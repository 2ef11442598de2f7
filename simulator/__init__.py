# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A vCenter in memory, for tests, scale runs and the demo; never published, never imported by plugins (README.md)."""

from __future__ import annotations

from .errors import VapiError, WorldError
from .recording import Request
from .server import VCenter, serve
from .world import World

__all__ = ["Request", "VCenter", "VapiError", "World", "WorldError", "serve"]
