# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""The report as one page that needs nothing around it: no network, no script; the verdict first, then what to do."""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _report_words as words
from ansible_collections.vsphere.lifecycle.plugins.module_utils._html import Html, element, page, together
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_style import STYLE
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_timeline import Timeline, legend
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_times import date_and_time, duration, span_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import Json

NAMED_AT_ONCE = 12
"""How many entries a list shows at once; more are there to open."""
CAUSES_AT_ONCE = 20

_GATE = {"go": ("✓", "go", "good"), "note": ("!", "noted", "part"), "block": ("✗", "closed", "bad")}
_REASONS = {"not_started": "the rollout ended before its turn", "unknown": "nothing came back from it"}
_GATES = {
    "appliance": "Update of vCenter",
    "updatemgr": "Lifecycle Manager service",
    "release": "Release of vCenter",
    "image_managed": "Managed by an image",
    "host_connection": "Connection of the hosts",
    "operations": "Other operations",
    "commit": "Commit of the image",
    "window": "Time window",
    "appliance_unreadable": "Update of vCenter, unreadable",
    "updatemgr_unreadable": "Lifecycle Manager service, unreadable",
}


def html_of(report: Json) -> str:
    """Return the page.

    :param report: the value of the report.
    """
    sign, verdict, kind = words.rollout_label(report)
    title = f"{verdict}: rolling stage of {report['vcenter'] or 'vCenter'}"
    found = words.causes(report)
    sections = (
        _next(report, found),
        _incomplete(report),
        _figures(report),
        _causes("What failed, and why", found, "bad"),
        _timeline(report),
        _left_alone(report),
        _causes("What vCenter warns of", words.warnings(report), "part"),
        _gates(report),
        _about(report),
    )
    main = element("main", *(section for section in sections if section))
    footer = element(
        "footer",
        element("p", "Written by vsphere.lifecycle. The same in full for programs: report.json, report.csv beside it."),
    )
    return page(title, STYLE, _verdict(report), main, footer)


def _section(title: str, *content: str, kind: str | None = None) -> Html:
    return element("section", element("h2", title), *content, class_=kind)


def _verdict(report: Json) -> Html:
    sign, verdict, kind = words.rollout_label(report)
    span = span_of(report["started"], report["ended"])
    took = f", {duration(span.end - span.start)}" if span and span.end is not None else ""
    when = f"{date_and_time(report['started'])} to {date_and_time(report['ended'])}{took}" if span else ""
    mode = "check mode" if report["check_mode"] else ""
    place = ["Rolling stage of ", element("bdi", report["vcenter"] or "vCenter")]
    why = report["problem"] or report["stopped"]
    content = [
        element("p", *place, class_="over"),
        element("h1", f"{sign} {verdict}"),
        *([element("p", f"{why.rstrip('.')}.", class_="lead")] if why else []),
        element("p", _outcome(report), class_="lead"),
    ]
    content.append(element("p", ", ".join(part for part in (when, mode) if part), class_="quiet"))
    return element("header", element("div", *content, class_=f"verdict of-{kind}"))


def _outcome(report: Json) -> str:
    """Return in one sentence what became of the hosts."""
    hosts = report["hosts"]
    if _only_planned(report):
        return f"{words.count(hosts['not_started'], 'host')} in {words.count(len(report['waves']), 'wave')}."
    if words.predicted(report):
        parts = [f"{words.count(hosts['staged'], 'host')} would be staged", f"{hosts['skipped']:,} need nothing"]
        parts += [f"{hosts['failed']:,} would fail"] if hosts["failed"] else []
    else:
        parts = [f"{words.count(hosts['staged'], 'host')} newly staged", f"{hosts['skipped']:,} needed nothing"]
        parts += [f"{hosts['started']:,} still running"] if hosts["started"] else []
        parts += [f"{hosts['failed']:,} failed"]
        parts += [f"{hosts['not_started']:,} not started"] if hosts["not_started"] else []
    return f"{', '.join(parts)}."


def _only_planned(report: Json) -> bool:
    """Whether nobody has asked what would become of the hosts, as in the mode ``plan``."""
    asked = any(report["hosts"][name] for name in ("staged", "skipped", "failed"))
    return words.predicted(report) and not asked and bool(report["hosts"]["not_started"])


def _next(report: Json, found: list[words.Cause]) -> Html:
    steps = words.next_steps(report, found)
    listed = element("ol", *(element("li", step) for step in steps))
    return _section("What to do next", listed, kind="next one" if len(steps) == 1 else "next")


def _incomplete(report: Json) -> Html | None:
    if not report["notes"]:
        return None
    notes = element("ul", *(element("li", note) for note in report["notes"]))
    return _section("This report is incomplete", notes, kind="of-part")


