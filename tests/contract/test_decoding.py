# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of answer of the simulated vCenter is one that the vendor's bindings accept."""

from __future__ import annotations

import copy
import typing as t

import pytest
from com.vmware import appliance_client, cis_client, vcenter_client
from com.vmware.appliance import system_client, update_client
from com.vmware.cis import task_client
from com.vmware.esx import settings_client
from com.vmware.esx.settings import clusters_client, hosts_client
from com.vmware.esx.settings.clusters import enablement_client as cluster_enablement
from com.vmware.esx.settings.clusters import software_client as cluster_software
from com.vmware.esx.settings.hosts import enablement_client as host_enablement
from com.vmware.esx.settings.hosts import software_client as host_software
from com.vmware.vcenter import services_client
from vmware.vapi.bindings import type as types

from .decoding import Undecodable, decode, decode_error
from .wire import RETRIABLE, Wire

BOTH = pytest.mark.parametrize("root", ["api", "rest"])
CLUSTER = "/api/esx/settings/clusters/domain-c8"
HOST = "/api/esx/settings/hosts/host-9"
TASK_INFO = task_client.Info
EXTENSION_TASKS = "/rest/vcenter/extension/tasks"
PERCENT = {"total": 10, "completed": 2, "message": {"id": "a", "default_message": "b", "args": []}}
EXTENSION_TASK = {"operation_id": "com.example.operation", "cancelable": False}


def reference(binding: t.Any) -> t.Any:
    return types.ReferenceType(binding.__module__, binding.__qualname__)


def list_of(binding: t.Any) -> t.Any:
    return types.ListType(reference(binding))


def map_of(binding: t.Any) -> t.Any:
    return types.MapType(types.StringType(), reference(binding))


# Plain answers


@pytest.mark.parametrize(
    ("path", "binding"),
    [
        ("/api/session", cis_client.Session.Info),
        (f"{CLUSTER}/enablement/software", cluster_enablement.Software.Info),
        (f"{HOST}/enablement/software", host_enablement.Software.Info),
        (f"{CLUSTER}/software", settings_client.SoftwareInfo),
        (f"{HOST}/software", settings_client.SoftwareInfo),
        (f"{CLUSTER}/software/compliance", settings_client.ClusterCompliance),
        (f"{HOST}/software/compliance", settings_client.HostCompliance),
        (f"{CLUSTER}/software/commits/4", cluster_software.Commits.Info),
        (f"{HOST}/software/commits/3", host_software.Commits.Info),
    ],
)
def test_answers_of_api(wire: Wire, path: str, binding: t.Any) -> None:
    decode(wire.get(path), binding)


@BOTH
@pytest.mark.parametrize(
    ("path", "binding"),
    [
        ("vcenter/datacenter", list_of(vcenter_client.Datacenter.Summary)),
        ("vcenter/cluster", list_of(vcenter_client.Cluster.Summary)),
        ("vcenter/host", list_of(vcenter_client.Host.Summary)),
        ("appliance/update", appliance_client.Update.Info),
        ("appliance/update/pending?source_type=LAST_CHECK", list_of(update_client.Summary)),
        ("appliance/update/pending/8.0.3.00500", update_client.Pending.Info),
        ("appliance/update/staged", update_client.Staged.Info),
        ("appliance/update/policy", update_client.Policy.Info),
        ("appliance/system/version", system_client.Version.VersionStruct),
        ("vcenter/services", map_of(services_client.Service.Info)),
        ("vcenter/services/updatemgr", services_client.Service.Info),
    ],
)
def test_answers_of_both_roots(wire: Wire, root: str, path: str, binding: t.Any) -> None:
    assert decode(wire.get(f"/{root}/{path}"), binding, root)


def test_session_of_the_legacy_root(wire: Wire) -> None:
    info = wire.json("POST", "/rest/com/vmware/cis/session?~action=get")
    assert decode(info, cis_client.Session.Info, "rest").user == "user"


def test_compliance_says_what_the_world_knows(wire: Wire) -> None:
    compliance = decode(wire.get(f"{CLUSTER}/software/compliance"), settings_client.ClusterCompliance)
    assert compliance.status == "INCOMPATIBLE"
    assert compliance.unavailable_hosts == {"host-4"}
    assert compliance.hosts["host-1"].stage_status == "NOT_STAGED"
    assert compliance.hosts["host-8"].stage_status is None
    assert set(compliance.host_info) == {f"host-{number}" for number in range(1, 9)}


