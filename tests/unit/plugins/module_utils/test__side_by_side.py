# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls at the same time: their order, their number, their failures; and one session for all of them."""

from __future__ import annotations

import functools
import threading
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import Interrupted, Unauthenticated
from ansible_collections.vsphere.lifecycle.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

CLUSTERS = "/api/vcenter/cluster"


class Meeting:
    """Counts who is there at the same time."""

    def __init__(self, expected: int) -> None:
        self._lock, self._all_there = threading.Lock(), threading.Barrier(expected)
        self.here = self.most = 0

    def call(self, number: int) -> int:
        with self._lock:
            self.here += 1
            self.most = max(self.most, self.here)
        self._all_there.wait(10)
        with self._lock:
            self.here -= 1
        return number


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_so_many_at_once_and_in_order(at_once: int) -> None:
    meeting = Meeting(at_once)
    calls = [functools.partial(meeting.call, number) for number in range(8)]
    assert side_by_side(calls, at_once) == list(range(8))
    assert meeting.most == at_once


def test_one_is_called_in_this_thread() -> None:
    here = threading.current_thread()
    assert side_by_side([threading.current_thread], 8) == [here]
    assert side_by_side([threading.current_thread] * 2, 1) == [here, here]
    assert side_by_side([], 8) == []


def test_the_first_failure_is_told_and_nothing_is_begun_after_it() -> None:
    begun: list[int] = []

    def call(number: int) -> None:
        begun.append(number)
        if number in (1, 2):
            raise KeyError(f"number {number}")

    with pytest.raises(KeyError, match="number 1"):
        side_by_side([functools.partial(call, number) for number in range(100)], 2)
    assert len(begun) < 10


@pytest.fixture
def wide(vcenter: VCenter, endpoint: Endpoint, clock: t.Any) -> t.Iterator[VCenterClient]:
    """A client for several threads."""
    credentials = Credentials(vcenter.username, vcenter.password)
    with VCenterClient(endpoint, credentials, clock, connections=8) as client:
        yield client


def test_a_session_that_ends_under_all_of_them_is_renewed_once(
    wide: VCenterClient, vcenter: VCenter, world: World
) -> None:
    world.sessions.expire()
    answers = side_by_side([functools.partial(wide.get, CLUSTERS)] * 24, 8)
    assert len(answers) == 24
    assert all(answers)
    logins = [request for request in vcenter.requests if (request.method, request.path) == ("POST", "/api/session")]
    assert len(logins) == 2
    assert len(vcenter.sessions) == 1


def test_nobody_logs_in_again_once_the_client_is_left(vcenter: VCenter, wide: VCenterClient) -> None:
    wide.__exit__(None, None, None)
    with pytest.raises(Unauthenticated):
        wide.get(CLUSTERS)
    assert vcenter.sessions == []


def test_whoever_is_interrupted_does_not_wait_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    class Impatient(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            raise Interrupted("now")

    monkeypatch.setattr(threading, "Thread", Impatient)
    begun: list[int] = []

    def call(number: int) -> None:
        begun.append(number)
        go_on.wait(30)

    calls = [functools.partial(call, number) for number in range(8)]
    with pytest.raises(Interrupted):
        side_by_side(calls, 2)
    go_on.set()
    assert len(begun) <= 2, "none is begun any more"