def _figures(report: Json) -> Html:
    planned = words.predicted(report)
    hosts = report["hosts"]
    figures: tuple[tuple[str, str, str], ...] = (
        ("staged", "hosts to be staged" if planned else "hosts newly staged", "good"),
        ("skipped", "need nothing" if planned else "needed nothing", "calm"),
        ("failed", "would fail" if planned else "failed", "bad"),
        *([("started", "still running", "part")] if hosts["started"] else []),
        *([] if planned or hosts["not_started"] is None else [("not_started", "not started", "idle")]),
    )
    if _only_planned(report):
        figures = (("not_started", "hosts planned", "calm"),)
    tiles = [
        element("div", element("b", f"{hosts[name]:,}"), told, class_=f"tile of-{kind if hosts[name] else 'idle'}")
        for name, told, kind in figures
    ]
    return _section(
        "Hosts",
        element("div", *tiles, class_="tiles"),
        _stack([(hosts[name], kind) for name, dummy, kind in figures]),
        *_clusters(report),
        *([] if planned else _budget(report)),
    )


def _stack(parts: list[tuple[int, str]]) -> Html:
    """Return numbers as parts of one bar."""
    whole = sum(number for number, dummy in parts)
    shapes, start = [], 0.0
    for number, kind in parts:
        width = 100 * number / whole if whole else 0.0
        if number:
            shapes.append(element("rect", x=f"{start:.2f}%", width=f"{width:.2f}%", height="12", class_=kind))
        start += width
    return element("svg", *shapes, class_="stack", height="12", aria_hidden="true") if shapes else Html()


def _clusters(report: Json) -> t.Iterator[Html]:
    labels = [words.cluster_label(one["verdict"], planned=words.predicted(report)) for one in report["clusters"]]
    if labels:
        told = [f"{labels.count(label):,} {label[1]}" for label in dict.fromkeys(labels)]
        yield element("p", f"Clusters and standalone hosts: {len(labels):,}. Of these {', '.join(told)}.")


def _budget(report: Json) -> t.Iterator[Html]:
    """Yield how the failures compare with what is allowed."""
    budget = report["budget"]
    told = [
        f"{words.count(budget[f'failed_{what}s'], what)} failed, {budget[f'max_failed_{what}s']} allowed"
        for what in ("host", "cluster")
        if budget[f"max_failed_{what}s"] is not None
    ]
    if told:
        sign, verdict, kind = ("✗", "exceeded", "bad") if budget["exceeded"] else ("✓", "kept", "good")
        state = element("b", f"{sign} {verdict}", class_=kind)
        yield element("p", "Failure budget: ", state, element("span", f" ({'; '.join(told)})", class_="quiet"))


def _causes(title: str, found: list[words.Cause], kind: str) -> Html | None:
    if not found:
        return None
    cards = [_cause(cause, kind) for cause in found]
    content = cards[:CAUSES_AT_ONCE]
    rest = cards[CAUSES_AT_ONCE:]
    if rest:
        summary = element("summary", f"{words.count(len(rest), 'other reason')}, each rarer than these")
        content.append(element("details", summary, *rest, class_="more"))
    return _section(title, *content, kind="long")


def _cause(cause: words.Cause, kind: str) -> Html:
    parts = [element("h3", " ".join(cause.words))]
    parts += [element("p", element("b", "vCenter advises: "), text) for text in cause.resolutions]
    about = [element("code", text) for text in cause.identifiers]
    about += [element("span", "Another try may help.")] if cause.retriable else []
    if about:
        parts.append(element("p", *_spaced(about), class_="quiet"))
    members = []
    for cluster, hosts in cause.members.values():
        names = ["in ", element("bdi", cluster["name"])] if cluster["kind"] == "cluster" else []
        members += [element("li", element("bdi", host), " ", element("span", *names, class_="quiet")) for host in hosts]
        members += [] if hosts else [element("li", element("bdi", cluster["name"]), " as a whole")]
    number = words.count(sum(len(hosts) for dummy, hosts in cause.members.values()), "host")
    parts.append(_opened(f"All {number}", "ul", members))
    return element("article", *parts, class_=f"cause of-{kind}")


def _spaced(parts: list[Html]) -> t.Iterator[str]:
    for part in parts:
        yield part
        yield " "


def _opened(summary: str, tag: str, entries: list[Html]) -> Html:
    """Return a list that is to be opened where it is long."""
    whole = element(tag, *entries)
    return (
        whole
        if len(entries) <= NAMED_AT_ONCE
        else element("details", element("summary", summary), whole, class_="more")
    )


def _timeline(report: Json) -> Html | None:
    if not report["waves"] and not any(cluster["hosts"] for cluster in report["clusters"]):
        return None
    title = "The waves as planned" if report["verdict"] == "planned" else "Waves over time"
    hosts = any(cluster["hosts"] for cluster in report["clusters"])
    hint = [element("p", "Open a cluster to see its hosts.", class_="quiet hint")] if hosts else []
    return _section(title, legend(report), *hint, Timeline(report).picture(), kind="long")