# Tasks and their results


def start(wire: Wire, path: str, action: str, body: t.Any = None) -> str:
    return str(wire.json("POST", f"{path}/software?action={action}&vmw-task=true", body))


@pytest.mark.parametrize("seconds", [0, 5, 20, 40, 70])
def test_stage_task_of_a_cluster_at_every_time(wire: Wire, seconds: int) -> None:
    task = start(wire, CLUSTER, "stage", {"commit": "4"})
    wire.time.now += seconds
    for root in ("api", "rest"):
        info = wire.get(f"/{root}/cis/tasks/{task}")
        assert decode(info, TASK_INFO, root).status == {0: "PENDING", 70: "SUCCEEDED"}.get(seconds, "RUNNING")
        if "result" in info:
            result = decode(info["result"], clusters_client.Software.StageResult, root)
            assert result.commit == "5"
            assert (result.status is not None) == (seconds == 70)


def test_stage_result_of_a_cluster(wire: Wire) -> None:
    task = start(wire, CLUSTER, "stage", {"commit": "5"})
    wire.time.now += 70
    result = decode(wire.get(f"/api/cis/tasks/{task}")["result"], clusters_client.Software.StageResult)
    assert result.successful_hosts == {"host-1", "host-8"}
    assert result.failed_hosts == {"host-4", "host-5", "host-6"}
    assert result.skipped_hosts == {"host-2", "host-3"}
    assert result.host_status["host-5"].notifications.errors[0].retriable is True
    assert result.host_status["host-7"].status == "RETRY_PENDING"


def test_stage_task_of_a_host(wire: Wire) -> None:
    wire.world.patch({"hosts": {"single": {"outcomes": [RETRIABLE]}}})
    task = start(wire, HOST, "stage", {})
    for status, seconds in ((None, 30), ("ERROR", 60)):
        wire.time.now += seconds
        info = wire.get(f"/api/cis/tasks/{task}")
        decode(info, TASK_INFO)
        result = decode(info["result"], hosts_client.Software.StageResult)
        assert (result.status and result.status.status) == status


@pytest.mark.parametrize(
    ("path", "binding"), [(CLUSTER, settings_client.ClusterCompliance), (HOST, settings_client.HostCompliance)]
)
def test_scan_result(wire: Wire, path: str, binding: t.Any) -> None:
    task = start(wire, path, "scan")
    wire.time.now += 60
    info = wire.get(f"/api/cis/tasks/{task}")
    assert decode(info, TASK_INFO).status == "SUCCEEDED"
    decode(info["result"], binding)


def test_scan_of_an_unreachable_host(wire: Wire) -> None:
    wire.world.host("single").connection_state = "NOT_RESPONDING"
    task = start(wire, HOST, "scan")
    wire.time.now += 60
    result = wire.get(f"/api/cis/tasks/{task}")["result"]
    assert decode(result, settings_client.HostCompliance).status == "UNAVAILABLE"


def test_task_with_everything(wire: Wire) -> None:
    task = start(wire, CLUSTER, "stage", {})
    wire.time.now += 70
    for root, query in (("api", "return_all=true"), ("rest", "spec.return_all=true")):
        info = wire.get(f"/{root}/cis/tasks/{task}?{query}")
        assert decode(info, settings_client.TaskInfo, root).last_update_time is not None


@pytest.mark.parametrize("with_result", [True, False])
def test_failed_task(wire: Wire, with_result: bool) -> None:
    error = {
        "error_type": "ERROR",
        "id": "com.vmware.vcIntegrity.lifecycle.RemediateClusterTask.incompatibleHosts",
        "message": "Hosts of the cluster are incompatible.",
        "args": ["prod", "newer"],
    }
    wire.world.cluster("prod").managed.stage_outcomes = [{"status": "FAILED", "error": error, "result": with_result}]
    task = start(wire, CLUSTER, "stage", {})
    wire.time.now += 70
    info = wire.get(f"/api/cis/tasks/{task}")
    assert decode(info, TASK_INFO).status == "FAILED"
    decode_error(info["error"], "ERROR")
    assert ("result" in info) == with_result


