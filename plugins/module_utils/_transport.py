# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Carries one request to a server and its answer back: TLS, proxy, time-outs, retries; the only user of requests.

Knows nothing of vSphere: neither sessions nor what an answer means.
"""

from __future__ import annotations

import base64
import dataclasses
import http.cookiejar
import os
import re
import ssl
import typing as t
import uuid
import warnings

from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock, full_jitter
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    CertificateRefused,
    ConnectionFailed,
    ReplyTooLarge,
)

try:
    import requests
    import urllib3

    REQUESTS_IMPORT_ERROR = None
except ImportError as import_error:
    REQUESTS_IMPORT_ERROR = import_error

CONNECT_TIMEOUT = 10.0
"""Seconds for the TCP and TLS handshakes; an answer has its own limit."""
REPLY_LIMIT = 32 * 1024 * 1024
"""Bytes of one answer. vCenter's own limit for what a service returns is 7 MB."""
REQUEST_ID = "X-Request-ID"
# "HTTPSConnection(host=..., port=...): Failed to establish a new connection: [Errno 111] Connection refused"
_WRAPPING = re.compile(r"^<?\w*Connection\w*(\(.*?\)| object at \w+>): (Failed to [^:]*: )?|\[Errno -?\d+\] ")


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where the server is and how it is reached.

    :param host: name or address, an IPv6 address without brackets.
    :param verify: whether the certificate is checked.
    :param ca_path: file or directory of CA certificates; None for those of the system's bundle.
    :param proxy: URL of the proxy; None to look at HTTPS_PROXY and NO_PROXY.
    :param timeout: seconds to wait for one answer.
    """

    host: str
    port: int = 443
    verify: bool = True
    ca_path: str | None = None
    proxy: str | None = None
    timeout: float = 60.0

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}" if self.port == 443 else f"https://{host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Reply:
    """An answer as it came.

    :param headers: case-insensitive.
    """

    status: int
    headers: t.Mapping[str, str]
    text: str

    @property
    def request_id(self) -> str | None:
        """What vCenter's own logs call the request; None where it does not say."""
        return self.headers.get(REQUEST_ID)


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """When one request is sent again; polling and outages are not its business.

    A request that is not ``safe`` is repeated only where the server surely did not take it: nothing was connected, it
    said 429, or ``refused`` recognises the answer.

    :param tries: how often in all.
    :param base: seconds; the pause before retry n is anywhere in 0 .. min(longest, base * 2**n).
    :param longest: seconds.
    :param retry_after_limit: seconds; a longer Retry-After is cut to this.
    :param refused: tells by its body that a 503 means that nothing was done.
    :param transient: tells by its body that a 500 is worth another try.
    """

    tries: int = 6
    base: float = 0.5
    longest: float = 20.0
    retry_after_limit: float = 60.0
    statuses: frozenset[int] = frozenset({408, 429, 502, 503, 504})
    refused: t.Callable[[Reply], bool] = lambda reply: False
    transient: t.Callable[[Reply], bool] = lambda reply: False

    def repeats(self, safe: bool, outcome: Reply | ConnectionFailed) -> bool:
        if isinstance(outcome, ConnectionFailed):
            return not outcome.permanent and (safe or not outcome.sent)
        if safe:
            return outcome.status in self.statuses or (outcome.status == 500 and self.transient(outcome))
        return outcome.status == 429 or (outcome.status == 503 and self.refused(outcome))

    def pause(self, number: int, outcome: Reply | ConnectionFailed) -> float:
        """Return seconds to wait before retry ``number`` (0 = first)."""
        asked = outcome.headers.get("Retry-After", "") if isinstance(outcome, Reply) else ""
        if re.fullmatch(r"\s*[0-9]{1,9}\s*", asked):
            return min(float(asked), self.retry_after_limit)
        return full_jitter(number, self.base, self.longest)


class RetryBudget:
    """How many retries a server is good for: each costs some, each success brings a little back.

    A server that answers nothing well is soon asked once a call, and not six times.
    """

    def __init__(self, tokens: int = 100, cost: int = 5) -> None:
        self._limit = self._tokens = tokens
        self._cost = cost

    def spend(self) -> bool:
        """Take the price of a retry; return whether there was enough."""
        enough = self._tokens >= self._cost
        self._tokens -= self._cost if enough else 0
        return enough

    def earn(self) -> None:
        self._tokens = min(self._limit, self._tokens + 1)


