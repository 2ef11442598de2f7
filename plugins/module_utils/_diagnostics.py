# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""A trace of requests in a file, for whoever has to explain a night: lines of JSON without headers and bodies."""

from __future__ import annotations

import contextlib
import datetime
import json
import threading
import types
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._files import open_to_append


class Diagnostics:
    """Appends to a file that only its owner can read.

    Use as a context manager; call it with a dict for each line. It adds the time, in UTC.

    :param path: it is made if it is not there; its directory must be.
    :param warn: told once, when the disk is full or the like; the work goes on without a trace then.
    :raises InvalidOption: it is no plain file of this user, or cannot be written.
    """

    _lock = threading.Lock()

    def __init__(self, path: str, warn: t.Callable[[str], None]) -> None:
        self._path, self._warn, self._broken = path, warn, False
        self._file = open_to_append(path, "diagnostics")

    def __enter__(self) -> Diagnostics:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def __call__(self, line: dict[str, t.Any]) -> None:
        """Write a line; it is there at once, so that it outlives a kill."""
        if self._broken:
            return
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        try:
            # Several threads may be at it.
            with self._lock:
                self._file.write(json.dumps({"time": now, **line}) + "\n")
                self._file.flush()
        except OSError as error:
            self._broken = True
            self._warn(f"The trace in '{self._path}' ends here: {error.strerror}.")
