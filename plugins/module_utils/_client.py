# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""A session with vCenter's REST API: log in, log out, JSON calls, errors as classes; knows no other address."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import json
import re
import threading
import types
import typing as t
import urllib.parse

from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    AuthenticationFailed,
    Interrupted,
    InvalidOption,
    NotFound,
    Unauthenticated,
    UnexpectedReply,
    UnparsableError,
    VCenterError,
    api_error,
    attempt,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import (
    Endpoint,
    Reply,
    RetryPolicy,
    Trace,
    Transport,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import dict_or_empty, expect, json_of, texts_of

Query = t.Mapping[str, t.Any]

SESSION = "/api/session"
LEGACY_SESSION = "/rest/com/vmware/cis/session"
LOGOUT_TRIES = 3
LOGOUT_TIMEOUT = 5.0
"""Seconds for the answer to a logout: nobody who has been told to stop waits longer for a vCenter that hangs."""
LOGOUT_PATIENCE = 20.0
"""Seconds for all tries to log out, whatever Retry-After asks for."""
SESSION_LIMIT_ID = "com.vmware.vapi.endpoint.failedToLoginMaxUserSessionCountReached"


@dataclasses.dataclass(frozen=True)
class Credentials:
    """How to get a session: log in with user and password, or use one that somebody else opened and will close.

    With both, the session comes first, and the login stands in for it once vCenter no longer takes it.
    Neither password nor session shows in its repr, so that no traceback or log can hold them.
    """

    username: str = ""
    password: str = dataclasses.field(default="", repr=False)
    session_id: str | None = dataclasses.field(default=None, repr=False)


def segment(value: str) -> str:
    """Return an identifier encoded as one segment of a path, whatever it contains.

    :raises InvalidOption: for "", "." and "..", which would name another address.
    """
    if value in {"", ".", ".."}:
        raise InvalidOption(f"'{value}' cannot be an identifier", "Correct the identifier")
    return urllib.parse.quote(value, safe="", errors="replace")


class VCenterClient:
    """One session with one vCenter.

    Use as a context manager: entering logs in, leaving logs out, on every way out. A 401 in between is answered by one
    new login and the same request again. A session that was given is neither logged out nor, without a password,
    replaced.

    Several threads may send at the same time; entering and leaving is for one.

    :param connections: how many requests at once its users may send.
    :param log_in: whether entering logs in where no session was given, or only the first request does.
    :param trace: takes a line about each exchange, without headers and bodies.
    :param shield: makes a context manager in which no signal interrupts: a session whose identifier is still on its
        way can be closed by nobody.
    :raises AuthenticationFailed: vCenter takes neither password nor session.
    :raises ConnectionFailed: nobody answers.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials,
        clock: Clock | None = None,
        *,
        connections: int = 1,
        log_in: bool = True,
        trace: Trace | None = None,
        shield: t.Callable[[], t.ContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self.clock = clock or Clock()
        self.endpoint = endpoint
        self.connections = connections
        self._credentials = credentials
        policy = RetryPolicy(refused=_surely_refused, transient=_transient)
        self._transport = Transport(endpoint, self.clock, policy, trace, connections)
        self._token = credentials.session_id
        self._given = bool(credentials.session_id)
        self._kept = False
        self._login_first = log_in
        self._login_path = SESSION
        self._shield = shield
        # One thread at a time may replace the session, and none any more while it is left.
        self._renewing = threading.RLock()
        self._left = False

    def __enter__(self) -> VCenterClient:
        try:
            if self._login_first and not self._token:
                self._log_in()
        except BaseException:
            # Nobody leaves what was never entered, and the session may be open already.
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._left = True
        try:
            with self._renewing:
                if kind or not self._kept:
                    self._log_out()
        except VCenterError:
            # The work has its own outcome, and vCenter drops an idle session by itself.
            pass
        except Interrupted:
            # Interrupted in the very moment of leaving: the session is still to be closed.
            with contextlib.suppress(VCenterError):
                self._log_out()
            raise
        finally:
            self._transport.close()

    def is_open(self) -> bool:
        """Tell whether there is a session that vCenter takes; none is opened in its place."""
        return bool(self._token) and self._is_taken("GET", ("POST", f"{LEGACY_SESSION}?~action=get"))

    def renew(self) -> None:
        """Log in, in the place of a session that vCenter refuses.

        :raises AuthenticationFailed: there is nothing to log in with, or vCenter refuses that as well.
        """
        if self._given and not (self._credentials.username and self._credentials.password):
            raise AuthenticationFailed(
                "vCenter does not accept the session_id given (any more)",
                "Pass a fresh session_id, or username and password as well",
            )
        self._log_in()

    def keep(self) -> str:
        """Return the session, which is then left open for whoever takes it, unless the block ends with an error."""
        self._kept = True
        return self._token or ""

    def end(self) -> None:
        """End the session, whoever opened it."""
        self._is_taken("DELETE", ("DELETE", LEGACY_SESSION))
        self._token = None

    def get(self, path: str, query: Query | None = None, *, timeout: float | None = None) -> t.Any:
        """Read. :param timeout: seconds, for calls that are known to be slow."""
        longer = max(timeout, self.endpoint.timeout) if timeout else None
        return self._call("GET", path, query, None, safe=True, timeout=longer)

    def get_first(self, *paths: str) -> tuple[str, t.Any]:
        """Read from the first of several addresses that is there, and say which: /rest stands in for a missing /api.

        :raises NotFound: none is there; the error is that of the first.
        """
        try:
            return paths[0], self.get(paths[0])
        except NotFound as missing:
            for path in paths[1:]:
                # A later release without /rest may answer with a page instead of an error.
                with contextlib.suppress(NotFound, UnexpectedReply):
                    return path, self.get(path)
            raise missing

    def post(self, path: str, query: Query | None = None, body: t.Any = None, *, safe: bool = False) -> t.Any:
        """Send a POST. :param safe: it only reads, so it may be repeated."""
        return self._call("POST", path, query, body, safe=safe)

    def patch(self, path: str, body: t.Any) -> t.Any:
        """Change an object."""
        return self._call("PATCH", path, None, body)

    def _call(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: t.Any,
        *,
        safe: bool = False,
        timeout: float | None = None,
    ) -> t.Any:
        target = path + _encoded(query)
        token = self._token
        try:
            return self._exchange(method, target, body, safe=safe, timeout=timeout)
        except Unauthenticated:
            with self._renewing:
                if self._left:
                    raise
                if self._token == token:
                    self.renew()
        try:
            return self._exchange(method, target, body, safe=safe, timeout=timeout)
        except Unauthenticated as error:
            raise AuthenticationFailed("vCenter refuses the session that it has just opened") from error

    def _is_taken(self, method: str, legacy: tuple[str, str]) -> bool:
        """Return whether vCenter takes the session for a call about itself.

        :param legacy: method and address of that call in a vCenter before 7.0 U2.
        """
        try:
            try:
                self._exchange(method, SESSION, None, safe=True, timeout=None)
            except NotFound:
                self._exchange(*legacy, None, safe=True, timeout=None)
        except Unauthenticated:
            return False
        return True

    def _exchange(self, method: str, target: str, body: t.Any, *, safe: bool, timeout: float | None) -> t.Any:
        headers = {"Accept": "application/json", "vmware-api-session-id": self._token or ""}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        reply = self._transport.send(method, target, headers=headers, body=data, safe=safe, timeout=timeout)
        return _value(method, target, self._without_secrets(reply))

    def _without_secrets(self, reply: Reply) -> Reply:
        """Return an answer without session and login: some proxies show in their error page what they were sent."""
        login = f"{self._credentials.username}:{self._credentials.password}".encode("utf-8", "replace")
        text = reply.text
        for secret in (self._token, base64.b64encode(login).decode()):
            text = _any_spelling(secret).sub("***", text) if secret else text
        return reply if text == reply.text else dataclasses.replace(reply, text=text)

    def _log_in(self) -> None:
        if self._token:
            # Whoever refused it may be the only one to do so: left open, it would count for 30 minutes.
            with contextlib.suppress(VCenterError):
                self._log_out()
        self._token, self._given = None, False
        with self._shield(), attempt(f"log in to {self.endpoint.host} as '{self._credentials.username}'"):
            try:
                self._token = self._open(SESSION)
                self._login_path = SESSION
            except NotFound:
                # vCenter before 7.0 U2 has only the older address.
                self._token = self._open(LEGACY_SESSION)
                self._login_path = LEGACY_SESSION

    def _open(self, path: str) -> str:
        auth = (self._credentials.username, self._credentials.password)
        headers = {"Accept": "application/json", "vmware-use-header-authn": "true"}
        # A login whose answer got lost leaves a session that nobody knows: that ends by itself, a failed run does not.
        reply = self._without_secrets(self._transport.send("POST", path, headers=headers, auth=auth, safe=True))
        try:
            token = expect(_value("POST", path, reply, shown=reply.status >= 400), str, "session")
        except Unauthenticated as error:
            raise AuthenticationFailed(
                f"vCenter refuses the credentials ({'; '.join(error.messages).rstrip('.') or 'no reason given'})"
            ) from error
        except ApiError as error:
            if SESSION_LIMIT_ID in reply.text:
                error.remedy = (
                    "This user has too many open sessions: end those that are not needed, wait until they expire "
                    "(30 minutes idle), or use another account"
                )
            raise
        if not re.fullmatch(r"[!-~]+", token):
            # It goes into a header, where anything else would be refused with the token in the message.
            raise UnexpectedReply("vCenter's answer has no usable session (characters that no session has)")
        return token

    def _log_out(self) -> None:
        if self._token and not self._given:
            headers = {"vmware-api-session-id": self._token}
            deadline = Deadline(self.clock, LOGOUT_PATIENCE)
            tries = 0
            while tries < LOGOUT_TRIES and not deadline.passed:
                tries += 1
                reply = self._transport.send(
                    "DELETE",
                    self._login_path,
                    headers=headers,
                    safe=True,
                    timeout=LOGOUT_TIMEOUT,
                    patience=deadline.left,
                )
                # A page, or a redirect, comes from something before vCenter, which then knows nothing of it.
                if reply.status == 401 or (reply.status < 300 and not isinstance(_decoded(reply), UnexpectedReply)):
                    break
            self._token = None


@functools.lru_cache(maxsize=8)
def _any_spelling(secret: str) -> re.Pattern[str]:
    """Return what finds a secret in JSON, HTML or an address, each of which may spell some characters otherwise."""
    return re.compile(
        "".join(
            one if one.isalnum() else rf"(?:\\?{re.escape(one)}|(?:\\u00|%|&#x0*)(?i:{ord(one):02x});?|&#0*{ord(one)};)"
            for one in secret
        )
    )


def _encoded(query: Query | None) -> str:
    """Return a query string; a list repeats its name, None is left out, booleans are lower case."""
    pairs = [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, values in (query or {}).items()
        for value in (values if isinstance(values, (list, tuple)) else [values])
        if value is not None
    ]
    return "?" + urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote, errors="replace") if pairs else ""


def _value(method: str, target: str, reply: Reply, *, shown: bool = True) -> t.Any:
    """Return the value of a good answer; raise for any other.

    :param shown: whether an error may tell how the body begins.
    """
    path = target.split("?", 1)[0]
    decoded = _decoded(reply)
    if reply.status >= 400:
        error = _error(method, path, reply, decoded)
        error.request_id = reply.request_id
        raise error
    if not 200 <= reply.status < 300 or isinstance(decoded, UnexpectedReply):
        # What follows the address in a redirect is for its target alone.
        location = re.split("[?#]", reply.headers.get("Location", ""))[0]
        raise UnexpectedReply(
            f"the answer to {method} {path} is no JSON value (status {reply.status}"
            f"{f', redirecting to {location}' if location else ''}{_beginning(reply) if shown else ''})"
        )
    if path.startswith("/rest/") and isinstance(decoded, dict) and set(decoded) == {"value"}:
        return decoded["value"]
    return decoded


def _decoded(reply: Reply) -> t.Any:
    if not reply.text.strip():
        return None
    try:
        return json_of(reply.text)
    except ValueError:
        return UnexpectedReply("not JSON")


def _error(method: str, path: str, reply: Reply, decoded: t.Any) -> ApiError | UnparsableError:
    """Return the error of an answer with status 400 or more, of either root; contract section 6."""
    body = dict_or_empty(decoded)
    value = dict_or_empty(body.get("value")) or body
    kind = body.get("error_type") or body.get("type")
    if not isinstance(kind, str) and not texts_of(value.get("messages")):
        said = (
            f"vCenter, or something before it, answered {reply.status} to {method} {path} "
            f"without an error object{_beginning(reply)}"
        )
        if reply.status in {401, 404}:
            return api_error(method, path, reply.status, None, [said])
        return UnparsableError(said, reply.status)
    error_type = kind.rsplit(".", 1)[-1].upper() if isinstance(kind, str) else None
    return api_error(method, path, reply.status, error_type, texts_of(value.get("messages")), value.get("data"))


def _beginning(reply: Reply) -> str:
    words = " ".join(reply.text.split())[:120]
    return f", it begins: {words!r}" if words else ", it is empty"


def _surely_refused(reply: Reply) -> bool:
    """Whether a 503 comes from vCenter, or from its own proxy with nobody behind; others may have lost the answer."""
    decoded = _decoded(reply)
    return "no healthy upstream" in reply.text or (
        isinstance(decoded, dict) and ("error_type" in decoded or "type" in decoded)
    )


def _transient(reply: Reply) -> bool:
    """Whether a 500 is worth another try: vCenter says so, or what came is no answer of vCenter's API at all."""
    body = dict_or_empty(_decoded(reply))
    value = dict_or_empty(body.get("value")) or body
    kind = str(body.get("error_type") or body.get("type") or "")
    if not kind and not texts_of(value.get("messages")):
        return True
    return kind.rsplit(".", 1)[-1].upper() == "TIMED_OUT" or is_transient(value.get("data"))


def is_transient(data: t.Any) -> bool:
    """Whether the data of an error hold vCenter's ``TransientIndication``."""
    return dict_or_empty(data).get("is_transient") is True
