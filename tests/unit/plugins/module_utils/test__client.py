# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions, errors and answers of the client against the simulated vCenter."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _client
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import (
    Credentials,
    VCenterClient,
    segment,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    AuthenticationFailed,
    ConnectionFailed,
    Interrupted,
    InvalidOption,
    NotFound,
    TooMany,
    Unauthorized,
    UnexpectedReply,
    UnparsableError,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import (
    Endpoint,
    Reply,
    RetryPolicy,
)
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

NewClient = t.Callable[..., VCenterClient]
CLUSTERS = "/api/vcenter/cluster"
VERSION = "/api/appliance/system/version"


def refused(call: t.Callable[[], t.Any], kind: type[VCenterError]) -> t.Any:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def logins(vcenter: VCenter) -> int:
    return sum(1 for request in vcenter.requests if request.method == "POST" and request.path.endswith("/session"))


def test_a_session_is_opened_once_and_closed(new_client: NewClient, vcenter: VCenter) -> None:
    with new_client() as client:
        assert len(vcenter.sessions) == 1
        client.get(CLUSTERS)
        client.get(CLUSTERS)
    assert vcenter.sessions == []
    assert logins(vcenter) == 1


@pytest.mark.parametrize("reason", [KeyError("bug"), VCenterError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_a_session_is_closed_whatever_happens(new_client: NewClient, vcenter: VCenter, reason: BaseException) -> None:
    with pytest.raises(type(reason)), new_client():
        raise reason
    assert vcenter.sessions == []


def test_a_failed_logout_does_not_hide_the_outcome(new_client: NewClient, vcenter: VCenter, world: World) -> None:
    world.faults.add("html", method="DELETE", times=None)
    with pytest.raises(VCenterError, match="the outcome"), new_client():
        raise VCenterError("the outcome")


def test_a_vcenter_without_api_session_is_asked_for_the_older_one(
    new_client: NewClient, vcenter: VCenter, world: World
) -> None:
    world.patch({"vcenter": {"roots": ["rest"]}})
    with new_client() as client:
        assert client.get("/rest/vcenter/cluster")[0]["cluster"] == "domain-c8"
    assert vcenter.sessions == []
    assert vcenter.requests[-1].path == "/rest/com/vmware/cis/session"


def test_a_session_given_is_used_and_left_open(new_client: NewClient, vcenter: VCenter) -> None:
    with new_client() as owner:
        token = owner._token
        with new_client(session_id=token) as guest:
            guest.get(CLUSTERS)
        assert len(vcenter.sessions) == 1
    assert logins(vcenter) == 1


@pytest.mark.parametrize("login", [("", ""), ("somebody", ""), ("", "a-password")])
def test_a_session_given_that_has_ended_is_not_replaced_without_a_login(
    endpoint: Endpoint, vcenter: VCenter, clock: t.Any, login: tuple[str, str]
) -> None:
    with VCenterClient(endpoint, Credentials(*login, "ended"), clock) as client:
        error = refused(lambda: client.get(CLUSTERS), AuthenticationFailed)
    assert "session_id" in str(error)
    assert logins(vcenter) == 0


def test_a_login_stands_in_for_a_session_given_that_has_ended(
    new_client: NewClient, vcenter: VCenter, world: World
) -> None:
    with new_client() as owner:
        given = owner._token
        with new_client(session_id=given) as guest:
            guest.get(CLUSTERS)
            world.sessions.expire()
            assert guest.get(CLUSTERS)
            world.sessions.expire()
            assert guest.get(CLUSTERS), "its own session is renewed as any other"
        assert vcenter.sessions == [], "its own session is closed"
    assert logins(vcenter) == 3


def test_a_session_given_that_one_service_refuses_is_left_open(
    new_client: NewClient, vcenter: VCenter, world: World
) -> None:
    with new_client() as owner:
        world.faults.add("401_spurious", path=CLUSTERS)
        with new_client(session_id=owner._token) as guest:
            assert guest.get(CLUSTERS)
            assert len(vcenter.sessions) == 2
        assert [session.token for session in world.sessions.open] == [owner._token]


def test_a_session_given_that_has_ended_and_a_wrong_password(new_client: NewClient, vcenter: VCenter) -> None:
    with new_client(password="wrong-secret", session_id="ended") as client:  # noqa: S106 - made up
        error = refused(lambda: client.get(CLUSTERS), AuthenticationFailed)
    assert "refuses the credentials" in str(error)
    assert logins(vcenter) == 1


def test_a_session_that_is_kept_stays_open(new_client: NewClient, vcenter: VCenter, world: World) -> None:
    with new_client() as client:
        kept = client.keep()
    assert [session.token for session in world.sessions.open] == [kept]


@pytest.mark.parametrize("reason", [KeyError("bug"), VCenterError("no"), Interrupted("SIGTERM"), SystemExit(1)])
def test_a_session_that_was_to_be_kept_is_closed_by_an_error(
    new_client: NewClient, vcenter: VCenter, reason: BaseException
) -> None:
    client = new_client().__enter__()
    client.keep()
    client.__exit__(type(reason), reason, None)
    assert vcenter.sessions == []


def test_a_client_told_so_logs_in_when_it_has_to(endpoint: Endpoint, vcenter: VCenter, clock: t.Any) -> None:
    login = Credentials(vcenter.username, vcenter.password)
    with VCenterClient(endpoint, login, clock, log_in=False) as client:
        assert not client.is_open()
        assert vcenter.requests == []
        assert client.get(CLUSTERS)
        assert client.is_open()
    assert vcenter.sessions == []


def test_an_expired_session_is_renewed_once(new_client: NewClient, vcenter: VCenter, world: World) -> None:
    with new_client() as client:
        world.sessions.expire()
        assert client.get(CLUSTERS)
        assert logins(vcenter) == 2
    assert vcenter.sessions == []


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "503_plain", "504"])
def test_a_login_without_an_answer_is_repeated(new_client: NewClient, world: World, kind: str) -> None:
    world.faults.add(kind, path="/api/session")
    with new_client() as client:
        assert client.get("/api/session")["user"]


def test_wrong_password(new_client: NewClient, vcenter: VCenter) -> None:
    error = refused(lambda: new_client(password="wrong-secret").__enter__(), AuthenticationFailed)  # noqa: S106 - made up
    assert "log in to localhost as 'administrator@vsphere.local'" in str(error)
    assert "Check username" in str(error)
    assert "wrong-secret" not in str(error)
    assert logins(vcenter) == 1, "a wrong password must not be tried again: accounts get locked"


def test_a_password_beyond_latin_1_arrives_whole(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    world_data["vcenter"]["users"]["administrator@vsphere.local"]["password"] = "p\u00e4ss:\u4e2d"
    new = request.getfixturevalue("new_client")
    with new(password="p\u00e4ss:\u4e2d") as client:
        assert client.get(CLUSTERS)


def test_too_many_sessions_tells_the_remedy(new_client: NewClient, world: World, clock: t.Any) -> None:
    world.sessions.limit = 0
    error = refused(lambda: new_client().__enter__(), ApiError)
    assert "too many open sessions" in str(error)
    assert error.status == 503
    assert len(clock.slept) == 5


def test_error_object_of_either_root(new_client: NewClient, world: World) -> None:
    with new_client() as client:
        for path in ("/api/cis/tasks/x", "/rest/cis/tasks/x"):
            error = refused(functools.partial(client.get, path), NotFound)
            assert error.error_type == "NOT_FOUND"
            assert error.details()["request"] == f"GET {path}"
            assert error.messages


def test_missing_privilege(new_client: NewClient) -> None:
    with new_client("reader@vsphere.local", "reader-password") as client:
        body: dict[str, t.Any] = {}
        query = {"action": "stage", "vmw-task": "true"}
        path = "/api/esx/settings/clusters/domain-c8/software"
        assert refused(lambda: client.post(path, query, body), Unauthorized).status == 403


def test_too_many_matches(world_data: dict[str, t.Any], request: pytest.FixtureRequest) -> None:
    datacenter = world_data["datacenters"][0]
    datacenter["clusters"].extend(
        {"name": f"c{number}", "cluster": f"domain-c{number}"} for number in range(1000, 2001)
    )
    client = request.getfixturevalue("client")
    assert refused(lambda: client.get(CLUSTERS), TooMany).error_type == "UNABLE_TO_ALLOCATE_RESOURCE"


@pytest.mark.parametrize("kind", ["html", "malformed", "truncated"])
def test_an_answer_that_is_no_json_shows_its_beginning(client: VCenterClient, world: World, kind: str) -> None:
    world.faults.add(kind, path=CLUSTERS, times=None)
    error = str(refused(lambda: client.get(CLUSTERS), UnexpectedReply))
    told = ("GET /api/vcenter/cluster", "status 200", "it begins")
    assert [words for words in told if words not in error] == [], error


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        ("503_json", 2),
        ("503_plain", 2),
        ("429", 2),
        ("reset_before", 2),
        ("reset_after", 2),
        ("408", 2),
        ("502", 2),
        ("504", 2),
    ],
)
def test_a_read_is_repeated(client: VCenterClient, vcenter: VCenter, world: World, kind: str, requests: int) -> None:
    world.faults.add(kind, path=CLUSTERS)
    assert client.get(CLUSTERS)
    assert sum(1 for request in vcenter.requests if request.path == CLUSTERS) == requests


