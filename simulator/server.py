# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTPS face of a world: TLS and the network, with answers made by exchange.py; the rules are the world's."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import pathlib
import ssl
import tempfile
import threading
import typing as t

import trustme
from aiohttp import web

from .exchange import Answer, Asked, Exchange
from .recording import Request
from .sessions import Session
from .world import World

HOSTNAME = "localhost"
ADDRESS = "127.0.0.1"
NAMES = (HOSTNAME, ADDRESS, "::1")
#: In how many pieces a slow body comes, and how many bytes of filler go out at once.
PIECES, CHUNK = 10, 1024 * 1024


class Server:
    """Brings requests from the network to the exchange, and its answers back."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.exchange = Exchange(world)

    @property
    def requests(self) -> list[Request]:
        return self.exchange.requests

    async def answer(self, http: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in http.headers.items()}
        asked = Asked(http.method, http.rel_url.raw_path, list(http.query.items()), headers, await http.read())
        answer = self.exchange.answer(asked)
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.refused or answer.lost:
            return _reset(http)
        if answer.cut or answer.drip or answer.filler:
            return await _stream(http, answer)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


async def _stream(http: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Send an answer piece by piece, or not to its end."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body) + answer.filler
    await response.prepare(http)
    size = max(1, -(-len(answer.body) // PIECES))
    pieces = [answer.body[start : start + size] for start in range(0, len(answer.body), size)]
    for piece in pieces[: len(pieces) // 2] if answer.cut else pieces:
        await response.write(piece)
        await asyncio.sleep(answer.drip / PIECES)
    if answer.cut:
        return _reset(http)
    # A client that has had enough closes the connection.
    with contextlib.suppress(ConnectionError):
        for _dummy in range(answer.filler // CHUNK):
            await response.write(b" " * CHUNK)
        await response.write_eof()
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
