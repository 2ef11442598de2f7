# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated vCenter without network and waiting: a transport for the client, with a hand on every answer."""

from __future__ import annotations

import base64
import copy
import json
import typing as t
import urllib.parse

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import StagingFailed, VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint, Reply
from ansible_collections.vsphere.lifecycle.plugins.modules import (
    appliance_update_info,
    esx_cluster_stage_info,
    esx_host_stage_info,
    esx_software_stage,
    extension_task_create,
    extension_task_update,
    vcenter_service_info,
    vcenter_session,
)
from ansible_collections.vsphere.lifecycle.simulator import World
from ansible_collections.vsphere.lifecycle.simulator.exchange import Asked, Exchange

EPOCH = 1768478400.0
# The login in Base64 has each of the characters that some spell otherwise: +, / and =.
USERNAME, PASSWORD = "someone@vsphere.local", "Pa55??w0rd~~of>>nobodyx"
LOGIN = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()

WARNED = {"warnings": [{"id": "sim.vlcm.warning", "message": "A warning.", "resolution": "Nothing to do."}]}
UPDATE = {"version": "8.0.3.00500", "name": "VC-8.0U3e", "size": 7500, "contents": ["Fixes."]}
WORLD: dict[str, t.Any] = {
    "vcenter": {"users": {USERNAME: {"password": PASSWORD}}},
    "datacenters": [
        {
            "name": "Berlin",
            "clusters": [
                {
                    "name": "prod",
                    "cluster": "domain-c8",
                    "commits": {"4": {}, "5": {}},
                    "commit": "5",
                    "stage_seconds": 30,
                    "hosts": [
                        {"name": "esx01", "host": "host-16"},
                        {"name": "esx02", "host": "host-17", "outcomes": [{"status": "OK", "notifications": WARNED}]},
                        {"name": "esx03", "host": "host-18", "outcomes": ["ERROR"]},
                        {"name": "esx04", "host": "host-19", "status": "COMPLIANT"},
                        {"name": "esx05", "host": "host-20", "status": "INCOMPATIBLE"},
                    ],
                },
                {
                    "name": "edge",
                    "cluster": "domain-c9",
                    "scan": None,
                    "hosts": [{"name": "edge01", "host": "host-21"}],
                },
            ],
            "hosts": [{"name": "single", "host": "host-22", "managed_by": "image", "commits": {"3": {}}}],
        }
    ],
    "appliance": {"pending": [UPDATE], "staged": UPDATE, "policy": {"custom_URL": "https://depot.example.com/"}},
    "extension_tasks": {
        "operations": ["com.example.rollout"],
    },
}


class FakeClock(Clock):
    """Jumps instead of sleeping."""

    def __init__(self) -> None:
        self._now = 1000.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)


Hand = t.Callable[[str, str, Reply], Reply]


class StandIn:
    """What the client takes for its transport.

    :param hand: gets method, target and answer of each request, and returns the answer that the client sees.
    :ivar seen: those answers.
    """

    def __init__(self, world: World, clock: Clock, hand: Hand) -> None:
        self._exchange, self._clock, self._hand = Exchange(world), clock, hand
        self.seen: list[tuple[str, str, Reply]] = []

    def close(self) -> None:
        """There is nothing to close."""

    def send(self, method: str, target: str, **more: t.Any) -> Reply:
        self._clock.sleep(0.02)
        path, dummy, query = target.partition("?")
        headers = {name.lower(): value for name, value in more["headers"].items()}
        if more.get("auth"):
            headers["authorization"] = "Basic " + base64.b64encode(":".join(more["auth"]).encode()).decode()
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        answer = self._exchange.answer(Asked(method, path, pairs, headers, more.get("body") or b""))
        reply = self._hand(method, target, Reply(answer.status, answer.headers, answer.body.decode()))
        self.seen.append((method, target, reply))
        return reply


def untouched(dummy: str, more: str, reply: Reply) -> Reply:
    """Return an answer as it is."""
    return reply