@pytest.mark.parametrize(("kind", "sent"), [("503_json", 2), ("429", 2), ("reset_after", 1), ("reset_before", 1)])
def test_a_write_is_repeated_only_if_surely_refused(
    client: VCenterClient, vcenter: VCenter, world: World, kind: str, sent: int
) -> None:
    world.faults.add(kind, action="stage")

    def call() -> t.Any:
        return client.post("/api/esx/settings/clusters/domain-c8/software", {"action": "stage", "vmw-task": "true"}, {})

    if sent == 2:
        assert isinstance(call(), str)
    else:
        assert refused(call, ConnectionFailed).sent is True
    assert len(vcenter.stages) == sent


def test_retries_end(client: VCenterClient, vcenter: VCenter, world: World, clock: t.Any) -> None:
    world.faults.add("503_json", path=CLUSTERS, times=None)
    assert refused(lambda: client.get(CLUSTERS), ApiError).status == 503
    assert sum(1 for request in vcenter.requests if request.path == CLUSTERS) == 6
    assert len(clock.slept) == 5
    assert [pause for pause, limit in zip(clock.slept, (0.5, 1, 2, 4, 8), strict=True) if pause > limit] == []


def test_a_read_that_times_out_is_repeated(vcenter: VCenter, world: World, endpoint: Endpoint, clock: t.Any) -> None:
    world.faults.add("latency", path=CLUSTERS, seconds=2)
    hurried = dataclasses.replace(endpoint, timeout=0.5)
    with VCenterClient(hurried, Credentials(vcenter.username, vcenter.password), clock) as client:
        assert client.get(CLUSTERS)
    assert sum(1 for request in vcenter.requests if request.path == CLUSTERS) == 2


