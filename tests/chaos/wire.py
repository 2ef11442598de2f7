# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time and network of a seed: a clock that only jumps, and a wire without sockets that can break, stall and kill.

The client's own `requests` session is used; only its adapter, the part that would open a socket, is another one. It
asks the simulator's exchange, and raises what `requests` raises for a connection that breaks.
"""

from __future__ import annotations

import contextlib
import io
import typing as t
import urllib.parse

import requests
import requests.adapters
import urllib3.exceptions

from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import Interrupted
from ansible_collections.vsphere.lifecycle.simulator.exchange import Answer, Asked, Exchange

#: Seconds that a request takes even if nothing goes wrong.
ROUND_TRIP = 0.02
#: In how many pieces a slow body comes.
PIECES = 10


class Killed(BaseException):
    """SIGKILL: nothing more is done or sent, by nobody."""


class Plan(t.NamedTuple):
    """The end that comes from outside: which signal, and when.

    :param signal: `kill` or `interrupt`.
    :param when: `time` (seconds after the beginning), or `before` or `after` a request was answered (its number).
    """

    signal: str
    when: str
    moment: float


class SimulatedClock(Clock):
    """Jumps instead of sleeping. One for all runs of a seed; each run may have an end from outside."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._plan: Plan | None = None
        self._ends = 0.0
        self._shields = 0
        self._held_back: Plan | None = None
        self.dead = False
        #: When the run that began last was interrupted; 0 if it was not.
        self.interrupted = 0.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        plan = self._plan
        if plan and plan.when == "time" and self._now + seconds >= self._ends:
            self._now = max(self._now, self._ends)
            self.signal(plan)
        self._now += seconds

    def begin(self, plan: Plan | None) -> None:
        """A process starts."""
        self._plan, self.dead, self.interrupted = plan, False, 0.0
        self._shields, self._held_back = 0, None
        self._ends = self._now + (plan.moment if plan else 0.0)

    def end(self) -> None:
        """The process has ended."""
        self._plan, self.dead = None, False

    def at_request(self, when: str, number: int) -> None:
        plan = self._plan
        if self.dead:
            raise Killed
        if plan and plan.when == when and plan.moment == number:
            self.signal(plan)

    def signal(self, plan: Plan) -> None:
        self._plan = None
        if plan.signal == "kill":
            self.dead = True
            raise Killed
        if self._shields:
            self._held_back = plan
            return
        self.interrupted = self._now
        raise Interrupted("Interrupted by SIGTERM")

    @contextlib.contextmanager
    def held_back(self) -> t.Iterator[None]:
        """Signals wait, as the module's own do in such a block; none can hold back SIGKILL."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
            plan, self._held_back = self._held_back, None
            if plan:
                self.signal(plan)


class RetryClock(Clock):
    """What the transport gets for a clock, so that its pauses between two tries can be told from all others."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.paused = self.longest = 0.0

    def now(self) -> float:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        self.paused += seconds
        self.longest = max(self.longest, seconds)
        self._clock.sleep(seconds)


class Observer(t.Protocol):
    """Sees every request on its way, and what became of it."""

    def before(self, asked: Asked) -> None:
        """The request is about to arrive."""

    def after(self, asked: Asked, answer: Answer) -> None:
        """It was answered, whether or not the answer arrives."""

    def delivered(self, asked: Asked, answer: Answer) -> None:
        """The client has read the answer to its end."""


class Wire(requests.adapters.BaseAdapter):
    """Carries the requests of one client to the exchange."""

    def __init__(self, exchange: Exchange, clock: SimulatedClock, observer: Observer) -> None:
        super().__init__()
        self._exchange, self.clock, self._observer = exchange, clock, observer
        self.count = 0
        #: Seconds that went by while the client waited for an answer.
        self.waited = 0.0

    def close(self) -> None:
        """There is nothing to close."""

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.clock.sleep(seconds)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: t.Any = None,
        verify: t.Any = True,
        cert: t.Any = None,
        proxies: t.Any = None,
    ) -> requests.Response:
        self.count += 1
        number = self.count
        self.clock.at_request("before", number)
        self.wait(ROUND_TRIP)
        asked = _asked(request)
        self._observer.before(asked)
        answer = self._exchange.answer(asked)
        self._observer.after(asked, answer)
        self.clock.at_request("after", number)
        self._deliver(request, answer, timeout[1])
        return _response(
            request, answer, _Body(self, answer, timeout[1], lambda: self._observer.delivered(asked, answer))
        )

    def _deliver(self, request: requests.PreparedRequest, answer: Answer, limit: float) -> None:
        """Raises what `requests` raises where there is no answer."""
        if answer.refused:
            refused = urllib3.exceptions.NewConnectionError(t.cast("t.Any", None), "[Errno 111] Connection refused")
            raise requests.exceptions.ConnectionError(
                urllib3.exceptions.MaxRetryError(t.cast("t.Any", None), request.path_url, refused), request=request
            )
        if answer.delay > limit:
            self.wait(limit)
            raise requests.exceptions.ReadTimeout(
                urllib3.exceptions.ReadTimeoutError(t.cast("t.Any", None), request.path_url, "Read timed out."),
                request=request,
            )
        self.wait(answer.delay)
        if answer.lost:
            reset = ConnectionResetError(104, "Connection reset by peer")
            raise requests.exceptions.ConnectionError(
                urllib3.exceptions.ProtocolError("Connection aborted.", reset), request=request
            )


class _Body(io.RawIOBase):
    """The body as urllib3 would give it: `requests` translates its exceptions."""

    def __init__(self, wire: Wire, answer: Answer, limit: float, delivered: t.Callable[[], None]) -> None:
        self._wire, self._answer, self._limit, self._delivered = wire, answer, limit, delivered

    def stream(self, size: int, decode_content: bool = False) -> t.Iterator[bytes]:
        body, pause = self._answer.body, self._answer.drip / PIECES
        pieces = _pieces(body, PIECES if pause or self._answer.cut else 1)
        for piece in pieces[: len(pieces) // 2] if self._answer.cut else pieces:
            if pause > self._limit:
                self._wire.wait(self._limit)
                raise urllib3.exceptions.ReadTimeoutError(t.cast("t.Any", None), "", "Read timed out.")
            self._wire.wait(pause)
            yield piece
        if self._answer.cut:
            raise urllib3.exceptions.ProtocolError("Connection broken: IncompleteRead", None)
        for _dummy in range(0, self._answer.filler, size):
            yield b" " * size
        self._delivered()

    def release_conn(self) -> None:
        """There is no connection."""


def _pieces(body: bytes, number: int) -> list[bytes]:
    size = max(1, -(-len(body) // number))
    return [body[start : start + size] for start in range(0, len(body), size)]


def _asked(request: requests.PreparedRequest) -> Asked:
    parts = urllib.parse.urlsplit(request.url or "")
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
    query = urllib.parse.parse_qsl(str(parts.query), keep_blank_values=True)
    return Asked(request.method or "", str(parts.path), query, headers, body)


def _response(request: requests.PreparedRequest, answer: Answer, body: _Body) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.url, response.request = request.url or "", request
    response.raw = body
    return response
