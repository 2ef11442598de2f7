# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vcenter_session against the simulated vCenter: which sessions are open afterwards, and what was sent for it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import ApiError, AuthenticationFailed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint
from ansible_collections.vsphere.lifecycle.plugins.modules import vcenter_session
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

Provide = t.Callable[..., dict[str, t.Any]]
WHERE = {"hostname": "localhost"}
NOTHING = {"changed": False, "opened": False, "session_id": None, **WHERE}


@pytest.fixture
def provide(endpoint: Endpoint, vcenter: VCenter, clock: t.Any) -> Provide:
    """Run the work as the glue does, with a client that does not log in by itself."""

    def call(
        session_id: str | None = None, *, state: str = "present", password: str | None = None, check_mode: bool = False
    ) -> dict[str, t.Any]:
        login = vcenter.password if password is None else password
        credentials = Credentials(vcenter.username if login else "", login, session_id)
        context = Context(check_mode, lambda dummy: None, lambda dummy: None)
        with VCenterClient(endpoint, credentials, clock, log_in=False) as client:
            return vcenter_session.provide({"state": state}, client, context)

    return call


def open_sessions(vcenter: VCenter) -> list[str]:
    return [session.token for session in vcenter.world.sessions.open]


def sent(vcenter: VCenter) -> list[str]:
    return [f"{request.method} {request.path}" for request in vcenter.requests]


@pytest.fixture(params=["api", "rest"])
def root(request: pytest.FixtureRequest, world: World) -> str:
    """Only one root: that of today, or that of vCenter before 7.0 U2."""
    world.patch({"vcenter": {"roots": [request.param]}})
    return str(request.param)


@pytest.mark.usefixtures("root")
def test_a_session_is_opened_used_again_and_ended(provide: Provide, vcenter: VCenter) -> None:
    first = provide()
    assert first == {"changed": True, "opened": True, "session_id": open_sessions(vcenter)[0], **WHERE}
    assert provide(first["session_id"]) == {**NOTHING, "session_id": first["session_id"]}
    assert provide(first["session_id"], password="") == {**NOTHING, "session_id": first["session_id"]}
    assert vcenter.world.sessions.issued == [first["session_id"]]
    assert provide(first["session_id"], state="absent", password="") == {**NOTHING, "changed": True}
    assert open_sessions(vcenter) == []
    assert provide(first["session_id"], state="absent") == NOTHING
    assert vcenter.world.sessions.issued == [first["session_id"]], "ending needs no login"


@pytest.mark.usefixtures("root")
def test_a_session_that_has_ended_is_replaced(provide: Provide, vcenter: VCenter, world: World) -> None:
    first = provide()["session_id"]
    world.sessions.expire()
    second = provide(first)
    assert second == {"changed": True, "opened": True, "session_id": open_sessions(vcenter)[0], **WHERE}
    assert second["session_id"] != first


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_session_that_has_ended_needs_a_password_to_be_replaced(
    provide: Provide, vcenter: VCenter, check_mode: bool
) -> None:
    with pytest.raises(AuthenticationFailed, match="does not accept the session_id given"):
        provide("ended", password="", check_mode=check_mode)
    assert sent(vcenter) == ["GET /api/session"]


def test_check_mode_foretells_and_leaves_nothing_open(provide: Provide, vcenter: VCenter) -> None:
    assert provide(check_mode=True) == {**NOTHING, "changed": True}
    assert open_sessions(vcenter) == []
    session = provide()["session_id"]
    assert provide("ended", check_mode=True) == {**NOTHING, "changed": True}
    assert provide(session, check_mode=True) == {**NOTHING, "session_id": session}
    assert provide(session, state="absent", check_mode=True) == {**NOTHING, "changed": True}
    assert open_sessions(vcenter) == [session]
    assert provide("ended", state="absent", check_mode=True) == NOTHING


def test_without_a_session_there_is_nothing_to_end(provide: Provide, vcenter: VCenter) -> None:
    assert provide(state="absent") == NOTHING
    assert vcenter.requests == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_wrong_password_is_told(provide: Provide, vcenter: VCenter, check_mode: bool) -> None:
    with pytest.raises(AuthenticationFailed, match="refuses the credentials"):
        provide(password="wrong", check_mode=check_mode)  # noqa: S106 - made up
    assert sent(vcenter) == ["POST /api/session"]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "503_plain"])
def test_an_end_whose_answer_got_lost_is_a_change(provide: Provide, vcenter: VCenter, world: World, kind: str) -> None:
    session = provide()["session_id"]
    world.faults.add(kind, method="DELETE")
    assert provide(session, state="absent")["changed"] is True
    assert open_sessions(vcenter) == []


def test_a_session_that_cannot_be_ended_is_an_error(provide: Provide, vcenter: VCenter, world: World) -> None:
    session = provide()["session_id"]
    world.faults.add("503_json", method="DELETE", times=None)
    with pytest.raises(ApiError, match="Could not end the session with localhost"):
        provide(session, state="absent")
    assert open_sessions(vcenter) == [session]


def test_a_vcenter_in_trouble_is_no_end_of_the_session(provide: Provide, vcenter: VCenter, world: World) -> None:
    session = provide()["session_id"]
    world.faults.add("503_json", path="/api/session", times=None)
    with pytest.raises(ApiError, match="Could not look at the session with localhost"):
        provide(session)
    assert vcenter.world.sessions.issued == [session]