def test_a_logout_has_an_end(new_client: NewClient, world: World, clock: t.Any) -> None:
    world.faults.add("429", method="DELETE", times=None, retry_after=60)
    started = clock.now()
    with new_client():
        pass
    assert clock.now() - started <= 20


def test_retry_after_is_honoured_and_capped(client: VCenterClient, world: World, clock: t.Any) -> None:
    world.faults.add("429", path=CLUSTERS, retry_after=7)
    client.get(CLUSTERS)
    assert clock.slept == [7]
    world.faults.add("429", path=CLUSTERS, retry_after=7000)
    client.get(CLUSTERS)
    assert clock.slept == [7, 60]


@pytest.mark.parametrize("value", ["a/b", "../x", "a b", "a\nb", "%2f", "a?b=c", "a#b"])
def test_an_identifier_stays_one_segment(client: VCenterClient, vcenter: VCenter, value: str) -> None:
    refused(lambda: client.get(f"/api/cis/tasks/{segment(value)}"), NotFound)
    path = vcenter.requests[-1].path
    assert path.startswith("/api/cis/tasks/")
    assert path.count("/") == 4


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_dot_segment_is_refused(value: str) -> None:
    refused(lambda: segment(value), InvalidOption)


def test_an_error_type_decides_not_the_status() -> None:
    reply = Reply(500, {}, '{"error_type": "UNAUTHENTICATED", "messages": []}')
    error = refused(lambda: _client._value("GET", "/api/x", reply), ApiError)
    assert type(error).__name__ == "Unauthenticated"


def test_an_error_type_of_a_later_release_is_carried_through() -> None:
    reply = Reply(
        400, {}, '{"error_type": "BRAND_NEW", "messages": [{"id": "x", "default_message": "Told.", "args": []}]}'
    )
    error = refused(lambda: _client._value("GET", "/api/x", reply), ApiError)
    assert error.error_type == "BRAND_NEW"
    assert "Told" in str(error)


@pytest.mark.parametrize("text", ["no healthy upstream", "<html>Bad gateway</html>", "", "[1]", '{"value": 3}'])
def test_an_error_without_an_object_is_told_with_its_beginning(text: str) -> None:
    error = refused(lambda: _client._value("GET", "/api/x", Reply(503, {}, text)), UnparsableError)
    assert "503 to GET /api/x" in str(error)
    assert error.details() == {"http_status": 503, "request_id": None}


