# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS 1.2 is the least; certificates are tested in tests/unit/plugins/module_utils/test__transport.py."""

from __future__ import annotations

import os
import pathlib
import socket
import ssl
import subprocess
import sys
import typing as t

import pytest
import trustme

from ansible_collections.vsphere.lifecycle.tests.processes import ROOT
from ansible_collections.vsphere.lifecycle.tests.speaker import Speaker

#: Run apart, as OpenSSL reads its configuration once in a process.
ASK = """
import sys
from ansible_collections.vsphere.lifecycle.plugins.module_utils._clock import Clock
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import ConnectionFailed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint, RetryPolicy, Transport
endpoint = Endpoint("localhost", int(sys.argv[1]), ca_path=sys.argv[2], verify=sys.argv[3] == "verify", timeout=5)
try:
    Transport(endpoint, Clock(), RetryPolicy(tries=1)).send("GET", "/api/session", headers={"secret": "header"})
    print("answered")
except ConnectionFailed as error:
    print(error)
"""
#: An administrator who allows everything, for the sake of something old.
LAX = """openssl_conf = one
[one]
ssl_conf = two
[two]
system_default = three
[three]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


class OldServer(Speaker):
    """Speaks one version of TLS."""

    def __init__(self, folder: pathlib.Path, version: ssl.TLSVersion) -> None:
        authority = trustme.CA()
        self.ca_path = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_path))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        super().__init__(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", context)


@pytest.fixture
def serving(tmp_path: pathlib.Path) -> t.Iterator[t.Callable[[ssl.TLSVersion], OldServer]]:
    servers: list[OldServer] = []

    def start(version: ssl.TLSVersion) -> OldServer:
        servers.append(OldServer(tmp_path, version))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def answer_of(server: OldServer, verify: str, folder: pathlib.Path) -> str:
    """What the transport says to a server, on a machine whose OpenSSL would take anything."""
    (folder / "openssl.cnf").write_text(LAX, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", ASK, str(server.port), str(server.ca_path), verify],
        env={
            **os.environ,
            "OPENSSL_CONF": str(folder / "openssl.cnf"),
            "PYTHONPATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".work" / "link")),
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize("verify", ["verify", "trust"])
def test_less_than_tls_1_2_is_refused(
    serving: t.Callable[[ssl.TLSVersion], OldServer], tmp_path: pathlib.Path, verify: str
) -> None:
    server = serving(ssl.TLSVersion.TLSv1_1)
    assert "no TLS connection to localhost" in answer_of(server, verify, tmp_path)
    assert server.heard == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_taken(
    serving: t.Callable[[ssl.TLSVersion], OldServer], tmp_path: pathlib.Path, version: ssl.TLSVersion
) -> None:
    server = serving(version)
    assert answer_of(server, "verify", tmp_path) == "answered\n"
    assert b"secret: header" in server.heard[0]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_the_old_server_would_have_answered(
    serving: t.Callable[[ssl.TLSVersion], OldServer], tmp_path: pathlib.Path
) -> None:
    """Proof that the refusal is ours: somebody who asks for it gets TLS 1.1 from that server."""
    server = serving(ssl.TLSVersion.TLSv1_1)
    context = ssl.create_default_context(cafile=server.ca_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"hello")
        assert secured.recv(100).startswith(b"HTTP/1.1 200")
