# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any answer to any request of the client ends in a value or an error of ours, and no message holds a secret."""

from __future__ import annotations

import contextlib
import json

import hypothesis
from hypothesis import strategies as st

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _client
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import ApiError, VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Reply

from .damage import any_text, damaged, text_of, values
from .documents import valid
from .stand_in import LOGIN, PASSWORD, Place

TOKEN = "0123-a-session-that-nobody-may-see"  # noqa: S105 - made up
PATH = "/api/vcenter/cluster"

#: What may be cut out of a body and still give the secret away.
SECRETS = (TOKEN, LOGIN, PASSWORD)

statuses = st.one_of(
    st.sampled_from((200, 201, 202, 204, 302, 400, 401, 403, 404, 429, 500, 502, 503)), st.integers(100, 999)
)
headers = st.dictionaries(
    st.sampled_from(("Location", "X-Request-ID", "Retry-After", "Content-Type")),
    st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n"), max_size=30),
)
#: Bodies that are no JSON of ours: pages, cut off and doubled documents, bytes in another encoding.
pages = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"])),
    st.binary().map(lambda body: body.decode("utf-8", "replace")),
    st.sampled_from(
        ("<html><body>Sign in</body></html>", "no healthy upstream", "[" * 100000, '{"a":' * 5000, '"', "\ufeff{}")
    ),
    st.sampled_from(list(valid().values()))
    .map(json.dumps)
    .flatmap(lambda text: st.integers(0, len(text)).map(lambda end: text[:end])),
    st.sampled_from(list(valid().values())).map(lambda document: json.dumps(document) * 2),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    return text_of(draw(st.one_of(values, st.sampled_from(list(valid().values())).flatmap(damaged))))


def check(error: VCenterError, *secrets: str) -> None:
    """A message is a plain line of some length, and without secrets, as are the details beside it."""
    text = str(error)
    assert text == plain(text)
    assert not [secret for secret in secrets if secret in text + json.dumps(error.details())]


@hypothesis.given(statuses, headers, st.one_of(pages, documents()))
def test_any_answer_is_a_value_or_an_error_of_ours(status: int, headers: dict[str, str], text: str) -> None:
    reply = Reply(status, headers, text)
    for path in (PATH, "/rest/vcenter/cluster"):
        try:
            value = _client._value("GET", path, reply)
        except VCenterError as error:
            check(error)
            continue
        assert 200 <= status < 300
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    _client._surely_refused(reply)
    _client._transient(reply)


@st.composite
def with_a_secret(draw: st.DrawFn, *secrets: str) -> str:
    """A body that holds secrets somewhere, as text or in JSON."""
    secret = draw(st.sampled_from([*secrets, f"Authorization: Basic {LOGIN}", f"vmware-api-session-id: {TOKEN}"]))
    page = f"<pre>{secret}</pre>" + draw(pages)
    value = draw(st.sampled_from((secret, [secret], {"value": secret, "more": 1}, {"token": secret}, {secret: 1})))
    message = {"id": secret, "default_message": f"You sent {secret}", "args": [secret]}
    error = {"error_type": draw(st.sampled_from(("ERROR", "UNAUTHENTICATED", secret))), "messages": [message]}
    text = draw(st.sampled_from((page, secret, json.dumps(value), json.dumps(error), json.dumps(error)[:-2])))
    for plain_form, other in draw(st.sampled_from(((), (("=", r"\u003d"), ("/", r"\/")), (("+", r"\u002B"),)))):
        text = text.replace(plain_form, other)
    return text


@hypothesis.given(
    statuses.filter(lambda status: status < 400), st.one_of(with_a_secret(TOKEN), st.just(f'"{TOKEN}\\n"'))
)
def test_no_message_about_a_login_holds_the_session(status: int, text: str) -> None:
    """Whatever a good answer to a login looks like, there may be a session in it."""

    def hand(method: str, target: str, reply: Reply) -> Reply:
        return Reply(status, {}, text) if method == "POST" and target.endswith("/session") else Reply(204, {}, "")

    client = Place().client(hand)
    try:
        with client:
            token = client._token
    except VCenterError as error:
        check(error, *SECRETS)
    else:
        assert token
        assert token.isascii()
        assert token.isprintable()


@hypothesis.given(statuses, st.sampled_from(("login", "call")), with_a_secret(LOGIN, TOKEN))
def test_no_message_holds_what_was_sent_to_log_in(status: int, when: str, text: str) -> None:
    """Some proxies show in their pages what they were sent. The password alone is Ansible's to mask (no_log)."""

    def hand(method: str, target: str, reply: Reply) -> Reply:
        if target.endswith("/session"):
            login = Reply(201, {}, json.dumps(TOKEN))
            return login if when == "call" else Reply(max(status, 400), {}, text)
        return Reply(status, {}, text)

    client = Place().client(hand)
    try:
        with client:
            client.get(PATH)
    except ApiError as error:
        check(error, TOKEN if when == "call" else LOGIN, LOGIN)
    except VCenterError as error:
        check(error, TOKEN if when == "call" else LOGIN, LOGIN)


@hypothesis.given(any_text, any_text)
@hypothesis.example("\ud800", "\udfff")
@hypothesis.example("../%2e%2e/\r\n", "a&b=c#\n")
def test_any_identifier_stays_one_segment_and_any_value_one_parameter(identifier: str, value: str) -> None:
    with contextlib.suppress(VCenterError):
        segment = _client.segment(identifier)
        assert not set(segment) & set("/?#\\ %") - {"%"}
        assert segment not in {"", ".", ".."}
        assert segment.isascii()
        assert segment.isprintable()
    query = _client._encoded({"names": [value, value]})
    assert query.count("&") == 1
    assert query.count("=") == 2
    assert not set(query[1:]) & set("/?#\\ ")


@hypothesis.given(st.integers(0, 100), st.data())
def test_a_login_of_any_shape_leaves_no_traceback(status: int, data: st.DataObject) -> None:
    text = data.draw(st.one_of(pages, documents()))

    def hand(dummy: str, target: str, reply: Reply) -> Reply:
        return Reply(200 + status, {}, text)

    with contextlib.suppress(VCenterError), Place().client(hand) as client:
        client.get(PATH)
