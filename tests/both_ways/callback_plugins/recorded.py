# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorded
type: aggregate
short_description: Write what the modules of this collection returned
description: Writes a line of JSON for each result to the file that RECORDED_RESULTS names.
"""


class CallbackModule(CallbackBase):
    """Writes what a user would get of each task of ours: after Ansible has hidden what is to be hidden."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorded"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, result: t.Any) -> None:
        task = getattr(result, "task", None) or result._task
        if task.action.startswith("vsphere.lifecycle."):
            what = getattr(result, "result", None) or result._result
            entry = {
                "task": task.get_name(),
                "action": task.action,
                "shown": json.loads(self._dump_results(what, keep_invocation=True)),
                # Ansible shows these in other places, and takes them out there.
                **{name: repr(what.get(name)) for name in ("warnings", "deprecations", "diff")},
            }
            with pathlib.Path(os.environ["RECORDED_RESULTS"]).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, sort_keys=True) + "\n")

    v2_runner_on_ok = _record
    v2_runner_item_on_ok = _record
    v2_runner_item_on_failed = _record

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._record(result)

    def v2_runner_on_async_ok(self, result: t.Any) -> None:
        self._record(result)
