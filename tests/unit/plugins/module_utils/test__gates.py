# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the gates: what each answer of vCenter means before a wave, by itself and with each mode."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._gates import (
    DEFAULT_MODES,
    gates_of,
    modes_of,
    wrong_in,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout_plan import Settings

Json = dict[str, t.Any]
GOOD: Json = {"state": "UP_TO_DATE", "system_version": "8.0.3.00400"}


def service(state: str | None = "STARTED", health: str | None = "HEALTHY") -> Json:
    return {"services": [{"name": "vpxd"}, {"name": "updatemgr", "state": state, "health": health}]}


def cluster(name: str = "a", image_managed: bool | None = True, **more: t.Any) -> Json:
    return {"name": name, "moid": f"domain-{name}", "image_managed": image_managed, "commit": "5", **more}


def look(
    appliance: Json | None = None, services: Json | None = None, *found: Json, **more: t.Any
) -> dict[str, tuple[str, str, str]]:
    """Verdict, answer and hint of each gate."""
    given: Json = {"planned": {}, "modes": {}, **more}
    gates = gates_of(1, appliance=appliance or GOOD, services=services or service(), found=found, **given)
    return {one["name"]: (one["verdict"], one["answer"], one["hint"]) for one in gates}


def test_where_all_is_well_every_gate_lets_through() -> None:
    gates = gates_of(
        2,
        {},
        appliance=GOOD,
        services=service(),
        found=[cluster()],
        planned={"domain-a": "5"},
        time="2026-03-01T22:00:00Z",
    )
    assert gates == [
        {
            **{"wave": 2, "name": name, "mode": DEFAULT_MODES[name], "answer": answer, "verdict": "go", "hint": ""},
            "time": "2026-03-01T22:00:00Z",
        }
        for name, answer in (
            ("appliance", "UP_TO_DATE"),
            ("updatemgr", "STARTED, HEALTHY"),
            ("release", "8.0.3.00400"),
            ("image_managed", "1 of 1"),
            ("host_connection", "0 unreachable"),
            ("operations", "0 running"),
            ("commit", "0 changed"),
        )
    ]


@pytest.mark.parametrize(
    ("state", "verdict", "says"),
    [
        ("UP_TO_DATE", "go", ""),
        ("UPDATES_PENDING", "go", ""),
        ("STAGE_IN_PROGRESS", "note", "still stages an update of its own"),
        ("INSTALL_IN_PROGRESS", "block", "restarts its services"),
        ("ROLLBACK_IN_PROGRESS", "block", "is being rolled back"),
        ("INSTALL_FAILED", "block", "rolling_stage_gate_allowed_states"),
        ("SOMETHING_NEW", "block", "does not know that state"),
    ],
)
def test_each_state_of_the_appliance_has_its_verdict(state: str, verdict: str, says: str) -> None:
    found, answer, hint = look({**GOOD, "state": state})["appliance"]
    assert (found, answer) == (verdict, state)
    assert says in hint
    assert state in hint or not says


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("INSTALL_FAILED", "note"),
        ("SOMETHING_NEW", "note"),
        ("INSTALL_IN_PROGRESS", "block"),
        ("ROLLBACK_IN_PROGRESS", "block"),
        ("UP_TO_DATE", "go"),
    ],
)
def test_states_can_be_let_through_but_for_two(state: str, verdict: str) -> None:
    assert look({**GOOD, "state": state}, allowed_states=["OTHER", state])["appliance"][0] == verdict
    assert look({**GOOD, "state": "INSTALL_FAILED"}, allowed_states=["OTHER"])["appliance"][0] == "block"


@pytest.mark.parametrize("result", [{"failed": True, "msg": "No privilege."}, {"state": None}, {}])
def test_an_appliance_that_cannot_be_read_has_a_gate_of_its_own(result: Json) -> None:
    gates = look({"system_version": None, **result})
    assert "appliance" not in gates
    verdict, answer, hint = gates["appliance_unreadable"]
    assert (verdict, answer) == ("note", "UNREADABLE")
    assert hint.endswith(": No privilege" if "msg" in result else ": vCenter did not say")
    assert (
        look({"system_version": None, **result}, modes={"appliance_unreadable": "fail"})["appliance_unreadable"][0]
        == "block"
    )


