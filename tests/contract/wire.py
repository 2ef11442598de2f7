# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world in which every kind of answer occurs, and a plain HTTPS client for it that hides nothing."""

from __future__ import annotations

import dataclasses
import typing as t

import requests

from ansible_collections.vsphere.lifecycle.simulator import VCenter

EPOCH = 1768478400.0
RETRIABLE = {
    "status": "ERROR",
    "notifications": {
        "info": [{"id": "sim.vlcm.note", "message": "A note.", "params": {"size": {"i": 3}}}],
        "warnings": [{"id": "sim.vlcm.warning", "message": "A warning.", "originator": "the depot"}],
        "errors": [
            {
                "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.DepotConnectErrorV2",
                "message": "The host cannot reach the depot.",
                "resolution": "Check the network between the host and the depot.",
                "retriable": True,
                "args": ["depot"],
            }
        ],
    },
}
CLUSTER: dict[str, t.Any] = {
    "name": "prod",
    "cluster": "domain-c8",
    "commit": "5",
    "commits": {"4": {}, "5": {}},
    "stage_seconds": 60,
    "pending_seconds": 5,
    "image": {
        "base_image": "8.0.3-0.0.24022510",
        "components": {"example-driver": "1.2.3"},
        "add_on": {"name": "example-add-on", "version": "8.0.3-1"},
    },
    "hosts": [
        {"name": "fine", "host": "host-1"},
        {"name": "compliant", "host": "host-2", "status": "COMPLIANT", "is_vsan_witness": True},
        {"name": "newer", "host": "host-3", "status": "INCOMPATIBLE"},
        {"name": "away", "host": "host-4", "connection_state": "DISCONNECTED"},
        {"name": "failing", "host": "host-5", "outcomes": [RETRIABLE]},
        {"name": "slow", "host": "host-6", "outcomes": ["TIMED_OUT"]},
        {"name": "again", "host": "host-7", "outcomes": ["RETRY_PENDING"]},
        {"name": "unknown", "host": "host-8", "stage_status_known": False, "stage_seconds": 30},
    ],
}
UPDATE = {
    "version": "8.0.3.00500",
    "name": "VC-8.0U3e",
    "size": 7500,
    "contents": ["Fixes."],
}
WORLD: dict[str, t.Any] = {
    "vcenter": {"users": {"user": {"password": "password"}, "nobody": {"password": "password", "privileges": []}}},
    "datacenters": [
        {
            "name": "Berlin",
            "clusters": [CLUSTER, {"name": "baseline", "cluster": "domain-c9", "managed_by": "baseline"}],
            "hosts": [{"name": "single", "host": "host-9", "managed_by": "image", "commits": {"3": {}}}],
        }
    ],
    "appliance": {"pending": [UPDATE], "staged": UPDATE, "policy": {"custom_URL": "https://depot.example.com/"}},
    "extension_tasks": {"operations": ["com.example.operation"]},
}


@dataclasses.dataclass
class Time:
    """The time of the world, set by hand."""

    now: float = EPOCH

    def __call__(self) -> float:
        return self.now


class Wire:
    """Requests in a session; each returns status and decoded JSON."""

    def __init__(self, vcenter: VCenter, time: Time) -> None:
        self.vcenter = vcenter
        self.world = vcenter.world
        self.time = time
        self._http = requests.Session()
        # REQUESTS_CA_BUNDLE would overrule the authority of the simulator.
        self._http.trust_env = False
        self._http.verify = vcenter.ca_path

    def log_in(self, username: str, password: str) -> str:
        token = str(self.json("POST", "/api/session", auth=(username, password)))
        self._http.headers["vmware-api-session-id"] = token
        return token

    def request(self, method: str, path: str, **options: t.Any) -> requests.Response:
        return self._http.request(method, self.vcenter.url + path, timeout=10, **options)

    def json(self, method: str, path: str, body: t.Any = None, **options: t.Any) -> t.Any:
        """The JSON of a success; under /rest what is in the wrapper."""
        reply = self.request(method, path, json=body, **options)
        assert reply.ok, reply.text
        if not reply.content:
            return None
        return reply.json()["value"] if path.startswith("/rest/") else reply.json()

    def get(self, path: str) -> t.Any:
        return self.json("GET", path)

    def refused(self, method: str, path: str, body: t.Any = None, **options: t.Any) -> tuple[int, t.Any]:
        reply = self.request(method, path, json=body, **options)
        assert not reply.ok, reply.text
        return reply.status_code, reply.json()
