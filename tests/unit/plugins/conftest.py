# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for what talks to the simulated vCenter: a client, and a way to run a module's work function."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import News
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock
    from ansible_collections.vsphere.lifecycle.simulator import VCenter

Work = t.Callable[[dict[str, t.Any], VCenterClient, Context], dict[str, t.Any]]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of the machine out of the tests."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def endpoint(vcenter: VCenter) -> Endpoint:
    return Endpoint(vcenter.hostname, vcenter.port, ca_path=str(vcenter.ca_path))


@pytest.fixture
def new_client(vcenter: VCenter, endpoint: Endpoint, clock: Clock) -> t.Callable[..., VCenterClient]:
    """Return a function that makes a client, not logged in yet."""

    def new(
        username: str = "", password: str = "", session_id: str | None = None, *, login: bool = True
    ) -> VCenterClient:
        credentials = Credentials(username or vcenter.username, password or vcenter.password, session_id)
        if not login:
            credentials = Credentials(session_id=session_id)
        return VCenterClient(endpoint, credentials, clock)

    return new


@pytest.fixture
def client(new_client: t.Callable[..., VCenterClient]) -> t.Iterator[VCenterClient]:
    """A client that is logged in."""
    with new_client() as logged_in:
        yield logged_in


@dataclasses.dataclass
class Runner:
    """Runs work functions as the module glue does, each with a session of its own."""

    new_client: t.Callable[..., VCenterClient]
    warnings: list[str] = dataclasses.field(default_factory=list)
    progress: list[News] = dataclasses.field(default_factory=list)
    followed: bool = False

    def __call__(
        self,
        work: Work,
        params: dict[str, t.Any],
        *,
        check_mode: bool = False,
        diff: bool = False,
        username: str = "",
        password: str = "",
    ) -> dict[str, t.Any]:
        context = Context(check_mode, self.warnings.append, self.progress.append, diff, self.followed)
        with self.new_client(username, password) as client:
            return work(params, client, context)


@pytest.fixture
def run(new_client: t.Callable[..., VCenterClient]) -> Runner:
    return Runner(new_client)
