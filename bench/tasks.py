# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Part 1, what one task costs: the same small tasks many times in a play, ours and those of others."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
import typing as t

from ansible_collections.vsphere.lifecycle.tests.processes import ROOT, Json

from .figures import Figure, left_over
from .laboratory import SESSION_HEADER, Laboratory, Run, laboratory, world

#: Equal tasks of the longer play; the shorter one has one of them.
TASKS = 20
#: Seconds between two looks at the memory of processes that do not live long.
OFTEN = 0.02
PEER = ROOT / ".work" / "bench-peer"
OURS = "vsphere.lifecycle.appliance_update_info"
THEIRS = "vmware.vmware_rest.appliance_update_info"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A task to measure.

    :param in_process: whether ours may work in Ansible's own process.
    :param variables: environment of the play.
    """

    name: str
    task: Json
    in_process: bool = True
    variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def play(self, lab: Laboratory, number: int, *, watch: float | None = None) -> Run:
        """Run a play of so many of them."""
        tasks = [{"name": f"Task {one}", **self.task} for one in range(number)]
        return lab.play(tasks, in_process=self.in_process, watch=watch, variables=self.variables)


def kinds(lab: Laboratory, session: str) -> list[Kind]:
    """Return everything that is compared, the floor first."""
    get = {
        "url": f"{lab.url}/api/appliance/update",
        "headers": {SESSION_HEADER: session},
        "ca_path": lab.ca_path,
        "return_content": True,
    }
    with_session = {OURS: {"session_id": session}}
    found = [
        Kind("debug", {"ansible.builtin.debug": {"msg": "Hello"}}),
        Kind("ping", {"ansible.builtin.ping": {}}),
        Kind("uri, session", {"ansible.builtin.uri": get}),
        Kind("ours in process, session", with_session),
        Kind("ours in process, login", {OURS: {}}),
        Kind("ours as a module, session", with_session, in_process=False),
        Kind("ours as a module, login", {OURS: {}}, in_process=False),
    ]
    if peer_is_there():
        # It knows no port and no authority of one's own, so the certificate stays unchecked, which costs it less.
        options = {"vcenter_hostname": lab.url.removeprefix("https://"), "vcenter_validate_certs": False}
        place = {"ANSIBLE_COLLECTIONS_PATH": str(PEER)}
        found.append(Kind("vmware_rest, login", {THEIRS: options}, variables=place))
    return found


def peer_is_there() -> bool:
    """Whether the collections of the package ansible are there; they are installed where they are missing."""
    if not (PEER / "ansible_collections" / "vmware" / "vmware_rest").is_dir():
        print("Installing the collections of the package ansible into .work/bench-peer", flush=True)
        command = (sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input")
        with contextlib.suppress(subprocess.SubprocessError):
            subprocess.run([*command, "--no-deps", "--target", str(PEER), "ansible"], check=True, timeout=600)
    return (PEER / "ansible_collections" / "vmware" / "vmware_rest").is_dir()


def measure(runs: int) -> list[Figure]:
    """Return the figures of part 1."""
    with laboratory(world([1.0])) as lab, lab.session() as session:
        compared = kinds(lab, session)
        costs: dict[str, list[float]] = {kind.name: [] for kind in compared}
        figures: list[Figure] = []
        left: list[float] = []
        for kind in compared:
            # Once for nothing, so that everything is compiled.
            kind.play(lab, 1)
        for number in range(runs):
            for kind in compared:
                short, long = kind.play(lab, 1), kind.play(lab, TASKS)
                costs[kind.name].append((long.usage.wall - short.usage.wall) / (TASKS - 1))
                if number == 0:
                    figures += seen(kind, long)
                if OURS in kind.task:
                    left.append(float(long.left))
            print(f"  part 1, run {number + 1} of {runs} done", flush=True)
        for kind in compared:
            figures += memory(kind, [kind.play(lab, 2, watch=OFTEN) for _dummy in range(runs)])
    seconds = [Figure(f"seconds per task: {name}", tuple(series)) for name, series in costs.items()]
    return [*seconds, *figures, *ratios(costs), left_over(left)]


def seen(kind: Kind, run: Run) -> list[Figure]:
    """Return what vCenter saw of a play."""
    if not run.requests:
        return []
    counted = {"requests": len(run.requests), "logins": run.logins, "logouts": run.logouts}
    counted["sessions left over"] = run.left
    return [Figure(f"{what} of {TASKS} tasks: {kind.name}", (float(number),)) for what, number in counted.items()]


def memory(kind: Kind, runs: t.Sequence[Run]) -> list[Figure]:
    """Return how much memory a task takes: its module's process, or else Ansible's process for it."""
    module = [run.usage.module for run in runs if run.usage.module]
    if module:
        return [Figure(f"MB of the module process: {kind.name}", tuple(module))]
    # Now and then one is over before anybody has looked.
    worker = tuple(run.usage.worker for run in runs if run.usage.worker)
    return [Figure(f"MB of the worker process: {kind.name}", worker)]


def ratios(costs: dict[str, list[float]]) -> list[Figure]:
    """Return what the targets of part 1 ask for, each ratio within one run."""

    def ratio(ours: str, theirs: str) -> tuple[float, ...]:
        pairs = zip(costs.get(ours, ()), costs.get(theirs, ()), strict=False)
        return tuple(mine / other for mine, other in pairs)

    missing = "" if "vmware_rest, login" in costs else "the package ansible could not be installed"
    return [
        Figure(
            "per task in process over uri doing the same GET (both with a session)",
            ratio("ours in process, session", "uri, session"),
            "<= 0.20",
            0.20,
        ),
        Figure(
            f"per task in process, own login and logout, over {THEIRS} (which logs in and never out)",
            ratio("ours in process, login", "vmware_rest, login"),
            "<= 0.30",
            0.30,
            missing,
        ),
        Figure(
            "per task as a module over uri (both with a session)",
            ratio("ours as a module, session", "uri, session"),
            "<= 1.10",
            1.10,
        ),
    ]
