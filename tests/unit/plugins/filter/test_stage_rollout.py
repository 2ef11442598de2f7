# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the filters of the role: that their options reach the rules, which are tested in module_utils."""

from __future__ import annotations

import base64
import inspect
import json
import types
import typing as t

import pytest
import yaml

from ansible_collections.vsphere.lifecycle.plugins.filter import stage_gates, stage_rollout
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout import rollout_of

Json = dict[str, t.Any]
CLUSTERS: list[Json] = [
    {"name": "a", "moid": "domain-c1", "image_managed": True, "commit": "5"},
    {"name": "old", "moid": "domain-c2", "image_managed": False},
]
RUN: Json = {
    "wave": "1",
    "staged": {
        "clusters": [
            {
                **{"name": "a", "moid": "domain-c1", "changed": True, "failed": False, "commit": "5"},
                "counts": {"staged": 2, "skipped": 0, "failed": 0, "started": 0},
            }
        ]
    },
}
GATE: Json = {
    "wave": 1,
    "name": "release",
    "mode": "fail",
    "answer": "7",
    "verdict": "block",
    "hint": "Too old",
    "time": None,
}


def in_base64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.mark.parametrize(("plugin", "name"), [(stage_rollout, "stage_rollout"), (stage_gates, "stage_gates")])
def test_they_are_found_under_their_names(plugin: types.ModuleType, name: str) -> None:
    assert plugin.FilterModule().filters() == {name: getattr(plugin, name)}


@pytest.mark.parametrize("plugin", [stage_rollout, stage_gates])
def test_documentation_and_signature_agree(plugin: types.ModuleType) -> None:
    read = yaml.safe_load(plugin.DOCUMENTATION)
    options = dict(read["options"])
    options.pop("_input")
    parameters = dict(list(inspect.signature(getattr(plugin, read["name"])).parameters.items())[1:])
    assert set(options) == set(parameters)
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty:
            assert options[name]["required"]
        else:
            assert parameter.default in (options[name].get("default"), tuple(options[name].get("default") or ()), None)


def test_options_reach_the_rollout() -> None:
    settings = {"waves": "1", "max_failed_hosts": "7%"}
    rollout = stage_rollout.stage_rollout(CLUSTERS, settings, [RUN], [GATE], check_mode=True)
    assert rollout == rollout_of(CLUSTERS, settings, [RUN], [GATE], state="", check_mode=True)
    assert (rollout["problem"], rollout["hosts"]["staged"]) == ("Too old", 2)
    assert stage_rollout.stage_rollout(CLUSTERS, {}, problem="No.")["problem"] == "No."
    assert stage_rollout.stage_rollout(CLUSTERS, {}, problems=["No."])["problem"] == "No"
    assert stage_rollout.stage_rollout(CLUSTERS, {}, stopped="Late")["verdict"] == "unfinished"


def test_the_state_comes_as_slurp_returns_it() -> None:
    state = stage_rollout.stage_rollout(
        [*CLUSTERS, {**CLUSTERS[0], "name": "b", "moid": "domain-c3"}], {"waves": [1]}, [RUN]
    )["state"]
    # A cluster that has more hosts by now is not done.
    later = [{**CLUSTERS[0], "counts": {"hosts": 2, "ready": 2}}]
    rollout = stage_rollout.stage_rollout(later, {}, state=in_base64(json.dumps(state)))
    assert [one["verdict"] for one in rollout["clusters"]] == ["unchanged"]
    assert rollout["waves"] == []


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"{", b"\x00", b"{{ 7 * 7 }}"])
def test_a_damaged_state_is_no_reason_to_fail(content: bytes) -> None:
    rollout = stage_rollout.stage_rollout(CLUSTERS, {}, state=in_base64(content))
    assert (rollout["problem"], len(rollout["waves"])) == ("", 1)
    assert "does not hold the state" in rollout["plan"][0]


def test_options_reach_the_gates() -> None:
    gates = stage_gates.stage_gates(
        [{**CLUSTERS[0], "commit": "6"}],
        # Templates may hand numbers and lists over as text.
        "2",  # type: ignore[arg-type]  # what mypy forbids, a template does
        appliance={"state": "INSTALL_FAILED"},
        services={"services": [{"name": "updatemgr", "state": "STOPPED"}]},
        modes="updatemgr=ignore",  # type: ignore[arg-type]  # so does a survey
        planned=CLUSTERS,
        allowed_states="OTHER,INSTALL_FAILED",
        time="2026-03-01T22:00:00Z",
    )
    assert {one["name"]: one["verdict"] for one in gates if one["name"] in ("appliance", "updatemgr", "commit")} == {
        "appliance": "note",
        "updatemgr": "go",
        "commit": "block",
    }
    assert {(one["wave"], one["time"]) for one in gates} == {(2, "2026-03-01T22:00:00Z")}


@pytest.mark.parametrize(("asked", "verdict"), [("6", "go"), (6, "go"), ("", "block"), (None, "block")])
def test_the_commit_that_was_asked_for_may_look_like_a_number(asked: t.Any, verdict: str) -> None:
    now = [{**CLUSTERS[0], "commit": "6"}]
    gates = stage_gates.stage_gates(now, 1, appliance={}, services={}, planned=CLUSTERS, commit=asked)
    assert [one["verdict"] for one in gates if one["name"] == "commit"] == [verdict]


def test_a_state_is_allowed_by_its_whole_name() -> None:
    gates = stage_gates.stage_gates(
        [], 0, appliance={"state": "INSTALL_FAILED"}, services={}, allowed_states="INSTALL_FAILED_OTHERWISE"
    )
    assert gates[0]["verdict"] == "block"
