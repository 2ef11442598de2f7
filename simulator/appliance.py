# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The appliance's own update: state, pending, staged, policy, version, services; stages and installs nothing."""

from __future__ import annotations

import typing as t

from .errors import VapiError, from_data, invalid_argument, not_allowed, object_not_found
from .tasks import FAILED, FINAL, PENDING, SUCCEEDED
from .timeline import Timeline
from .values import SIMULATED, KeyedMap, Struct, message, progress, timestamp

SOURCE_TYPES = ("LAST_CHECK", "LOCAL", "LOCAL_AND_ONLINE")
UP_TO_DATE = "UP_TO_DATE"
#: Some of those that a vCenter has, by their identifiers; updatemgr is the one that stages.
SERVICES: dict[str, Struct] = {
    "imagebuilder": {"startup_type": "MANUAL", "state": "STOPPED"},
    "updatemgr": {},
    "vapi-endpoint": {},
    "vpxd": {},
    "vsphere-ui": {},
}


class Appliance:
    """`appliance.update` and its siblings; `update`, `pending`, `staged` and `policy` are as in the world file."""

    def __init__(self, timeline: Timeline, data: Struct, vcenter: Struct) -> None:
        self._timeline = timeline
        self._started = timeline.now()
        self.version: Struct = {**_default_version(vcenter, self._started), **data.get("version", {})}
        self.update: Struct = {"state": UP_TO_DATE}
        self.pending: list[Struct] = list(data.get("pending") or ())
        self.staged: Struct | None = data.get("staged")
        self.policy: Struct = dict(data.get("policy") or {})
        self.services: dict[str, Struct] = {**SERVICES, **(data.get("services") or {})}
        self.change("update", data.get("update") or {})

    def _plan(self, change: Struct) -> None:
        self._timeline.after(change.pop("after"), lambda: self.update.update(change))

    def change(self, name: str, value: t.Any) -> None:
        """Change one of the fields; of a mapping just the members given."""
        if name == "update":
            value = dict(value)
            for later in value.pop("changes", ()):
                self._plan(dict(later))
        current = getattr(self, name)
        if isinstance(current, dict) and isinstance(value, dict):
            current.update(value)
        else:
            setattr(self, name, value)

    def info(self) -> Struct:
        """`appliance.update.info`."""
        built: Struct = {
            "state": self.update["state"],
            "version": self.update.get("version", self.version["version"]),
        }
        if self.update.get("latest_query_time"):
            built["latest_query_time"] = self.update["latest_query_time"]
        if self.update.get("task"):
            built["task"] = self._task(self.update["task"])
        return built

    def _task(self, source: Struct) -> Struct:
        """`appliance.task_info`: the common members, and subtasks as a map with its order beside it."""
        subtasks = {item["id"]: item for item in source.get("subtasks", ())}
        return {
            **self._common(source),
            "subtasks": KeyedMap({name: self._subtask(item) for name, item in subtasks.items()}),
            "subtask_order": source.get("subtask_order", list(subtasks)),
        }

    def _subtask(self, source: Struct) -> Struct:
        built = self._common(source)
        if source.get("result") and built["status"] != PENDING:
            built["result"] = {
                kind: [self._notification(item) for item in items] for kind, items in source["result"].items()
            }
        return built

    def _notification(self, source: Struct) -> Struct:
        built: Struct = {
            "id": source["id"],
            "message": message(source["id"], source["message"], *source.get("args", ())),
        }
        if source.get("resolution"):
            built["resolution"] = message(source["id"] + ".resolution", source["resolution"])
        built["time"] = source.get("time") or timestamp(self._timeline.now())
        return built

    def _common(self, source: Struct) -> Struct:
        """Members of a task, by the union rules of its status (contract section 3.2)."""
        status = source.get("status", "RUNNING")
        built: Struct = {
            "description": message(SIMULATED + "update", source.get("description", "Update of the appliance.")),
            "service": source.get("service", "com.vmware.appliance.update.pending"),
            "operation": source.get("operation", "stage"),
            "status": status,
            "cancelable": bool(source.get("cancelable", False)),
        }
        built.update({name: source[name] for name in ("user", "parent", "target") if source.get(name)})
        if status == PENDING:
            return built
        built["start_time"] = source.get("start_time") or timestamp(self._started)
        built["progress"] = _progress(source.get("progress"), done=status == SUCCEEDED)
        if status in FINAL:
            built["end_time"] = source.get("end_time") or timestamp(self._started)
        if status == FAILED:
            built.update(_failure(source))
        return built

    def list_pending(self, source_type: str | None) -> list[Struct]:
        """`pending list`. Raises INVALID_ARGUMENT, and NOT_FOUND when there is nothing."""
        if source_type not in SOURCE_TYPES:
            raise invalid_argument("source_type", "source_type must be LAST_CHECK, LOCAL or LOCAL_AND_ONLINE.")
        if not self.pending:
            raise VapiError(
                "NOT_FOUND", message("com.vmware.appliance.update.no_updates_found", "No updates were found.")
            )
        return [{**self._summary(update), "version": update["version"]} for update in self.pending]

    def get_pending(self, version: str) -> Struct:
        """`pending get`. Raises NOT_FOUND."""
        for update in self.pending:
            if update["version"] == version:
                return {
                    **self._summary(update),
                    "contents": [message(SIMULATED + "contents", text) for text in update.get("contents", ())],
                    "services_will_be_stopped": [],
                    "eulas": [],
                    "staged": bool(self.staged and self.staged["version"] == version),
                    "knowledge_base": update.get("knowledge_base", "https://kb.example.com/"),
                }
        raise object_not_found(version, "com.vmware.appliance.update.pending")

    def get_staged(self) -> Struct:
        """`staged get`. Raises NOT_ALLOWED_IN_CURRENT_STATE when nothing is staged."""
        if not self.staged:
            raise not_allowed("nothing_staged", "No update is staged.")
        return {
            **self._summary(self.staged),
            "version": self.staged["version"],
            "staging_complete": bool(self.staged.get("staging_complete", True)),
        }

    def _summary(self, source: Struct) -> Struct:
        """`appliance.update.common_info`."""
        version = source["version"]
        return {
            "name": source.get("name", f"VC-{version}"),
            "description": message(SIMULATED + "update", source.get("description", f"Update to {version}.")),
            "priority": source.get("priority", "HIGH"),
            "severity": source.get("severity", "CRITICAL"),
            "update_type": source.get("update_type", "SECURITY"),
            "release_date": source.get("release_date") or timestamp(self._started - 30 * 86400),
            "reboot_required": bool(source.get("reboot_required", True)),
            "size": int(source.get("size", 7200)),
        }

    def get_policy(self) -> Struct:
        """`policy get`."""
        defaults: Struct = {
            "default_URL": "https://updates.example.com/appliance",
            "check_schedule": [{"day": "SUNDAY", "hour": 3, "minute": 0}],
            "auto_stage": False,
            "auto_update": False,
            "certificate_check": True,
            "manual_control": True,
        }
        return {**defaults, **self.policy}

    def service(self, name: str) -> Struct:
        """`vcenter.services.service.info`. Raises NOT_FOUND."""
        if name not in self.services:
            raise object_not_found(name, "com.vmware.vcenter.services.Service")
        defaults: Struct = {
            "name_key": f"cis.{name}.ServiceName",
            "description_key": f"cis.{name}.ServiceDescription",
            "startup_type": "AUTOMATIC",
            "state": "STARTED",
        }
        built = {**defaults, **self.services[name]}
        # By the union of the structure both are there with this state only.
        health, texts = built.pop("health", "HEALTHY"), built.pop("health_messages", ())
        if built["state"] == "STARTED":
            built["health"] = health
            built["health_messages"] = [message(SIMULATED + "service_health", text) for text in texts]
        return built

    def list_services(self) -> KeyedMap:
        """`vcenter.services.service list_details`, by identifier."""
        return KeyedMap({name: self.service(name) for name in self.services})


def _default_version(vcenter: Struct, now: float) -> Struct:
    return {
        "version": vcenter["version"],
        "product": "VMware vCenter Server",
        "build": str(vcenter["build"]),
        "type": "vCenter Server with an embedded Platform Services Controller",
        "summary": "Simulated, for tests only.",
        "releasedate": timestamp(now - 90 * 86400)[:10],
        "install_time": timestamp(now - 60 * 86400),
    }


def _progress(source: Struct | None, *, done: bool) -> Struct:
    given: t.Mapping[str, t.Any] = source or {}
    total = int(given.get("total", 100))
    completed = int(given.get("completed", total if done else 0))
    return progress(completed, total, given.get("message", "In progress."))


def _failure(source: Struct) -> Struct:
    built: Struct = {}
    if source.get("error"):
        built["error"] = from_data(source["error"]).body()
    if source.get("auto_rollback_state"):
        built["auto_rollback_state"] = source["auto_rollback_state"]
    return built
