# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a request of HTTP to its answer: routes, sessions, encodings, faults, the record; knows no HTTP library.

The server brings these answers to the network; a test may also ask for them directly, with a clock of its own.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import email.utils
import http.cookies
import json
import typing as t
import uuid

from .control import PREFIX, Control
from .encoding import encode, encode_error
from .errors import VapiError, WorldError, refusal
from .faults import Strike
from .recording import Request, without_secrets
from .routes import ROUTES
from .routing import Call, Pairs, Route, find
from .sessions import Session, unauthenticated
from .values import message
from .world import DOWN, STARTING, World

SESSION_HEADER = "vmware-api-session-id"
JSON = "application/json"
#: Bodies of a proxy in front of vCenter, or of one that is starting.
PLAIN_503 = b"no healthy upstream"
PROXY_503 = b"upstream connect error or disconnect/reset before headers"
UNREADABLE_500 = b"Internal Server Error: <none>"
HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
#: More than any client should take in one answer.
OVERSIZE = 33 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as it came. `path` is raw, with its escapes; names of headers are in lower case."""

    method: str
    path: str
    query: Pairs
    headers: t.Mapping[str, str]
    body: bytes = b""


@dataclasses.dataclass
class Answer:
    """What goes back, and how: the wire may be slow, or break."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    #: Spaces after the body, for an answer larger than anybody wants to keep in memory.
    filler: int = 0
    #: Seconds until the answer begins, and from then until it ends.
    delay: float = 0.0
    drip: float = 0.0
    #: No answer at all: nobody listens, or the connection is cut after the request was taken.
    refused: bool = False
    lost: bool = False
    #: The connection is cut in the middle of the body.
    cut: bool = False


class Exchange:
    """Answers requests for one world and remembers them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: list[Request] = []
        self._control = Control(world, self.requests)

    def answer(self, asked: Asked) -> Answer:
        if asked.path.startswith(PREFIX):
            return self._answer_control(asked)
        self.world.look()
        fault = self.world.faults.next_for(asked.method, asked.path, dict(asked.query).get("action", ""))
        answer, session = self._answer(asked, fault)
        answer.headers.setdefault("Date", email.utils.formatdate(self.world.now, usegmt=True))
        status = 0 if answer.lost or answer.refused else answer.status
        self._record(asked, status, session, fault.kind if fault else None)
        return answer

    def _answer_control(self, asked: Asked) -> Answer:
        try:
            given = json.loads(asked.body or b"{}")
            value, status = self._control.answer(asked.method, asked.path[len(PREFIX) :], given), 200
        except (WorldError, ValueError) as exc:
            value, status = {"error": str(exc)}, 400
        return Answer(status, json.dumps(value).encode(), {"Content-Type": JSON})

    def _answer(self, asked: Asked, fault: Strike | None) -> tuple[Answer, Session | None]:
        root = _root_of(asked.path)
        if self.world.availability == DOWN:
            return Answer(0, refused=True), None
        if self.world.availability == STARTING:
            return _plain(503, PLAIN_503), None
        refused = _refusal(fault, root, asked) if fault else None
        if fault and fault.ends_session:
            self._end_session(asked)
        if fault and refused is not None:
            refused.delay = fault.seconds
            return refused, None
        answer, session = self._dispatch(asked, root)
        return (_spoilt(answer, fault, root) if fault else answer), session

    def _end_session(self, asked: Asked) -> None:
        """An answer that the session is gone is the truth from then on."""
        token = _token(asked)
        if token:
            self.world.sessions.close(token)

    def _dispatch(self, asked: Asked, root: str) -> tuple[Answer, Session | None]:
        """The world's answer, and the session it was asked in."""
        session: Session | None = None
        try:
            route, variables = find(ROUTES, self.world, asked.method, asked.path, asked.query)
            if route.login:
                call = Call(self.world, route, variables, asked.query, credentials=_credentials(asked))
            else:
                session = self.world.sessions.use(_token(asked))
                session.user.require(route.privileges)
                call = Call(self.world, route, variables, asked.query, session=session)
            call.check_query()
            call.body = _body(asked.body)
            answer = _success(route, route.handler(call), asked)
        except VapiError as error:
            answer = _error(error, root)
        answer.headers["X-Request-ID"] = asked.headers.get("x-request-id") or str(uuid.uuid4())
        return answer, session

    def _record(self, asked: Asked, status: int, session: Session | None, fault: str | None) -> None:
        by_name: dict[str, list[str]] = {}
        for name, value in asked.query:
            by_name.setdefault(name, []).append(value)
        try:
            body = without_secrets(json.loads(asked.body)) if asked.body else None
        except ValueError:
            body = asked.body.decode(errors="replace")
        user = session.user.name if session else None
        self.requests.append(Request(asked.method, asked.path, by_name, body, status, self.world.now, user, fault))


def _success(route: Route, value: t.Any, asked: Asked) -> Answer:
    if value is None:
        return Answer(route.success)
    answer = Answer(route.success, encode(value, route.root), {"Content-Type": JSON})
    if route.login and route.root == "rest" and "vmware-use-header-authn" not in asked.headers:
        answer.headers["Set-Cookie"] = f"{SESSION_HEADER}={value}; HttpOnly; Path=/rest; Secure"
    return answer


