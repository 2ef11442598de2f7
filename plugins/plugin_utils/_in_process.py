# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Runs a module in the worker that Ansible has forked anyway, where that comes to the same as a process of its own.

The module itself runs, with Ansible's own reading of its options and writing of its result, so that both ways give one
result; only the process is saved. Whatever is different about a task (another connection, become, async) is left to
Ansible.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import signal
import sys
import threading
import traceback
import types
import typing as t

from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import normal
from ansible.vars import clean

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import Interrupted
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import IN_PROCESS, Signals
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import REQUESTS_IMPORT_ERROR

_internal: t.Any
try:
    from ansible.module_utils import _internal
    from ansible.module_utils.common.json import Direction, get_module_encoder
except ImportError:
    # ansible-core before 2.19
    _internal = None

Json = dict[str, t.Any]
PROFILE = "legacy"
"""What ansible-core since 2.19 calls the form in which a module of a collection takes and gives its data."""


class InProcess(normal.ActionModule):
    """The action of a module; a subclass says of which, so that it is imported once and not in each worker."""

    MODULE: t.ClassVar[types.ModuleType]

    def _execute_module(self, *arguments: t.Any, **options: t.Any) -> Json:
        # Nothing but what the plain action asks for is known to come to the same.
        if not arguments and set(options) <= {"task_vars", "wrap_async"} and not options.get("wrap_async"):
            environment: Json = {}
            self._compute_environment_string(environment)
            task_vars = options.get("task_vars") or {}
            if self._fits(environment, task_vars):
                return self._execute_here(task_vars, environment)
        return super()._execute_module(*arguments, **options)

    def _fits(self, environment: Json, task_vars: Json) -> bool:
        """Whether the task wants nothing that only a process of its own can give."""
        wanted = self._task.args.get("in_process")
        if wanted is None:
            wanted = {**os.environ, **environment}.get(IN_PROCESS)
        try:
            wanted = wanted in (None, "") or boolean(wanted)
        except TypeError:
            # The module says what is wrong with it.
            return False
        return (
            wanted
            and self._connection.transport == "local"
            and self._connection.become is None
            # A time-out of the task would end the work anywhere, in the middle of a logout too.
            and not self._task.timeout
            and REQUESTS_IMPORT_ERROR is None
            and self._python(task_vars) in ("", sys.executable)
            # These count when a process starts.
            and not any(name.startswith(("PYTHON", "LD_", "OPENSSL_")) for name in environment)
            # Signals are heard by the main thread alone.
            and threading.current_thread() is threading.main_thread()
            # There a process that was forked must not ask the system for its proxies.
            and sys.platform != "darwin"
        )

    def _python(self, task_vars: Json) -> str:
        """Return the interpreter that the user wants; empty if Ansible may look for one."""
        delegated = (task_vars.get("ansible_delegated_vars") or {}).get(self._task.delegate_to) or {}
        wanted = str(self._templar.template({**task_vars, **delegated}.get("ansible_python_interpreter") or ""))
        return "" if wanted.startswith("auto") else wanted

    def _execute_here(self, task_vars: Json, environment: Json) -> Json:
        if Signals.taken is not None:
            # It was meant for this worker, which did not hear it: the next item of a loop, or try, is not to begin.
            signal.raise_signal(Signals.taken)
            return {"failed": True, "msg": f"Interrupted by {signal.Signals(Signals.taken).name} before it began"}
        if not gc.get_freeze_count():
            # What is there was made before the fork: to look for garbage among it would take memory for a copy of it.
            gc.freeze()
        arguments = dict(self._task.args)
        self._update_module_args(self._task.action, arguments, task_vars)
        with _as_a_module({"ANSIBLE_MODULE_ARGS": arguments}, environment, self._loader.get_basedir()):
            ended = _run(self.MODULE.main)
        # What it takes and returns depends on the release.
        parse: t.Any = self._parse_returned_data
        if _internal is None:
            result = parse(ended)
            _clean(result)
            return _untrusted(result)
        return _plain(parse(ended, PROFILE))


def _run(main: t.Callable[[], None]) -> t.Any:
    """Run a module; return what Ansible knows of one that ran as a process."""
    stdout = io.StringIO()
    code: t.Any = 0
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(io.StringIO()):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        except (Exception, Interrupted):
            # A bug; as a module it ends like this as well.
            return {"rc": 1, "stdout": "", "stderr": traceback.format_exc()}
    return {"rc": code, "stdout": stdout.getvalue(), "stderr": ""}


@contextlib.contextmanager
def _as_a_module(data: Json, environment: Json, folder: str) -> t.Iterator[None]:
    """Make this process look to AnsibleModule like one that was started for it, until the end of the block."""
    before, here = dict(os.environ), os.getcwd()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    warnings._global_warnings.clear()
    warnings._global_deprecations.clear()
    os.environ.update({name: str(value) for name, value in environment.items()})
    # Relative paths in options are meant from the folder of the playbook.
    os.chdir(folder)
    try:
        with _on_the_target():
            basic._ANSIBLE_ARGS = _encoded(data)
            basic._ANSIBLE_PROFILE = PROFILE
            yield
    finally:
        if not Signals.barred:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _on_the_target() -> t.Iterator[None]:
    """Have ansible.module_utils work as it does where modules run: it collects warnings instead of showing them."""
    if _internal is None:
        yield
        return
    _internal.is_controller = False
    try:
        yield
    finally:
        _internal.is_controller = True


def _encoded(data: Json) -> bytes:
    if _internal is None:
        from ansible.module_utils.common.json import AnsibleJSONEncoder

        encoder: t.Any = AnsibleJSONEncoder
        return json.dumps(data, cls=encoder, vault_to_text=True).encode()
    return json.dumps(data, cls=get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)).encode()


def _untrusted(result: Json) -> Json:
    """Return a result that nothing ever renders as a template; later releases do so with every module's result."""
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(result)


def _clean(result: Json) -> None:
    # ansible-core 2.21 no longer has it, nor the need for it.
    before_2_21: t.Any = clean
    before_2_21.remove_internal_keys(result)


def _plain(result: t.Any) -> Json:
    if isinstance(result, dict):
        _clean(result)
        return result
    # Since 2.21 it is an object.
    result.remove_internal_keys()
    return result.as_result_dict(for_round_trip=True)