class Place:
    """One world, and clients that work in it."""

    def __init__(self, **changes: t.Any) -> None:
        self.clock = FakeClock()
        start = self.clock.now()
        self.world = World(copy.deepcopy({**WORLD, **changes}), lambda: EPOCH + self.clock.now() - start)
        self.seen: list[tuple[str, str, Reply]] = []
        self.told: list[str] = []

    def client(self, hand: Hand = untouched) -> VCenterClient:
        client = VCenterClient(Endpoint("vcenter.example.com"), Credentials(USERNAME, PASSWORD), self.clock)
        stand_in = StandIn(self.world, self.clock, hand)
        self.seen = stand_in.seen
        client._transport = t.cast("t.Any", stand_in)
        return client

    def run(self, work: t.Any, params: dict[str, t.Any], hand: Hand = untouched, *, check_mode: bool = False) -> t.Any:
        """Return the result of a module, also the one that a failure carries; None where there is none."""
        context = Context(check_mode, self.told.append, lambda news: self.told.append(str(news)), followed=True)
        try:
            with self.client(hand) as client:
                return work(params, client, context)
        except StagingFailed as failure:
            self.told.append(str(failure))
            return failure.result
        except VCenterError as error:
            self.told.extend([str(error), json.dumps(error.details())])
            return None

    def extension_task(self) -> str:
        """Return a task of an extension, made by its owner."""
        spec = {"operation_id": "com.example.rollout", "cancelable": False, "status": "RUNNING"}
        with self.client() as client:
            return str(client.post("/rest/vcenter/extension/tasks", body={"spec": spec}))


STAGE: dict[str, t.Any] = {
    **{name: option.get("default") for name, option in esx_software_stage.ARGUMENT_SPEC.items()},
    **{"clusters": ["prod", "edge"], "datacenter": "Berlin", "detail": "full"},
    **{"wait_timeout": 600, "busy_timeout": 60, "outage_timeout": 60},
}
INFO: dict[str, t.Any] = {name: option.get("default") for name, option in esx_cluster_stage_info.ARGUMENT_SPEC.items()}
APPLIANCE: dict[str, t.Any] = {"gather": ["pending", "staged", "policy"]}
EXTENSION: dict[str, t.Any] = {
    "task": "",
    "status": "RUNNING",
    "progress": {"completed": 5, "total": 10, "message": "Half of it."},
    "description": {"id": "x", "default_message": "Rollout", "args": ["1"], "params": {"a": {"s": "b"}}},
    "result": {"staged": 3},
    "error": None,
    "start_time": "2026-01-15T12:00:00Z",
    "end_time": None,
    "on_unsupported": "warn",
}
CREATION: dict[str, t.Any] = {
    **{"operation_id": "com.example.rollout", "cancelable": True, "task_user": "rollout", "parent_task": None},
    "target": {"type": "ClusterComputeResource", "id": "domain-c8"},
}
WORKS: dict[str, tuple[t.Any, dict[str, t.Any]]] = {
    "esx_software_stage": (esx_software_stage.stage, STAGE),
    "esx_cluster_stage_info": (esx_cluster_stage_info.gather_stage_info, INFO),
    "esx_host_stage_info": (
        esx_host_stage_info.gather_stage_info,
        {name: option.get("default") for name, option in esx_host_stage_info.ARGUMENT_SPEC.items()},
    ),
    "appliance_update_info": (appliance_update_info.gather_update_info, APPLIANCE),
    "extension_task_create": (extension_task_create.create, {**EXTENSION, **CREATION}),
    "extension_task_update": (extension_task_update.update, EXTENSION),
    "vcenter_service_info": (vcenter_service_info.gather_services, {"services": ["updatemgr", "vpxd"]}),
    # The one that opens sessions would leave them open, as it should.
    "vcenter_session": (vcenter_session.provide, {"state": "absent"}),
}


def params_of(place: Place, name: str, **changes: t.Any) -> dict[str, t.Any]:
    """Return parameters for a module that it can work with in the world of the place."""
    params = {**WORKS[name][1], **changes}
    return {**params, "task": place.extension_task()} if name == "extension_task_update" else params
