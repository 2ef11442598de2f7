# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building blocks of answers (times, messages, notifications, maps); knows no state."""

from __future__ import annotations

import datetime
import typing as t

Struct = dict[str, t.Any]

#: Prefix of the vLCM message ids that are publicly known (catalogue A of the fixtures).
LIFECYCLE = "com.vmware.vcIntegrity.lifecycle."
#: Prefix of every message id the simulator makes up itself, so that none passes for the vendor's.
SIMULATED = "sim.vlcm."


class KeyedMap(dict[str, t.Any]):
    """A map<id, value> of the contract: an object under /api, an array of key and value under /rest."""


def timestamp(seconds: float) -> str:
    """A time of the contract: UTC with milliseconds (contract section 2)."""
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """The inverse of `timestamp`; offsets are understood too. Raises ValueError."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp()


def message(message_id: str, text: str, *args: str, params: Struct | None = None) -> Struct:
    """A localizable message (`vapi.std.localizable_message`)."""
    built: Struct = {"id": message_id, "default_message": text, "args": list(args)}
    if params is not None:
        built["params"] = KeyedMap(params)
    return built


def progress(completed: int, total: int, text: str) -> Struct:
    """The progress of a task or host (`cis.task.progress`)."""
    return {"completed": completed, "total": total, "message": message(LIFECYCLE + "Task.Progress", text)}


def notifications(now: float, source: t.Mapping[str, t.Any]) -> Struct:
    """Notifications (`esx.settings.notifications`) from the short form of a world file; empty lists are left out."""
    kinds = {"info": "INFO", "warnings": "WARNING", "errors": "ERROR"}
    return {
        name: [_notification(now, kind, item) for item in source[name]]
        for name, kind in kinds.items()
        if source.get(name)
    }


def _notification(now: float, kind: str, source: t.Mapping[str, t.Any]) -> Struct:
    built: Struct = {
        "id": source["id"],
        "time": timestamp(now),
        "message": message(source["id"], source["message"], *source.get("args", ()), params=source.get("params")),
        "type": kind,
    }
    if source.get("resolution"):
        built["resolution"] = message(source["id"] + ".resolution", source["resolution"])
    if source.get("originator"):
        built["originator"] = source["originator"]
    # The union of the contract: `retriable` belongs to errors only.
    if kind == "ERROR" and source.get("retriable") is not None:
        built["retriable"] = bool(source["retriable"])
    return built
