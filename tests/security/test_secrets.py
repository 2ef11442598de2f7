# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords and sessions are only where they are needed: not in what is shown, written, listed or left behind."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import stat
import threading
import typing as t

import pytest
import requests
import trustme

from ansible_collections.vsphere.lifecycle.simulator import VCenter
from ansible_collections.vsphere.lifecycle.tests.processes import PASSWORD, USERNAME, Ended, Json, Playbook, descendants

from .conftest import Opened, environment

pytestmark = pytest.mark.usefixtures("each_way")

WRONG = "Yq8.eager.Walrus.17"  # noqa: S105 - made up
PROXY = "Zr2.brisk.Otter.55"
TEXTS = (
    PASSWORD,
    WRONG,
    PROXY,
    *(base64.b64encode(f"{USERNAME}:{one}".encode()).decode() for one in (PASSWORD, WRONG)),
)
WORLD: Json = {
    "defaults": {"stage_seconds": 20},
    "datacenters": [
        {
            "name": "Berlin",
            "clusters": [{"name": "prod", "hosts": ["esx01", {"name": "esx02", "outcomes": ["ERROR", "ERROR"]}]}],
        }
    ],
}


class Watch:
    """Reads the command lines of a process and all that it starts, again and again, as anybody on the machine can."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._process = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def start(self, process: int) -> None:
        self._process = process
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            self.seen.update(descendants(self._process).values())


class Scene:
    """Runs playbooks as verbosely as can be, and searches everything afterwards."""

    def __init__(self, place: pathlib.Path, vcenter: VCenter, **variables: str) -> None:
        self.place, self.vcenter, self.given = place, vcenter, ""
        self.trace, self.result = place / "trace.jsonl", place / "result.jsonl"
        self.playbook = Playbook(place, {**environment(vcenter), **variables})
        self.watch = Watch()

    def log_in(self) -> str:
        """Return a session that somebody else has opened."""
        with requests.Session() as http:
            http.trust_env = False
            login = http.post(
                f"{self.vcenter.url}/api/session", auth=(USERNAME, PASSWORD), verify=self.vcenter.ca_path, timeout=10
            )
        self.given = str(login.json())
        return self.given

    def run(self, tasks: list[Json], *arguments: str, **play: t.Any) -> Ended:
        process = self.playbook.start(tasks, "-vvvvv", *arguments, **play)
        self.watch.start(process.pid)
        ended = self.playbook.end(process)
        self.watch.end()
        return ended

    def check(self, ended: Ended) -> None:
        """No secret in any output, file or command line. What the user wrote himself is his own."""
        secrets = [*TEXTS, *self.vcenter.world.sessions.issued]
        places = {"output": ended.output, "command lines": "\n".join(self.watch.seen)}
        own = {self.place / "playbook.yml", self.place / "secrets.json"}
        for path in self.place.rglob("*"):
            if path.is_file() and path not in own:
                places[str(path)] = path.read_bytes().decode("utf-8", "replace")
        assert self.watch.seen or os.environ["VSPHERE_LIFECYCLE_IN_PROCESS"] == "true", "no process was seen"
        assert self.playbook.log.stat().st_size > 3000
        for name, text in places.items():
            found = [secret for secret in secrets if secret in text]
            assert not found, f"{name} has {found}"
            assert "Authorization" not in text
        left = [path for path in self.playbook.temporary.rglob("*") if path.is_file()]
        assert left == []


@pytest.fixture
def new_scene(place: pathlib.Path, opened: Opened) -> t.Callable[..., Scene]:
    return lambda **variables: Scene(place, opened(WORLD), **variables)


def check_trace(path: pathlib.Path) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {"POST", "GET", "DELETE"} <= {line["method"] for line in lines}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secrets_in_options_show_nowhere(new_scene: t.Callable[..., Scene]) -> None:
    """Passwords and a session given by variables; tasks that succeed, that fail, and whose login is refused."""
    # Releases before 2.19 show what a module was called with, later ones when told so.
    scene = new_scene(VMWARE_PASSWORD="", VMWARE_USER="", ANSIBLE_INJECT_INVOCATION="true")
    secrets = {"right": PASSWORD, "wrong": WRONG, "session": scene.log_in(), "user": USERNAME}
    (scene.place / "secrets.json").write_text(json.dumps(secrets), encoding="utf-8")
    login = {"username": "{{ user }}", "password": "{{ right }}"}
    info, stage = "vsphere.lifecycle.esx_cluster_stage_info", "vsphere.lifecycle.esx_software_stage"
    ended = scene.run(
        [
            {
                "name": "Read",
                info: {**login, "clusters": ["prod"], "diagnostics": str(scene.trace)},
                "register": "read",
            },
            {"name": "Show", "ansible.builtin.debug": {"var": "read"}},
            {"name": "Borrow a session", info: {"session_id": "{{ session }}"}},
            {
                "name": "Fail",
                stage: {**login, "clusters": ["prod"], "poll_interval": 1, "result_file": str(scene.result)},
                "ignore_errors": True,
            },
            {"name": "Refused", info: {**login, "password": "{{ wrong }}"}, "ignore_errors": True},
            {"name": "Not one", info: {**login, "session_id": "{{ right }}\nx"}, "ignore_errors": True},
            {
                "name": "No place",
                info: {**login, "hostname": "https://me:{{ wrong }}@localhost"},
                "ignore_errors": True,
            },
        ],
        "--diff",
        "--extra-vars",
        f"@{scene.place / 'secrets.json'}",
    )
    assert ended.output.count("...ignoring") == 4, ended.output
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in ended.output
    assert "esx02" in scene.result.read_text(encoding="utf-8")
    check_trace(scene.trace)
    scene.check(ended)


def test_secrets_in_the_environment_show_nowhere(new_scene: t.Callable[..., Scene], place: pathlib.Path) -> None:
    """The role with a report, on a machine with a .netrc and a CA bundle for something else; ca_path is explicit."""
    other = place / "other-ca.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    (place / "secrets.json").write_text(f"machine localhost login {USERNAME} password {WRONG}\n", encoding="utf-8")
    (place / "secrets.json").chmod(0o600)
    scene = new_scene(REQUESTS_CA_BUNDLE=str(other), NETRC=str(place / "secrets.json"))
    role = {
        "rolling_stage_clusters": ["prod"],
        "rolling_stage_poll_interval": 1,
        "rolling_stage_max_failed_hosts": "50%",
        "rolling_stage_report_dir": str(place / "report"),
        "rolling_stage_state_path": str(place / "state.json"),
    }
    defaults = {"group/vsphere.lifecycle.vcenter": {"diagnostics": str(scene.trace)}}
    include = {"ansible.builtin.include_role": {"name": "vsphere.lifecycle.rolling_stage"}, "vars": role}
    ended = scene.run([{"name": "Stage", **include}], "--diff", module_defaults=defaults)
    assert ended.code == 0, ended.output
    assert {request.user for request in scene.vcenter.requests} <= {USERNAME, None}
    written = [place / "state.json", *(place / "report").iterdir()]
    assert {path.suffix for path in written} == {".json", ".csv", ".html", ".jsonl"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE((place / "report").stat().st_mode) == 0o700
    check_trace(scene.trace)
    scene.check(ended)


def test_a_session_for_many_tasks_shows_nowhere(new_scene: t.Callable[..., Scene]) -> None:
    """Opened, used, returned once more, refused and ended, with no_log where the documentation asks for it."""
    scene = new_scene(ANSIBLE_INJECT_INVOCATION="true")
    module, info = "vsphere.lifecycle.vcenter_session", "vsphere.lifecycle.esx_cluster_stage_info"
    use = {"session_id": "{{ session.session_id }}"}
    ended = scene.run(
        [
            {"name": "Open", module: {"diagnostics": str(scene.trace)}, "register": "session", "no_log": True},
            {"name": "Use", info: {**use, "clusters": ["prod"], "diagnostics": str(scene.trace)}},
            {"name": "Return again", module: use, "register": "session", "no_log": True},
            {"name": "Predict", module: {**use, "state": "absent"}, "check_mode": True},
            {"name": "End", module: {**use, "state": "absent", "diagnostics": str(scene.trace)}},
            {"name": "Refused", module: {**use, "password": "{{ wrong }}"}, "ignore_errors": True},
            {"name": "Stand in", info: {**use, "clusters": ["prod"]}},
        ],
        "--diff",
        vars={"wrong": WRONG},
    )
    assert ended.code == 0, ended.output
    assert ended.output.count("...ignoring") == 1, ended.output
    assert len(scene.vcenter.world.sessions.issued) == 2, "the session, and that of the task that it had ended for"
    assert scene.vcenter.sessions == []
    check_trace(scene.trace)
    scene.check(ended)


@pytest.mark.parametrize("option", [True, False])
def test_the_login_of_a_proxy_shows_nowhere(new_scene: t.Callable[..., Scene], option: bool) -> None:
    """Neither of them can be used: an option is no place for a login, and the other has a port that does not exist."""
    variables = (
        {} if option else {"HTTPS_PROXY": f"http://someone:{PROXY}@127.0.0.1:99999", "NO_PROXY": "", "no_proxy": ""}
    )
    scene = new_scene(**variables)
    through = {"proxy_host": f"someone:{PROXY}@127.0.0.1", "proxy_port": 9} if option else {}
    ended = scene.run(
        [{"name": "Read", "vsphere.lifecycle.appliance_update_info": {**through, "hostname": "vcenter.example.com"}}]
    )
    assert ended.code == 2
    assert "proxy" in ended.output
    scene.check(ended)


def test_a_link_in_the_place_of_a_trace_is_refused(new_scene: t.Callable[..., Scene], place: pathlib.Path) -> None:
    scene = new_scene()
    (place / "precious").write_text("precious", encoding="utf-8")
    scene.trace.symlink_to(place / "precious")
    ended = scene.run([{"name": "Read", "vsphere.lifecycle.appliance_update_info": {"diagnostics": str(scene.trace)}}])
    assert ended.code == 2
    assert "symbolic link" in ended.output
    assert (place / "precious").read_text(encoding="utf-8") == "precious"
    assert scene.vcenter.requests == []