def _error(error: VapiError, root: str) -> Answer:
    status, body = encode_error(error, root)
    return Answer(status, body, {"Content-Type": JSON})


def _plain(status: int, body: bytes, kind: str = "text/plain", **headers: str) -> Answer:
    return Answer(status, body, {"Content-Type": kind, **headers})


def _body(raw: bytes) -> t.Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise refusal("INVALID_REQUEST", "not_json", "The request body is not JSON.") from None


def _credentials(asked: Asked) -> tuple[str, str]:
    scheme, dummy, encoded = asked.headers.get("authorization", "").partition(" ")
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise unauthenticated() from None
    if scheme.lower() != "basic" or not colon:
        raise unauthenticated()
    return name, password


def _token(asked: Asked) -> str | None:
    header = asked.headers.get(SESSION_HEADER)
    if header or "cookie" not in asked.headers:
        return header
    cookie = http.cookies.SimpleCookie(asked.headers["cookie"]).get(SESSION_HEADER)
    return cookie.value if cookie else None


def _root_of(path: str) -> str:
    return "rest" if path.startswith("/rest/") else "api"


def _refusal(fault: Strike, root: str, asked: Asked) -> Answer | None:
    """The answer of faults that keep the request from vCenter's services."""
    answers: dict[str, t.Callable[[], Answer]] = {
        "refused": lambda: Answer(0, refused=True),
        "reset_before": lambda: Answer(0, lost=True),
        "503_json": lambda: _error(refusal("SERVICE_UNAVAILABLE", "overloaded", "The service is not available."), root),
        "503_plain": lambda: _plain(503, PLAIN_503),
        "503_proxy": lambda: _plain(503, PROXY_503),
        "408": lambda: _plain(408, b"Request Timeout"),
        "429": lambda: _too_many(fault),
        "500_unreadable": lambda: _plain(500, UNREADABLE_500),
        "502": lambda: _plain(502, b"<html><body>Bad Gateway</body></html>", "text/html"),
        "html": lambda: _plain(200, HTML, "text/html"),
        "echo": lambda: _plain(502, _echo(asked), "text/html"),
        "redirect": lambda: _plain(302, b"", Location="https://elsewhere.example.com/"),
        "401": lambda: _error(unauthenticated(), root),
        "401_as_500": lambda: _as_500(_error(unauthenticated(), root)),
        "401_by_mistake": lambda: _error(unauthenticated(), root),
        "401_spurious": lambda: _error(unauthenticated(), root),
        "404": lambda: _error(refusal("NOT_FOUND", "gone", "There is no such object."), root),
        "list_too_long": lambda: _error(
            refusal("RESOURCE_INACCESSIBLE", "too_many_tasks", "More than 1000 tasks match the filter."), root
        ),
        "session_limit": lambda: _error(
            VapiError(
                "SERVICE_UNAVAILABLE",
                message(
                    "com.vmware.vapi.endpoint.failedToLoginMaxUserSessionCountReached",
                    "The user has reached the limit of sessions.",
                ),
            ),
            root,
        ),
    }
    made = answers.get(fault.kind)
    return made() if made else None


def _echo(asked: Asked) -> bytes:
    """The page of a proxy that shows what it was sent."""
    headers = "".join(f"{name}: {value}\n" for name, value in sorted(asked.headers.items()))
    return f"<pre>{headers}</pre><p>Bad Gateway</p>".encode()


def _too_many(fault: Strike) -> Answer:
    return Answer(429, headers={} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"})


def _as_500(answer: Answer) -> Answer:
    answer.status = 500
    return answer


def _spoilt(answer: Answer, fault: Strike, root: str) -> Answer:
    """The answer of faults that strike after vCenter has done its work."""
    headers = {**answer.headers, "Content-Type": JSON}
    spoilt: dict[str, t.Callable[[], Answer]] = {
        "empty": lambda: Answer(answer.status, b"", headers),
        "malformed": lambda: Answer(answer.status, b'{"value": ' + answer.body[:20], headers),
        "truncated": lambda: Answer(answer.status, answer.body[: len(answer.body) // 2], headers),
        "wrong_shape": lambda: Answer(answer.status, b'{"unexpected": [null, 3, {"value": {}}]}', headers),
        "oversize": lambda: dataclasses.replace(answer, filler=OVERSIZE),
        "reset_after": lambda: Answer(0, lost=True),
        "reset_in_body": lambda: dataclasses.replace(answer, cut=True),
        "slow_body": lambda: dataclasses.replace(answer, drip=fault.seconds),
        "504": lambda: _plain(504, b"upstream request timeout"),
        "503_after": lambda: _plain(503, PROXY_503),
        "500_timed_out": lambda: _error(refusal("TIMED_OUT", "timed_out", "The operation timed out."), root),
    }
    made = spoilt.get(fault.kind)
    changed = made() if made else answer
    if fault.kind != "slow_body":
        changed.delay = fault.seconds
    return changed
