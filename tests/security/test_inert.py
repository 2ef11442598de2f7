# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and messages that try to be more than text stay text: in the terminal, the log, results and the report."""

from __future__ import annotations

import json
import pathlib
import re
import stat
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain
from ansible_collections.vsphere.lifecycle.simulator import VCenter
from ansible_collections.vsphere.lifecycle.tests.processes import Ended, Json, Playbook

from .conftest import Opened, environment

pytestmark = pytest.mark.usefixtures("each_way")

#: What a template would make of the names; no number of this kind is anywhere else.
PRODUCT, TEMPLATE = "1030301", "{{ 1010 * 1020 + 101 }}"
ESCAPES = "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J"
FORGED = "line\nPLAY RECAP ****\r\nlocalhost : ok=99 failed=0\u2028more"
HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def world(proof: pathlib.Path) -> Json:
    """A vCenter whose owner wishes us harm: every name and every message is a trap."""
    command = f"{{{{ lookup('ansible.builtin.pipe', 'touch {proof}') }}}}"
    notification = {"id": f"x{TEMPLATE}", "message": f"Bad {ESCAPES} {FORGED} {HTML} {TEMPLATE}", "resolution": command}
    trap = {"status": "ERROR", "seconds": 5, "notifications": {"errors": [notification]}}
    return {
        "defaults": {"stage_seconds": 20, "scan_seconds": 5},
        "datacenters": [
            {
                "name": f"Berlin {TEMPLATE}",
                "clusters": [
                    {
                        "name": f"one {TEMPLATE} {command} {{% for x in y %}}",
                        "cluster": "domain-c8",
                        "commits": {"5": {}},
                        "hosts": [
                            {"name": f"esx01 {ESCAPES} {TEMPLATE}", "host": "host-1"},
                            {"name": f"esx02 {HTML}", "host": "host-2", "outcomes": [trap, trap]},
                        ],
                    },
                    {
                        "name": f"two {FORGED} {ESCAPES}",
                        "cluster": "domain-c9",
                        "commits": {"5": {}},
                        "hosts": [
                            {"name": f"esx11 {FORGED}", "host": "host-3"},
                            {"name": "\u202egpj.exe", "host": "host-4"},
                        ],
                    },
                    {"name": f"{HTML} {command}", "cluster": "domain-c10", "managed_by": "baseline", "hosts": ["old"]},
                ],
            }
        ],
    }


class Scene:
    """A playbook with the role against that vCenter, and what it left behind."""

    def __init__(self, place: pathlib.Path, vcenter: VCenter, proof: pathlib.Path) -> None:
        self.folder, self.state, self._proof = place / "report", place / "state.json", proof
        self.precious = place / "precious"
        self.precious.write_text("precious", encoding="utf-8")
        # Where the state is to go, somebody has put a link.
        self.state.symlink_to(self.precious)
        self.playbook = Playbook(place, {**environment(vcenter), "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"})

    def run(self, percent: int, *arguments: str) -> Ended:
        role = {
            "rolling_stage_clusters": ["domain-c8", "domain-c9", "domain-c10"],
            "rolling_stage_waves": [1, "100%"],
            "rolling_stage_poll_interval": 1,
            "rolling_stage_max_failed_hosts": f"{percent}%",
            "rolling_stage_report_dir": str(self.folder),
            "rolling_stage_state_path": str(self.state),
            "rolling_stage_site_pattern": "^([a-z]+) ",
        }
        show = {"msg": "{{ rolling_stage_result }}"}
        include = {
            "name": "Stage",
            "ansible.builtin.include_role": {"name": "vsphere.lifecycle.rolling_stage"},
            "vars": role,
        }
        return self.playbook.run(
            [{"name": "Both", "block": [include], "always": [{"name": "Show", "ansible.builtin.debug": show}]}],
            *arguments,
        )

    def check(self, ended: Ended) -> Json:
        """Return the report, after a look at everything for whether a trap has snapped."""
        log = self.playbook.log.read_text(encoding="utf-8")
        files = {path.name: path.read_text(encoding="utf-8") for path in [self.state, *self.folder.iterdir()]}
        assert {"state.json", "report.json", "report.csv", "report.html"} <= set(files)
        for text in (ended.output, log, *files.values()):
            assert PRODUCT not in text
            assert [ascii(line) for line in text.split("\n") if line != plain(line)] == []
        assert not self._proof.exists()
        check_lines(ended.output, log)
        assert {stat.S_IMODE((self.folder / name).stat().st_mode) for name in files if name != "state.json"} == {0o600}
        assert stat.S_IMODE(self.state.stat().st_mode) == 0o600
        assert not self.state.is_symlink()
        assert self.precious.read_text(encoding="utf-8") == "precious"
        assert "<script>alert" not in files["report.html"]
        return t.cast("Json", json.loads(files["report.json"]))


