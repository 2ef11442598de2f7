# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real thing: a simulated vCenter and ansible-playbook as processes of this machine; knows not what is tested."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
USERNAME = "administrator@vsphere.local"
#: A world that says nothing else has this password; no word of it is anywhere else in an output.
PASSWORD = "Xo7.quaint.Heron.91"  # noqa: S105 - made up
LIMIT = 120.0

Json = dict[str, t.Any]


def wait_until(condition: t.Callable[[], t.Any], what: str, seconds: float = 30.0) -> t.Any:
    """Return what the condition returns, as soon as that is something."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.02)


@contextlib.contextmanager
def short_folder() -> t.Iterator[pathlib.Path]:
    """Give a folder for a while; one of pytest has a name too long for the socket that Ansible makes in it."""
    with tempfile.TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as name:
        yield pathlib.Path(name).resolve()


class VCenterProcess:
    """`python -m simulator`, for as long as the ``with`` block takes.

    :param speed: simulated seconds in a real one.
    :param lifetime: real seconds after which it ends by itself.
    :param address: where it listens, so that several can be told apart by their addresses.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        world: Json,
        *,
        speed: float = 20.0,
        lifetime: float = 2 * LIMIT,
        address: str = "127.0.0.1",
    ) -> None:
        self._folder, self._ready, self.address = folder, folder / "ready.json", address
        whole = {"vcenter": {"users": {USERNAME: {"password": PASSWORD}}}, **world}
        (folder / "world.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")
        self._command = [
            *(sys.executable, "-m", "simulator", "--quiet", "--world", str(folder / "world.yml")),
            *("--speed", str(speed), "--lifetime", str(lifetime), "--address", address),
            *("--ca-file", str(folder / "ca.pem"), "--ready-file", str(self._ready)),
        ]

    def __enter__(self) -> VCenterProcess:
        self._process = subprocess.Popen(self._command, cwd=ROOT)
        try:
            wait_until(self._is_ready, "the start of the simulated vCenter")
        except BaseException:
            self._stop()
            raise
        self.port = int(json.loads(self._ready.read_text(encoding="utf-8"))["port"])
        return self

    def __exit__(self, *dummy: object) -> None:
        self._stop()

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("the simulated vCenter did not start")
        return self._ready.exists()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead the modules to it."""
        return {
            "VMWARE_HOST": "localhost",
            "VMWARE_PORT": str(self.port),
            "VMWARE_USER": USERNAME,
            "VMWARE_PASSWORD": PASSWORD,
            "VMWARE_CA_PATH": str(self._folder / "ca.pem"),
        }

    def ask(self, name: str, body: Json | None = None) -> t.Any:
        """Look behind the scenes, or with a body change something there: what no client of a vCenter can."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://{self.address}:{self.port}/_simulator/{name}", data)
        context = ssl.create_default_context(cafile=self._folder / "ca.pem")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)


@dataclasses.dataclass
class Ended:
    """How a playbook ended, and what it printed on both of its outputs."""

    code: int
    output: str


class Playbook:
    """Runs of playbooks from one folder, which also takes what Ansible would else leave in the home folder.

    :param variables: environment, on top of that of the tests.
    """

    def __init__(self, folder: pathlib.Path, variables: t.Mapping[str, str]) -> None:
        self.folder = folder
        self.temporary, self.log = folder / "temporary", folder / "ansible.log"
        self.temporary.mkdir(exist_ok=True)
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": {"localhost": local}}}), encoding="utf-8")
        (folder / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMWARE_", "ANSIBLE_"))}
        self._environment = {
            **kept,
            "ANSIBLE_ASYNC_DIR": str(self.temporary / "async"),
            "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".work" / "link")),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "ansible-home"),
            "ANSIBLE_INVENTORY": str(folder / "inventory.json"),
            "ANSIBLE_LOCAL_TEMP": str(self.temporary / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.temporary / "remote"),
            "ANSIBLE_LOG_PATH": str(self.log),
            "ANSIBLE_NOCOLOR": "true",
            "HOME": str(folder),
            "TMPDIR": str(self.temporary),
            **variables,
        }

    def start(self, tasks: list[Json], *arguments: str, **play: t.Any) -> subprocess.Popen[bytes]:
        """Start a playbook of one play."""
        self._write(tasks, play)
        return self._launch("ansible-playbook", *arguments, "playbook.yml")

    def start_by_runner(self, tasks: list[Json], **play: t.Any) -> subprocess.Popen[bytes]:
        """Start a playbook of one play the way AWX does; its events come into ``artifacts/run/job_events``."""
        self._write(tasks, play)
        here = str(self.folder)
        return self._launch(
            "ansible-runner", "run", here, "--project-dir", here, "-p", "playbook.yml", "--ident", "run"
        )

    def _write(self, tasks: list[Json], play: Json) -> None:
        whole = [{"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": tasks, **play}]
        (self.folder / "playbook.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")

    def _launch(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(pathlib.Path(sys.executable).with_name(program)), *arguments],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "output.txt").open("wb"),
            stderr=subprocess.STDOUT,
        )

    def end(self, process: subprocess.Popen[bytes], limit: float = LIMIT) -> Ended:
        """Wait for the end of a playbook; one that takes too long (seconds) is killed."""
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code = -signal.SIGKILL
        return Ended(code, (self.folder / "output.txt").read_bytes().decode("utf-8", "surrogateescape"))

    def run(self, tasks: list[Json], *arguments: str, **play: t.Any) -> Ended:
        """Run a playbook of one play."""
        return self.end(self.start(tasks, *arguments, **play))


def descendants(process: int) -> dict[int, str]:
    """Return the processes that a process has started, and those that they have started, with their command lines."""
    parents, commands = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                commands[int(entry.name)] = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
    found: dict[int, str] = {}
    generation = {process}
    while generation:
        generation = {one for one, parent in parents.items() if parent in generation}
        found.update({one: commands.get(one, "") for one in generation})
    return found


def working_process(process: subprocess.Popen[bytes], module: str, *, in_process: bool) -> int | None:
    """Return the process in which a module of a running playbook works; None while there is none.

    :param in_process: whether that is a worker of Ansible, and not a process of the module's own.
    """
    for one, command in descendants(process.pid).items():
        own = f"AnsiballZ_{module}.py" in command
        # Not the shell around it.
        if ("ansible-playbook" in command if in_process else own) and not command.startswith(("/bin/sh", "sh")):
            return one
    return None
