# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that look at the same long run stay together, and the others are dealt out one by one."""

from __future__ import annotations

import pytest

#: Fixtures that take long, and are made once.
RUNS = {"context", "made", "two_slices"}


# First of all, as pytest-xdist reads the marks in this very hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in RUNS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(name))
