# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: a rolling stage in three runs against a simulated vCenter, told in words; knows no rule of staging."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import textwrap
import time
import types
import typing as t
import urllib.request

Json = dict[str, t.Any]

DEMO = pathlib.Path(__file__).resolve().parent
ROOT = DEMO.parent
CLUSTERS = ("prod-berlin", "prod-hamburg", "prod-munich")
UNLUCKY = "esx05.hamburg.example.com"
REPORTS = ROOT / ".work" / "demo"
# Staging takes minutes, which nobody wants to watch; but some seconds are needed to see how it goes on.
SPEED = 40.0
DAY = 86400
# The tasks of the role that tell a reader something. The others only prepare them.
TELLING = r"TASK \[.* : (Plan \| Tell|Stage \| Wave)"


class Simulator:
    """A simulated vCenter in a process of its own, for as long as the ``with`` block takes."""

    def __init__(self, folder: pathlib.Path, *, speed: float, lifetime: float) -> None:
        self._ready = folder / "ready.json"
        self._command = [
            *(sys.executable, "-m", "simulator", "--quiet", "--world", str(DEMO / "world.yml")),
            *("--speed", str(speed), "--lifetime", str(lifetime)),
            *("--ca-file", str(folder / "ca.pem"), "--ready-file", str(self._ready)),
        ]
        self.connection: Json = {}

    def __enter__(self) -> Simulator:
        # Of its own session: Ctrl-C is for us, and we stop it when Ansible has logged out.
        self.process = subprocess.Popen(self._command, cwd=ROOT, start_new_session=True)
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *dummy: object) -> None:
        self._stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while not self._ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The simulated vCenter did not start.")
            time.sleep(0.1)
        self.connection = json.loads(self._ready.read_text(encoding="utf-8"))

    def _stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead the modules to it."""
        return {
            "VMWARE_HOST": self.connection["hostname"],
            "VMWARE_PORT": str(self.connection["port"]),
            "VMWARE_USER": self.connection["username"],
            "VMWARE_PASSWORD": self.connection["password"],
            "VMWARE_CA_PATH": self.connection["ca_path"],
            "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".work" / "link")),
        }

    def ask(self, name: str, method: str = "GET") -> t.Any:
        """Look behind the scenes: what no client of a vCenter can."""
        url = f"https://{self.connection['hostname']}:{self.connection['port']}/_simulator/{name}"
        request = urllib.request.Request(url, method=method, data=b"{}" if method == "POST" else None)
        context = ssl.create_default_context(cafile=self.connection["ca_path"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)


@dataclasses.dataclass(frozen=True)
class Run:
    """What one run of the playbook said, and what the simulated vCenter saw of it."""

    exit_code: int
    changed: int
    progress: list[str]
    folder: pathlib.Path
    report: Json
    stages: list[Json]
    writes: int
    sessions: int
    world: Json

    def hosts(self, kind: str) -> list[str]:
        """Names of the hosts that were ``staged``, ``skipped`` or ``failed``."""
        hosts = [host for cluster in self.report["clusters"] for host in cluster["hosts"]]
        return sorted(host["name"] for host in hosts if host["verdict"] == kind)

    @property
    def calls(self) -> list[str]:
        """The stage calls in words."""
        return [f"stage {self._call(request)}" for request in self.stages]

    def _call(self, request: Json) -> str:
        cluster = next(one for moid, one in self.world["clusters"].items() if f"/{moid}/" in request["path"])
        names = [cluster["hosts"][moid]["name"] for moid in (request["body"] or {}).get("hosts") or ()]
        return f"{cluster['name']}: {', '.join(names) or 'all hosts'}"

    @property
    def unstaged(self) -> list[str]:
        """Hosts that lack the image of their cluster, as the simulated world itself knows."""
        return [
            host["name"]
            for cluster in self.world["clusters"].values()
            if cluster["managed_by"] == "image"
            for host in cluster["hosts"].values()
            if host["status"] != "COMPLIANT" and host["staged_commit"] != cluster["commit"]
        ]


def run_playbook(vcenter: Simulator, folder: pathlib.Path) -> Run:
    """Run the playbook once and collect what there is to know of it.

    :param folder: of the report, which is kept.
    """
    vcenter.ask("reset", "POST")
    shutil.rmtree(folder, ignore_errors=True)
    report = folder / "report.json"
    settings = {
        "ANSIBLE_CONFIG": str(DEMO / "ansible.cfg"),
        # Else Ansible shows the name of a task when it has ended, and the progress would come before it.
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",
        "DEMO_REPORT_DIR": str(folder),
    }
    playbook = pathlib.Path(sys.executable).with_name("ansible-playbook")
    process = subprocess.Popen(
        [str(playbook), "rolling_stage.yml"],
        cwd=DEMO,
        env={**os.environ, **vcenter.environment, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    changed = -1
    progress = []
    try:
        for line in telling(process.stdout or ()):
            print(f"  | {line}", flush=True)
            if line.startswith(tuple(f"{cluster}  " for cluster in CLUSTERS)):
                progress.append(line)
            recap = re.match(r"localhost\s*:.*\bchanged=(\d+)", line)
            changed = int(recap[1]) if recap else changed
        exit_code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    requests: list[Json] = vcenter.ask("requests")
    return Run(
        exit_code,
        changed,
        progress,
        folder,
        json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"clusters": [], "summary": []},
        [request for request in requests if request["is_stage"]],
        sum(1 for request in requests if request["is_write"]),
        len(vcenter.ask("sessions")),
        vcenter.ask("world"),
    )


def telling(lines: t.Iterable[str]) -> t.Iterator[str]:
    """Yield what tells a reader something of what ansible-playbook prints, as it comes; what went wrong always does."""
    tells = True
    for line in lines:
        if line.startswith("TASK "):
            tells = re.match(TELLING, line) is not None
        tells = tells or line.startswith(("PLAY ", "fatal:", "failed:", "["))
        if tells and line.strip() and not line.startswith("skipping:"):
            yield line.rstrip()


Expectations = dict[str, bool]


def expect_of_first(run: Run) -> Expectations:
    """The first run stages everything but one host and says why."""
    verdicts = {cluster["name"]: cluster["verdict"] for cluster in run.report["clusters"]}
    failed = [host for cluster in run.report["clusters"] for host in cluster["failed_hosts"]]
    return {
        "one stage call for each of the three clusters": sorted(call.split(":")[0] for call in run.calls)
        == [f"stage {name}" for name in CLUSTERS],
        f"every host is staged but {UNLUCKY}": run.unstaged == [UNLUCKY] == run.hosts("failed"),
        "its reason is told, with the hint that another try may help": [
            "cannot reach the depot" in host["reason"] and host["retriable"] for host in failed
        ]
        == [True],
        "the cluster 'legacy' was reported and left alone": verdicts.get("legacy") == "not_image_managed",
        "while it ran, each cluster told how far it was": {line.split()[0] for line in run.progress} == {*CLUSTERS},
    }


def expect_of_second(run: Run) -> Expectations:
    """The second run stages just that host."""
    return {
        f"exactly one stage call, for {UNLUCKY} alone": run.calls == [f"stage prod-hamburg: {UNLUCKY}"],
        "no host is left without the image": run.unstaged == [] == run.hosts("failed"),
    }


def expect_of_third(run: Run) -> Expectations:
    """The third run changes nothing."""
    return {
        "no stage call, and no other call that changes anything": run.stages == [] and run.writes == 0,
        "changed=0": run.changed == 0,
    }


ACTS: tuple[tuple[str, str, t.Callable[[Run], Expectations]], ...] = (
    (
        "Run 1: stage the new image in three clusters",
        "prod-berlin is half done, prod-hamburg has nothing yet, prod-munich was never scanned. The cluster legacy is "
        "on the list as well, but baselines manage it, not an image. First one cluster goes as a canary, then the "
        f"others. What you do not know yet: {UNLUCKY} cannot reach the depot.",
        expect_of_first,
    ),
    (
        "Run 2: the same command again",
        "Somebody has repaired the network. Nobody has to say which host is to be repeated.",
        expect_of_second,
    ),
    ("Run 3: once more", "Everything is staged by now, so there is nothing to do.", expect_of_third),
)


def tell(run: Run, expectations: Expectations, seconds: float) -> bool:
    """Print what happened; return whether all of it was as it should be."""
    print("\n  What the role reports")
    for line in run.report["summary"]:
        print(wrapped(line, "    - "))
    print("\n  What vCenter saw")
    for line in run.calls or ["no stage call"]:
        print(wrapped(line, "    - "))
    print(f"    - {run.sessions} sessions left open\n")
    checks = {
        "the playbook succeeded": run.exit_code == 0,
        **expectations,
        "the report is a page to open in a browser": (run.folder / "report.html").is_file(),
        "no session was left open": not run.sessions,
    }
    for text, holds in checks.items():
        print(f"  [{'ok' if holds else 'FAILED'}] {text}")
    print(f"  {seconds:.0f} s\n")
    return all(checks.values())


def wrapped(text: str, indent: str) -> str:
    """Return a text in lines of a terminal's width."""
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=" " * len(indent), break_on_hyphens=False)


