# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the files of the role rolling_stage that have to say the same."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.vsphere.lifecycle.plugins.filter import stage_rollout
from ansible_collections.vsphere.lifecycle.plugins.module_utils._gates import DEFAULT_MODES

ROLE = pathlib.Path(__file__).resolve().parents[3] / "roles" / "rolling_stage"


def load(name: str) -> t.Any:
    return yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))


OPTIONS: dict[str, dict[str, t.Any]] = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def test_defaults_and_specification_have_the_same_values() -> None:
    assert load("defaults/main.yml") == {
        name: option["default"] for name, option in OPTIONS.items() if "default" in option
    }


def test_variables_without_default_are_named_in_the_defaults() -> None:
    text = (ROLE / "defaults" / "main.yml").read_text(encoding="utf-8")
    commented = re.findall(r"^# (rolling_stage_\w+):$", text, re.MULTILINE)
    assert sorted(commented) == sorted(name for name, option in OPTIONS.items() if "default" not in option)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_variable_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in (ROLE / "README.md").read_text(encoding="utf-8")


def test_every_variable_is_used_and_every_used_one_is_specified() -> None:
    files = [*(ROLE / "tasks").glob("*.yml"), *(ROLE / "vars").glob("*.yml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    used = set(re.findall(r"(?<![_\w])rolling_stage_\w+", text))
    # What tasks of users see, and a tag.
    given = {"rolling_stage_result", "rolling_stage_wave", "rolling_stage_plan"}
    assert used - given == set(OPTIONS)


def test_every_gate_is_in_the_specification_and_in_the_readme() -> None:
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    told = " ".join(OPTIONS["rolling_stage_gates"]["description"])
    for name, mode in DEFAULT_MODES.items():
        assert f"C({name}) (V({mode}))" in told
        assert f"`{name}`" in readme


def test_every_setting_of_the_filter_is_a_variable_and_every_one_reaches_it() -> None:
    settings = load("vars/main.yml")["__rolling_stage_settings"]
    assert set(settings) - {"vcenter", "started"} <= {name.removeprefix("rolling_stage_") for name in OPTIONS}
    for name in set(settings) - {"vcenter", "started"}:
        assert re.search(rf"rolling_stage_(named_)?{name}\b", settings[name])
    options = yaml.safe_load(stage_rollout.DOCUMENTATION)["options"]["settings"]["description"]
    assert set(re.findall(r"C\((\w+)\)", options[0])) == set(settings)


def test_what_the_role_forgets_is_all_that_it_remembers() -> None:
    """A second use in the same play must not see anything of the first one."""
    forgets = load("tasks/preflight.yml")[0]["ansible.builtin.set_fact"]
    text = "".join(path.read_text(encoding="utf-8") for path in (ROLE / "tasks").glob("*.yml"))
    registered = set(re.findall(r"register: (\w+)", text))
    # Each of these is read only right after the task that registers it.
    short_lived = {
        *("__rolling_stage_folders_found", "__rolling_stage_state_file", "__rolling_stage_state_written"),
        *("__rolling_stage_wave_found", "__rolling_stage_wave_hosts_found", "__rolling_stage_staged"),
        "__rolling_stage_report",
    }
    assert registered - short_lived <= set(forgets)


def modules_of(tasks: list[dict[str, t.Any]]) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Yield the tasks that run modules of this collection, with the module's name, also from within blocks."""
    for task in tasks:
        for part in ("block", "rescue", "always"):
            yield from modules_of(task.get(part, []))
        yield from ((name, task) for name in task if name.startswith("vsphere.lifecycle."))


def test_the_connection_is_never_passed_through_but_for_the_session() -> None:
    used = [found for path in (ROLE / "tasks").glob("*.yml") for found in modules_of(load(f"tasks/{path.name}"))]
    assert len(used) > 10
    for module, task in used:
        options = task[module] or {}
        assert not {"hostname", "username", "password", "validate_certs", "ca_path"} & set(options)
        if module.endswith(".vcenter_session"):
            assert task["no_log"] is True
        elif module.endswith(".stage_report"):
            # It talks to no vCenter.
            assert "session_id" not in options
        else:
            assert options["session_id"] == "{{ __rolling_stage_session.session_id | default(omit, true) }}"


@pytest.mark.parametrize("path", sorted((ROLE / "tasks").glob("*.yml")), ids=lambda path: path.stem)
def test_conditions_stay_simple(path: pathlib.Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        assert not re.match(r"\s*when:.*\b(and|or)\b", line), f"{path.name}: {line}"