@pytest.mark.parametrize("exclude", [True, False])
def test_list_of_tasks(wire: Wire, exclude: bool) -> None:
    task = start(wire, CLUSTER, "stage", {})
    wire.time.now += 70
    body = {"filter_spec": {"services": [task.partition(":")[2]]}, "result_spec": {"exclude_result": exclude}}
    by_api = wire.json("POST", "/api/cis/tasks?action=list", body)
    query = f"filter_spec.tasks.1={task}&result_spec.exclude_result={str(exclude).lower()}"
    by_rest = wire.get(f"/rest/cis/tasks?{query}")
    for root, answer in (("api", by_api), ("rest", by_rest)):
        decoded = decode(answer, map_of(TASK_INFO), root)
        assert (decoded[task].result is None) == exclude


@BOTH
def test_extension_task(wire: Wire, root: str) -> None:
    spec = {
        "operation_id": "com.example.operation",
        "cancelable": True,
        "status": "RUNNING",
        "percent_done": PERCENT,
        "description": {
            "id": "com.example.description",
            "default_message": "Wave {n}.",
            "args": [],
            "params": [{"key": "n", "value": {"i": 3}}],
        },
        "result": {"any": ["thing"]},
        "target": {"type": "ClusterComputeResource", "id": "domain-c8"},
        "user": "rollout",
        "parent_task": wire.json("POST", EXTENSION_TASKS, {"spec": EXTENSION_TASK}),
    }
    task = wire.json("POST", EXTENSION_TASKS, {"spec": spec})
    info = decode(wire.get(f"/{root}/cis/tasks/{task}"), TASK_INFO, root)
    assert info.status == "RUNNING"
    assert info.progress.completed == 2
    assert info.description.params["n"].i == 3
    assert (info.target.id, info.user, info.cancelable) == ("domain-c8", "rollout", True)
    assert decode(wire.get(f"/{root}/cis/tasks/{info.parent}"), TASK_INFO, root).status == "PENDING"


# The appliance


@BOTH
@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"])
def test_task_of_the_appliance(wire: Wire, root: str, status: str) -> None:
    task = {
        "status": status,
        "error": {"id": "sim.vlcm.update_failed", "message": "The update failed."},
        "subtasks": [
            {
                "id": "download",
                "status": "SUCCEEDED",
                "result": {"warnings": [{"id": "x", "message": "y", "args": ["z"]}]},
            },
            {"id": "install", "status": status},
        ],
    }
    wire.world.patch({"appliance": {"update": {"state": "STAGE_IN_PROGRESS", "task": task}}})
    info = decode(wire.get(f"/{root}/appliance/update"), appliance_client.Update.Info, root)
    assert info.task.status == status
    assert info.task.subtask_order == ["download", "install"]
    assert info.task.subtasks["install"].status == status


@BOTH
@pytest.mark.parametrize("state", ["STARTED", "STOPPED", "STARTING", "STOPPING"])
@pytest.mark.parametrize("health", ["HEALTHY", "HEALTHY_WITH_WARNINGS", "DEGRADED"])
def test_service(wire: Wire, root: str, state: str, health: str) -> None:
    wire.world.change_service("updatemgr", state=state, health=health, health_messages=["It is so."])
    info = decode(wire.get(f"/{root}/vcenter/services/updatemgr"), services_client.Service.Info, root)
    assert (info.state, info.health) == (state, health if state == "STARTED" else None)
    listed = decode(wire.get(f"/{root}/vcenter/services"), map_of(services_client.Service.Info), root)
    assert (listed["updatemgr"].state, listed["updatemgr"].health) == (info.state, info.health)
    assert listed["vpxd"].health == "HEALTHY"


