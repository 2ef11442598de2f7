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
    assert used - {"rolling_stage_result", "rolling_stage_plan"} == set(OPTIONS)


def modules_of(tasks: list[dict[str, t.Any]]) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Yield the tasks that run modules of this collection, with the module's name, also from within blocks."""
    for task in tasks:
        for part in ("block", "rescue", "always"):
            yield from modules_of(task.get(part, []))
        yield from ((name, task) for name in task if name.startswith("vsphere.lifecycle."))


def test_the_connection_is_never_passed_through_but_for_the_session() -> None:
    used = [found for path in (ROLE / "tasks").glob("*.yml") for found in modules_of(load(f"tasks/{path.name}"))]
    assert len(used) > 4
    for module, task in used:
        options = task[module] or {}
        assert not {"hostname", "username", "password", "validate_certs", "ca_path"} & set(options)
        if module.endswith(".vcenter_session"):
            assert task["no_log"] is True
        else:
            assert options["session_id"] == "{{ __rolling_stage_session.session_id | default(omit, true) }}"


@pytest.mark.parametrize("path", sorted((ROLE / "tasks").glob("*.yml")), ids=lambda path: path.stem)
def test_conditions_stay_simple(path: pathlib.Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        assert not re.match(r"\s*when:.*\b(and|or)\b", line), f"{path.name}: {line}"
