# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTPS face of a world: TLS, sessions, encodings, faults on the wire, the record; the rules are the world's."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import datetime
import functools
import json
import pathlib
import ssl
import tempfile
import threading
import typing as t
import uuid

import trustme
from aiohttp import web

from .control import PREFIX, Control
from .encoding import encode, encode_error
from .errors import VapiError, WorldError, refusal
from .faults import Fault
from .recording import Request, without_secrets
from .routes import ROUTES
from .routing import Call, Pairs, Route, find
from .sessions import Session, unauthenticated
from .world import World

HOSTNAME = "localhost"
ADDRESS = "127.0.0.1"
NAMES = (HOSTNAME, ADDRESS, "::1")
SESSION_HEADER = "vmware-api-session-id"
JSON = "application/json"
#: Bodies of a proxy in front of vCenter, or of one that is starting.
PLAIN_503 = b"no healthy upstream"
UNREADABLE_500 = b"Internal Server Error: <none>"
HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


class Server:
    """Answers requests for one world and remembers them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: list[Request] = []
        self._control = Control(world, self.requests)

    async def answer(self, http: web.BaseRequest) -> web.StreamResponse:
        path = http.rel_url.raw_path
        if path.startswith(PREFIX):
            return await self._answer_control(http, path[len(PREFIX) :])
        raw = await http.read()
        query = list(http.query.items())
        fault = self.world.faults.next_for(http.method, path, dict(query).get("action", ""))
        if fault and fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "reset_before":
            self._record(http, query, raw, 0, None, fault)
            return _reset(http)
        refused = _refuse(fault, _root_of(path)) if fault else None
        if refused is not None:
            self._record(http, query, raw, refused.status, None, fault)
            return refused
        response, session = self._dispatch(http, path, query, raw)
        lost = fault is not None and fault.kind == "reset_after"
        self._record(http, query, raw, 0 if lost else response.status, session, fault)
        if lost:
            return _reset(http)
        return _damaged(response, fault)

    async def _answer_control(self, http: web.BaseRequest, name: str) -> web.Response:
        try:
            body = json.loads(await http.read() or b"{}")
            return web.json_response(self._control.answer(http.method, name, body))
        except (WorldError, ValueError) as exc:
            return web.json_response({"error": str(exc)}, status=400)

    def _dispatch(
        self, http: web.BaseRequest, path: str, query: Pairs, raw: bytes
    ) -> tuple[web.Response, Session | None]:
        """The world's answer, and the session it was asked in."""
        session: Session | None = None
        try:
            self.world.look()
            route, variables = find(ROUTES, self.world, http.method, path, query)
            if route.login:
                call = Call(self.world, route, variables, query, credentials=_credentials(http))
            else:
                session = self.world.sessions.use(_token(http))
                session.user.require(route.privileges)
                call = Call(self.world, route, variables, query, session=session)
            call.check_query()
            call.body = _body(raw)
            response = _success(route, route.handler(call), http)
        except VapiError as error:
            status, body = encode_error(error, _root_of(path))
            response = web.Response(status=status, body=body, content_type=JSON)
        response.headers["X-Request-ID"] = http.headers.get("X-Request-ID") or str(uuid.uuid4())
        return response, session

    def _record(
        self, http: web.BaseRequest, query: Pairs, raw: bytes, status: int, session: Session | None, fault: Fault | None
    ) -> None:
        by_name: dict[str, list[str]] = {}
        for name, value in query:
            by_name.setdefault(name, []).append(value)
        try:
            body = without_secrets(json.loads(raw)) if raw else None
        except ValueError:
            body = raw.decode(errors="replace")
        self.requests.append(
            Request(
                http.method,
                http.rel_url.raw_path,
                by_name,
                body,
                status,
                self.world.now,
                session.user.name if session else None,
                fault.kind if fault else None,
            )
        )


def _success(route: Route, value: t.Any, http: web.BaseRequest) -> web.Response:
    if value is None:
        return web.Response(status=route.success)
    response = web.Response(status=route.success, body=encode(value, route.root), content_type=JSON)
    if route.login and route.root == "rest" and "vmware-use-header-authn" not in http.headers:
        response.set_cookie(SESSION_HEADER, value, path="/rest", secure=True, httponly=True)
    return response


def _body(raw: bytes) -> t.Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise refusal("INVALID_REQUEST", "not_json", "The request body is not JSON.") from None


def _credentials(http: web.BaseRequest) -> tuple[str, str]:
    scheme, dummy, encoded = http.headers.get("Authorization", "").partition(" ")
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise unauthenticated() from None
    if scheme.lower() != "basic" or not colon:
        raise unauthenticated()
    return name, password