def _left_alone(report: Json) -> Html | None:
    planned = words.predicted(report)
    alone: dict[tuple[str, str], list[Html]] = {}
    skipped: dict[str, int] = {}
    for cluster in report["clusters"]:
        left_alone = cluster["verdict"] in words.LEFT_ALONE or cluster["why"]
        if left_alone and not (planned and cluster["verdict"] == "not_started"):
            reason = cluster["why"] or cluster["msg"] or _REASONS.get(cluster["verdict"], "no reason given")
            name = element("li", element("bdi", cluster["name"] or cluster["moid"]))
            alone.setdefault((cluster["verdict"], reason), []).append(name)
        for host in cluster["hosts"]:
            if host["verdict"] == "skipped":
                reason = words.skipped_reason(host)
                skipped[reason] = skipped.get(reason, 0) + 1
    rows: list[tuple[str, ...]] = []
    for (verdict, reason), names in alone.items():
        sign, told, kind = words.cluster_label(verdict, planned=planned)
        which = _opened(words.count(len(names), "cluster"), "ul", names)
        rows.append((element("b", f"{sign} {told}", class_=kind), reason, which))
    rows += [
        (element("b", "= nothing to do", class_="calm"), reason, words.count(number, "host"))
        for reason, number in skipped.items()
    ]
    heads = ("What became of it", "Why", "Which")
    return _section("What was skipped, and why", _table(heads, rows, "reasons"), kind="long") if rows else None


def _gates(report: Json) -> Html | None:
    """Return the gates; one that gave the same answer before several waves is told once."""
    same: dict[tuple[str, ...], list[Json]] = {}
    for gate in report["gates"]:
        same.setdefault(tuple(gate[name] for name in ("name", "verdict", "answer", "hint", "mode")), []).append(gate)
    if not same:
        return None
    order = {"block": 0, "note": 1}
    rows = []
    for (name, verdict, answer, hint, mode), gates in sorted(same.items(), key=lambda one: order.get(one[0][1], 2)):
        sign, told, kind = _GATE.get(verdict, ("?", verdict or "not known", "part"))
        waves = [str(gate["wave"]) for gate in gates if gate["wave"]]
        before = ["the first wave"] if len(waves) < len(gates) else []
        before += [f"wave{'' if len(waves) == 1 else 's'} {_some(waves)}"] if waves else []
        times = sorted(gate["time"] for gate in gates if gate["time"])
        asked = [date_and_time(times[0])] if times else []
        asked += [date_and_time(times[-1]).partition(" ")[2]] if len(set(times)) > 1 else []
        rows.append(
            (
                _GATES.get(name, name),
                element("b", f"{sign} {told}", class_=kind),
                together([answer, *([element("br")] if answer and hint else []), hint]),
                ", ".join(before),
                mode,
                " to ".join(asked),
            )
        )
    heads = ("Gate", "Verdict", "Answer", "Before", "Mode", "Asked")
    return _section("Gates and their answers", _table(heads, rows, "answers"), kind="long gates")


def _table(heads: t.Sequence[str], rows: t.Sequence[t.Sequence[str]], what: str) -> Html:
    """Return a table with its first rows; the others are there to open."""
    first = _plain_table(heads, rows[:NAMED_AT_ONCE])
    rest = rows[NAMED_AT_ONCE:]
    if not rest:
        return first
    more = element("summary", f"{len(rest):,} more {what}")
    return together([first, element("details", more, _plain_table(heads, rest), class_="more")])


def _plain_table(heads: t.Sequence[str], rows: t.Sequence[t.Sequence[str]]) -> Html:
    head = element("thead", element("tr", *(element("th", text, scope="col") for text in heads)))
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, data_head=name) for name, cell in zip(heads[1:], row[1:], strict=True)),
        )
        for row in rows
    ]
    return element("table", head, element("tbody", *body))


def _about(report: Json) -> Html:
    commits = dict.fromkeys(cluster["commit"] for cluster in report["clusters"] if cluster["commit"])
    facts = (
        ("vCenter", report["vcenter"]),
        ("Version of vCenter", report["vcenter_version"]),
        ("Image asked for", report["commit"] or "the present image of each cluster"),
        ("Commits of the images", _some(list(commits))),
        ("Mode", f"{report['mode'] or 'not known'}{', check mode' if report['check_mode'] else ''}"),
        ("Started", date_and_time(report["started"])),
        ("Ended", date_and_time(report["ended"])),
        ("vsphere.lifecycle", report["collection_version"]),
        ("ansible-core", report["ansible_version"]),
        ("Form of report.json", f"version {report['schema_version']}"),
    )
    entries = [part for name, value in facts if value for part in (element("dt", name), element("dd", value))]
    content = [element("dl", *entries)]
    for title, lines in (("In the words of the role", report["summary"]), ("The plan", report["plan"])):
        if lines:
            told = element("ul", *(element("li", line) for line in lines))
            now = "" if words.predicted(report) and title == "The plan" else None
            content.append(element("details", element("summary", title), told, class_="more", open=now))
    return _section("About this run", *content, kind="long")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_AT_ONCE:,} more" if len(names) > NAMED_AT_ONCE else ""
    return ", ".join(names[:NAMED_AT_ONCE]) + more
