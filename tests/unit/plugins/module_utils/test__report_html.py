# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report: what it says and in which order; how it looks is tested in a browser (tests/report)."""

from __future__ import annotations

import html
import html.parser
import re
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_html import html_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.tests import rollouts

Json = dict[str, t.Any]
#: The elements that a page may have: none of them loads or runs anything.
ELEMENTS = (
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "footer",
        "section",
        "article",
        "div",
        "span",
    ),
    *("p", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "b", "i", "br", "bdi", "code", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "line", "text"),
)


class Page(html.parser.HTMLParser):
    """Reads a page: its elements, its texts by heading."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, dummy in attrs}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def page(rollout: Json, lines: list[Json]) -> Page:
    return Page(html_of(report_of(rollout, lines)))


SAMPLES = {
    "small": rollouts.small(),
    "large": rollouts.large(500),
    "planned": rollouts.planned(),
    "failed": rollouts.failed(),
    "nothing": ({}, []),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_has_nothing_that_loads_or_runs(name: str) -> None:
    found = page(*SAMPLES[name])
    assert set(found.elements) <= set(ELEMENTS)
    assert found.open == []
    assert not [name for name in found.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert "@import" not in html_of(report_of(*SAMPLES[name]))
    assert "url(" not in html_of(report_of(*SAMPLES[name]))


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("small", "! Succeeded within the failure budget 3 hosts newly staged, 1 needed nothing, 1 failed."),
        ("planned", "▷ Plan: nothing was changed 4 hosts would be staged, 1 need nothing."),
        (
            "failed",
            "✗ Failed Wave 2: vCenter itself is being updated (INSTALL_IN_PROGRESS). "
            "1 host newly staged, 1 needed nothing, 0 failed, 3 not started.",
        ),
        ("nothing", "? The outcome is not known 0 hosts newly staged, 0 needed nothing, 0 failed."),
    ],
)
def test_the_verdict_comes_first_then_what_to_do(name: str, first: str) -> None:
    body = page(*SAMPLES[name]).text.partition("Rolling stage of ")[2]
    assert body.partition(" ")[2].startswith(first)
    headings = re.findall(r"<h[12]>(.*?)</h[12]>", html_of(report_of(*SAMPLES[name])))
    assert headings[1] == "What to do next"


def test_a_plan_that_asked_nobody_makes_no_numbers_up() -> None:
    rollout, dummy = rollouts.planned()
    rollout.update({"check_mode": False, "mode": "plan", "plan": ["Wave 1 of 2: prod-berlin (2 hosts)"]})
    rollout["hosts"] = {"staged": 0, "skipped": 0, "failed": 0, "started": 0, "not_started": 5}
    for cluster in rollout["clusters"][:2]:
        cluster["verdict"] = "not_started"
    found = page(rollout, [])
    assert "▷ Plan: nothing was changed 5 hosts in 2 waves." in found.text
    assert (
        "5 hosts planned Clusters and standalone hosts: 3. Of these 2 planned, 1 not managed by an image." in found.text
    )
    assert "would be staged" not in found.text
    assert "not started" not in found.text
    assert '<details class="more" open=""><summary>The plan</summary>' in html_of(report_of(rollout))


def test_what_failed_is_told_in_the_words_of_vcenter() -> None:
    text = page(*rollouts.small()).text
    for part in (
        rollouts.DEPOT["message"],
        rollouts.DEPOT["resolution"],
        rollouts.DEPOT["id"],
        "Another try may help.",
    ):
        assert part in text
    assert text.index(rollouts.DEPOT["message"]) < text.index("Waves over time") < text.index("What was skipped")
    assert rollouts.WARNING["message"] in text.partition("What vCenter warns of")[2]


def test_a_hostile_name_stays_text() -> None:
    source = html_of(report_of(*rollouts.small()))
    assert "<script" not in source
    assert "<img" not in source
    assert "\u202e" not in source
    assert "\x1b" not in source
    assert (
        "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>\\u202egnp.exe\\x1b[31mred\\x07WWW"
        in page(*rollouts.small()).text
    )


@pytest.mark.parametrize("member", ["vcenter", "problem", "mode", "commit", "vcenter_version", "verdict", "started"])
def test_no_member_is_markup(member: str) -> None:
    rollout, lines = rollouts.failed()
    rollout[member] = "<script>alert(1)</script>"
    assert "<script" not in html_of(report_of(rollout, lines))
    assert "<script>alert(1)" in page(rollout, lines).text or member in ("verdict", "started")


def test_what_was_skipped_is_told_once_for_each_reason() -> None:
    text = page(*rollouts.large(500)).text.partition("What was skipped, and why")[2].partition("Gates")[0]
    assert text.count("named in rolling_stage_exclude") == 1
    assert "30 clusters" in text
    assert text.count("lab-") == 30
    assert "compliant, or staged before 100 hosts" in text


def test_gates_are_told_once_for_the_same_answer_and_the_closed_ones_first() -> None:
    text = page(*rollouts.failed()).text.partition("Gates and their answers")[2]
    assert text.index("INSTALL_IN_PROGRESS") < text.index("UP_TO_DATE")
    assert "✗ closed" in text
    assert "Wait until the update of vCenter is done, then run again" in text
    assert "waves 1, 2" in text
    assert text.count("UP_TO_DATE") == 1
    assert "the first wave" in text


def test_many_different_answers_are_there_to_open() -> None:
    gates = [rollouts.gate(0, "commit", "6", "note", f"cluster{number} has another image") for number in range(40)]
    text = page({"gates": gates}, []).text
    assert "28 more answers" in text
    assert "cluster39 has another image" in text


def test_an_incomplete_report_says_so_before_the_numbers() -> None:
    text = Page(html_of(report_of(*rollouts.small(), notes=["The result file 'x' could not be read"]))).text
    assert text.index("What to do next") < text.index("This report is incomplete") < text.index("The result file 'x'")
    assert text.index("The result file 'x'") < text.index("Clusters and standalone hosts")
    assert "This report is incomplete" not in page(*rollouts.small()).text


def test_the_budget_is_told_where_there_is_one() -> None:
    assert (
        "Failure budget: ✓ kept (1 host failed, 10 % allowed; 0 clusters failed, 0 allowed)"
        in page(*rollouts.small()).text
    )
    rollout, lines = rollouts.small()
    rollout["budget"] = {"exceeded": True, "failed_hosts": 1, "max_failed_hosts": 0}
    assert "✗ exceeded (1 host failed, 0 allowed)" in page(rollout, lines).text
    assert "Failure budget" not in page({**rollout, "budget": {}}, lines).text
    assert "Failure budget" not in page(*rollouts.planned()).text


def test_versions_and_commits_are_told() -> None:
    rollout, lines = rollouts.large(500)
    for number, line in enumerate(lines):
        rollout["clusters"][number]["commit"] = line["commit"] = str(number)
    text = page(rollout, lines).text.partition("About this run")[2]
    for part in ("8.0.3.00400", "0.1.0", "2.19.0", "the present image of each cluster", "10, 11 and 88 more"):
        assert part in text


def test_many_causes_and_many_hosts_are_there_to_open() -> None:
    rollout, lines = rollouts.large(500)
    for number, line in enumerate(lines):
        said = {**rollouts.DEPOT, "message": f"Reason {number if number < 30 else 'common'}"}
        line["hosts"][0].update({"verdict": "failed", "notifications": [said]})
    text = page(rollout, lines).text
    # 30 of their own, the common one, and the two that the rollout had before.
    assert "13 other reasons, each rarer than these" in text
    assert "All 70 hosts" in text
    assert {f"Reason {number}" for number in range(30)} <= set(re.findall(r"Reason \d+", text))


def test_hosts_that_still_run_are_told() -> None:
    rollout, lines = rollouts.small()
    rollout["hosts"].update({"started": 2})
    lines[0]["hosts"][0]["verdict"] = "started"
    text = page(rollout, lines).text
    assert "2 still running" in text
    assert "… still running" in text


def test_2500_hosts_are_all_there_in_a_page_of_moderate_size() -> None:
    source = html_of(report_of(*rollouts.large(2500)))
    assert len(source.encode()) < 3_000_000
    assert len(set(re.findall(r"<bdi>(esx[\w.-]+)</bdi>", source))) == 2500
