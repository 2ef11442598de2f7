# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fixture of the contract tests: a simulated vCenter and a session with it."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import World, serve

from .wire import WORLD, Time, Wire


@pytest.fixture
def wire() -> t.Iterator[Wire]:
    time = Time()
    with serve(World(copy.deepcopy(WORLD), time)) as vcenter:
        wire = Wire(vcenter, time)
        wire.log_in("user", "password")
        yield wire