Trace = t.Callable[[dict[str, t.Any]], None]


class Transport:
    """One pool of connections to one server; ``close()`` it.

    :param trace: takes a line about each exchange, which holds neither headers nor bodies.
    :param connections: how many are kept at most.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        policy: RetryPolicy,
        trace: Trace | None = None,
        connections: int = 1,
    ) -> None:
        self.endpoint, self._clock, self._policy, self._trace = endpoint, clock, policy, trace
        self._budget = RetryBudget()
        self._session = requests.Session()
        # With trust_env, .netrc would add a login of its own and REQUESTS_CA_BUNDLE would overrule verify=False.
        self._session.trust_env = False
        self._session.verify = _trusted(endpoint)
        if not endpoint.verify:
            # The user is told once, by us; urllib3 would say it with every request.
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")
        self._session.mount("https://", _modern_tls(endpoint.verify, connections))
        self._session.proxies = _proxies(endpoint)
        # The session travels in its header; a cookie beside it would outlive a new login.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        self._session.close()

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: t.Mapping[str, str],
        body: bytes | None = None,
        auth: tuple[str, str] | None = None,
        safe: bool = False,
        timeout: float | None = None,
        patience: float | None = None,
    ) -> Reply:
        """Send one request and return its answer, whatever its status.

        :param target: path and query, already encoded.
        :param auth: user and password for Basic authentication.
        :param safe: whether sending it twice does no harm.
        :param timeout: seconds for the answer, where the endpoint's own do not fit.
        :param patience: seconds after which it is not sent again; None for no such limit.
        :raises ConnectionFailed: no answer after all tries that the policy allows.
        """
        number, started = 0, self._clock.now()
        while True:
            outcome = self._traced(method, target, headers, body, auth, timeout or self.endpoint.timeout)
            number += 1
            if not self._policy.repeats(safe, outcome):
                self._budget.earn()
                break
            pause = self._policy.pause(number - 1, outcome)
            too_late = patience is not None and self._clock.now() - started + pause > patience
            if too_late or number >= self._policy.tries or not self._budget.spend():
                break
            self._clock.sleep(pause)
        if isinstance(outcome, ConnectionFailed):
            raise outcome
        return outcome

    def _traced(self, method: str, target: str, *more: t.Any) -> Reply | ConnectionFailed:
        started = self._clock.now()
        outcome = self._once(method, target, *more)
        if self._trace:
            seconds = round(self._clock.now() - started, 3)
            self._trace({"method": method, "path": target, "seconds": seconds, **_told(outcome)})
        return outcome

    def _once(
        self,
        method: str,
        target: str,
        headers: t.Mapping[str, str],
        body: bytes | None,
        auth: tuple[str, str] | None,
        timeout: float,
    ) -> Reply | ConnectionFailed:
        try:
            with self._session.request(
                method,
                self.endpoint.url + target,
                data=body,
                headers={REQUEST_ID: str(uuid.uuid4()), **headers, **(_basic(auth) if auth else {})},
                timeout=(CONNECT_TIMEOUT, timeout),
                # Credentials and session go to the address the user named and to no other.
                allow_redirects=False,
                stream=True,
            ) as reply:
                return Reply(reply.status_code, reply.headers, self._text_of(reply, timeout))
        except ConnectionFailed as error:
            return error
        # requests lets these through: addresses that cannot be, files that cannot be read.
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            return _failure(error, self.endpoint, timeout)

    def _text_of(self, reply: t.Any, timeout: float) -> str:
        """Read the body, which must neither drip for ever nor grow without end."""
        where = f"{self.endpoint.host} port {self.endpoint.port}"
        ends = self._clock.now() + timeout
        body = bytearray()
        for part in _parts(reply):
            body += part
            if len(body) > REPLY_LIMIT:
                raise ReplyTooLarge(f"the answer from {where} is larger than {REPLY_LIMIT // 1024**2} MiB", sent=True)
            if self._clock.now() > ends:
                raise ConnectionFailed(f"the answer from {where} was not complete within {timeout:g} s", sent=True)
        return body.decode("utf-8", "replace")


def _modern_tls(verify: bool, connections: int) -> t.Any:
    """Return what connects with TLS 1.2 at least, whatever the machine and the age of urllib3 would allow."""
    context = urllib3.util.ssl_.create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE)
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    class ModernTls(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *sizes: t.Any, **options: t.Any) -> None:
            super().init_poolmanager(*sizes, ssl_context=context, **options)

        def proxy_manager_for(self, proxy: str, **options: t.Any) -> t.Any:
            return super().proxy_manager_for(proxy, ssl_context=context, **options)

    return ModernTls(pool_maxsize=connections)


def _parts(reply: t.Any) -> t.Iterator[bytes]:
    """Yield the body as it comes in: whoever waits for full parts never gets to look at the clock."""
    read1 = getattr(reply.raw, "read1", None)
    if read1 is None:
        # urllib3 before 2
        yield from reply.iter_content(1024)
        return
    while part := read1(64 * 1024, decode_content=True):
        yield part


def _told(outcome: Reply | ConnectionFailed) -> dict[str, t.Any]:
    if isinstance(outcome, ConnectionFailed):
        return {"status": None, "request_id": None, "failure": outcome.reason}
    return {"status": outcome.status, "request_id": outcome.request_id, "failure": None}


def _basic(auth: tuple[str, str]) -> dict[str, str]:
    """Return Basic authentication in UTF-8: what requests makes of it by itself cannot hold every password."""
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode("utf-8", "replace")).decode()}


def _trusted(endpoint: Endpoint) -> bool | str:
    if not endpoint.verify:
        return False
    return endpoint.ca_path or os.environ.get("REQUESTS_CA_BUNDLE") or True


def _proxies(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.proxy:
        return {"https": endpoint.proxy}
    return dict(requests.utils.get_environ_proxies(endpoint.url))


def _failure(error: t.Any, endpoint: Endpoint, timeout: float) -> ConnectionFailed:
    where = f"{endpoint.host} port {endpoint.port}"
    cause = _root_cause(error)
    if isinstance(error, (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError, UnicodeError)):
        # What cannot be parsed of a proxy's address may be its password.
        told = "its address, or that of the proxy, cannot be used" if _proxies(endpoint) else cause
        return ConnectionFailed(f"{where} cannot be reached ({told})", "Correct hostname, or the proxy", permanent=True)
    if "certificate bundle" in cause:
        return ConnectionFailed(
            f"no connection to {where} ({cause})", "Correct ca_path, or REQUESTS_CA_BUNDLE", permanent=True
        )
    return _failed_request(error, where, cause, timeout)


def _failed_request(error: t.Any, where: str, cause: str, timeout: float) -> ConnectionFailed:
    if isinstance(error, requests.exceptions.ProxyError):
        return ConnectionFailed(
            f"the proxy does not connect to {where} ({cause})",
            "Check the proxy options or HTTPS_PROXY",
            permanent="407" in cause,
        )
    if isinstance(error, requests.exceptions.SSLError):
        if any(sign in str(error) for sign in ("CERTIFICATE_VERIFY_FAILED", "doesn't match", "[X509")):
            return CertificateRefused(f"the certificate of {where} is refused ({cause})")
        return ConnectionFailed(f"no TLS connection to {where} ({cause})", sent=True)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return ConnectionFailed(f"no connection to {where} within {CONNECT_TIMEOUT:g} s")
    if isinstance(error, (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError)):
        return ConnectionFailed(
            f"no answer from {where} within {timeout:g} s", "Raise request_timeout if vCenter is slow", sent=True
        )
    if isinstance(error, requests.exceptions.ConnectionError):
        never_connected = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        return ConnectionFailed(f"no connection to {where} ({cause})", sent=not never_connected)
    return ConnectionFailed(f"no usable answer from {where} ({cause})", sent=True)


def _root_cause(error: BaseException) -> str:
    """Return the text of the innermost cause: the layers above only wrap it in their own names."""
    text, seen = type(error).__name__, set()
    step: t.Any = error
    while isinstance(step, BaseException) and id(step) not in seen:
        seen.add(id(step))
        text = str(step) or text
        step = getattr(step, "reason", None) or next(
            (arg for arg in reversed(step.args) if isinstance(arg, BaseException)), None
        )
    # The address of a proxy may hold a login.
    return re.sub(r"//[^/\s]*@", "//***@", _WRAPPING.sub("", text))
