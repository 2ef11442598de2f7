# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every integration target gives the same results whether modules run in the worker of Ansible or as processes."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import sys
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.tests.processes import ROOT, Json, Playbook, short_folder

HERE = pathlib.Path(__file__).parent
TARGETS = ROOT / "tests" / "integration" / "targets"
NAMES = sorted(path.parent.parent.name for path in TARGETS.glob("*/tasks/tests.yml"))
#: What is another in each run: times, identifiers made up at random, the port of vCenter, the folder of the run, and
#: the size of a file with some of them in it.
ANOTHER = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "time"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "identifier"),
    (r'(?<=port )\d{5}|(?<="port": )\d{5}|(?<="port": ")\d{5}|(?<=:)\d{5}(?!\d)', "0"),
    (r'(?<="size": )\d+', "0"),
    # What is left of the time for a wave.
    (r'(?<="total_timeout": )\d+|(?<=after total_timeout \()\d+', "0"),
    (r"/[^\s\"']*/(run-|ansible\.)[\w.]+", "folder"),
)


def results(target: str, in_process: str) -> list[Json]:
    """Run a target; return what each task of ours returned, in order."""
    with short_folder() as folder:
        recorded = folder / "results.jsonl"
        recorded.touch()
        variables = {
            "VSPHERE_LIFECYCLE_IN_PROCESS": in_process,
            "ANSIBLE_ROLES_PATH": str(TARGETS),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "recorded",
            "RECORDED_RESULTS": str(recorded),
            # Some targets start programs of Ansible.
            "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        playbook = Playbook(folder, variables)
        ended = playbook.end(playbook.start([], roles=[target]), 600)
        assert ended.code == 0, ended.output
        text = recorded.read_text(encoding="utf-8")
    for pattern, instead in ANOTHER:
        text = re.sub(pattern, instead, text)
    return [json.loads(line) for line in text.splitlines()]


def without_the_way(entry: Json) -> Json:
    """Leave out the one option that says which way it was."""
    for result in (entry["shown"], *entry["shown"].get("results", ())):
        result.get("invocation", {}).get("module_args", {}).pop("in_process", None)
    return entry


@pytest.mark.parametrize("target", NAMES)
def test_a_target_has_the_same_results_both_ways(target: str) -> None:
    with concurrent.futures.ThreadPoolExecutor() as together:
        found = together.map(results, [target] * 2, ["true", "false"])
        ways: list[t.Any] = [[without_the_way(entry) for entry in entries] for entries in found]
    assert ways[0] == ways[1]
    assert ways[0], "it runs none of our modules"
