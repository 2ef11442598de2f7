# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever bytes come over TLS, the transport returns an answer or says that there was none."""

from __future__ import annotations

import pathlib
import typing as t

import hypothesis
import pytest
from hypothesis import strategies as st

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import ConnectionFailed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import (
    Endpoint,
    Reply,
    RetryPolicy,
    Transport,
)
from ansible_collections.vsphere.lifecycle.simulator.server import certificate
from ansible_collections.vsphere.lifecycle.tests.speaker import Speaker

from .stand_in import FakeClock

SESSION = "a-session-that-nobody-may-see"
START = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[Speaker, Endpoint]]:
    issued = certificate()
    ca_path = pathlib.Path(tmp_path_factory.mktemp("wire"), "ca.pem")
    ca_path.write_bytes(issued.ca)
    one = Speaker(context=issued.context)
    yield one, Endpoint("localhost", one.port, ca_path=str(ca_path), timeout=3)
    one.close()


header_lines = st.sampled_from(
    (
        *(b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Content-Length: x"),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Content-Encoding: gzip"),
        *(b"Content-Encoding: deflate", b"Content-Encoding: br, gzip, zstd", b"Location: //\x1b[1m\xff"),
        *(b"Set-Cookie: vmware-api-session-id=other; Domain=.com", b"Retry-After: \xb2", b"no colon", b": no name"),
        *(b"X-Request-ID: " + b"x" * 70000, b" folded", b"X: \x00\x0b\x1b", b"Connection: upgrade", b"Trailer: x"),
    )
)
starts = st.one_of(
    st.just(START),
    st.sampled_from((b"HTTP/1.1 429 Slow down\r\n", b"HTTP/1.1 503 No\r\n", b"HTTP/1.1 500 No\r\n", START)),
    st.sampled_from((b"HTTP/1.1 999 \xff\r\n", b"HTTP/9.9 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + START)),
    st.sampled_from((b"HTTP/1.1 -1 OK\r\n", b"HTTP/1.1 2e2\r\n", b"ICY 200 OK\r\n", b"\r\n", b"HTTP/1.1\r\n", b"")),
)
bodies = st.one_of(
    st.sampled_from(
        (b'"ok"', b'5\r\n"ok" \r\n0\r\n\r\n', b"ffffffffffffffff\r\nx", b"-5\r\nx", b"\x1f\x8b\x08\x00broken")
    ),
    st.binary(max_size=200),
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    lines = b"".join(line + b"\r\n" for line in draw(st.lists(header_lines, max_size=4)))
    return draw(st.one_of(st.just(draw(starts) + lines + b"\r\n" + draw(bodies)), st.binary(max_size=300)))


@hypothesis.given(says=answers())
def test_any_bytes_end_in_an_answer_or_a_failed_connection(speaker: tuple[Speaker, Endpoint], says: bytes) -> None:
    server, endpoint = speaker
    server.says = says
    transport = Transport(endpoint, FakeClock(), RetryPolicy(tries=2))
    try:
        reply = transport.send("GET", "/api/x", headers={"vmware-api-session-id": SESSION}, safe=True)
    except ConnectionFailed as error:
        check_told(str(error))
    else:
        assert isinstance(reply.text, str)
        assert reply.request_id is None or isinstance(reply.request_id, str)
    finally:
        transport.close()
    assert not list(transport._session.cookies)


@hypothesis.given(
    st.one_of(st.text(st.characters(max_codepoint=255)), st.text("0123456789-+.eE \xb2\xb3\xb9", max_size=400)),
    st.integers(0, 10),
)
@hypothesis.example("\xb2", 0)
def test_any_retry_after_is_a_pause_of_a_minute_at_most(text: str, number: int) -> None:
    assert 0 <= RetryPolicy().pause(number, Reply(429, {"Retry-After": text}, "")) <= 60


def check_told(text: str) -> None:
    assert text == plain(text)
    assert SESSION not in text
