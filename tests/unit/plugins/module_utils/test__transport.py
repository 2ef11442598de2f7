# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS, proxies and failures of the transport."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
import trustme

from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    CertificateRefused,
    ConnectionFailed,
    ReplyTooLarge,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import (
    Endpoint,
    Reply,
    RetryPolicy,
    Transport,
)
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World, serve
from ansible_collections.vsphere.lifecycle.tests.speaker import Speaker

PATH = "/api/session"


def send(endpoint: Endpoint, clock: t.Any, **more: t.Any) -> Reply:
    transport = Transport(endpoint, clock, RetryPolicy(tries=1))
    try:
        return transport.send("GET", PATH, headers={}, **more)
    finally:
        transport.close()


def failure(endpoint: Endpoint, clock: t.Any, kind: type[ConnectionFailed] = ConnectionFailed) -> ConnectionFailed:
    with pytest.raises(kind) as caught:
        send(endpoint, clock)
    return caught.value


@pytest.fixture
def other_ca(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "other-ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


def test_certificate_of_another_authority_is_refused(vcenter: VCenter, other_ca: str, clock: t.Any) -> None:
    error = failure(Endpoint("localhost", vcenter.port, ca_path=other_ca), clock, CertificateRefused)
    assert "certificate of localhost" in str(error)
    assert "ca_path" in str(error)
    assert vcenter.requests == []


def test_certificate_of_the_public_bundle_does_not_do(vcenter: VCenter, clock: t.Any) -> None:
    failure(Endpoint("localhost", vcenter.port), clock, CertificateRefused)


@pytest.mark.parametrize("content", ["no certificate", "", None])
def test_a_ca_file_without_certificates_is_refused(
    vcenter: VCenter, clock: t.Any, tmp_path: pathlib.Path, content: str | None
) -> None:
    path = tmp_path / "ca"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    error = failure(Endpoint("localhost", vcenter.port, ca_path=str(path)), clock, CertificateRefused)
    assert "ca_path" in str(error)
    assert vcenter.requests == []


def test_expired_certificate_is_refused(world: World, clock: t.Any) -> None:
    with serve(world, expired=True) as vcenter:
        failure(Endpoint("localhost", vcenter.port, ca_path=str(vcenter.ca_path)), clock, CertificateRefused)


def test_certificate_for_another_name_is_refused(world: World, clock: t.Any) -> None:
    with serve(world, names=("vcenter.example.com",)) as vcenter:
        failure(Endpoint("localhost", vcenter.port, ca_path=str(vcenter.ca_path)), clock, CertificateRefused)


def test_certificate_is_not_looked_at_when_told_so(
    vcenter: VCenter, clock: t.Any, other_ca: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_ca)
    assert send(Endpoint("localhost", vcenter.port, verify=False), clock).status == 401


def test_ca_path_beats_the_environment(
    vcenter: VCenter, clock: t.Any, other_ca: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_ca)
    assert send(Endpoint("localhost", vcenter.port, ca_path=str(vcenter.ca_path)), clock).status == 401


def test_ca_of_the_environment_is_used_without_ca_path(
    vcenter: VCenter, clock: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(vcenter.ca_path))
    assert send(Endpoint("localhost", vcenter.port), clock).status == 401


def test_netrc_adds_no_login(
    vcenter: VCenter, clock: t.Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine localhost login {vcenter.username} password {vcenter.password}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    endpoint = Endpoint("localhost", vcenter.port, ca_path=str(vcenter.ca_path))
    transport = Transport(endpoint, clock, RetryPolicy(tries=1))
    assert transport.send("POST", PATH, headers={}).status == 401


@pytest.mark.parametrize("status", [b"302 Found", b"307 Temporary Redirect"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_takes_nothing_elsewhere(clock: t.Any, tmp_path: pathlib.Path, status: bytes, method: str) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with contextlib.closing(Speaker(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", context)) as elsewhere:
        to = f"Location: https://localhost:{elsewhere.port}/".encode()
        says = b"HTTP/1.1 " + status + b"\r\n" + to + b"\r\nContent-Length: 0\r\n\r\n"
        with contextlib.closing(Speaker(says, context)) as first:
            endpoint = Endpoint("localhost", first.port, ca_path=str(tmp_path / "ca.pem"))
            transport = Transport(endpoint, clock, RetryPolicy(tries=1))
            headers = {"vmware-api-session-id": "token"}
            reply = transport.send(method, PATH, headers=headers, auth=("someone", "secret"))
            transport.close()
            assert reply.status == int(status[:3])
            assert len(first.heard) == 1
            assert b"Basic" in first.heard[0], "it was there to be taken along"
    assert elsewhere.heard == []


@pytest.mark.parametrize("password", ["S3/cret", "S3#cret", "S3?cret", "S3 cret", "S3@cret"])
def test_what_cannot_be_parsed_of_a_proxy_is_not_shown(
    clock: t.Any, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:{password}@127.0.0.1:99999")
    lines: list[dict[str, t.Any]] = []
    transport = Transport(Endpoint("vcenter.example.com"), clock, RetryPolicy(tries=1), lines.append)
    with pytest.raises(ConnectionFailed) as caught:
        transport.send("GET", PATH, headers={})
    assert "proxy" in str(caught.value)
    assert "S3" not in f"{caught.value} {lines}"
    assert "cret" not in f"{caught.value} {lines}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_refused_connection_names_the_address(clock: t.Any) -> None:
    port = free_port()
    error = failure(Endpoint("127.0.0.1", port), clock)
    assert f"no connection to 127.0.0.1 port {port} (Connection refused)" in str(error)
    assert error.sent is False


def test_unknown_name_is_told(clock: t.Any) -> None:
    error = failure(Endpoint("vcenter.invalid"), clock)
    assert "vcenter.invalid" in str(error)
    assert error.sent is False


def test_an_address_of_ipv6_is_bracketed() -> None:
    assert Endpoint("fd00::1").url == "https://[fd00::1]"
    assert Endpoint("fd00::1", 8443).url == "https://[fd00::1]:8443"
    assert Endpoint("vcenter.example.com").url == "https://vcenter.example.com"


def test_no_answer_in_time(vcenter: VCenter, world: World, clock: t.Any) -> None:
    world.faults.add("latency", seconds=3)
    error = failure(Endpoint("localhost", vcenter.port, ca_path=str(vcenter.ca_path), timeout=0.2), clock)
    assert "within 0.2 s" in str(error)
    assert "request_timeout" in str(error)
    assert error.sent is True


class Proxy(Speaker):
    """Notes what a client asks a proxy for, and refuses it."""

    def __init__(self) -> None:
        super().__init__(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    @property
    def asked(self) -> list[str]:
        return [heard.decode("latin-1").split("\r\n")[0] for heard in self.heard]


@pytest.fixture
def proxy() -> t.Iterator[Proxy]:
    one = Proxy()
    yield one
    one.close()


def test_proxy_option_is_used(proxy: Proxy, clock: t.Any) -> None:
    error = failure(Endpoint("vcenter.example.com", proxy=f"http://127.0.0.1:{proxy.port}"), clock)
    assert "proxy" in str(error)
    assert proxy.asked == ["CONNECT vcenter.example.com:443 HTTP/1.1"] or proxy.asked == [
        "CONNECT vcenter.example.com:443 HTTP/1.0"
    ]


def test_proxy_of_the_environment_is_used_without_the_option(
    proxy: Proxy, clock: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "localhost")
    failure(Endpoint("vcenter.example.com"), clock)
    assert len(proxy.asked) == 1


def test_no_proxy_is_honoured(vcenter: VCenter, proxy: Proxy, clock: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert send(Endpoint("localhost", vcenter.port, ca_path=str(vcenter.ca_path)), clock).status == 401
    assert proxy.asked == []


def test_proxy_option_beats_the_environment(proxy: Proxy, clock: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    failure(Endpoint("vcenter.example.com", proxy=f"http://127.0.0.1:{proxy.port}"), clock)
    assert len(proxy.asked) == 1


class Dripping:
    """Answers over TLS with more and more spaces, as fast or slowly as asked."""

    def __init__(self, part: int, pause: float) -> None:
        authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)
        self.ca = authority.cert_pem.bytes()
        self._part, self._pause = b" " * part, pause
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            plain, dummy = self._listener.accept()
            with self.context.wrap_socket(plain, server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                while True:
                    connection.sendall(self._part)
                    threading.Event().wait(self._pause)

    def endpoint(self, folder: pathlib.Path, timeout: float) -> Endpoint:
        path = folder / "ca.pem"
        path.write_bytes(self.ca)
        return Endpoint("localhost", self.port, ca_path=str(path), timeout=timeout)

    def close(self) -> None:
        self._listener.close()


def test_an_answer_beyond_any_size_is_refused(tmp_path: pathlib.Path) -> None:
    server = Dripping(1024 * 1024, 0)
    error = failure(server.endpoint(tmp_path, 30), Clock(), ReplyTooLarge)
    server.close()
    assert "larger than 32 MiB" in str(error)


def test_an_answer_that_drips_is_given_up(tmp_path: pathlib.Path) -> None:
    server = Dripping(1, 0.05)
    error = failure(server.endpoint(tmp_path, 0.4), Clock())
    server.close()
    assert "not complete within 0.4 s" in str(error)
