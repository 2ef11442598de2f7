# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report in a real browser: readable at any width, in both schemes, with any name, and on paper."""

from __future__ import annotations

import io
import json
import pathlib
import re
import typing as t

import pypdf
import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_html import html_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.tests import rollouts
from ansible_collections.vsphere.lifecycle.tools.browser import Browser, find_browser

Pages = dict[str, pathlib.Path]

PROGRAM = find_browser()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium on this machine")

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
WANTED = 4.5
"""The least contrast of a text with what is behind it, by WCAG 2 (AA)."""
SAMPLES = {
    "5 hosts": rollouts.small(),
    "500 hosts": rollouts.large(500),
    "2500 hosts": rollouts.large(2500),
    "planned": rollouts.planned(),
    "failed": rollouts.failed(),
}
VERDICTS = {
    "5 hosts": "! Succeeded within the failure budget",
    "500 hosts": "! Succeeded within the failure budget",
    "2500 hosts": "! Succeeded within the failure budget",
    "planned": "▷ Plan: nothing was changed",
    "failed": "✗ Failed",
}

OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
#: The elements that reach beyond the window on the right.
TOO_WIDE = """
[...document.querySelectorAll('body *')].filter(one => !one.closest('svg') && one.getClientRects().length
    && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(one => one.outerHTML)
"""
#: For each colour of a text and what is behind it, once: the two colours and the first words in them.
COLOURS = """
(() => {
    const found = {};
    const behind = one => {
        for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim(), one = walker.currentNode.parentElement;
        if (!text || one.tagName === 'title') continue;
        const style = getComputedStyle(one), colour = one.closest('svg') ? style.fill : style.color;
        found[colour + ' on ' + behind(one)] ??= [colour, behind(one), text.slice(0, 40)];
    }
    return Object.values(found);
})()
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Every sample as a file."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, sample in SAMPLES.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(html_of(report_of(*sample)), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Browser]:
    """One browser for all tests: to start it takes longer than to open a page."""
    with Browser(str(PROGRAM)) as running:
        yield running


def errors(browser: Browser) -> list[str]:
    """Return what the console has of errors and warnings."""
    browser.evaluate("1")
    return [text for level, text in browser.console if level in ("error", "warning", "assert")]


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours as the browser computes them, by WCAG 2."""
    lights = []
    for colour in (first, second):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_contrast_is_computed_as_in_the_standard() -> None:
    assert round(contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)")) == 21
    assert round(contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)"), 2) == 4.48


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_fits_and_complains_of_nothing(
    browser: Browser, pages: Pages, name: str, width: int, scheme: str
) -> None:
    large = name == "2500 hosts"
    browser.open(pages[name], width=width, scheme=scheme)
    assert browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is (scheme == "dark")
    for what in ("1", OPEN_ALL):
        browser.evaluate(what)
        wide, there = browser.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= there == width, browser.evaluate(TOO_WIDE)[:3]
        # To ask each of so many elements would take longer than all the rest.
        assert large or browser.evaluate(TOO_WIDE) == []
    assert errors(browser) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SAMPLES)
def test_the_verdict_and_what_to_do_are_seen_without_scrolling(
    browser: Browser, pages: Pages, name: str, width: int
) -> None:
    browser.open(pages[name], width=width, height=800)
    heading = "document.querySelector('h1')"
    assert browser.evaluate(f"{heading}.textContent") == VERDICTS[name]
    assert browser.evaluate(f"{heading}.getBoundingClientRect().bottom") < 300
    assert browser.evaluate("document.querySelector('h2').textContent") == "What to do next"
    assert browser.evaluate("document.querySelector('.next li').getBoundingClientRect().bottom") < 800
    assert browser.evaluate("document.title").startswith(VERDICTS[name].split(" ", 1)[1])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["5 hosts", "500 hosts", "planned", "failed"])
def test_every_text_can_be_read(browser: Browser, pages: Pages, name: str, scheme: str) -> None:
    browser.open(pages[name], scheme=scheme)
    browser.evaluate(OPEN_ALL)
    found = browser.evaluate(COLOURS)
    assert len(found) >= 6
    assert [(*entry, contrast(entry[0], entry[1])) for entry in found if contrast(entry[0], entry[1]) < WANTED] == []
    page = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (contrast(page, "rgb(255, 255, 255)") > WANTED) is (scheme == "dark")


def test_a_hostile_name_stays_text(browser: Browser, pages: Pages) -> None:
    browser.open(pages["5 hosts"])
    assert browser.evaluate("document.querySelectorAll('script, img, iframe, object, a, link, form').length") == 0
    names = browser.evaluate(
        "[...document.querySelectorAll('bdi')].map(one => [one.textContent, one.childElementCount])"
    )
    hostile = [name for name, children in names if name.startswith("<script>alert(1)</script>\"'&<img src=x")]
    assert len(hostile) >= 4
    assert {children for dummy, children in names} == {0}
    text = browser.evaluate("document.body.innerText")
    assert "\\u202egnp.exe\\x1b[31mred\\x07WWW" in text
    assert not [sign for sign in text if not sign.isprintable() and sign not in "\n\t\u00a0"]
    assert errors(browser) == []


