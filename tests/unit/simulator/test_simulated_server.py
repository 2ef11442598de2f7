# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTPS face of the simulated vCenter: addresses, sessions, encodings, faults, record, control."""

from __future__ import annotations

import typing as t

import pytest
import requests

from ansible_collections.vsphere.lifecycle.simulator import VCenter, World, serve

SOFTWARE = "/api/esx/settings/clusters/domain-c8/software"
HEADER = "vmware-api-session-id"
Call = t.Callable[..., requests.Response]


@pytest.fixture
def anonymous(vcenter: VCenter) -> Call:
    """Requests without a session; nothing from the environment gets in."""
    http = requests.Session()
    http.trust_env = False
    http.verify = vcenter.ca_path

    def call(method: str, path: str, **options: t.Any) -> requests.Response:
        return http.request(method, vcenter.url + path, timeout=10, **options)

    return call


@pytest.fixture
def call(anonymous: Call, vcenter: VCenter) -> Call:
    """Requests in a session."""
    token = anonymous("POST", "/api/session", auth=(vcenter.username, vcenter.password)).json()

    def in_session(method: str, path: str, **options: t.Any) -> requests.Response:
        return anonymous(method, path, headers={HEADER: token, **options.pop("headers", {})}, **options)

    return in_session


# Sessions


def test_session_of_api(anonymous: Call, vcenter: VCenter) -> None:
    reply = anonymous("POST", "/api/session", auth=(vcenter.username, vcenter.password))
    assert reply.status_code == 201
    assert isinstance(reply.json(), str)
    headers = {HEADER: reply.json()}
    assert anonymous("GET", "/api/session", headers=headers).json()["user"] == vcenter.username
    assert anonymous("GET", "/rest/vcenter/cluster", headers=headers).status_code == 200
    reply = anonymous("DELETE", "/api/session", headers=headers)
    assert (reply.status_code, reply.content) == (204, b"")
    assert anonymous("GET", "/api/session", headers=headers).status_code == 401
    assert vcenter.sessions == []


@pytest.mark.parametrize(("headers", "cookie"), [({}, True), ({"vmware-use-header-authn": "true"}, False)])
def test_session_of_rest(anonymous: Call, vcenter: VCenter, headers: dict[str, str], cookie: bool) -> None:
    address = "/rest/com/vmware/cis/session"
    reply = anonymous("POST", address, auth=(vcenter.username, vcenter.password), headers=headers)
    assert reply.status_code == 200
    assert ("Set-Cookie" in reply.headers) == cookie
    headers = {} if cookie else {HEADER: reply.json()["value"]}
    reply = anonymous("POST", f"{address}?~action=get", headers=headers)
    assert reply.json()["value"]["user"] == vcenter.username
    assert anonymous("DELETE", address, headers=headers).status_code == 200
    assert vcenter.sessions == []


@pytest.mark.parametrize("header", ["Bearer x", "Basic ???", "Basic bm9jb2xvbg==", ""])
def test_login_needs_basic_credentials(anonymous: Call, header: str) -> None:
    assert anonymous("POST", "/api/session", headers={"Authorization": header}).status_code == 401


def test_one_limit_for_both_roots(call: Call, vcenter: VCenter) -> None:
    vcenter.world.sessions.limit = 1
    for address in ("/api/session", "/rest/com/vmware/cis/session"):
        assert call("POST", address, auth=(vcenter.username, vcenter.password)).status_code == 503


# Addresses


@pytest.mark.parametrize("root", ["api", "rest"])
def test_a_root_can_be_missing(call: Call, anonymous: Call, vcenter: VCenter, root: str) -> None:
    vcenter.world.patch({"vcenter": {"roots": [root]}})
    assert call("GET", f"/{root}/vcenter/cluster").status_code == 200
    other = "rest" if root == "api" else "api"
    assert anonymous("GET", f"/{other}/vcenter/cluster").status_code == 404
    login = {"api": "/api/session", "rest": "/rest/com/vmware/cis/session"}[other]
    assert anonymous("POST", login, auth=(vcenter.username, vcenter.password)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/none"),
        ("GET", "/"),
        ("GET", "/api/cis/tasks"),
        ("POST", "/api/cis/tasks"),
        ("PUT", "/api/session"),
        ("GET", "/api/vcenter/cluster/"),
        ("POST", f"{SOFTWARE}?action=stage"),
        ("POST", f"{SOFTWARE}?action=stage&vmw-task=false"),
        ("POST", f"{SOFTWARE}?action=destroy&vmw-task=true"),
        ("POST", "/rest/esx/settings/clusters/domain-c8/software?action=stage&vmw-task=true"),
        ("GET", "/api/cis/tasks/a/b"),
    ],
)
def test_unknown_addresses(call: Call, vcenter: VCenter, method: str, path: str) -> None:
    assert call(method, path, json={}).status_code == 404
    assert not vcenter.world.tasks.tasks


