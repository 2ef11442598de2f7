# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated vCenter of this process, in real time, and a folder for playbooks."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import VCenter, World, serve
from ansible_collections.vsphere.lifecycle.simulator.timeline import ScaledClock
from ansible_collections.vsphere.lifecycle.tests.processes import PASSWORD, USERNAME, short_folder

USERS = {"vcenter": {"users": {USERNAME: {"password": PASSWORD}}}}

Opened = t.Callable[[dict[str, t.Any]], VCenter]


@pytest.fixture(autouse=True)
def _nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of the machine out of the tests."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["true", "false"], ids=["in process", "as a module"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with modules in the worker of Ansible, and once more with modules as processes."""
    monkeypatch.setenv("VSPHERE_LIFECYCLE_IN_PROCESS", request.param)


@pytest.fixture
def place() -> t.Iterator[pathlib.Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def opened() -> t.Iterator[Opened]:
    """Return a function that starts a vCenter for a world; the tokens of its sessions are known, as it runs here."""
    running: list[t.Any] = []

    def start(world: dict[str, t.Any]) -> VCenter:
        server = serve(World({**USERS, **world}, ScaledClock(20)))
        running.append(server)
        return server.__enter__()

    yield start
    for server in running:
        server.__exit__(None, None, None)


def environment(vcenter: VCenter) -> dict[str, str]:
    """Return the variables that lead the modules to a vCenter."""
    return {
        "VMWARE_HOST": vcenter.hostname,
        "VMWARE_PORT": str(vcenter.port),
        "VMWARE_USER": USERNAME,
        "VMWARE_PASSWORD": PASSWORD,
        "VMWARE_CA_PATH": str(vcenter.ca_path),
    }
