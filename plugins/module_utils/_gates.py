# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What has to hold before a wave begins, and what each answer of vCenter means for it; asks no vCenter."""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout_plan import (
    NAMED_IN_TITLE,
    Json,
    Settings,
    mapping,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import listed

GO, NOTE, BLOCK = "go", "note", "block"

# State of the vCenter appliance: what it means, and what to tell.
_APPLIANCE = {
    "UP_TO_DATE": (GO, ""),
    "UPDATES_PENDING": (GO, "There are updates for vCenter itself. They do not disturb staging"),
    "STAGE_IN_PROGRESS": (
        NOTE,
        "vCenter still stages an update of its own. It shares line and disk with this one",
    ),
    "INSTALL_IN_PROGRESS": (
        BLOCK,
        "vCenter is being updated, which restarts its services. Run again when that has ended",
    ),
    "ROLLBACK_IN_PROGRESS": (BLOCK, "An update of vCenter is being rolled back. Run again when that has ended"),
    "INSTALL_FAILED": (
        BLOCK,
        "The last update of vCenter failed. If it works all the same, let the state through with "
        "rolling_stage_gate_allowed_states",
    ),
}
_UNKNOWN_STATE = (
    BLOCK,
    "This collection does not know that state. Let it through with rolling_stage_gate_allowed_states",
)
NEVER_ALLOWED = ("INSTALL_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
_HEALTH = {"HEALTHY": GO, "HEALTHY_WITH_WARNINGS": NOTE}
UPDATE_MANAGER = "updatemgr"
DEFAULT_MODES = {
    "appliance": "fail",
    "appliance_unreadable": "warn",
    "updatemgr": "fail",
    "updatemgr_unreadable": "warn",
    "release": "fail",
    "image_managed": "warn",
    "host_connection": "warn",
    "operations": "warn",
    "commit": "fail",
    "window": "warn",
}
"""Every gate with the mode that it has unless the user says otherwise."""
OLDEST_RELEASE = 8
MODES = ("fail", "warn", "ignore")
MODES_OF_WINDOW = MODES[:2]
"""A window that is over is never passed by: whoever wants none sets none."""


def gates_of(
    wave: int,
    modes: t.Mapping[str, str],
    *,
    appliance: Json,
    services: Json,
    found: t.Sequence[Json],
    planned: t.Mapping[str, str | None],
    commit: str | None = None,
    allowed_states: t.Sequence[str] = (),
    time: str | None = None,
) -> list[Json]:
    """Return an entry for each gate: ``wave``, ``name``, ``mode``, ``answer``, ``verdict``, ``hint``, ``time``.

    :param wave: the number of the wave that is to begin; 0 before the first.
    :param modes: ``fail``, ``warn`` or ``ignore`` for each gate; those that are missing have their usual one.
    :param appliance: the result of appliance_update_info, or what it failed with.
    :param services: the result of vcenter_service_info, or what it failed with.
    :param found: the clusters and standalone hosts of the wave (of all waves before the first), as the info modules
        return them.
    :param planned: the commit that each was planned for, by identifier.
    :param commit: the one that was asked for, if any.
    """
    looks = [
        _appliance(appliance, allowed_states),
        _update_manager(services),
        *_release(appliance),
        _image_managed(found),
        _host_connection(found),
        _operations(found),
        _commits(found, planned, commit),
    ]
    gates = []
    for name, verdict, answer, hint in looks:
        mode = modes.get(name) or DEFAULT_MODES[name]
        gates.append(gate(name, wave, mode, verdict, answer, hint, time))
    return gates


def modes_of(raw: t.Any) -> Json:
    """Return the modes as users give them; none where they cannot be read, which ``settings_of`` tells."""
    try:
        return mapping(raw)
    except ValueError:
        return {}


def wrong_in(settings: Settings) -> list[str]:
    """Return a sentence for each gate that does not exist, mode that is none, and state that cannot be let through."""
    modes = settings.gates
    return [
        *(
            f"rolling_stage_gates: {name!r} is no gate; there are {', '.join(DEFAULT_MODES)}"
            for name in modes
            if name not in DEFAULT_MODES
        ),
        *(
            f"rolling_stage_gates: the mode {mode!r} of {name} is none of {', '.join(_modes(name))}"
            for name, mode in modes.items()
            if name in DEFAULT_MODES and mode not in _modes(name)
        ),
        *(
            f"rolling_stage_gate_allowed_states: {state} cannot be let through, as vCenter restarts its services then"
            for state in NEVER_ALLOWED
            if state in settings.allowed_states
        ),
    ]


def _modes(name: str) -> tuple[str, ...]:
    return MODES_OF_WINDOW if name == "window" else MODES


def gate(name: str, wave: int, mode: str, verdict: str, answer: str, hint: str = "", time: str | None = None) -> Json:
    """Return the entry of a gate.

    :param verdict: ``go``, ``note`` or ``block``, by its rule; what that comes to is for the mode to say.
    :param mode: ``fail``, ``warn`` or ``ignore``.
    """
    final = GO if mode == "ignore" else NOTE if verdict == BLOCK and mode == "warn" else verdict
    return {"wave": wave, "name": name, "mode": mode, "answer": answer, "verdict": final, "hint": hint, "time": time}


Look = tuple[str, str, str, str]


def _appliance(result: Json, allowed: t.Sequence[str]) -> Look:
    state = result.get("state")
    if not state:
        why = str(result.get("msg") or "vCenter did not say").rstrip(".")
        return "appliance_unreadable", BLOCK, "UNREADABLE", f"The update state of vCenter could not be read: {why}"
    verdict, hint = _APPLIANCE.get(state, _UNKNOWN_STATE)
    if verdict == BLOCK and state in allowed and state not in NEVER_ALLOWED:
        verdict = NOTE
    return "appliance", verdict, state, f"vCenter is {state}. {hint}" if hint else ""


def _update_manager(result: Json) -> Look:
    services = [one for one in result.get("services") or () if one["name"] == UPDATE_MANAGER]
    if not services:
        why = str(result.get("msg") or "vCenter did not say").rstrip(".")
        hint = f"The state of the service {UPDATE_MANAGER}, which stages, could not be read: {why}"
        return "updatemgr_unreadable", BLOCK, "UNREADABLE", hint
    state, health = services[0].get("state") or "UNKNOWN", services[0].get("health") or "UNKNOWN"
    verdict = _HEALTH.get(health, BLOCK) if state == "STARTED" else BLOCK
    answer = f"{state}, {health}"
    hint = f"The service {UPDATE_MANAGER}, which stages, is {answer}. See the service health in vCenter"
    return "updatemgr", verdict, answer, hint if verdict != GO else ""


def _release(appliance: Json) -> t.Iterator[Look]:
    version = str(appliance.get("system_version") or "")
    major = version.partition(".")[0]
    if major.isdigit():
        old = int(major) < OLDEST_RELEASE
        hint = f"This vCenter has version {version}, and staging needs {OLDEST_RELEASE}.0: update vCenter first"
        yield "release", BLOCK if old else GO, version, hint if old else ""


def _image_managed(found: t.Sequence[Json]) -> Look:
    names = [one["name"] for one in found if one["image_managed"] is False]
    hint = f"Managed by baselines and not by an image: {', '.join(names)}"
    return "image_managed", BLOCK if names else GO, f"{len(found) - len(names)} of {len(found)}", hint if names else ""


def _host_connection(found: t.Sequence[Json]) -> Look:
    lost = [host for one in found if one["image_managed"] for host in one.get("unreachable_hosts") or ()]
    hint = f"Not connected or not powered on, so they cannot be staged: {listed(lost, NAMED_IN_TITLE)}"
    return "host_connection", BLOCK if lost else GO, f"{len(lost)} unreachable", hint if lost else ""


def _operations(found: t.Sequence[Json]) -> Look:
    running = [one for one in found if one.get("running_operation")]
    busy = [f"{one['name']} ({one['running_operation']})" for one in running]
    hint = f"vCenter works on these already, and they are waited for: {listed(busy, NAMED_IN_TITLE)}"
    # A staging that runs is adopted, such as that of a run that was cut off.
    foreign = any(not one.get("running_task") for one in running)
    verdict = BLOCK if foreign else NOTE if busy else GO
    return "operations", verdict, f"{len(busy)} running", hint if busy else ""


def _commits(found: t.Sequence[Json], planned: t.Mapping[str, str | None], commit: str | None) -> Look:
    """Return the clusters whose last scan is of another image than the one before the plan.

    Also where that image is older than the rollout: nothing is staged there yet, and it is not what was planned.
    """
    changed = [
        f"{one['name']}: planned for commit {before}, and vCenter has {one['commit']} now"
        for one in found
        if (before := planned.get(one["moid"])) and one.get("commit") and one["commit"] not in (before, commit)
    ]
    hint = (
        f"The image has changed since the plan. {listed(changed, NAMED_IN_TITLE)}. Run again if that is the one wanted"
    )
    return "commit", BLOCK if changed else GO, f"{len(changed)} changed", hint if changed else ""