def _token(http: web.BaseRequest) -> str | None:
    return http.headers.get(SESSION_HEADER) or http.cookies.get(SESSION_HEADER)


def _root_of(path: str) -> str:
    return "rest" if path.startswith("/rest/") else "api"


def _refuse(fault: Fault, root: str) -> web.Response | None:
    """The reply of faults that keep the request from vCenter."""
    if fault.kind == "503_json":
        error = refusal("SERVICE_UNAVAILABLE", "overloaded", "The service is not available.")
        status, body = encode_error(error, root)
        return web.Response(status=status, body=body, content_type=JSON)
    if fault.kind == "503_plain":
        return web.Response(status=503, body=PLAIN_503, content_type="text/plain")
    if fault.kind == "500_unreadable":
        return web.Response(status=500, body=UNREADABLE_500, content_type="text/plain")
    if fault.kind == "html":
        return web.Response(status=200, body=HTML, content_type="text/html")
    if fault.kind == "429":
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        return web.Response(status=429, headers=headers)
    return None


def _damaged(response: web.Response, fault: Fault | None) -> web.Response:
    """The reply of faults that spoil the answer after vCenter has done its work."""
    kind = fault.kind if fault else ""
    body = response.body if isinstance(response.body, bytes) else b""
    if kind == "empty":
        return web.Response(status=response.status, content_type=JSON)
    if kind == "malformed":
        return web.Response(status=response.status, body=b'{"value": ' + body[:20], content_type=JSON)
    if kind == "truncated":
        return web.Response(status=response.status, body=body[: len(body) // 2], content_type=JSON)
    return response


def _reset(http: web.BaseRequest) -> web.Response:
    """Cut the connection instead of answering."""
    if http.transport is not None:
        http.transport.abort()
    return web.Response(status=500)


class Certificate:
    """An authority of its own and a server certificate by it."""

    def __init__(self, names: t.Sequence[str], *, expired: bool = False) -> None:
        authority = trustme.CA(organization_name="vsphere.lifecycle simulator")
        self.ca = authority.cert_pem.bytes()
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        # trustme's certificates begin long ago, so one that ended yesterday was once valid.
        yesterday = datetime.datetime.now(tz=datetime.timezone.utc) - datetime.timedelta(days=1)
        authority.issue_cert(*names, not_after=yesterday if expired else None).configure_cert(self.context)


@functools.lru_cache(maxsize=8)
def certificate(names: tuple[str, ...] = NAMES, *, expired: bool = False) -> Certificate:
    """One for each set of names in a process, as tests open many servers."""
    return Certificate(names, expired=expired)


class VCenter:
    """A running in-process server, as tests see it."""

    def __init__(self, server: Server, port: int, ca_path: str) -> None:
        self._server = server
        self.world = server.world
        self.hostname = HOSTNAME
        self.port = port
        self.ca_path = ca_path
        self.url = f"https://{HOSTNAME}:{port}"
        self.username = server.world.username
        self.password = server.world.password

    @property
    def requests(self) -> list[Request]:
        return self._server.requests

    @property
    def writes(self) -> list[Request]:
        """Requests that change something in vCenter."""
        return [request for request in self.requests if request.is_write]

    @property
    def stages(self) -> list[Request]:
        """Requests for staging of ESX software."""
        return [request for request in self.requests if request.is_stage]

    @property
    def sessions(self) -> list[Session]:
        """Sessions that are still open."""
        return self.world.sessions.open


async def start(
    server: Server, port: int, context: ssl.SSLContext, address: str = ADDRESS
) -> tuple[web.ServerRunner, int]:
    """Listen; returns the runner, for its `cleanup`, and the port in use."""
    # No router of aiohttp's: the one route table decides, and any path reaches it.
    runner = web.ServerRunner(web.Server(server.answer, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, address, port, ssl_context=context)
    await site.start()
    return runner, runner.addresses[0][1]


@contextlib.contextmanager
def serve(
    world: World,
    *,
    port: int = 0,
    names: tuple[str, ...] = NAMES,
    expired: bool = False,
    address: str = ADDRESS,
) -> t.Iterator[VCenter]:
    """Serve a world over TLS from a thread, on loopback, as long as the block lasts.

    Its certificate can be made out to other names, or have expired.
    """
    server = Server(world)
    issued = certificate(names, expired=expired)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()
    runner, bound = asyncio.run_coroutine_threadsafe(start(server, port, issued.context, address), loop).result(30)
    try:
        with tempfile.TemporaryDirectory(prefix="simulator-") as folder:
            ca_path = pathlib.Path(folder, "ca.pem")
            ca_path.write_bytes(issued.ca)
            yield VCenter(server, bound, str(ca_path))
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
