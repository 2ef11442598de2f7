# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx/ describes one thing once: for the play with awx.awx, and for the role dispatch of infra.aap_configuration."""

from __future__ import annotations

import pathlib
import re

import jinja2
import jinja2.sandbox
import pytest
import yaml

from ansible_collections.vsphere.lifecycle.tests.processes import ROOT, Json

from .description import AWX, injected, survey_answers, variables

#: What dispatch of infra.aap_configuration takes (roles/dispatch/defaults/main.yml; controller_groups is that of the
#: role controller_host_groups), and the options that its roles and the modules of awx.awx both know for each.
DISPATCHED = (
    "controller_credential_types",
    "controller_credentials",
    "controller_execution_environments",
    "controller_notifications",
    "controller_projects",
    "controller_inventories",
    "controller_hosts",
    "controller_groups",
    "controller_templates",
    "controller_workflows",
    "controller_schedules",
)
#: How AWX tells playbooks from other files of a project (awx/main/utils/ansible.py), as far as it matters here.
PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?import_playbook):\s*?.*?$")


@pytest.fixture(scope="module")
def tasks() -> list[Json]:
    return list(yaml.safe_load((AWX / "tasks" / "controller.yml").read_text(encoding="utf-8")))


def test_the_play_makes_all_that_dispatch_would_make(tasks: list[Json]) -> None:
    described = [name for name in variables("controller.yml") if name.startswith("controller_")]
    loops = [re.findall(r"\w+", task["loop"])[0] for task in tasks]
    assert tuple(loops) == DISPATCHED
    assert sorted(described) == sorted(DISPATCHED)


def test_the_play_drops_nothing_of_the_description(tasks: list[Json]) -> None:
    described = variables("controller.yml")
    # It is made of the vCenters by a template.
    described["controller_hosts"] = [{"name": "", "inventory": "", "variables": {}}]
    for task in tasks:
        (options,) = [value for name, value in task.items() if name.startswith("awx.awx.")]
        name = re.findall(r"\w+", task["loop"])[0]
        keys = {key for item in described[name] for key in item}
        assert set(options) == keys, name
        assert {option: re.findall(r"item\.(\w+)", value) for option, value in options.items()} == {
            key: [key] for key in keys
        }


def test_every_answer_of_a_survey_is_a_variable_of_the_role() -> None:
    specs = yaml.safe_load((ROOT / "roles/rolling_stage/meta/argument_specs.yml").read_text(encoding="utf-8"))
    described = variables("controller.yml")
    asked = {question["variable"] for question in [described["awx_survey_mode"], *described["awx_survey_questions"]]}
    assert asked <= set(specs["argument_specs"]["main"]["options"])
    assert set(survey_answers()) <= asked


def test_a_survey_asks_as_awx_demands() -> None:
    described = variables("controller.yml")
    types = {"text": str, "integer": int, "multiplechoice": str}
    modes = [described["awx_survey_mode"], described["awx_survey_report_mode"]]
    for question in [*modes, *described["awx_survey_questions"]]:
        # Without a default it has to do without an answer as well.
        assert isinstance(question.get("default", types[question["type"]]()), types[question["type"]]), question
        assert question["required"] is ("default" in question)
        # AWX drops a default that its own rules refuse, without a word.
        if question["type"] == "text":
            assert question["min"] <= len(question.get("default", "")) <= question["max"]
        if question["type"] == "multiplechoice":
            assert question["default"] in question["choices"]


def test_the_workflow_does_not_ask_for_what_its_nodes_set() -> None:
    described = variables("controller.yml")
    (workflow,) = described["controller_workflows"]
    set_by_nodes = {name for node in workflow["workflow_nodes"] for name in node.get("extra_data", {})}
    assert not set_by_nodes & {question["variable"] for question in described["awx_survey_questions"]}
    for question in (described["awx_survey_mode"], described["awx_survey_report_mode"]):
        data = [node["extra_data"] for node in workflow["workflow_nodes"] if "extra_data" in node]
        modes = [one[question["variable"]] for one in data if question["variable"] in one]
        assert sorted(modes) == ["canary", "plan", "rest"]
        assert set(question["choices"]) >= set(modes)
        set_by_nodes.remove(question["variable"])
    assert not set_by_nodes


def test_each_report_is_told_the_mode_of_the_node_before_it() -> None:
    (workflow,) = variables("controller.yml")["controller_workflows"]
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    told = {
        (nodes[after["identifier"]]["extra_data"]["stage_report_mode"], node["extra_data"]["rolling_stage_mode"])
        for node in nodes.values()
        for edges in node.get("related", {}).values()
        for after in edges
        if after["identifier"].startswith("report")
    }
    assert told == {("plan", "plan"), ("canary", "canary"), ("rest", "rest")}


def test_the_playbooks_of_the_templates_are_in_the_project() -> None:
    for template in variables("controller.yml")["controller_templates"]:
        text = (AWX / "project" / template["playbook"]).read_text(encoding="utf-8")
        assert any(PLAYBOOK.match(line) for line in text.splitlines())
        (imported,) = yaml.safe_load(text)
        name = imported["ansible.builtin.import_playbook"].removeprefix("vsphere.lifecycle.")
        assert (ROOT / "playbooks" / f"{name}.yml").exists()


def test_awx_takes_the_templates_of_the_credential_type(tmp_path: pathlib.Path) -> None:
    (described,) = variables("controller.yml")["controller_credential_types"]
    fields = [field["id"] for field in described["inputs"]["fields"]]
    # As AWX looks at them when the type is saved: every name has to be a field, and texts have to be ASCII.
    strict = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    known = {**dict.fromkeys(fields, "EXAMPLE"), "tower": {"filename": {"ca": "EXAMPLE_FILENAME"}}}
    for template in (*described["injectors"]["env"].values(), *described["injectors"]["file"].values()):
        assert strict.from_string(template).render(known)
        assert template.isascii()
    assert set(described["inputs"]["required"]) <= set(fields)
    assert [field["id"] for field in described["inputs"]["fields"] if field.get("secret")] == ["password"]


def test_a_credential_with_little_in_it_leaves_the_rest_empty(tmp_path: pathlib.Path) -> None:
    little = injected({"username": "stager", "password": "secret", "ca": "", "proxy_port": ""}, tmp_path)
    assert little == {
        "VMWARE_HOST": "",
        "VMWARE_USER": "stager",
        "VMWARE_PASSWORD": "secret",
        "VMWARE_VALIDATE_CERTS": "True",
        "VMWARE_CA_PATH": "",
        "VMWARE_PROXY_HOST": "",
        "VMWARE_PROXY_PORT": "",
    }
    more = injected({"username": "stager", "password": "secret", "ca": "PEM"}, tmp_path)
    assert pathlib.Path(more["VMWARE_CA_PATH"]).read_text(encoding="utf-8") == "PEM"
