# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures: a median over runs beside the target it is to reach; knows not what was measured."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t


@dataclasses.dataclass(frozen=True)
class Figure:
    """One row of the table.

    :param series: the value of each run; empty where it could not be measured.
    :param target: the bound as the requirement words it; None for what is only reported.
    :param limit: that bound as a number; the median may be as large.
    :param note: why there is no value, or what goes with it.
    """

    figure: str
    series: tuple[float, ...]
    target: str | None = None
    limit: float | None = None
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median."""
        return statistics.median(self.series) if self.series else None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached, by every run where it is 0; None without a target or without a value."""
        if self.limit is None or self.value is None:
            return None
        return (max(self.series) if self.limit == 0 else self.value) <= self.limit

    def as_dict(self) -> dict[str, t.Any]:
        """Return the entry of the results file."""
        return {
            "figure": self.figure,
            "value": self.value,
            "target": self.target,
            "met": self.met,
            "runs": len(self.series),
            "min": min(self.series, default=None),
            "max": max(self.series, default=None),
            "series": list(self.series),
            "note": self.note,
        }


def left_over(series: t.Iterable[float]) -> Figure:
    """Return the figure that every part has: how many sessions each run of ours left open."""
    return Figure("sessions left over", tuple(series), "0", 0.0)


def merged(figures: t.Iterable[Figure]) -> list[Figure]:
    """Return the figures with those of the same name as one."""
    found: dict[str, Figure] = {}
    for figure in figures:
        before = found[figure.figure].series if figure.figure in found else ()
        found[figure.figure] = dataclasses.replace(figure, series=before + figure.series)
    return list(found.values())


def table(figures: t.Iterable[Figure]) -> str:
    """Return the figures as lines for people."""
    rows: list[tuple[str, ...]] = [("figure", "median", "min", "max", "runs", "target", "")]
    for figure in figures:
        numbers = [_text(number) for number in (figure.value, min(figure.series, default=None))]
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        last = (_text(max(figure.series, default=None)), str(len(figure.series)), figure.target or "", verdict)
        rows.append((figure.figure + (f" ({figure.note})" if figure.note else ""), *numbers, *last))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:5], widths[1:5], strict=True)]
        lines.append("  ".join([*cells, row[5].ljust(widths[5]), row[6]]).rstrip())
    return "\n".join(lines)


def _text(number: float | None) -> str:
    return "-" if number is None else f"{number:.0f}" if abs(number) >= 1000 else f"{number:.3g}"
