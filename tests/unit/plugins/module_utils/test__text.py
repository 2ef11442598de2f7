# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts from outside, made harmless to show."""

from __future__ import annotations

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("esx01.example.com", "esx01.example.com"),
        ("K\u00f6ln \u4e2d\u6587 \U0001f600", "K\u00f6ln \u4e2d\u6587 \U0001f600"),
        ("{{ 7*7 }} <b>&amp;</b> %2f", "{{ 7*7 }} <b>&amp;</b> %2f"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m \x07 \x7f \x00", r"\x9b31m \x07 \x7f \x00"),
        ("one\ntwo\r\n\tthree\u2028four\x85five", "one two three four five"),
        ("exe.\u202egpj", r"exe.\u202egpj"),
        ("half \ud83d", r"half \ud83d"),
        ("10\u00a0GB", "10\u00a0GB"),
    ],
)
def test_a_plain_text_is_one_line_that_nothing_obeys(text: str, expected: str) -> None:
    assert plain(text) == expected
    assert plain(expected) == expected


def test_json_keeps_its_line_feeds_and_nothing_worse() -> None:
    value = {"a\x1bb": ["one\r\ntwo\rthree\tfour", ("\x00",), 3, None, True], "fine": {}}
    assert harmless(value) == {"a\\x1bb": ["one\ntwo\\rthree\tfour", ["\\x00"], 3, None, True], "fine": {}}
