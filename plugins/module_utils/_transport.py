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
import typing as t
import warnings

from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock, full_jitter
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import CertificateRefused, ConnectionFailed

try:
    import requests

    REQUESTS_IMPORT_ERROR = None
except ImportError as import_error:
    REQUESTS_IMPORT_ERROR = import_error

CONNECT_TIMEOUT = 10.0
"""Seconds for the TCP and TLS handshakes; an answer has its own limit."""


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


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """When one request is sent again; polling and outages are not its business.

    A request that is not ``safe`` is repeated only where the server surely did not take it: nothing was connected, it
    said 429, or ``refused`` recognises the answer.

    :param tries: how often in all.
    :param base: seconds; the pause before retry n is anywhere in 0 .. min(longest, base * 2**n).
    :param longest: seconds.
    :param retry_after_limit: seconds; a longer Retry-After is cut to this.
    """

    tries: int = 6
    base: float = 0.5
    longest: float = 20.0
    retry_after_limit: float = 60.0
    statuses: frozenset[int] = frozenset({408, 429, 502, 503, 504})
    refused: t.Callable[[Reply], bool] = lambda reply: False

    def repeats(self, safe: bool, outcome: Reply | ConnectionFailed) -> bool:
        if isinstance(outcome, CertificateRefused):
            return False
        if isinstance(outcome, ConnectionFailed):
            return safe or not outcome.sent
        if safe:
            return outcome.status in self.statuses
        return outcome.status == 429 or (outcome.status == 503 and self.refused(outcome))

    def pause(self, number: int, outcome: Reply | ConnectionFailed) -> float:
        """Return seconds to wait before retry ``number`` (0 = first)."""
        asked = outcome.headers.get("Retry-After", "") if isinstance(outcome, Reply) else ""
        if asked.strip().isdigit():
            return min(float(asked), self.retry_after_limit)
        return full_jitter(number, self.base, self.longest)


class Transport:
    """One pool of connections to one server; ``close()`` it."""

    def __init__(self, endpoint: Endpoint, clock: Clock, policy: RetryPolicy) -> None:
        self.endpoint, self._clock, self._policy = endpoint, clock, policy
        self._session = requests.Session()
        # With trust_env, .netrc would add a login of its own and REQUESTS_CA_BUNDLE would overrule verify=False.
        self._session.trust_env = False
        self._session.verify = _trusted(endpoint)
        if not endpoint.verify:
            # The user is told once, by us; urllib3 would say it with every request.
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")
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
    ) -> Reply:
        """Send one request and return its answer, whatever its status.

        :param target: path and query, already encoded.
        :param auth: user and password for Basic authentication.
        :param safe: whether sending it twice does no harm.
        :param timeout: seconds for the answer, where the endpoint's own are too few.
        :raises ConnectionFailed: no answer after all tries that the policy allows.
        """
        number = 0
        while True:
            outcome = self._once(method, target, headers, body, auth, max(timeout or 0, self.endpoint.timeout))
            number += 1
            if number >= self._policy.tries or not self._policy.repeats(safe, outcome):
                break
            self._clock.sleep(self._policy.pause(number - 1, outcome))
        if isinstance(outcome, ConnectionFailed):
            raise outcome
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
            reply = self._session.request(
                method,
                self.endpoint.url + target,
                data=body,
                headers={**headers, **(_basic(auth) if auth else {})},
                timeout=(CONNECT_TIMEOUT, timeout),
                # Credentials and session go to the address the user named and to no other.
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            return _failure(error, self.endpoint, timeout)
        reply.encoding = reply.encoding if "charset" in reply.headers.get("Content-Type", "") else "utf-8"
        return Reply(reply.status_code, reply.headers, reply.text)


def _basic(auth: tuple[str, str]) -> dict[str, str]:
    """Return Basic authentication in UTF-8: what requests makes of it by itself cannot hold every password."""
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}


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
    if isinstance(error, requests.exceptions.ProxyError):
        return ConnectionFailed(
            f"the proxy does not connect to {where} ({cause})", "Check the proxy options or HTTPS_PROXY"
        )
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error) or "doesn't match" in str(error):
            return CertificateRefused(f"the certificate of {where} is refused ({cause})")
        return ConnectionFailed(f"no TLS connection to {where} ({cause})", sent=True)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return ConnectionFailed(f"no connection to {where} within {CONNECT_TIMEOUT:g} s")
    if isinstance(error, requests.exceptions.ReadTimeout):
        return ConnectionFailed(
            f"no answer from {where} within {timeout:g} s", "Raise request_timeout if vCenter is slow", sent=True
        )
    if isinstance(error, requests.exceptions.ConnectionError):
        never_connected = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        return ConnectionFailed(f"no connection to {where} ({cause})", sent=not never_connected)
    return ConnectionFailed(f"no usable answer from {where} ({cause})", sent=True)


def _root_cause(error: BaseException) -> str:
    """Return the text of the innermost cause: the layers above only wrap it in their own names."""
    text, seen = "", set()
    step: t.Any = error
    while isinstance(step, BaseException) and id(step) not in seen:
        seen.add(id(step))
        text = str(step) or text
        step = getattr(step, "reason", None) or next(
            (arg for arg in reversed(step.args) if isinstance(arg, BaseException)), None
        )
    return text.split(": ", 1)[-1] if "object at 0x" in text else text
