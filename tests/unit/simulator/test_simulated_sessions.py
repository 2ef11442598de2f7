# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of the simulated vCenter: two ways to expire, a limit, privileges (contract section 3.1)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator import World

USER, PASSWORD = "administrator@vsphere.local", "the-password"


def test_session_dies_of_idleness(driver: t.Any, refused: t.Any) -> None:
    sessions = driver.world.sessions
    token = sessions.create(USER, PASSWORD)
    driver.wait(1799)
    sessions.use(token)
    driver.wait(1799)
    sessions.use(token)
    driver.wait(1800)
    refused("UNAUTHENTICATED", sessions.use, token)
    assert sessions.open == []


def test_session_ends_after_a_day_however_busy(driver: t.Any, refused: t.Any) -> None:
    sessions = driver.world.sessions
    token = sessions.create(USER, PASSWORD)
    for _dummy in range(95):
        driver.wait(900)
        sessions.use(token)
    driver.wait(900)
    refused("UNAUTHENTICATED", sessions.use, token)


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD), ("", "")])
def test_wrong_credentials(world: World, refused: t.Any, user: str, password: str) -> None:
    refused("UNAUTHENTICATED", world.sessions.create, user, password)


def test_limit_of_sessions_of_one_user(driver: t.Any, refused: t.Any) -> None:
    sessions = driver.world.sessions
    sessions.limit = 2
    token = sessions.create(USER, PASSWORD)
    sessions.create(USER, PASSWORD)
    error = refused("SERVICE_UNAVAILABLE", sessions.create, USER, PASSWORD)
    assert error.messages[0]["id"] == "com.vmware.vapi.endpoint.failedToLoginMaxUserSessionCountReached"
    sessions.create("reader@vsphere.local", "reader-password")
    sessions.close(token)
    sessions.create(USER, PASSWORD)
    driver.wait(1800)
    sessions.create(USER, PASSWORD)
    assert len(sessions.open) == 1


def test_closed_session_is_gone(world: World, refused: t.Any) -> None:
    token = world.sessions.create(USER, PASSWORD)
    world.sessions.close(token)
    refused("UNAUTHENTICATED", world.sessions.use, token)


def test_refusal_does_not_name_the_privilege(world: World, refused: t.Any) -> None:
    reader = world.users["reader@vsphere.local"]
    reader.require(["VcIntegrity.lifecycleSettings.Read"])
    error = refused("UNAUTHORIZED", reader.require, ["VcIntegrity.lifecycleSoftwareRemediation.Write"])
    assert "VcIntegrity" not in str(error.body())