# Refusals


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error_type"),
    [
        ("GET", "/api/esx/settings/clusters/domain-c99/software", None, 404, "NOT_FOUND"),
        ("GET", "/api/esx/settings/clusters/domain-c9/software/compliance", None, 404, "NOT_FOUND"),
        ("GET", "/api/esx/settings/hosts/host-1/enablement/software", None, 400, "UNSUPPORTED"),
        ("POST", f"{CLUSTER}/software?action=stage", {}, 404, "NOT_FOUND"),
        ("POST", f"{CLUSTER}/software?action=stage&vmw-task=true", {"commit": "9"}, 400, "INVALID_ARGUMENT"),
        ("POST", f"{CLUSTER}/software?action=stage&vmw-task=true", {"spec": {}}, 400, "UNEXPECTED_INPUT"),
        ("POST", "/api/cis/tasks?action=list", {"filter_spec": {}}, 400, "INVALID_ARGUMENT"),
        ("GET", "/api/cis/tasks/none:com.example.service", None, 404, "NOT_FOUND"),
        ("GET", "/api/appliance/update/pending", None, 400, "INVALID_ARGUMENT"),
        ("GET", "/rest/appliance/update/pending/1.0", None, 404, "NOT_FOUND"),
        ("GET", "/rest/cis/tasks?filter_spec.users.1=user", None, 400, "INVALID_ARGUMENT"),
        ("GET", "/api/no/such/address", None, 404, "NOT_FOUND"),
        ("GET", "/api/vcenter/services/none", None, 404, "NOT_FOUND"),
        ("GET", "/rest/vcenter/services/none", None, 404, "NOT_FOUND"),
        ("POST", EXTENSION_TASKS, {"spec": {**EXTENSION_TASK, "operation_id": "none"}}, 400, "INVALID_ARGUMENT"),
        (
            *("POST", EXTENSION_TASKS, {"spec": {**EXTENSION_TASK, "percent_done": PERCENT}}),
            *(400, "NOT_ALLOWED_IN_CURRENT_STATE"),
        ),
    ],
)
def test_errors(wire: Wire, method: str, path: str, body: t.Any, status: int, error_type: str) -> None:
    code, answer = wire.refused(method, path, body)
    assert code == status
    decoded = decode_error(answer, error_type, path.split("/")[1])
    assert decoded.messages


@BOTH
def test_error_without_a_session(wire: Wire, root: str) -> None:
    wire.world.sessions.expire()
    code, answer = wire.refused("GET", f"/{root}/vcenter/cluster")
    assert code == 401
    decode_error(answer, "UNAUTHENTICATED", root)


def test_error_without_a_privilege(wire: Wire) -> None:
    wire.log_in("nobody", "password")
    code, answer = wire.refused("GET", f"{CLUSTER}/software/compliance")
    assert code == 403
    decode_error(answer, "UNAUTHORIZED")


# The decoding itself is worth something only if it can fail.


@pytest.fixture
def stage_info(wire: Wire) -> t.Any:
    task = start(wire, CLUSTER, "stage", {})
    wire.time.now += 70
    return wire.get(f"/api/cis/tasks/{task}")


def changed(value: t.Any, path: t.Sequence[str], new: t.Any = None) -> t.Any:
    """A copy in which the member at `path` has another value, or with None is gone."""
    result = copy.deepcopy(value)
    inner = result
    for name in path[:-1]:
        inner = inner[name]
    if new is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return result


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (["description"], None),
        (["progress"], None),
        (["end_time"], None),
        (["error"], {"error_type": "ERROR", "messages": []}),
        (["status"], "PENDING"),
        (["status"], "DONE"),
        (["progress", "total"], "100"),
        (["cancelable"], "false"),
        (["percent_done"], 5),
    ],
)
def test_decoding_refuses_a_wrong_task(stage_info: t.Any, path: list[str], new: t.Any) -> None:
    decode(stage_info, TASK_INFO)
    with pytest.raises(Undecodable):
        decode(changed(stage_info, path, new), TASK_INFO)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (["commit"], None),
        (["host_info"], []),
        (["host_status", "host-1", "end_time"], None),
        (["host_status", "host-2", "progress"], {"total": 1, "completed": 1, "message": {}}),
        (["host_status", "host-1", "status"], "STAGED"),
        (["successful_hosts"], {}),
    ],
)
def test_decoding_refuses_a_wrong_stage_result(stage_info: t.Any, path: list[str], new: t.Any) -> None:
    binding = clusters_client.Software.StageResult
    decode(stage_info["result"], binding)
    with pytest.raises(Undecodable):
        decode(changed(stage_info["result"], path, new), binding)


def test_decoding_refuses_the_other_root(stage_info: t.Any) -> None:
    with pytest.raises(Undecodable):
        decode(stage_info["result"], clusters_client.Software.StageResult, "rest")