@pytest.mark.parametrize(
    ("state", "health", "verdict"),
    [
        ("STARTED", "HEALTHY", "go"),
        ("STARTED", "HEALTHY_WITH_WARNINGS", "note"),
        ("STARTED", "DEGRADED", "block"),
        ("STARTED", None, "block"),
        ("STARTED", "SOMETHING_NEW", "block"),
        ("STARTING", None, "block"),
        ("STOPPING", None, "block"),
        ("STOPPED", None, "block"),
        (None, None, "block"),
    ],
)
def test_the_service_that_stages_has_to_run_and_be_well(state: str | None, health: str | None, verdict: str) -> None:
    found, answer, hint = look(None, service(state, health))["updatemgr"]
    assert (found, answer) == (verdict, f"{state or 'UNKNOWN'}, {health or 'UNKNOWN'}")
    assert (answer in hint) is (verdict != "go")


@pytest.mark.parametrize("result", [{"failed": True, "msg": "Not found."}, {"services": []}, {"services": None}])
def test_a_service_that_cannot_be_read_has_a_gate_of_its_own(result: Json) -> None:
    gates = look(None, result)
    assert "updatemgr" not in gates
    assert gates["updatemgr_unreadable"][:2] == ("note", "UNREADABLE")
    assert look(None, result, modes={"updatemgr_unreadable": "fail"})["updatemgr_unreadable"][0] == "block"


@pytest.mark.parametrize(
    ("version", "verdict"), [("8.0.0.10000", "go"), ("10.0.1", "go"), ("7.0.3.01700", "block"), ("6.7", "block")]
)
def test_a_release_that_cannot_stage_is_told(version: str, verdict: str) -> None:
    found, answer, hint = look({**GOOD, "system_version": version})["release"]
    assert (found, answer) == (verdict, version)
    assert ("update vCenter first" in hint) is (verdict == "block")


@pytest.mark.parametrize("version", [None, "", "unknown"])
def test_of_an_unknown_release_nothing_is_said(version: str | None) -> None:
    assert "release" not in look({**GOOD, "system_version": version})


def test_clusters_with_baselines_are_named() -> None:
    gates = look(None, None, cluster("a"), cluster("b", False), cluster("c", None))
    assert gates["image_managed"] == ("note", "2 of 3", "Managed by baselines and not by an image: b")


def test_hosts_that_cannot_be_reached_are_named() -> None:
    lost = [f"esx{number:02}" for number in range(10)]
    gates = look(
        None,
        None,
        cluster("a", unreachable_hosts=lost),
        cluster("b", False, unreachable_hosts=["old"]),
        cluster("c", unreachable_hosts=None),
    )
    verdict, answer, hint = gates["host_connection"]
    assert (verdict, answer) == ("note", "10 unreachable")
    assert hint.endswith("esx06, esx07 and 2 more")


def test_operations_that_run_are_named() -> None:
    gates = look(
        None, None, cluster("a", running_operation="remediate, 3 % done"), cluster("b", running_operation=None)
    )
    verdict, answer, hint = gates["operations"]
    assert (verdict, answer) == ("note", "1 running")
    assert hint.endswith(": a (remediate, 3 % done)")


def test_a_staging_that_runs_is_adopted_and_blocks_nothing() -> None:
    running = cluster(running_operation="stage, 40 % done", running_task={"id": "x"})
    gates = gates_of(0, {"operations": "fail"}, appliance=GOOD, services=service(), found=[running], planned={})
    assert [one["verdict"] for one in gates if one["name"] == "operations"] == ["note"]


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [("5", "5", "go"), ("5", "6", "block"), (None, "6", "go"), ("5", None, "go"), ("", "6", "go")],
)
def test_an_image_that_changed_since_the_plan_blocks(before: str | None, now: str | None, verdict: str) -> None:
    found, dummy, hint = look(None, None, cluster("a", commit=now), planned={"domain-a": before})["commit"]
    assert found == verdict
    assert ("a: planned for commit 5, and vCenter has 6 now" in hint) is (verdict == "block")