@pytest.fixture
def scene(place: pathlib.Path, opened: Opened) -> Scene:
    proof = place / "proof"
    return Scene(place, opened(world(proof)), proof)


def check_lines(*outputs: str) -> None:
    """Nobody but Ansible has said how it ended. Lines of a log begin with time and process."""
    for text in outputs:
        assert len(re.findall(r"^(?:\d{4}-\S+ [^|]*\| )?PLAY RECAP", text, re.MULTILINE)) == 1
        assert len(re.findall(r"^(?:\d{4}-\S+ [^|]*\| )?localhost +: ok=", text, re.MULTILINE)) == 1


def texts(value: t.Any) -> t.Iterator[str]:
    """All texts in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for entry in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from texts(entry)


def test_hostile_names_stay_inert_where_the_role_succeeds(scene: Scene) -> None:
    ended = scene.run(60, "-vvv", "--diff")
    assert ended.code == 0, ended.output
    report = scene.check(ended)
    assert [report["hosts"][name] for name in ("staged", "skipped", "failed")] == [3, 0, 1]
    found = list(texts(report))
    assert all(text == plain(text) for text in found)
    # They are all still there, as what they are.
    for part in (TEMPLATE, HTML.replace("/", "%2f"), r"\x1b[31mred", r"\u202egpj.exe", "{% for x in y %}"):
        assert any(part in text or part.replace("%2f", "/") in text for text in found), part


def test_hostile_names_stay_inert_where_the_role_fails(scene: Scene) -> None:
    ended = scene.run(0)
    assert ended.code == 2, ended.output
    report = scene.check(ended)
    assert report["budget"]["exceeded"]
    assert "Bad" in ended.output


def test_hostile_words_of_an_error_stay_inert(place: pathlib.Path, opened: Opened) -> None:
    """What vCenter says when it refuses, and what the user asked for in vain, both with traps."""
    proof = place / "proof"
    one = world(proof)
    refusal = {"error_type": "INVALID_ARGUMENT", "id": "x", "message": f"No {ESCAPES} {FORGED} {TEMPLATE}"}
    one["datacenters"][0]["clusters"][0]["stage_outcomes"] = [{"refuse": refusal}]
    playbook = Playbook(place, environment(opened(one)))
    modules: tuple[Json, ...] = (
        {"clusters": ["domain-c8"]},
        {"clusters": [f"lost {ESCAPES} {FORGED}"]},
        {"clusters": ["domain-c10"]},
    )
    ended = playbook.run(
        [{"name": "Fail", "vsphere.lifecycle.esx_software_stage": one, "ignore_errors": True} for one in modules]
    )
    assert ended.output.count("...ignoring") == len(modules), ended.output
    for text in (ended.output, playbook.log.read_text(encoding="utf-8")):
        assert PRODUCT not in text
        assert [ascii(line) for line in text.split("\n") if line != plain(line)] == []
    check_lines(ended.output)
    assert not proof.exists()
