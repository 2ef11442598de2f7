# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Where Ansible meets the client: options, environment, login and logout, failures; the only one to know Ansible."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import threading
import types
import typing as t
import urllib.parse

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound, remove_values

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._diagnostics import Diagnostics
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import Interrupted, InvalidOption, VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import FILE, News, append
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import REQUESTS_IMPORT_ERROR, Endpoint

Params = dict[str, t.Any]
Work = t.Callable[[Params, VCenterClient, Context], Params]
LocalWork = t.Callable[[Params, Context], Params]


IN_PROCESS = "VSPHERE_LIFECYCLE_IN_PROCESS"


class Environment:
    """The VMWARE_* variables, and which of them stood in for an option."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def get(self, name: str) -> str:
        """Return a variable; an empty one counts as unset.

        :raises AnsibleFallbackNotFound: it is unset.
        """
        value = os.environ.get(name)
        if not value:
            raise AnsibleFallbackNotFound
        self.used.add(name)
        return value


# For options that a template may leave as an empty string, which counts as unset.
_VARIABLES = {
    "hostname": "VMWARE_HOST",
    "username": "VMWARE_USER",
    "password": "VMWARE_PASSWORD",
    "session_id": "VMWARE_SESSION_ID",
    "ca_path": "VMWARE_CA_PATH",
    "proxy_host": "VMWARE_PROXY_HOST",
}


def vcenter_argument_spec(environment: Environment) -> Params:
    """Return the connection options, as documented in the fragment ``vcenter``."""

    def option(variable: str | None = None, kind: str = "str", **more: t.Any) -> Params:
        fallback = {"fallback": (environment.get, [variable])} if variable else {}
        return {"type": kind, **fallback, **more}

    return {
        "hostname": option("VMWARE_HOST", aliases=["vcenter_hostname"]),
        "username": option("VMWARE_USER", aliases=["user", "admin", "vcenter_username"]),
        "password": option("VMWARE_PASSWORD", no_log=True, aliases=["pass", "pwd", "vcenter_password"]),
        "session_id": option("VMWARE_SESSION_ID", no_log=True),
        "port": option("VMWARE_PORT", "int", default=443, aliases=["vcenter_port"]),
        "validate_certs": option("VMWARE_VALIDATE_CERTS", "bool", default=True, aliases=["vcenter_validate_certs"]),
        "ca_path": option("VMWARE_CA_PATH", "path"),
        "proxy_host": option("VMWARE_PROXY_HOST"),
        "proxy_port": option("VMWARE_PROXY_PORT", "int"),
        "proxy_protocol": option(default="http", choices=["http", "https"], aliases=["protocol"]),
        "request_timeout": option(kind="int", default=60, aliases=["session_timeout"]),
        "diagnostics": option(kind="path"),
        # For the action plugin, which starts no process where it can do without; here it is only checked.
        "in_process": option(IN_PROCESS, "bool", default=True),
    }


def run_module(work: Work, argument_spec: Params, *, hands_out_session: bool = False, **constraints: t.Any) -> None:
    """Run a work function as an Ansible module and end the process with its result.

    :param work: takes parameters, a logged-in client and a context; returns the result; raises VCenterError to fail.
    :param argument_spec: the module's own options.
    :param hands_out_session: the work logs in itself, and the session_id in its result is for all to use.
    :param constraints: further arguments for AnsibleModule, such as ``required_one_of``.
    """
    environment = Environment()
    spec = {**vcenter_argument_spec(environment), **argument_spec}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **constraints)
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("requests"), exception=str(REQUESTS_IMPORT_ERROR))
    progress, followed = _progress_of(module)
    context = Context(module.check_mode, module.warn, progress, diff=module._diff, followed=followed)
    signals = Signals()
    module.no_log_values.update(_misplaced_passwords(module.params))
    try:
        # Where nothing is open, nobody has to log in to end it.
        ends_session = hands_out_session and module.params["state"] == "absent"
        endpoint, credentials = connection_of(module.params, environment, needs_login=not ends_session)
        module.no_log_values.update(value for value in (credentials.password, credentials.session_id) if value)
        if not endpoint.verify and "VMWARE_VALIDATE_CERTS" in environment.used:
            module.warn(
                "The certificate of vCenter is not checked, only because VMWARE_VALIDATE_CERTS says so (AWX sets it). "
                "Set validate_certs: true, with ca_path for a CA of your own, or validate_certs: false to agree"
            )
        path = module.params["diagnostics"]
        with contextlib.ExitStack() as stack:
            trace = stack.enter_context(Diagnostics(path, module.warn)) if path else None
            client = stack.enter_context(
                VCenterClient(
                    endpoint,
                    credentials,
                    connections=module.params.get("parallel_requests", 1),
                    log_in=not hands_out_session,
                    trace=trace,
                    shield=signals.held_back,
                )
            )
            result = work(module.params, client, context)
            if hands_out_session:
                # A signal would keep it from the only one who can close it.
                signals.ignore()
                Signals.barred = result["session_id"] is not None
                _show(module, result["session_id"])
        # Nothing is left to be cut short but the result.
        signals.ignore()
    except VCenterError as error:
        signals.ignore()
        _fail(module, error)
    except Interrupted as interruption:
        module.fail_json(msg=f"{interruption}. Tasks that were started go on in vCenter; run again to wait for them.")
    module.exit_json(**harmless(result))


def _progress_of(module: AnsibleModule) -> tuple[t.Callable[[News], None], bool]:
    """Return where news go, and whether somebody reads them while the module runs: who started it, by a file."""
    path = os.environ.get(FILE)

    def tell(news: News) -> None:
        # Nobody else looks at it before it is shown.
        texts = {name: remove_values(getattr(news, name), module.no_log_values) for name in ("name", "text")}
        masked = dataclasses.replace(news, **texts)
        module.debug(str(masked))
        if path:
            append(path, masked)

    return tell, bool(path)


def run_local_module(work: LocalWork, argument_spec: Params, *, large: t.Sequence[str] = ()) -> None:
    """Run a work function that needs no vCenter as an Ansible module, and end the process with its result.

    :param work: takes parameters and a context; returns the result; raises VCenterError to fail.
    :param argument_spec: all options of the module.
    :param large: options with so much in them that the result must not repeat it, as results do.
    """
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    context = Context(module.check_mode, module.warn, diff=module._diff)
    signals = Signals()
    params = dict(module.params)
    module.params.update(dict.fromkeys(large, "NOT_REPEATED_HERE"))
    try:
        result = work(params, context)
        signals.ignore()
    except VCenterError as error:
        signals.ignore()
        _fail(module, error)
    except Interrupted as interruption:
        module.fail_json(msg=f"{interruption}. Run again.")
    module.exit_json(**harmless(result))


def _fail(module: AnsibleModule, error: VCenterError) -> t.NoReturn:
    module.fail_json(**harmless({**error.details(), "msg": str(error)}))


def _show(module: AnsibleModule, session_id: str | None) -> None:
    """Let a result have the session that an option may have held; Ansible would blank it there too."""
    if session_id in module.no_log_values:
        module.no_log_values.remove(session_id)
        module.params["session_id"] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class Signals:
    """Turns SIGTERM and SIGINT into Interrupted, so that the way out is taken with everything on it.

    :cvar taken: the one that came last in this process; None for none.
    :cvar barred: whether none may end this process before somebody has its result.
    """

    NUMBERS = (signal.SIGTERM, signal.SIGINT)
    taken: t.ClassVar[int | None] = None
    barred: t.ClassVar[bool] = False

    def __init__(self) -> None:
        self._held_back = False
        self._came: int | None = None
        for number in self.NUMBERS:
            signal.signal(number, self._take)

    def _take(self, number: int, dummy: types.FrameType | None) -> None:
        self._came = Signals.taken = number
        if not self._held_back:
            self._interrupt(number)

    def _interrupt(self, number: int) -> None:
        # Once is enough: a second signal must not cut the logout short.
        self.ignore()
        raise Interrupted(f"Interrupted by {signal.Signals(number).name}")

    def ignore(self) -> None:
        """Let no signal interrupt from here on."""
        for number in self.NUMBERS:
            signal.signal(number, self._note)

    def _note(self, number: int, dummy: types.FrameType | None) -> None:
        Signals.taken = number

    @contextlib.contextmanager
    def held_back(self) -> t.Iterator[None]:
        """Hold a signal back until the end of the block."""
        self._held_back = True
        try:
            yield
        finally:
            self._held_back = False
            if self._came is not None:
                # For the main thread, which may be waiting for this one.
                signal.pthread_kill(threading.main_thread().ident or 0, self._came)


def connection_of(
    params: Params, environment: Environment, *, needs_login: bool = True
) -> tuple[Endpoint, Credentials]:
    """Return where to connect and how to log in.

    :param needs_login: whether a session or a login has to be given.
    :raises InvalidOption: something is missing or cannot be used.
    """
    options = dict(params)
    for name, variable in _VARIABLES.items():
        if options.get(name) == "":
            options[name] = os.environ.get(variable) or None
            environment.used |= {variable} if options[name] else set()
    host, port = host_and_port(options["hostname"] or "", options["port"])
    session_id = options["session_id"]
    explicit_login = (
        {"VMWARE_USER", "VMWARE_PASSWORD"}.isdisjoint(environment.used) and options["username"] and options["password"]
    )
    if "VMWARE_SESSION_ID" in environment.used and explicit_login:
        # What the task says beats what the environment says.
        session_id = None
    if needs_login and not session_id:
        missing = [name for name in ("username", "password") if not options[name]]
        if missing:
            raise InvalidOption(
                f"No {' and no '.join(missing)} to log in to {host} with",
                "Set username (VMWARE_USER) and password (VMWARE_PASSWORD), or session_id (VMWARE_SESSION_ID)",
            )
    if session_id and not (session_id.isascii() and session_id.isprintable() and " " not in session_id):
        raise InvalidOption(
            "The session_id has characters that no session identifier has", "Pass it exactly as vCenter returned it"
        )
    endpoint = Endpoint(
        host=host,
        port=port,
        verify=options["validate_certs"],
        ca_path=_existing(os.path.expanduser(options["ca_path"] or "")),
        proxy=_proxy(options),
        timeout=float(_positive(options, "request_timeout")),
    )
    return endpoint, Credentials(options["username"] or "", options["password"] or "", session_id or None)


def host_and_port(hostname: str, port: int) -> tuple[str, int]:
    """Return host and port of a name, an address or an https:// URL; a port in it counts where ``port`` is 443.

    :raises InvalidOption: it is empty, or not an address of HTTPS.
    """
    text = hostname.strip()
    if not text:
        raise InvalidOption("No vCenter to connect to", "Set hostname (VMWARE_HOST)")
    scheme, separator, rest = text.rpartition("://")
    if separator and scheme.lower() != "https":
        raise InvalidOption(
            f"The hostname '{_without_login(text)}' asks for {scheme.lower()}, which would send the password in clear",
            "Give the name alone, or a URL that begins with https://",
        )
    # A bare IPv6 address has colons of its own.
    bare = rest.split("/", 1)[0]
    authority = f"[{bare}]" if bare.count(":") > 1 and not bare.startswith("[") else bare
    try:
        parts = urllib.parse.urlsplit(f"//{authority}")
        host, own_port = parts.hostname, parts.port
    except ValueError:
        host, own_port = None, None
    if not host or "@" in authority or " " in authority or not authority.isprintable():
        raise InvalidOption(
            f"The hostname '{_without_login(text)}' is not a name, an address or an https:// URL", "Correct hostname"
        )
    chosen = own_port if own_port and port == 443 else port
    if not 1 <= chosen <= 65535:
        raise InvalidOption(f"The port {chosen} is not between 1 and 65535", "Correct port")
    return host, chosen


def _misplaced_passwords(params: Params) -> set[str]:
    """Return the passwords in addresses: they are refused there, and Ansible shows what a module was called with."""
    logins = [(params[name] or "").rpartition("@")[0].rpartition("//")[2] for name in ("hostname", "proxy_host")]
    return {password for password in (login.partition(":")[2] for login in logins) if password}


def _without_login(url: str) -> str:
    """Return a URL without the user and password that somebody may have put into it."""
    head, at, tail = url.rpartition("@")
    return f"{head.split('://', 1)[0]}://***@{tail}" if at and "://" in head else (f"***@{tail}" if at else url)


def _existing(path: str | None) -> str | None:
    if path and not os.path.exists(path):
        raise InvalidOption(
            f"There is no file or directory '{path}'",
            "Correct ca_path: a PEM file with the CA, or a directory of such files",
        )
    return path or None


def _proxy(options: Params) -> str | None:
    host = options["proxy_host"]
    if not host:
        return None
    if not options["proxy_port"]:
        raise InvalidOption(f"The proxy '{host}' has no port", "Set proxy_port (VMWARE_PROXY_PORT)")
    if not re.fullmatch(r"[\w.-]+|\[?[0-9A-Fa-f:.]+\]?", host):
        raise InvalidOption(
            f"The proxy_host '{_without_login(host)}' is not a name or an address",
            "Give the name alone, with proxy_port beside it; for a proxy that needs a login, set HTTPS_PROXY instead",
        )
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{options['proxy_protocol']}://{bracketed}:{options['proxy_port']}"


def _positive(options: Params, name: str) -> int:
    value = int(options[name])
    if value <= 0:
        raise InvalidOption(f"The option '{name}' is {value}; it must be more than 0 seconds", f"Correct {name}")
    return value
