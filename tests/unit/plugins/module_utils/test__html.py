# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever is put into an element stays text."""

from __future__ import annotations

import html.parser

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._html import Html, element, page, together


class Reader(html.parser.HTMLParser):
    """Notes the elements and the text of a piece of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "</p><b>", "&lt;", '" onload="x', "'>", "<!--", "]]>", "a\u202eb", "<a\tb>"]
)
def test_any_text_stays_text(text: str) -> None:
    read = Reader(element("p", text, title=text))
    assert read.elements == [("p", {"title": text})]
    assert read.text == text


def test_elements_are_nested_and_texts_between_them_escaped() -> None:
    assert element("p", "a < b", element("b", "&"), class_="x") == '<p class="x">a &lt; b<b>&amp;</b></p>'
    assert together(["<", element("br"), Html()]) == "&lt;<br>"


def test_an_attribute_without_value_is_left_out() -> None:
    assert element("i", class_=None, aria_label="x", data_head="y") == '<i aria-label="x" data-head="y"></i>'


def test_a_page_forbids_scripts_and_the_network() -> None:
    read = Reader(page("<title>", "p{}", element("p", "text")))
    policies = [found["content"] for tag, found in read.elements if "content-security-policy" in str(found).lower()]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert read.elements[0] == ("html", {"lang": "en"})
    assert {tag for tag, dummy in read.elements} == {"html", "head", "meta", "title", "style", "body", "p"}
