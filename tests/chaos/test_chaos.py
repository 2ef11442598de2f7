# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver itself: seeds replay, its wire is like a real one, and each invariant notices when it is broken."""

from __future__ import annotations

import sys
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import (
    _client,
    _clock,
    _stage_history,
    _stage_run,
    _stage_units,
    _transport,
    _verdicts,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import ConnectionFailed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import (
    Endpoint,
    Reply,
    RetryPolicy,
    Transport,
)
from ansible_collections.vsphere.lifecycle.simulator import World, serve
from ansible_collections.vsphere.lifecycle.simulator.exchange import Answer, Asked, Exchange
from ansible_collections.vsphere.lifecycle.simulator.faults import KINDS

from . import __main__, invariants, laboratory
from .laboratory import Report
from .play import Soak, play
from .scenario import Run, scenario
from .wire import SimulatedClock, Wire

Patch = pytest.MonkeyPatch


def test_a_seed_replays_exactly() -> None:
    assert [play(seed) for seed in range(1, 6)] == [play(seed) for seed in range(1, 6)]


def test_seeds_differ() -> None:
    assert len({str(scenario(seed).world) for seed in range(50)}) == 50


# Each invariant has teeth: a client with one fault is found out within some seeds


def found(what: str, seeds: t.Iterable[int] = range(1, 121)) -> bool:
    return any(what in breach for seed in seeds for breach in play(seed).breaches)


def test_a_stage_request_replayed_blindly_is_noticed(monkeypatch: Patch) -> None:
    real = RetryPolicy.repeats
    monkeypatch.setattr(RetryPolicy, "repeats", lambda self, safe, outcome: real(self, True, outcome))
    assert found("runs and can be seen")


def test_a_staging_that_is_forgotten_and_done_again_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(_stage_run, "find_history", lambda *dummy: _stage_history.History())
    assert found("a second staging of")


def test_a_host_that_is_left_out_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(_stage_units.Unit, "settle", lambda self: None)
    assert found("the result has")


def test_a_failed_host_called_staged_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setitem(_verdicts._BY_STATUS, "TIMED_OUT", _verdicts.STAGED)
    monkeypatch.setattr(_verdicts, "_RANK", {"staged": 2, "skipped": 1, "failed": 0})
    assert found("is said to be staged for")


def test_skipped_with_an_error_called_good_is_noticed(monkeypatch: Patch) -> None:
    real = _verdicts._judged

    def blind(host: str, name: str, entry: t.Any, *more: t.Any) -> _verdicts.Verdict:
        return real(host, name, {**entry, "notifications": {}} if isinstance(entry, dict) else entry, *more)

    monkeypatch.setattr(_verdicts, "_judged", blind)
    assert found("is said to need nothing")


def test_a_session_that_stays_open_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(VCenterClient, "_log_out", lambda self: None)
    assert found("a session is left open")


def test_waiting_longer_than_allowed_is_noticed(monkeypatch: Patch) -> None:
    def left(self: _clock.Deadline) -> float:
        return self.started + self.seconds - self.clock.now() + (60 if self.seconds == 40 else 0)

    monkeypatch.setattr(_clock.Deadline, "left", property(left))
    assert found("more than")


def test_a_secret_in_the_diagnostics_is_noticed(monkeypatch: Patch) -> None:
    real = Transport._traced

    def talkative(self: Transport, method: str, target: str, headers: t.Any, *more: t.Any) -> t.Any:
        if self._trace:
            self._trace({"headers": dict(headers)})
        return real(self, method, target, headers, *more)

    monkeypatch.setattr(Transport, "_traced", talkative)
    assert found("a secret is in what it says")


def test_check_mode_that_writes_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(laboratory, "Context", lambda dummy, *more, **named: Context(False, *more, **named))
    assert found("writes in check mode")


def test_a_crash_is_noticed(monkeypatch: Patch) -> None:
    def crash(*dummy: t.Any) -> t.NoReturn:
        raise KeyError("status")

    monkeypatch.setattr(_verdicts, "by_compliance", crash)
    assert found("an exception that is none of ours", range(1, 400))


def test_too_many_requests_are_noticed() -> None:
    run = Run({})
    clean, faulty = Report(run, 0, "error", requests=100), Report(run, 0, "error", requests=191)
    clean.result = faulty.result = dict.fromkeys(invariants.LISTS.values(), [])
    assert list(invariants.same_in_spite_of_faults(clean, faulty)) == ["191 requests, 100 without faults"]


@pytest.mark.parametrize(("faulty", "code"), [(129, 0), (130, 1)])
def test_too_many_requests_of_all_seeds_together_are_noticed(monkeypatch: Patch, faulty: int, code: int) -> None:
    monkeypatch.setattr(sys, "argv", ["make soak"])
    monkeypatch.setattr(__main__, "soak", lambda *dummy: Soak(seeds=10, clean=100, faulty=faulty))
    assert __main__.main() == code


def test_a_pause_without_end_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(RetryPolicy, "pause", lambda *dummy: 61.0)
    assert found("s between two tries")


def test_a_logout_without_end_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(_client, "LOGOUT_PATIENCE", 1e9)
    monkeypatch.setattr(RetryPolicy, "pause", lambda *dummy: 59.0)
    assert found("s to leave", range(1, 400))


def test_a_message_with_half_a_session_is_noticed(monkeypatch: Patch) -> None:
    real = _client._value
    monkeypatch.setattr(_client, "_value", lambda *arguments, **dummy: real(*arguments, shown=True))
    assert found("a secret is in what it says", range(1, 400))


# The wire without sockets breaks as a real one does


class Nobody:
    """Watches nothing."""

    def before(self, asked: Asked) -> None:
        return

    def after(self, asked: Asked, answer: Answer) -> None:
        return

    def delivered(self, asked: Asked, answer: Answer) -> None:
        return


def told(transport: Transport) -> tuple[t.Any, ...]:
    """What the transport makes of one answer."""
    try:
        reply = transport.send("GET", "/api/session", headers={})
    except ConnectionFailed as error:
        return type(error), error.sent
    assert isinstance(reply, Reply)
    return reply.status, reply.text[:40], "Date" in reply.headers


# On the network nobody can refuse a connection that the simulator must listen on; what is slow, takes real time there.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("refused", "latency", "slow_body")])
def test_the_wire_is_like_a_real_one(monkeypatch: Patch, kind: str) -> None:
    monkeypatch.setattr(_transport, "REPLY_LIMIT", 1024 * 1024)
    rule = {"kind": kind, "times": None, "retry_after": 7}
    once = RetryPolicy(tries=1)
    with serve(World({"faults": [rule]})) as vcenter:
        real = Transport(Endpoint("localhost", vcenter.port, ca_path=vcenter.ca_path), Clock(), once)
        try:
            expected = told(real)
        finally:
            real.close()
    clock = SimulatedClock()
    simulated = Transport(Endpoint("localhost"), clock, once)
    simulated._session.mount("https://", Wire(Exchange(World({"faults": [rule]}, clock.now)), clock, Nobody()))
    assert told(simulated) == expected


@pytest.mark.parametrize(("kind", "seconds"), [("latency", 61.0), ("slow_body", 700.0)])
def test_what_is_too_slow_is_given_up(kind: str, seconds: float) -> None:
    clock = SimulatedClock()
    world = World({"faults": [{"kind": kind, "seconds": seconds}]}, clock.now)
    transport = Transport(Endpoint("localhost"), clock, RetryPolicy(tries=1))
    transport._session.mount("https://", Wire(Exchange(world), clock, Nobody()))
    started = clock.now()
    assert told(transport) == (ConnectionFailed, True)
    assert clock.now() - started == pytest.approx(60, abs=1)