def test_escapes_stay_inside_their_segment(call: Call, vcenter: VCenter) -> None:
    reply = call("GET", "/api/cis/tasks/a%2F..%2Fb%0A")
    assert reply.json()["messages"][0]["args"] == ["a/../b\n"]
    assert vcenter.requests[-1].path == "/api/cis/tasks/a%2F..%2Fb%0A"


def test_vcenter_7_cannot_stage(call: Call, vcenter: VCenter) -> None:
    vcenter.world.patch({"vcenter": {"version": "7.0.3.01900"}})
    assert call("POST", f"{SOFTWARE}?action=stage&vmw-task=true", json={}).status_code == 404
    assert call("GET", "/api/esx/settings/hosts/host-23/software").status_code == 404
    assert call("GET", f"{SOFTWARE}/compliance").status_code == 200


def test_extension_tasks_can_be_missing(call: Call, vcenter: VCenter) -> None:
    vcenter.world.extension_tasks.offered = False
    assert call("PATCH", "/rest/vcenter/extension/tasks/any", json={"spec": {}}).status_code == 404


# Input


@pytest.mark.parametrize(
    ("method", "path", "options", "error_type"),
    [
        ("POST", f"{SOFTWARE}?action=stage&vmw-task=true", {"data": "{"}, "INVALID_REQUEST"),
        ("POST", f"{SOFTWARE}?action=stage&vmw-task=true", {"json": []}, "INVALID_REQUEST"),
        ("POST", f"{SOFTWARE}?action=stage&vmw-task=true", {"json": {"spec": {}}}, "UNEXPECTED_INPUT"),
        ("POST", f"{SOFTWARE}?action=stage&vmw-task=true", {"json": {"hosts": "host-16"}}, "INVALID_ARGUMENT"),
        ("POST", f"{SOFTWARE}?action=stage&vmw-task=true", {"json": {"commit": 5}}, "INVALID_ARGUMENT"),
        ("GET", "/api/vcenter/host?standalone=yes", {}, "INVALID_ARGUMENT"),
        ("GET", "/api/vcenter/host?name=esx01", {}, "UNEXPECTED_INPUT"),
        ("GET", "/api/vcenter/host?filter.names=esx01", {}, "UNEXPECTED_INPUT"),
        ("POST", "/api/cis/tasks?action=list", {"json": {"tasks": ["a:b"]}}, "UNEXPECTED_INPUT"),
        ("POST", "/api/cis/tasks?action=list", {"json": {"filter_spec": {"tasks": "a:b"}}}, "INVALID_ARGUMENT"),
        (
            "POST",
            "/api/cis/tasks?action=list",
            {"json": {"filter_spec": {"tasks": ["a"], "targets": [1]}}},
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_wrong_input(call: Call, method: str, path: str, options: dict[str, t.Any], error_type: str) -> None:
    reply = call(method, path, **options)
    assert reply.status_code == 400
    assert reply.json()["error_type"] == error_type


def test_null_counts_as_unset(call: Call, vcenter: VCenter) -> None:
    reply = call("POST", f"{SOFTWARE}?action=stage&vmw-task=true", json={"commit": None, "hosts": None})
    assert reply.status_code == 202
    assert vcenter.world.tasks.find(reply.json()).status == "RUNNING"


@pytest.mark.parametrize(
    "query",
    ["filter.names.1=esx01.example.com&filter.names.2=none", "filter.names=none&filter.names=esx01.example.com"],
)
def test_lists_of_rest_are_numbered_or_repeated(call: Call, query: str) -> None:
    assert [host["host"] for host in call("GET", f"/rest/vcenter/host?{query}").json()["value"]] == ["host-16"]


def test_targets_of_rest(call: Call) -> None:
    task = call("POST", f"{SOFTWARE}?action=stage&vmw-task=true", json={}).json()
    query = f"filter_spec.services.1={task.partition(':')[2]}&filter_spec.targets.1.type=ClusterComputeResource"
    for cluster, count in (("domain-c8", 1), ("domain-c9", 0)):
        reply = call("GET", f"/rest/cis/tasks?{query}&filter_spec.targets.1.id={cluster}")
        assert len(reply.json()["value"]) == count


def test_cancel_under_both_roots(call: Call, vcenter: VCenter) -> None:
    vcenter.world.cluster("prod").managed.stage_cancelable = True
    for root, status in (("api", 204), ("rest", 200)):
        task = call("POST", f"{SOFTWARE}?action=stage&vmw-task=true", json={}).json()
        assert call("POST", f"/{root}/cis/tasks/{task}?action=cancel").status_code == status
        assert call("POST", f"/{root}/cis/tasks/{task}?action=cancel").status_code == 400


def test_privileges(anonymous: Call) -> None:
    token = anonymous("POST", "/api/session", auth=("reader@vsphere.local", "reader-password")).json()
    headers = {HEADER: token}
    assert anonymous("GET", f"{SOFTWARE}/compliance", headers=headers).status_code == 200
    reply = anonymous("POST", f"{SOFTWARE}?action=stage&vmw-task=true", json={}, headers=headers)
    assert (reply.status_code, reply.json()["error_type"]) == (403, "UNAUTHORIZED")
    assert anonymous("GET", "/api/appliance/update", headers=headers).status_code == 403


# The record


def test_every_request_is_remembered_without_secrets(call: Call, vcenter: VCenter) -> None:
    call("POST", "/rest/vcenter/extension/tasks?a=1&a=2", json={"spec": {"password": "secret"}})
    login, request = vcenter.requests
    assert (login.method, login.path, login.status, login.is_write) == ("POST", "/api/session", 201, False)
    assert request.query == {"a": ["1", "2"]}
    assert request.body == {"spec": {"password": "********"}}
    assert request.user == vcenter.username
    assert vcenter.password not in repr(vcenter.requests)


def test_what_counts_as_a_write(call: Call, vcenter: VCenter) -> None:
    services = {"filter_spec": {"services": ["com.vmware.esx.settings.clusters.software"]}}
    call("POST", "/api/cis/tasks?action=list", json=services)
    call("GET", f"{SOFTWARE}/compliance")
    call("POST", "/rest/com/vmware/cis/session?~action=get")
    assert vcenter.writes == []
    call("POST", f"{SOFTWARE}?action=scan&vmw-task=true")
    call("POST", "/api/esx/settings/clusters/domain-c9/software?action=stage&vmw-task=true", json={})
    assert [request.action for request in vcenter.writes] == ["scan", "stage"]
    assert [request.action for request in vcenter.stages] == ["stage"]
    call("DELETE", "/api/session")
    assert len(vcenter.writes) == 2


def test_request_id_comes_back(call: Call) -> None:
    assert call("GET", "/api/session", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] == "mine"
    assert call("GET", "/api/session").headers["X-Request-ID"]


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"kind": "503_json"}, 503, '"SERVICE_UNAVAILABLE"'),
        ({"kind": "503_plain"}, 503, "no healthy upstream"),
        ({"kind": "500_unreadable"}, 500, "Internal"),
        ({"kind": "429", "retry_after": 7}, 429, ""),
        ({"kind": "html"}, 200, "<html>"),
        ({"kind": "empty"}, 200, ""),
        ({"kind": "malformed"}, 200, '{"value": '),
        ({"kind": "latency", "seconds": 0.01}, 200, "user"),
    ],
)
def test_faults_strike_once(call: Call, vcenter: VCenter, fault: dict[str, t.Any], status: int, body: str) -> None:
    vcenter.world.faults.add(**fault)
    reply = call("GET", "/api/session")
    assert reply.status_code == status
    assert body in reply.text
    assert reply.headers.get("Retry-After") == ("7" if fault["kind"] == "429" else None)
    assert vcenter.requests[-1].fault == fault["kind"]
    assert call("GET", "/api/session").json()["user"] == vcenter.username