@pytest.mark.parametrize(("asked", "verdict"), [("6", "go"), ("4", "block"), (None, "block")])
def test_the_image_that_was_asked_for_is_no_change(asked: str | None, verdict: str) -> None:
    found = look(None, None, cluster("a", commit="6"), planned={"domain-a": "5"}, commit=asked)
    assert found["commit"][0] == verdict


BAD: dict[str, Json] = {
    "appliance": {"appliance": {**GOOD, "state": "INSTALL_IN_PROGRESS"}},
    "appliance_unreadable": {"appliance": {"msg": "No."}},
    "updatemgr": {"services": service("STOPPED", None)},
    "updatemgr_unreadable": {"services": {"msg": "No."}},
    "release": {"appliance": {**GOOD, "system_version": "7.0.3"}},
    "image_managed": {"found": [cluster(image_managed=False)]},
    "host_connection": {"found": [cluster(unreachable_hosts=["esx01"])]},
    "operations": {"found": [cluster(running_operation="stage")]},
    "commit": {"found": [cluster(commit="6")]},
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize(("mode", "verdict"), [("fail", "block"), ("warn", "note"), ("ignore", "go"), (None, None)])
def test_the_mode_says_what_a_gate_does_that_does_not_hold(name: str, mode: str | None, verdict: str | None) -> None:
    given: Json = {"appliance": GOOD, "services": service(), "found": [], "planned": {"domain-a": "5"}, **BAD[name]}
    gates = {one["name"]: one for one in gates_of(0, {name: mode} if mode else {}, **given)}
    usual = {"fail": "block", "warn": "note"}[DEFAULT_MODES[name]]
    assert gates[name]["verdict"] == (verdict or usual)
    assert gates[name]["mode"] == (mode or DEFAULT_MODES[name])
    assert gates[name]["hint"]
    assert [one["name"] for one in gates.values() if one["verdict"] != "go"] == ([name] if verdict != "go" else [])


def test_a_note_stays_one_where_the_gate_has_to_hold() -> None:
    appliance = {**GOOD, "state": "STAGE_IN_PROGRESS"}
    assert look(appliance, modes={"appliance": "fail"})["appliance"][0] == "note"
    assert look(appliance, modes={"appliance": "ignore"})["appliance"][0] == "go"


def test_what_is_no_gate_no_mode_and_no_state_to_let_through_is_told() -> None:
    settings = Settings(
        gates={"appliance": "warn", "aplliance": "fail", "updatemgr": "stop", "release": None},  # type: ignore[dict-item]  # users may
        allowed_states=("INSTALL_FAILED", "ROLLBACK_IN_PROGRESS", "INSTALL_IN_PROGRESS"),
    )
    told = wrong_in(settings)
    assert told[0].startswith("rolling_stage_gates: 'aplliance' is no gate; there are appliance, ")
    late = "cannot be let through, as vCenter restarts its services then"
    assert told[1:] == [
        "rolling_stage_gates: the mode 'stop' of updatemgr is none of fail, warn, ignore",
        "rolling_stage_gates: the mode None of release is none of fail, warn, ignore",
        f"rolling_stage_gate_allowed_states: INSTALL_IN_PROGRESS {late}",
        f"rolling_stage_gate_allowed_states: ROLLBACK_IN_PROGRESS {late}",
    ]
    assert wrong_in(Settings(gates=dict.fromkeys(DEFAULT_MODES, "warn"))) == []


def test_only_the_window_cannot_be_ignored() -> None:
    told = wrong_in(Settings(gates=dict.fromkeys(DEFAULT_MODES, "ignore")))
    assert told == ["rolling_stage_gates: the mode 'ignore' of window is none of fail, warn"]


def test_modes_may_be_text() -> None:
    assert modes_of('{"appliance": "warn"}') == modes_of("appliance=warn") == {"appliance": "warn"}
    assert modes_of(None) == modes_of("appliance") == {}