WHERE = (
    "Each run has left a report to open in a browser; the first one tells of the host that failed. Its tasks are ahead "
    "of the role's waves, because the clock of the simulated vCenter is that much faster."
)


def demo(vcenter: Simulator) -> int:
    """Run the playbook three times; return the exit code."""
    good = True
    print(wrapped(f"A simulated vCenter answers on port {vcenter.environment['VMWARE_PORT']}, over TLS.", "") + "\n")
    for number, (title, story, expect) in enumerate(ACTS, 1):
        print(f"{title}\n{'=' * len(title)}\n{wrapped(story, '')}\n")
        started = time.monotonic()
        run = run_playbook(vcenter, REPORTS / f"run-{number}")
        good = tell(run, expect(run), time.monotonic() - started) and good
    print("Everything went as it should." if good else "NOT everything went as it should, see above.")
    print(f"\n{wrapped(WHERE, '')}")
    for page in sorted(REPORTS.glob("run-*/report.html")):
        print(f"  {page}")
    return 0 if good else 1


def serve(vcenter: Simulator) -> int:
    """Say how to use the simulated vCenter by hand, and keep it until somebody stops us."""
    print("A simulated vCenter runs until you press Ctrl-C. In another terminal:\n")
    variables = {
        **vcenter.environment,
        "PATH": f"{pathlib.Path(sys.executable).parent}:$PATH",
        "DEMO_REPORT_DIR": str(REPORTS / "by-hand"),
    }
    for name, value in variables.items():
        print(f'  export {name}="{value}"')
    print("\nand then, for example:\n")
    print(f'  cd "{DEMO}"')
    print("  ansible-playbook rolling_stage.yml --check")
    print("  ansible localhost -m vsphere.lifecycle.esx_cluster_stage_info -a cluster=prod-berlin")
    print(f"\nThe role leaves its report in {REPORTS / 'by-hand' / 'report.html'}.\n", flush=True)
    return vcenter.process.wait()


def stop(number: int, dummy: types.FrameType | None) -> None:
    """End by an exception, so that everything that was started is stopped."""
    raise SystemExit(128 + number)


def main() -> int:
    """Run the demo, or only the simulated vCenter."""
    parser = argparse.ArgumentParser(description="Stage three clusters of a simulated vCenter in three runs.")
    parser.add_argument("--serve", action="store_true", help="only run the simulated vCenter, until Ctrl-C")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    # A shell script that runs us in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="rolling-stage-") as name:
        folder = pathlib.Path(name)
        if arguments.serve:
            with Simulator(folder, speed=10, lifetime=DAY) as vcenter:
                return serve(vcenter)
        with Simulator(folder, speed=SPEED, lifetime=600) as vcenter:
            return demo(vcenter)
    return 0 if arguments.serve else 130


if __name__ == "__main__":
    sys.exit(main())