def test_nothing_could_be_loaded_or_run_even_if_it_were_in_the_page(browser: Browser, tmp_path: pathlib.Path) -> None:
    """The second wall, behind the escaping: the page's own policy."""
    source = html_of(report_of(*rollouts.small()))
    evil = '<script>document.title = "taken over"</script><img src="https://example.invalid/x.png" onerror="alert(1)">'
    (tmp_path / "evil.html").write_text(source.replace("<main>", f"<main>{evil}"), encoding="utf-8")
    browser.open(tmp_path / "evil.html")
    assert browser.evaluate("document.title").startswith("Succeeded")
    assert len([text for text in errors(browser) if "Content Security Policy" in text]) >= 2


def test_the_bars_of_hosts_stand_below_that_of_their_cluster(browser: Browser, pages: Pages) -> None:
    # In between is the width of a page of paper.
    for width in (*WIDTHS, 740):
        browser.open(pages["500 hosts"], width=width)
        browser.evaluate(OPEN_ALL)
        marks = browser.evaluate(
            "[...document.querySelectorAll('.axis text:not(.day)')].map(one => one.getBoundingClientRect().toJSON())"
        )
        assert all(one["right"] + 4 < other["left"] for one, other in zip(marks, marks[1:], strict=False)), width
        edges = browser.evaluate(
            "[...new Set([...document.querySelectorAll('svg.bar, svg.axis')].map(one => {"
            "const place = one.getBoundingClientRect();"
            "return Math.round(place.left) + ' ' + Math.round(place.right)}))]"
        )
        assert len(edges) == 1, edges
        first = browser.evaluate("document.querySelector('.cluster .bar rect').getBoundingClientRect().toJSON()")
        assert first["width"] > 2
        assert first["height"] > 8


def test_all_hosts_of_a_large_rollout_can_be_opened(browser: Browser, pages: Pages) -> None:
    browser.open(pages["2500 hosts"])
    assert browser.evaluate("document.body.innerText").count("esx0") < 100
    browser.evaluate(OPEN_ALL)
    names = browser.evaluate("[...document.querySelectorAll('.host .name')].map(one => one.innerText)")
    assert len(set(names)) == len(names) == 2500


def test_the_keyboard_opens_a_cluster(browser: Browser, pages: Pages) -> None:
    browser.open(pages["5 hosts"])
    browser.evaluate("document.querySelector('summary.cluster').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert browser.evaluate("document.querySelector('summary.cluster').parentElement.open") is True
    assert "esx01.berlin.example.com" in browser.evaluate("document.body.innerText")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_prints_in_light_colours(browser: Browser, pages: Pages, scheme: str) -> None:
    browser.open(pages["500 hosts"], scheme=scheme)
    assert 1 <= len(pypdf.PdfReader(io.BytesIO(browser.paper())).pages) <= 25
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.ask("Emulation.setEmulatedMedia", media="print", features=features)
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.ask("Emulation.setEmulatedMedia", media="", features=features)


def test_what_is_closed_is_on_paper_all_the_same(browser: Browser, pages: Pages) -> None:
    browser.open(pages["500 hosts"])
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(browser.paper())).pages)
    lines = re.findall(
        r"^(esx\d{4}-\d)\.berlin\.example\.com (?:. staged|. failed|= nothing to do)", text, re.MULTILINE
    )
    assert len(lines) == len(set(lines)) == 500
    assert text.count("lab-") == 30, "lists are opened, too"
    assert "\u25b8" not in text, "nothing looks closed"
    # On screen, they are as closed as before.
    assert browser.evaluate("document.body.innerText").count("esx0") < 100
    assert browser.evaluate("document.querySelector('details[open]')") is None


def test_the_picture_of_a_page_can_be_taken(browser: Browser, pages: Pages) -> None:
    browser.open(pages["5 hosts"], width=700, height=500)
    small, whole = browser.picture(), browser.picture(whole=True)
    assert small.startswith(b"\x89PNG")
    assert int.from_bytes(small[16:20], "big") == 700
    assert int.from_bytes(small[20:24], "big") == 500 < int.from_bytes(whole[20:24], "big")


def test_the_sample_names_are_as_hostile_as_they_should_be() -> None:
    """Else the tests above would prove nothing."""
    text = json.dumps(rollouts.small()[1], ensure_ascii=False)
    for part in ("<script>", "\u202e", "\\u001b[31m", "\\\"'&", "W" * 200):
        assert part in text
