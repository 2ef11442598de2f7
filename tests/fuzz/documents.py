# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Valid answers of every kind, taken from runs of the modules against the simulated vCenter."""

from __future__ import annotations

import functools
import json
import re
import typing as t

from .stand_in import STAGE, WORKS, Place, params_of

RUNNING_UPDATE: dict[str, t.Any] = {
    "state": "STAGE_IN_PROGRESS",
    "version": "8.0.3.00500",
    "latest_query_time": "2026-01-14T03:00:00.000Z",
    "task": {
        "status": "RUNNING",
        "start_time": "2026-01-15T11:59:00.000Z",
        "description": {"id": "x", "default_message": "Stage", "args": []},
        "service": "com.vmware.appliance.update",
        "operation": "stage",
        "cancelable": True,
        "progress": {"total": 100, "completed": 40, "message": {"id": "x", "default_message": "40 %", "args": []}},
        "subtasks": {
            "rpm": {
                "status": "FAILED",
                "start_time": "2026-01-15T11:59:00.000Z",
                "end_time": "2026-01-15T11:59:30.000Z",
                "description": {"id": "x", "default_message": "Packages", "args": []},
                "service": "com.vmware.appliance.update",
                "operation": "stage",
                "cancelable": False,
                "error": {"error_type": "ERROR", "messages": [{"id": "x", "default_message": "No space.", "args": []}]},
                "result": {"errors": [{"id": "x", "message": {"id": "x", "default_message": "No space.", "args": []}}]},
            },
        },
        "subtask_order": ["rpm"],
    },
}
API_ERROR: dict[str, t.Any] = {
    "error_type": "NOT_ALLOWED_IN_CURRENT_STATE",
    "messages": [
        {
            "id": "x",
            "default_message": "Busy.",
            "args": ["domain-c8"],
            "localized": "Besetzt.",
            "params": {"a": {"i": 3}},
        },
        {"id": "y", "default_message": "Because of a scan.", "args": []},
    ],
    "data": {"is_transient": True},
}
REST_ERROR = {"type": "com.vmware.vapi.std.errors.timed_out", "value": {"messages": API_ERROR["messages"]}}


@functools.cache
def valid() -> dict[str, t.Any]:
    """One document of each kind, by a name for it."""
    found = {"error under /api": API_ERROR, "error under /rest": REST_ERROR, "update that runs": RUNNING_UPDATE}
    for name in WORKS:
        for changes in ({}, {"clusters": None, "hosts": ["single"]}) if name == "esx_software_stage" else ({},):
            place = Place()
            place.run(WORKS[name][0], params_of(place, name, **changes))
            for method, target, reply in place.seen:
                path = re.sub(r"/[0-9a-f-]{36}%3A", "/", target.partition("?")[0])
                fuller = len(reply.text) >= len(json.dumps(found.get(f"{method} {path}", 0)))
                if fuller and reply.status < 400:
                    found[f"{method} {path}"] = json.loads(reply.text)
    stored = Place()
    stored.run(WORKS["esx_software_stage"][0], STAGE)
    with stored.client() as client:
        task = next(iter(client.post("/api/cis/tasks", {"action": "list"}, _of_service("clusters"), safe=True)))
        found["stage result"] = client.get(f"/api/cis/tasks/{task}")["result"]
    found["progress"] = RUNNING_UPDATE["task"]["progress"]
    found["messages"] = API_ERROR["messages"]
    found["notifications"] = found["stage result"]["host_status"]["host-17"]["notifications"]
    return found


def _of_service(kind: str) -> dict[str, t.Any]:
    return {"filter_spec": {"services": [f"com.vmware.esx.settings.{kind}.software"]}}


def kind(pattern: str) -> list[t.Any]:
    """The documents whose names match."""
    documents = [document for name, document in valid().items() if re.search(pattern, name)]
    if not documents:
        raise LookupError(f"no document is called {pattern}: there are {', '.join(sorted(valid()))}")
    return documents
