# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the simulated vCenter, asked for without a network: what each leaves undone, spoils, or loses."""

from __future__ import annotations

import base64
import email.utils
import json
import time
import typing as t

import pytest
import requests

from ansible_collections.vsphere.lifecycle.simulator import VCenter, World, WorldError
from ansible_collections.vsphere.lifecycle.simulator.exchange import Answer, Asked, Exchange
from ansible_collections.vsphere.lifecycle.simulator.faults import AFTER, BEFORE, KINDS

STAGE = "/api/esx/settings/clusters/domain-c9/software"
QUERY = [("action", "stage"), ("vmw-task", "true")]
LOGIN = {"authorization": "Basic " + base64.b64encode(b"administrator@vsphere.local:the-password").decode()}


class Client:
    """Asks the exchange of a world, in a session."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.exchange = Exchange(world)
        self.token = json.loads(self.ask("POST", "/api/session", headers=LOGIN).body)

    def ask(self, method: str, path: str, **more: t.Any) -> Answer:
        headers = more.pop("headers", None) or {"vmware-api-session-id": self.token}
        return self.exchange.answer(Asked(method, path, more.pop("query", []), headers, more.pop("body", b"")))

    def stage(self) -> Answer:
        return self.ask("POST", STAGE, query=QUERY, body=b"{}")


@pytest.fixture
def client(world: World) -> Client:
    return Client(world)


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_is_done_or_not(client: Client, kind: str) -> None:
    client.world.faults.add(kind, action="stage")
    client.stage()
    assert len(client.world.tasks.tasks) == (1 if kind in AFTER else 0)
    assert client.exchange.requests[-1].fault == kind
    assert client.world.faults.counts == {kind: 1}


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("503_json", 503, "SERVICE_UNAVAILABLE"),
        ("503_plain", 503, "no healthy upstream"),
        ("503_proxy", 503, "upstream connect error"),
        ("503_after", 503, "upstream connect error"),
        ("408", 408, "Timeout"),
        ("429", 429, ""),
        ("500_unreadable", 500, "Internal"),
        ("500_timed_out", 500, "TIMED_OUT"),
        ("502", 502, "Bad Gateway"),
        ("504", 504, "timeout"),
        ("html", 200, "<html>"),
        ("redirect", 302, ""),
        ("list_too_long", 500, "RESOURCE_INACCESSIBLE"),
        ("session_limit", 503, "failedToLoginMaxUserSessionCountReached"),
        ("empty", 202, ""),
        ("malformed", 202, '{"value": '),
        ("wrong_shape", 202, "unexpected"),
    ],
)
def test_answers_of_faults(client: Client, kind: str, status: int, body: str) -> None:
    client.world.faults.add(kind, action="stage")
    answer = client.stage()
    assert answer.status == status
    assert body in answer.body.decode()
    assert (answer.lost, answer.refused, answer.cut) == (False, False, False)


def test_answers_that_do_not_arrive(client: Client) -> None:
    for kind in ("reset_before", "reset_after", "refused", "reset_in_body"):
        client.world.faults.add(kind)
        answer = client.ask("GET", "/api/session")
        assert (answer.lost, answer.refused, answer.cut) == (
            kind in ("reset_before", "reset_after"),
            kind == "refused",
            kind == "reset_in_body",
        )


def test_answers_that_are_slow(client: Client) -> None:
    client.world.faults.add("latency", seconds=7)
    assert client.ask("GET", "/api/session").delay == 7
    client.world.faults.add("slow_body", seconds=7)
    assert client.ask("GET", "/api/session").drip == 7
    client.world.faults.add("503_json", seconds=7)
    assert client.ask("GET", "/api/session").delay == 7


@pytest.mark.parametrize(("kind", "status"), [("401", 401), ("401_as_500", 500)])
def test_who_is_told_that_the_session_is_gone_has_lost_it(client: Client, kind: str, status: int) -> None:
    client.world.faults.add(kind)
    answer = client.ask("GET", "/api/session")
    assert answer.status == status
    assert json.loads(answer.body)["error_type"] == "UNAUTHENTICATED"
    assert client.ask("GET", "/api/session").status == 401
    assert client.world.sessions.open == []


def test_an_echo_shows_what_was_sent(client: Client) -> None:
    client.world.faults.add("echo")
    answer = client.ask("GET", "/api/session")
    assert answer.status == 502
    assert client.token in answer.body.decode()


def test_one_of_several_kinds_at_random(world_data: dict[str, t.Any]) -> None:
    def struck(seed: int) -> list[str | None]:
        rule = {"kind": ["429", "502"], "probability": 0.5, "times": None, "path": "/api/vcenter/.*"}
        client = Client(World({**world_data, "seed": seed, "faults": [rule]}))
        for _dummy in range(40):
            client.ask("GET", "/api/vcenter/cluster")
        return [request.fault for request in client.exchange.requests[1:]]

    assert struck(1) == struck(1) != struck(2)
    assert set(struck(1)) == {None, "429", "502"}
    assert 10 < sum(fault is None for fault in struck(1)) < 30


def test_numbers_of_yaml_are_kinds_too(world: World) -> None:
    assert world.faults.add(429).kinds == ["429"]  # type: ignore[arg-type]  # as YAML reads it
    with pytest.raises(WorldError, match="No such fault: flood"):
        world.faults.add(["429", "flood"])  # type: ignore[arg-type]  # a list is a choice


def test_kinds_are_told_once() -> None:
    assert len(set(KINDS)) == len(KINDS) == len(BEFORE) + len(AFTER)


# On the network


@pytest.fixture
def http(vcenter: VCenter) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = vcenter.ca_path
    return session


def test_an_oversize_answer_streams(vcenter: VCenter, http: requests.Session) -> None:
    vcenter.world.faults.add("oversize")
    with http.get(vcenter.url + "/api/session", timeout=20, stream=True) as reply:
        assert sum(len(part) for part in reply.iter_content(1024 * 1024)) > 33 * 1024 * 1024


def test_a_slow_body_drips(vcenter: VCenter, http: requests.Session) -> None:
    vcenter.world.faults.add("slow_body", seconds=0.2)
    started = time.monotonic()
    http.get(vcenter.url + "/api/session", timeout=10)
    assert time.monotonic() - started > 0.15


def test_a_body_can_break_off(vcenter: VCenter, http: requests.Session) -> None:
    vcenter.world.faults.add("reset_in_body")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        http.get(vcenter.url + "/api/session", timeout=10)


@pytest.mark.parametrize("skew", [0, 3600, -3600])
def test_the_date_is_that_of_the_world(world_data: dict[str, t.Any], clock: t.Any, skew: int) -> None:
    world_data["vcenter"]["clock_skew"] = skew
    world = World(world_data, lambda: 1768478400.0 + clock.now())
    answer = Exchange(world).answer(Asked("GET", "/api/session", [], {}))
    told = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert told == 1768478400.0 + clock.now() + skew == world.now
