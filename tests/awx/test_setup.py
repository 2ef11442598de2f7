# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx/setup.yml with the real modules of awx.awx: what AWX has afterwards, and that a second run makes nothing new."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.vsphere.lifecycle.tests.processes import LIMIT, PASSWORD, ROOT, Json, short_folder

from .controller import TOKEN, Controller
from .peer import collections_path

NAME = "Staging, region north"
VCENTERS = ("vcenter-a.example.com", "vcenter-b.example.com")


@dataclasses.dataclass
class Made:
    """What two runs of the play have left in AWX, what the second one wrote, and what both of them said."""

    controller: Controller
    written_again: list[tuple[str, str, Json]]
    output: str


def run(controller: Controller, folder: pathlib.Path) -> str:
    site = {
        "awx_name": NAME,
        "awx_vcenters": [{"name": name, "variables": {"vcenter_port": 8443}} for name in VCENTERS],
        "awx_vcenter_password": PASSWORD,
        "awx_schedule_enabled": True,
        "awx_schedule_answers": {"rolling_stage_canary": "*-001"},
    }
    (folder / "site.json").write_text(json.dumps(site), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONTROLLER_"))}
    ended = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-v", "awx/setup.yml", "-e", "@site.json"],
        check=False,
        cwd=folder,
        env={
            **kept,
            **controller.environment,
            "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
            "ANSIBLE_HOME": str(folder / "ansible-home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "HOME": str(folder),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def made() -> Made:
    with Controller() as controller, short_folder() as folder:
        (folder / "awx").symlink_to(ROOT / "awx")
        output = run(controller, folder)
        controller.writes.clear()
        output += run(controller, folder)
        return Made(controller, list(controller.writes), output)


def test_everything_is_there(made: Made) -> None:
    there = made.controller.names
    for kind in ("credential_types", "credentials", "execution_environments", "notification_templates", "projects"):
        assert there(kind) == [NAME]
    assert there("inventories") == [NAME]
    assert there("hosts") == sorted(VCENTERS)
    assert there("job_templates") == [NAME, f"{NAME}: report"]
    assert there("workflow_job_templates") == [f"{NAME}: rollout"]
    assert there("schedules") == [f"{NAME}: next window"]


def test_every_vcenter_is_in_the_group(made: Made) -> None:
    group = made.controller.named("groups", "vcenters")
    assert sorted(made.controller.names_linked("groups", group, "hosts")) == sorted(VCENTERS)
    assert json.loads(made.controller.named("hosts", VCENTERS[0])["variables"]) == {"vcenter_port": 8443}


def test_there_is_a_slice_for_each_vcenter(made: Made) -> None:
    template = made.controller.named("job_templates", NAME)
    assert template["job_slice_count"] == len(VCENTERS)
    assert template["playbook"] == "rolling_stage.yml"
    assert not template["allow_simultaneous"]
    assert made.controller.names_linked("job_templates", template, "credentials") == [NAME]
    # The whole inventory is cut into slices, so nothing else may be in it.
    assert {host["inventory"] for host in made.controller.lists["hosts"]} == {template["inventory"]}


def test_the_template_asks_for_the_mode_and_the_workflow_does_not(made: Made) -> None:
    surveys = [[question["variable"] for question in spec["spec"]] for spec in made.controller.surveys.values()]
    assert sorted(len(names) for names in surveys) == [1, 7, 8]
    assert ["stage_report_mode"] in surveys
    assert [("rolling_stage_mode" in names) for names in sorted(surveys, key=len)] == [False, False, True]
    questions = [question for spec in made.controller.surveys.values() for question in spec["spec"]]
    waves = [question["default"] for question in questions if question["variable"] == "rolling_stage_waves"]
    assert waves == ["1,25%,100%"] * 2


def test_the_workflow_waits_for_approvals(made: Made) -> None:
    nodes = made.controller.lists["workflow_job_template_nodes"]
    edges = {
        (node["identifier"], link.removesuffix("_nodes"), other)
        for node in nodes
        for link in ("success_nodes", "failure_nodes", "always_nodes")
        for other in made.controller.names_linked("workflow_job_template_nodes", node, link)
    }
    assert edges == {
        ("plan", "success", "approve-plan"),
        ("plan", "failure", "report-plan"),
        ("approve-plan", "success", "canary"),
        ("canary", "success", "approve-rest"),
        ("canary", "failure", "report-canary"),
        ("approve-rest", "success", "rest"),
        ("rest", "always", "report"),
    }
    assert {node["identifier"]: node["extra_data"] for node in nodes if "extra_data" in node} == {
        "plan": {"rolling_stage_mode": "plan"},
        "canary": {"rolling_stage_mode": "canary"},
        "rest": {"rolling_stage_mode": "rest"},
        "report-plan": {"stage_report_mode": "plan"},
        "report-canary": {"stage_report_mode": "canary"},
        "report": {"stage_report_mode": "rest"},
    }
    approvals = {item["id"] for item in made.controller.lists["workflow_approval_templates"]}
    waiting = {node["identifier"] for node in nodes if node["unified_job_template"] in approvals}
    assert waiting == {"approve-plan", "approve-rest"}


def test_the_schedule_answers_what_has_to_be_answered(made: Made) -> None:
    schedule = made.controller.named("schedules", f"{NAME}: next window")
    assert schedule["extra_data"] == {
        "rolling_stage_waves": "1,25%,100%",
        "rolling_stage_max_failed_hosts": "10%",
        "rolling_stage_max_failed_clusters": 0,
        "rolling_stage_canary": "*-001",
    }


@pytest.mark.parametrize(
    ("kind", "template", "answers", "said"),
    [
        ("schedules", "workflow", {}, "'rolling_stage_waves' value missing"),
        ("schedules", "workflow", {"rolling_stage_max_failed_clusters": "0"}, "'rolling_stage_max_failed_clusters'"),
        ("workflow_job_template_nodes", "report", {"surprise": "1"}, "Variables surprise are not allowed on launch"),
        ("workflow_job_template_nodes", "report", {"stage_report_mode": "some"}, "Value some"),
    ],
)
def test_the_stand_in_refuses_answers_as_awx_does(
    made: Made, kind: str, template: str, answers: Json, said: str
) -> None:
    there = {
        "workflow": made.controller.named("workflow_job_templates", f"{NAME}: rollout"),
        "report": made.controller.named("job_templates", f"{NAME}: report"),
    }
    body = {"name": "Another", "unified_job_template": there[template]["id"], "extra_data": answers}
    status, answer = made.controller.answer("POST", f"/api/v2/{kind}/", body)
    assert status == 400
    assert said in json.dumps(answer)


def test_a_second_run_makes_nothing_new(made: Made) -> None:
    # AWX shows no secret and no identifier of an approval, so the modules write them again.
    again = {(method, path.split("/")[0]) for method, path, dummy in made.written_again}
    assert again <= {("PATCH", "credentials"), ("PATCH", "workflow_approval_templates")}


def test_the_login_is_where_it_belongs_and_nowhere_else(made: Made) -> None:
    credential = made.controller.named("credentials", NAME)
    assert credential["inputs"]["password"] == PASSWORD
    assert PASSWORD not in made.output
    assert TOKEN not in made.output
