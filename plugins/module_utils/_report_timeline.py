# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""The waves of a report as a picture: clusters and hosts as bars over time, in SVG; knows no page around it."""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._html import Html, element, together
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_times import (
    Axis,
    Span,
    around,
    axis_of,
    duration,
    span_of,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_words import (
    Label,
    cluster_label,
    count,
    host_label,
    predicted,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import Json

NAMED_IN_A_WAVE = 12
"""How many clusters of a wave have rows of their own at once; more are in a list to open, those with trouble first."""
_TROUBLED_IN_A_WAVE = 8
_LANES = 60
_TROUBLE = ("failed", "partly_failed", "unknown")


class Timeline:
    """The picture of a rollout.

    :param report: the value of the report.
    """

    def __init__(self, report: Json) -> None:
        self._planned = predicted(report)
        self._waves: list[Json] = report["waves"]
        self._clusters: list[Json] = report["clusters"]
        self._spans = {id(cluster): _span_of_cluster(cluster) for cluster in self._clusters}
        self._wave_spans = {id(wave): span_of(wave["start_time"], wave["end_time"]) for wave in self._waves}
        spans = [*self._spans.values(), *self._wave_spans.values()]
        known = [span for span in spans if span]
        # What has no end yet goes on until the end of the rollout.
        whole = span_of(report["started"], report["ended"])
        self._axis = axis_of([*known, whole] if known and whole else known)

    def picture(self) -> Html:
        """Return all waves below one axis, then what is in none of them."""
        numbers = {wave["number"] for wave in self._waves} - {None}
        rest = [cluster for cluster in self._clusters if cluster["wave"] not in numbers and cluster["hosts"]]
        blocks = [self._wave(wave) for wave in self._waves]
        if rest:
            title = element("h3", "In no wave")
            blocks.append(element("div", self._row(title, None, "", "wave"), self._rows(rest), class_="block"))
        return element("div", *([_head(self._axis)] if self._axis else []), *blocks, class_="timeline")

    def _wave(self, wave: Json) -> Html:
        number = wave["number"]
        clusters = [one for one in self._clusters if number is not None and one["wave"] == number]
        clusters.sort(key=lambda one: (one["verdict"] not in _TROUBLE, one["name"]))
        title = element(
            "h3", f"Wave {wave['number']}", *([" ", element("span", "canary", class_="tag")] if wave["canary"] else [])
        )
        span = self._wave_spans[id(wave)] or around(self._spans[id(cluster)] for cluster in clusters)
        took = duration(span.end - span.start) if span and span.end is not None else ""
        left = "left for another run" if wave.get("selected") is False else "not started"
        state = "" if wave["started"] or self._planned else left
        words = ", ".join(part for part in (count(len(clusters), "cluster"), state, took) if part)
        head = self._row(title, self._packed(span, clusters), words, "wave")
        problem = [element("p", wave["problem"], class_="bad problem")] if wave["problem"] else []
        if len(clusters) <= NAMED_IN_A_WAVE:
            return element("div", head, *problem, self._rows(clusters), class_="block")
        troubled = sum(1 for cluster in clusters if cluster["verdict"] in _TROUBLE)
        shown = clusters[: min(troubled, _TROUBLED_IN_A_WAVE)]
        hidden = clusters[len(shown) :]
        others = f"The other {count(len(hidden), 'cluster')}" if shown else f"All {count(len(hidden), 'cluster')}"
        more = element("details", element("summary", others), self._rows(hidden), class_="more")
        return element("div", head, *problem, self._rows(shown), more, class_="block")

    def _rows(self, clusters: t.Sequence[Json]) -> Html:
        return together(self._cluster(cluster) for cluster in clusters)

    def _cluster(self, cluster: Json) -> Html:
        """Return the row of a cluster, which opens to the rows of its hosts."""
        label = cluster_label(cluster["verdict"], planned=self._planned)
        span = self._spans[id(cluster)]
        hosts = cluster["hosts"]
        words = [count(len(hosts), "host")] if hosts and cluster["kind"] == "cluster" else []
        words += [span.words] if span else []
        name = element("bdi", cluster["name"] or cluster["moid"])
        outcome = together([_badge(label), *(f", {part}" for part in words)])
        if not hosts:
            return self._row(name, self._bar(span, label), outcome, "cluster")
        about = [element("p", text, class_="note") for text in _about(cluster)]
        rows = together(self._host(host, cluster) for host in hosts)
        return element(
            "details",
            self._row(name, self._bar(span, label), outcome, "cluster", tag="summary"),
            element("div", *about, rows, class_="hosts"),
        )

    def _host(self, host: Json, cluster: Json) -> Html:
        label = host_label(host["verdict"], planned=self._planned)
        span = span_of(host["start_time"], host["end_time"])
        words = [span.words] if span else []
        words += [f"image {host['commit']}"] if host["commit"] not in (None, cluster["commit"]) else []
        outcome = together([_badge(label), *(f", {part}" for part in words)])
        row = self._row(element("bdi", host["name"]), self._bar(span, label), outcome, "host")
        reason = element("p", host["reason"], class_="note") if host["reason"] else Html()
        return together([row, reason])

    def _row(self, name: str, picture: Html | None, outcome: str, kind: str, tag: str = "div") -> Html:
        cells = [element("span" if tag == "summary" else "div", name, class_="name")]
        cells += [picture] if picture is not None and self._axis else [element("i")]
        cells.append(element("span", outcome, class_="outcome"))
        return element(tag, *cells, class_=f"row {kind}")

    def _bar(self, span: Span | None, label: Label) -> Html | None:
        place = self._axis.place(span) if self._axis and span else None
        if place is None:
            return None
        shape = _rect(place, "0", "100%", label[2] if span and span.end is not None else f"{label[2]} open")
        return element("svg", shape, class_="bar", aria_hidden="true")

    def _packed(self, span: Span | None, clusters: t.Sequence[Json]) -> Html | None:
        """Return all clusters of a wave, those that did not run at the same time in one line."""
        if self._axis is None:
            return None
        known = [(cluster, self._spans[id(cluster)]) for cluster in clusters]
        placed = sorted(
            ((place, cluster) for cluster, own in known if own and (place := self._axis.place(own))),
            key=lambda entry: entry[0],
        )
        lanes, rows = _lanes([place for place, dummy in placed])
        height = max(3, min(10, 120 // max(1, lanes)))
        back = self._axis.place(span) if span else None
        shapes = [_rect(back, "0", "100%", "back")] if back else []
        for (place, cluster), lane in zip(placed, rows, strict=True):
            label = cluster_label(cluster["verdict"], planned=self._planned)
            words = element("title", f"{cluster['name']}: {label[1]}")
            shapes.append(_rect(place, str(4 + lane * height), str(height - 1), label[2], words))
        numbers = [cluster_label(one["verdict"], planned=self._planned)[1] for one in clusters]
        told = ", ".join(f"{numbers.count(words)} {words}" for words in dict.fromkeys(numbers))
        tall = str(max(18, 8 + lanes * height))
        return element("svg", *shapes, class_="bar", height=tall, role="img", aria_label=told or "no clusters")


def _head(axis: Axis) -> Html:
    """Return the marks of the axis. They stay in sight, so that a bar far below can be read as well."""
    marks = []
    for place, time, date in axis.labels():
        anchor = "start" if place < 1 else "end" if place > 99 else "middle"
        at = f"{place:.3f}%"
        marks.append(element("line", x1=at, x2=at, y1="28", y2="34"))
        marks.append(element("text", time, x=at, y="25", text_anchor=anchor))
        marks += [element("text", date, x=at, y="11", text_anchor=anchor, class_="day")] if date else []
    picture = element("svg", *marks, class_="axis", height="34", aria_hidden="true")
    return element("div", element("span", "Times in UTC", class_="name quiet"), picture, class_="row head")


def legend(report: Json) -> Html:
    """Return what the colours of the bars mean, as far as they are used."""
    shown = [one for one in report["clusters"] if one["wave"] is not None or one["hosts"]]
    labels = dict.fromkeys(cluster_label(one["verdict"], planned=predicted(report)) for one in shown)
    return element("p", *(together([_badge(label), " "]) for label in labels), class_="legend")


def _badge(label: Label) -> Html:
    sign, words, kind = label
    return element("b", f"{sign} {words}", class_=kind)


def _about(cluster: Json) -> t.Iterator[str]:
    """Yield what is to be said of a cluster as a whole."""
    if cluster["msg"]:
        yield cluster["msg"]
    parts = [f"image {cluster['commit']}"] if cluster["commit"] else []
    parts += [f"site {cluster['site']}"] if cluster["site"] else []
    parts += [f"task {cluster['task']}"] if cluster["task"] else []
    parts += ["the task ran already and was waited for"] if cluster["adopted"] else []
    parts += ["the time was over before the task ended"] if cluster["timed_out"] else []
    yield ", ".join([cluster["moid"], *parts])


def _span_of_cluster(cluster: Json) -> Span | None:
    """Return from when to when a cluster was worked on: its task's times, else those of its hosts."""
    own = span_of(cluster["start_time"], cluster["end_time"])
    hosts = around(span_of(host["start_time"], host["end_time"]) for host in cluster["hosts"])
    return own or hosts


def _lanes(places: t.Sequence[tuple[float, float]]) -> tuple[int, list[int]]:
    """Return how many lines are needed so that no two bars overlap, and the line of each; places are sorted."""
    free: list[float] = []
    rows = []
    for start, width in places:
        lane = next((number for number, end in enumerate(free) if end <= start), len(free))
        if lane == len(free) and lane < _LANES:
            free.append(0.0)
        lane = min(lane, _LANES - 1)
        free[lane] = start + width
        rows.append(lane)
    return len(free), rows


def _rect(place: tuple[float, float], top: str, height: str, kind: str, *children: Html) -> Html:
    start, width = place
    return element("rect", *children, x=f"{start:.2f}%", width=f"{width:.2f}%", y=top, height=height, class_=kind)
