# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process takes while it runs: seconds of wall and CPU, and memory; knows not what the process does."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import typing as t

from ansible_collections.vsphere.lifecycle.tests.processes import descendants

PERIOD = 0.15
MB = 1_000_000


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a process took, with all that it started.

    :param wall: seconds from before its start until after its end.
    :param cpu: seconds, of user and system.
    :param tree: most MB that it and its descendants held at one time, shared pages counted once (PSS).
    :param module: most MB that a module's own process held; 0.0 where there was none.
    :param worker: most MB that a forked copy of the process held, pages that it shares with it included.
    """

    wall: float
    cpu: float
    tree: float = 0.0
    module: float = 0.0
    worker: float = 0.0


def measured(start: t.Callable[[], subprocess.Popen[bytes]], *, limit: float, watch: float | None = PERIOD) -> Usage:
    """Start a process, wait for its end and return what it took; its exit code is in the process.

    :param limit: seconds after which it is killed, with its descendants.
    :param watch: seconds between two looks at its memory, which cost the machine a little; None for none.
    """
    began = time.monotonic()
    process = start()
    memory = Memory(process.pid, watch)
    alarm = threading.Timer(limit, kill, (process.pid,))
    alarm.start()
    try:
        status, used = os.wait4(process.pid, 0)[1:]
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        kill(process.pid)
        raise
    finally:
        alarm.cancel()
        memory.stop()
    return Usage(wall, used.ru_utime + used.ru_stime, memory.tree, memory.module, memory.worker)


def kill(process: int) -> None:
    """Kill a process and its descendants."""
    for one in (*descendants(process), process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


class Memory:
    """Looks at the memory of a process and its descendants, from a thread of its own, until it is told to stop.

    :param period: seconds between two looks; None for no look at all.
    """

    def __init__(self, process: int, period: float | None) -> None:
        self.tree = self.module = self.worker = 0.0
        self._process = process
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(period,), daemon=True)
        if period is not None:
            self._thread.start()

    def stop(self) -> None:
        """End the looking."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self, period: float) -> None:
        while not self._stopped.wait(period):
            below = descendants(self._process)
            self.tree = max(self.tree, sum(_size(one, "smaps_rollup", "Pss") for one in (self._process, *below)))
            for one, command in below.items():
                # Linux keeps the peak, so a look shortly before the end is as good as one at the peak.
                peak = _size(one, "status", "VmHWM")
                if "AnsiballZ_" in command and not command.startswith(("/bin/sh", "sh")):
                    self.module = max(self.module, peak)
                elif "ansible-playbook" in command:
                    self.worker = max(self.worker, peak)


def _size(process: int, file: str, name: str) -> float:
    """Return a size that Linux tells of a process, in MB; 0.0 for one that has ended."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", pathlib.Path(f"/proc/{process}/{file}").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) * 1024 / MB if found else 0.0


def cpu_seconds(process: int) -> float:
    """Return the CPU seconds that a running process has taken itself."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Return in one line what all this runs on."""
    names = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MB / 1000
    system = os.uname()
    model = names[0] if names else system.machine
    return f"{os.cpu_count()} x {model}, {memory:.1f} GB, {system.sysname} {system.release}"
