# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs other programs: shows what they print while they print it, and keeps it; knows not what they are for."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / ".work"

# The output is read by the code that counts, and by people in a log: no colours, no line breaks at 80 columns.
SETTINGS = {"NO_COLOR": "1", "PY_COLORS": "0", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
NOT_WANTED = ("FORCE_COLOR", "CLICOLOR_FORCE", "ANSIBLE_FORCE_COLOR")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclasses.dataclass(frozen=True)
class Finished:
    """How a program ended, and what it printed on both of its outputs."""

    code: int
    output: str


def run(
    *command: str,
    cwd: pathlib.Path = ROOT,
    env: t.Mapping[str, str] | None = None,
    show: bool = True,
    limit: float = 1200,
) -> Finished:
    """Run a program without standard input for at most ``limit`` seconds; never raises for how it ends."""
    if show:
        print(f"+ {shlex.join(command)}", flush=True)
    lines: list[str] = []
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return Finished(127, f"{error}\n")
    # A thread reads, because a server that a test left running would hold the pipe open for as long as it lives.
    reader = threading.Thread(target=_read, args=(process, lines, show), daemon=True)
    reader.start()
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        lines.append(f"ended by force after {limit:g} seconds\n")
        code = 124
    finally:
        if process.poll() is None:
            _end(process)
    reader.join(5)
    return Finished(code, "".join(lines))


def _environment(more: t.Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in NOT_WANTED} | SETTINGS | dict(more)


def _read(process: subprocess.Popen[str], lines: list[str], show: bool) -> None:
    for line in process.stdout or ():
        lines.append(ESCAPES.sub("", line))
        if show:
            sys.stdout.write(line)
            sys.stdout.flush()


def _end(process: subprocess.Popen[str]) -> None:
    """End a program with all that it started in its own session."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return
