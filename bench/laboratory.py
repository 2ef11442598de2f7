# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where everything is measured: a simulated vCenter in a process of its own, and plays against it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import ssl
import subprocess
import tempfile
import typing as t
import urllib.request

from ansible_collections.vsphere.lifecycle.tests.processes import PASSWORD, USERNAME, Json, Playbook, VCenterProcess

from .measure import PERIOD, Usage, cpu_seconds, measured

HOSTS = 16
#: Seconds after which a play or a script is given up.
LIMIT = 900.0
SESSION_HEADER = "vmware-api-session-id"


@dataclasses.dataclass(frozen=True)
class Run:
    """One play or script: what it took, and what vCenter saw of it.

    :param left: sessions that it left open.
    :param changed: tasks that reported a change.
    :param simulator: CPU seconds of the simulator meanwhile.
    """

    usage: Usage
    requests: list[Json]
    left: int
    changed: int
    simulator: float

    @property
    def logins(self) -> int:
        return sum(1 for request in self.requests if _is_session(request) and request["method"] == "POST")

    @property
    def logouts(self) -> int:
        return sum(1 for request in self.requests if _is_session(request) and request["method"] == "DELETE")

    @property
    def polls(self) -> int:
        """Looks at many tasks at once by their identifiers; those that read results are none."""
        return sum(
            1
            for request in self.requests
            if request["path"] == "/api/cis/tasks"
            and request["body"]["filter_spec"].get("tasks")
            and (request["body"].get("result_spec") or {}).get("exclude_result")
        )


def _is_session(request: Json) -> bool:
    return str(request["path"]).endswith("/session")


class Laboratory:
    """A simulated vCenter and a folder to run plays against it from."""

    def __init__(self, folder: pathlib.Path, vcenter: VCenterProcess) -> None:
        self.folder, self.vcenter = folder, vcenter
        self.ca_path = vcenter.environment["VMWARE_CA_PATH"]
        self.url = f"https://localhost:{vcenter.port}"

    def play(
        self,
        tasks: list[Json],
        *arguments: str,
        in_process: bool = True,
        watch: float | None = PERIOD,
        variables: t.Mapping[str, str] | None = None,
        **play: t.Any,
    ) -> Run:
        """Run a playbook of one play to a good end.

        :param in_process: whether our modules may work in Ansible's own process.
        :param watch: seconds between two looks at memory; None for none.
        """
        # What the benchmark itself was started with must not change how plays find their modules.
        mine = {"PYTHONPATH": "", "VSPHERE_LIFECYCLE_IN_PROCESS": str(int(in_process))}
        playbook = Playbook(self.folder, {**self.vcenter.environment, **mine, **(variables or {})})
        return self._run(lambda: playbook.start(tasks, *arguments, **play), watch=watch)

    def script(self, *command: str) -> Run:
        """Run a program to a good end; its output goes where that of a play goes."""

        def start() -> subprocess.Popen[bytes]:
            output = (self.folder / "output.txt").open("wb")
            environment = {**os.environ, **self.vcenter.environment}
            return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)

        return self._run(start)

    def _run(self, start: t.Callable[[], subprocess.Popen[bytes]], *, watch: float | None = PERIOD) -> Run:
        self.vcenter.ask("reset", {})
        before, worked = len(self.vcenter.ask("sessions")), cpu_seconds(self.vcenter.pid)
        started = []

        def keep() -> subprocess.Popen[bytes]:
            started.append(start())
            return started[0]

        usage = measured(keep, limit=LIMIT, watch=watch)
        worked = cpu_seconds(self.vcenter.pid) - worked
        output = (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")
        if started[0].returncode:
            raise RuntimeError(f"it ended with {started[0].returncode}:\n{output[-3000:]}")
        changed = sum(int(number) for number in re.findall(r" changed=(\d+)", output))
        left = len(self.vcenter.ask("sessions")) - before
        return Run(usage, self.vcenter.ask("requests"), left, changed, worked)

    @contextlib.contextmanager
    def session(self) -> t.Iterator[str]:
        """Log in for as long as the block takes, and give the session."""
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        passwords.add_password(None, self.url, USERNAME, PASSWORD, is_authenticated=True)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_path)),
            urllib.request.HTTPBasicAuthHandler(passwords),
        )
        address = f"{self.url}/api/session"
        with opener.open(urllib.request.Request(address, method="POST"), timeout=30) as answer:
            session = answer.read().decode().strip('"')
        try:
            yield session
        finally:
            leave = urllib.request.Request(address, method="DELETE", headers={SESSION_HEADER: session})
            opener.open(leave, timeout=30).close()


def cluster_names(number: int) -> list[str]:
    """Return the names of the clusters of a world of so many."""
    return [f"cluster-{one:04}" for one in range(number)]


def cluster_ids(number: int) -> list[str]:
    """Return their identifiers."""
    return [f"domain-c{8 + one}" for one in range(number)]


def world(seconds: t.Sequence[float], *, latency: float = 0.0) -> Json:
    """Return a world with a cluster of 16 hosts for each entry.

    :param seconds: how long staging takes in each cluster.
    :param latency: seconds by which each answer is late.
    """
    number = len(seconds)
    clusters = [
        {
            "name": name,
            "cluster": moid,
            "stage_seconds": lasts,
            "hosts": [f"{name}-esx{host:02}" for host in range(HOSTS)],
        }
        for name, moid, lasts in zip(cluster_names(number), cluster_ids(number), seconds, strict=True)
    ]
    late = [{"kind": "latency", "times": None, "seconds": latency}] if latency else []
    return {"datacenters": [{"name": "Berlin", "clusters": clusters}], "faults": late}


@contextlib.contextmanager
def laboratory(description: Json) -> t.Iterator[Laboratory]:
    """Give a laboratory whose simulated vCenter runs in real time."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name).resolve()
        with VCenterProcess(folder, description, speed=1.0, lifetime=2 * LIMIT) as vcenter:
            yield Laboratory(folder, vcenter)