@pytest.mark.parametrize(
    ("kind", "started"), [("reset_before", 0), ("503_plain", 0), ("reset_after", 1), ("truncated", 1)]
)
def test_fault_before_or_after_the_work(call: Call, vcenter: VCenter, kind: str, started: int) -> None:
    vcenter.world.faults.add(kind, method="POST", path=".*/domain-c8/software", action="stage")
    try:
        call("POST", f"{SOFTWARE}?action=stage&vmw-task=true", json={})
    except requests.ConnectionError:
        assert vcenter.requests[-1].status == 0
    assert len(vcenter.world.tasks.tasks) == started


def test_fault_rules_choose_and_count(call: Call, vcenter: VCenter) -> None:
    vcenter.world.faults.add("503_plain", method="GET", path="/api/vcenter/.*", after=1, times=2)
    codes = [call("GET", "/api/vcenter/cluster").status_code for dummy in range(4)]
    assert codes == [200, 503, 503, 200]
    vcenter.world.faults.add("503_plain", times=None)
    assert [call("GET", "/api/session").status_code for dummy in range(3)] == [503] * 3
    vcenter.world.faults.clear()
    assert call("GET", "/api/session").status_code == 200


# The control address


def test_control_shows_what_goes_on(call: Call, vcenter: VCenter) -> None:
    call("POST", f"{SOFTWARE}?action=stage&vmw-task=true", json={})
    requests_seen = call("GET", "/_simulator/requests").json()
    assert [request["is_stage"] for request in requests_seen] == [False, True]
    assert call("GET", "/_simulator/sessions").json()[0]["user"] == vcenter.username
    assert call("GET", "/_simulator/issued-sessions").json() == vcenter.world.sessions.issued
    assert len(vcenter.world.sessions.issued) == 1
    world = call("GET", "/_simulator/world").json()
    assert world["clusters"]["domain-c8"]["operations"] == ["stage"]
    assert world["clusters"]["domain-c8"]["hosts"]["host-17"]["staged_commit"] == "5"
    assert world["standalone_hosts"]["host-23"]["commit"] == "3"
    assert world["sessions"] == 1
    call("POST", "/_simulator/reset")
    assert vcenter.requests == []


