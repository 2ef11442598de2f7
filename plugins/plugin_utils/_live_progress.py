# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Shows how far a module is while it runs, which no module can do itself; in a worker or in a process, it is the same.

The module writes its news to a file of this user, and a thread makes lines of them. So a heartbeat comes on time
whatever the module waits for, the module never waits for who reads, and no signal that ends it hits half a line.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
import threading
import time
import typing as t

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import normal
from ansible.utils.display import Display

from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import FILE, Board, News

Json = dict[str, t.Any]
PERIOD = 0.5
"""Seconds between two looks into the file."""


class LiveProgress(normal.ActionModule):
    """The action of a module with the option ``progress``, whatever runs the module."""

    _progress_file: str | None = None

    def _execute_module(self, *arguments: t.Any, **options: t.Any) -> Json:
        shown = self._shown(options)
        if shown is None:
            return super()._execute_module(*arguments, **options)
        with shown:
            self._progress_file = shown.path
            try:
                return super()._execute_module(*arguments, **options)
            finally:
                self._progress_file = None

    def _shown(self, options: Json) -> Shown | None:
        """Return what shows the lines; None where they are not wanted, or cannot come."""
        wanted = self._task.args.get("progress")
        try:
            wanted = wanted is None or boolean(wanted)
        except TypeError:
            # The module says what is wrong with it.
            return None
        if not wanted or self._task.no_log or options.get("wrap_async"):
            # A job in the background outlives this.
            return None
        if self._connection.transport != "local" or self._connection.become is not None:
            # Elsewhere the file is another one, and another user may not write to it.
            return None
        task_vars = options.get("task_vars") or {}
        several = len(task_vars.get("ansible_play_hosts_all") or ()) > 1
        try:
            return Shown(f"{task_vars.get('inventory_hostname')}  " if several else "")
        except OSError:
            # No place for the file; the work matters more.
            return None

    def _compute_environment_string(self, raw_environment_out: Json | None = None) -> str:
        if self._progress_file is None:
            return super()._compute_environment_string(raw_environment_out)
        environment: Json = {}
        super()._compute_environment_string(environment)
        environment[FILE] = self._progress_file
        if raw_environment_out is not None:
            raw_environment_out.clear()
            raw_environment_out.update(environment)
        return self._connection._shell.env_prefix(**environment)


class Shown:
    """Shows what a module writes to a file, from the beginning to the end of the ``with`` block.

    :param prefix: what each line begins with.
    :raises OSError: the file cannot be made.
    :ivar path: the file, which only this user may read or write.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        # Ansible removes it, should this process be killed. It gets its names when it is imported.
        settings: t.Any = constants
        number, self.path = tempfile.mkstemp(prefix="progress-", dir=settings.DEFAULT_LOCAL_TMP)
        self._file = os.fdopen(number, "rb")
        self._rest = b""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    def __enter__(self) -> Shown:
        self._thread.start()
        return self

    def __exit__(self, *dummy: object) -> None:
        self._over.set()
        self._thread.join()
        self._file.close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def _follow(self) -> None:
        board = Board(time.monotonic, lambda: datetime.datetime.now(datetime.timezone.utc))
        display = Display()
        over = False
        while not over:
            # What was written before the end is still shown after it.
            over = self._over.wait(PERIOD)
            lines = [line for news in self._news() if (line := board.take(news))]
            for line in (*lines, *(() if over else board.heartbeat())):
                display.display(f"{self._prefix}{line}")

    def _news(self) -> t.Iterator[News]:
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return (news for news in map(News.from_line, lines) if news)