def test_a_redirect_is_not_followed(client: VCenterClient, vcenter: VCenter, world: World) -> None:
    world.faults.add("redirect", path=CLUSTERS)
    assert "redirecting to " in str(refused(lambda: client.get(CLUSTERS), UnexpectedReply))
    assert [request.path for request in vcenter.requests if request.method == "GET"] == [CLUSTERS]
    reply = Reply(302, {"Location": "https://elsewhere.example.com/"}, "")
    error = refused(lambda: _client._value("GET", "/api/x", reply), UnexpectedReply)
    assert "redirecting to https://elsewhere.example.com/" in str(error)


def error_reply(status: int, **body: t.Any) -> Reply:
    return Reply(status, {}, json.dumps(body))


@pytest.mark.parametrize(
    ("reply", "repeated"),
    [
        (error_reply(500, error_type="TIMED_OUT", messages=[]), True),
        (error_reply(500, error_type="ERROR", messages=[], data={"is_transient": True}), True),
        (error_reply(500, type="com.vmware.vapi.std.errors.timed_out", value={"messages": []}), True),
        (error_reply(500, error_type="ERROR", messages=[]), False),
        (error_reply(500, error_type="INTERNAL_SERVER_ERROR", messages=[], data={"is_transient": "yes"}), False),
        (error_reply(500, error_type="UNAUTHENTICATED", messages=[]), False),
        (Reply(500, {}, "<html>oops</html>"), True),
        (Reply(500, {}, ""), True),
    ],
)
def test_a_500_is_repeated_only_if_it_may_pass(reply: Reply, repeated: bool) -> None:
    policy = RetryPolicy(transient=_client._transient)
    assert policy.repeats(True, reply) is repeated
    assert policy.repeats(False, reply) is False, "a write never is"


def test_retries_are_limited_by_a_budget(client: VCenterClient, vcenter: VCenter, world: World) -> None:
    world.faults.add("503_json", path=CLUSTERS, times=None)
    for call in [functools.partial(client.get, CLUSTERS)] * 10:
        refused(call, ApiError)
    sent = sum(1 for request in vcenter.requests if request.path == CLUSTERS)
    assert sent == 10 + 20, "a first try each, and 100 tokens for retries at 5 each"


def test_a_session_that_is_refused_twice_is_a_failure(new_client: NewClient, vcenter: VCenter, world: World) -> None:
    with new_client() as client:
        world.sessions.lifetime = -1
        error = refused(lambda: client.get(CLUSTERS), AuthenticationFailed)
    assert "that it has just opened" in str(error)
    assert logins(vcenter) == 2


def test_the_request_id_of_vcenter_is_kept() -> None:
    reply = Reply(404, {"X-Request-ID": "abc-1"}, '{"error_type": "NOT_FOUND", "messages": []}')
    assert refused(lambda: _client._value("GET", "/api/x", reply), NotFound).details()["request_id"] == "abc-1"


def test_an_interruption_in_the_moment_of_leaving_still_logs_out(
    new_client: NewClient, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    def interrupted(dummy: float) -> None:
        raise Interrupted("Interrupted by SIGTERM")

    client = new_client().__enter__()
    world.faults.add("503_json", method="DELETE")
    clock.sleep = interrupted
    with pytest.raises(Interrupted):
        client.__exit__(None, None, None)
    assert vcenter.sessions == []


def test_a_session_that_was_refused_is_closed(new_client: NewClient, vcenter: VCenter, world: World) -> None:
    with new_client() as client:
        world.faults.add("401_spurious", path=CLUSTERS)
        client.get(CLUSTERS)
        assert len(vcenter.sessions) == 1
    assert vcenter.sessions == []


def test_a_signal_during_the_login_still_logs_out(endpoint: Endpoint, vcenter: VCenter, clock: t.Any) -> None:
    @contextlib.contextmanager
    def shield() -> t.Iterator[None]:
        yield
        raise Interrupted("Interrupted by SIGTERM")

    client = VCenterClient(endpoint, Credentials(vcenter.username, vcenter.password), clock, shield=shield)
    with pytest.raises(Interrupted):
        client.__enter__()
    assert logins(vcenter) == 1
    assert vcenter.sessions == []


@pytest.mark.parametrize("value", ["\u00b2", "-1", "1e9", "soon", "99999999999"])
def test_an_odd_retry_after_is_no_reason_to_stumble(value: str) -> None:
    assert 0 <= RetryPolicy().pause(0, Reply(429, {"Retry-After": value}, "")) <= 60
