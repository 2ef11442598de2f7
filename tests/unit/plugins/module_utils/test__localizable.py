# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Localizable messages and times: what is accepted, what is sent, what counts as the same."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _localizable
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption

MESSAGE: dict[str, t.Any] = {"id": "a.b", "default_message": "On {when}", "args": ["1"]}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01T22:00:05.678Z", "2026-03-01T22:00:05.678Z"),
        ("2026-03-01T22:00:05Z", "2026-03-01T22:00:05.000Z"),
        ("2026-03-01t22:00:05z", "2026-03-01T22:00:05.000Z"),
        ("2026-03-01T22:00:05", "2026-03-01T22:00:05.000Z"),
        ("2026-03-01T22:00", "2026-03-01T22:00:00.000Z"),
        ("2026-03-01 22:00:05+00:00", "2026-03-01T22:00:05.000Z"),
        ("2026-03-01T22:00:05.6+01:00", "2026-03-01T21:00:05.600Z"),
        ("2026-03-01T22:00:05,67+0130", "2026-03-01T20:30:05.670Z"),
        ("2026-03-01T22:00:05.123456789-05", "2026-03-02T03:00:05.123Z"),
        ("  2026-03-01T22:00:05Z\n", "2026-03-01T22:00:05.000Z"),
    ],
)
def test_a_time_is_sent_in_utc_with_milliseconds(text: str, time: str) -> None:
    assert _localizable.utc_of(text) == time
    assert _localizable.time_of(text, "start_time") == time


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-03-01", "22:00", "2026-13-01T00:00:00Z", "2026-03-01T24:61:00Z", "0001-01-01T00:00:00+14:00"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert _localizable.utc_of(text) is None
    with pytest.raises(InvalidOption, match="'end_time'"):
        _localizable.time_of(text, "end_time")


def test_a_text_becomes_a_structure() -> None:
    message = _localizable.localizable("50 % of {all}", "description")
    assert message == {"id": _localizable.TEXT_ID, "default_message": "50 % of {all}", "args": []}
    assert _localizable.is_plain(message)


def test_a_structure_keeps_what_it_has() -> None:
    given = {**MESSAGE, "args": [1, True, "x"], "params": {}, "localized": "Am {when}"}
    message = _localizable.localizable(given, "description")
    assert message == {**MESSAGE, "args": ["1", "True", "x"], "localized": "Am {when}"}
    assert not _localizable.is_plain(message)
    assert _localizable.keyed(message) == message


def test_parameters_may_be_given_as_an_array() -> None:
    param = {"l": {"id": "x", "params": {"n": {"i": 0, "s": None}}}}
    as_object = _localizable.localizable({**MESSAGE, "params": {"p": param}}, "description")
    as_array = _localizable.localizable({**MESSAGE, "params": [{"key": "p", "value": param}]}, "description")
    assert as_object == as_array
    assert _localizable.keyed(as_object)["params"] == [
        {"key": "p", "value": {"l": {"id": "x", "params": [{"key": "n", "value": {"i": 0}}]}}}
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "'d' is not a structure with id, default_message"),
        ({"id": "x"}, "'d' needs a text as 'default_message'"),
        ({**MESSAGE, "text": "y"}, "'d' has no member text"),
        ({**MESSAGE, "localized": 1}, "'d' needs a text as 'localized'"),
        ({**MESSAGE, "args": "x"}, "'d.args' is not a list of texts"),
        ({**MESSAGE, "args": [["x"]]}, "'d.args' is not a list of texts"),
        ({**MESSAGE, "params": "x"}, "'d.params' is not an object of parameters by name"),
        ({**MESSAGE, "params": {"p": "x"}}, "'d.params.p' is not a structure with s, dt"),
        ({**MESSAGE, "params": {"p": {"i": "x"}}}, "'d.params.p.i' is 'x', which is no whole number"),
        ({**MESSAGE, "params": {"p": {"i": 1.5}}}, "'d.params.p.i' is '1.5', which is no whole number"),
        ({**MESSAGE, "params": {"p": {"d": True}}}, "'d.params.p.d' is 'True', which is no number"),
        ({**MESSAGE, "params": {"p": {"dt": "soon"}}}, "'d.params.p.dt' is 'soon', which is not a time"),
        ({**MESSAGE, "params": {"p": {"l": {}}}}, "'d.params.p.l' needs a text as 'id'"),
        ({**MESSAGE, "params": {"p": {"l": {"id": "x", "params": {"q": 1}}}}}, "'d.params.p.l.params.q' is not a"),
    ],
)
def test_a_structure_that_is_wrong_is_told_with_its_place(given: t.Any, said: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        _localizable.localizable(given, "d")
    assert said in str(caught.value)


def test_the_order_and_form_of_parameters_do_not_count() -> None:
    params = {
        "when": {"dt": "2026-03-01T22:00:00Z"},
        "share": {"d": 1, "precision": 2},
        "where": {"l": {"id": "x", "params": {"n": {"s": "y"}}}},
    }
    wanted = _localizable.localizable({**MESSAGE, "params": params}, "description")
    present = {
        **MESSAGE,
        "localized": "Am 1. März",
        "params": [
            {"key": "where", "value": {"l": {"id": "x", "params": [{"key": "n", "value": {"s": "y", "i": None}}]}}},
            {"key": "share", "value": {"d": 1.0, "precision": 2}},
            {"key": "when", "value": {"dt": "2026-03-01T23:00:00.000+01:00"}},
        ],
    }
    assert _localizable.same_text(wanted, present)
    assert not _localizable.same_text(wanted, {**present, "args": []})
    assert not _localizable.same_text(wanted, {**present, "params": []})


@pytest.mark.parametrize("present", [None, "Text", {"id": "x"}, []])
def test_whatever_the_task_has_is_compared(present: t.Any) -> None:
    assert not _localizable.same_text(_localizable.localizable("Text", "description"), present)
    assert not _localizable.same_text(_localizable.localizable(MESSAGE, "description"), present)


def test_a_text_is_compared_with_the_default_message() -> None:
    assert _localizable.same_text(_localizable.localizable("On {when}", "description"), MESSAGE)