def test_control_changes_the_world(call: Call, vcenter: VCenter) -> None:
    call("POST", "/_simulator/patch", json={"hosts": {"host-16": {"connection_state": "DISCONNECTED"}}})
    assert vcenter.world.host("host-16").connection_state == "DISCONNECTED"
    task = call("POST", "/_simulator/operations", json={"kind": "apply", "cluster": "prod"}).json()["task"]
    assert vcenter.world.tasks.find(task).operation == "apply$task"
    call("POST", "/_simulator/commits", json={"commit": "6", "cluster": "prod"})
    assert vcenter.world.cluster("prod").managed.commit == "6"
    call("POST", "/_simulator/faults", json={"faults": [{"kind": "html", "times": 3}]})
    assert vcenter.world.faults.rules[0].times == 3
    call("POST", "/_simulator/expire-sessions")
    assert vcenter.sessions == []


@pytest.mark.parametrize(
    ("method", "name", "options"),
    [
        ("GET", "none", {}),
        ("GET", "reset", {}),
        ("POST", "patch", {"data": "{"}),
        ("POST", "patch", {"json": {"hosts": {"none": {}}}}),
        ("POST", "patch", {"json": {"hosts": 3}}),
        ("POST", "operations", {"json": {"colour": "red"}}),
        ("POST", "faults", {"json": {"faults": [{"kind": "none"}]}}),
    ],
)
def test_control_says_what_is_wrong(call: Call, method: str, name: str, options: dict[str, t.Any]) -> None:
    reply = call(method, f"/_simulator/{name}", **options)
    assert reply.status_code == 400
    assert reply.json()["error"]


# Certificates


@pytest.mark.parametrize("options", [{"names": ("other.example.com",)}, {"expired": True}])
def test_certificates_can_be_wrong(world: World, options: dict[str, t.Any]) -> None:
    with serve(world, **options) as vcenter:
        http = requests.Session()
        http.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            http.get(vcenter.url, verify=vcenter.ca_path, timeout=10)
    assert vcenter.requests == []
