# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task runs in the worker of Ansible where nothing asks for a process, and in a process of its own elsewhere."""

from __future__ import annotations

import pathlib
import re
import shutil
import typing as t

import pytest
import yaml

from ansible_collections.vsphere.lifecycle.tests.processes import Json, Playbook, short_folder

VARIABLE = "VSPHERE_LIFECYCLE_IN_PROCESS"
#: It is refused before anything is sent, whichever way it runs.
REFUSED = {"hostname": "http://vcenter.example.com"}
IN_PROCESS: dict[str, Json] = {
    "nothing": {},
    "the option": {"options": {"in_process": True}, "environment": {VARIABLE: "false"}},
    "an empty variable": {"environment": {VARIABLE: ""}},
    "a variable of something else": {"environment": {"HTTPS_PROXY": "http://127.0.0.1:9"}},
    "delegated to localhost": {"delegate_to": "localhost"},
    "any Python": {"vars": {"ansible_python_interpreter": "auto_silent"}},
    "the same Python": {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
}
AS_A_MODULE: dict[str, Json] = {
    "the option off": {"options": {"in_process": False}},
    "the variable as text": {"environment": {VARIABLE: "0"}},
    "the variable as it is": {"environment": {VARIABLE: False}},
    "async": {"async": 30, "poll": 1},
    "a time-out": {"timeout": 60},
    "become": {"become": True, "become_user": "root", "become_method": "ansible.builtin.su"},
    "a variable for the start": {"environment": {"PYTHONWARNINGS": "ignore"}},
    "another Python": {"vars": {"ansible_python_interpreter": shutil.which("python3", path="/usr/bin:/usr/local/bin")}},
}


def task(name: str, *, options: Json | None = None, **keywords: t.Any) -> Json:
    module = {"vsphere.lifecycle.appliance_update_info": {**REFUSED, **(options or {})}}
    return {"name": name, **module, "ignore_errors": True, **keywords}


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What Ansible says of each task."""
    with short_folder() as folder:
        local = Playbook(folder, {"ANSIBLE_BECOME_ALLOW_SAME_USER": "true"})
        tasks = [task(name, **keywords) for name, keywords in {**IN_PROCESS, **AS_A_MODULE}.items()]
        output = local.run(tasks, "-vvv").output
    parts = re.split(r"^TASK \[(.*?)\] \**$", output, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_task_that_asks_for_nothing_runs_in_process(told: dict[str, str], name: str) -> None:
    assert "Using module file" not in told[name]
    assert "asks for http" in told[name]


@pytest.mark.parametrize("name", AS_A_MODULE)
def test_a_task_that_asks_for_a_process_has_one(told: dict[str, str], name: str) -> None:
    if name == "another Python" and not AS_A_MODULE[name]["vars"]["ansible_python_interpreter"]:
        pytest.skip("this machine has no other Python")
    assert "Using module file" in told[name]


def test_every_module_that_talks_to_a_vcenter_has_an_action_of_its_name_and_is_in_the_group() -> None:
    root = pathlib.Path(__file__).parents[2]
    modules = {path.stem: path.read_text(encoding="utf-8") for path in (root / "plugins" / "modules").glob("*.py")}
    wanted = {name for name, source in modules.items() if "run_local_module" not in source}
    assert {path.stem for path in (root / "plugins" / "action").glob("*.py")} == wanted
    groups = yaml.safe_load((root / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    assert set(groups["vcenter"]) == wanted
