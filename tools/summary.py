# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the parts of a run one after the other, and sums them up truthfully; knows not what a part does."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import time
import traceback
import typing as t

from .shell import WORK

RESULTS = WORK / "results"


@dataclasses.dataclass
class Outcome:
    """What a part found: how much it looked at, what is wrong, and what it did not look at and why."""

    count: int = 0
    unit: str = "files"
    problems: list[str] = dataclasses.field(default_factory=list)
    skipped: list[str] = dataclasses.field(default_factory=list)
    note: str = ""
    left_out: str = ""


@dataclasses.dataclass(frozen=True)
class Part:
    """A named check or test."""

    name: str
    work: t.Callable[[], Outcome]


@dataclasses.dataclass
class Row:
    """One line of the summary."""

    name: str
    seconds: float
    outcome: Outcome

    @property
    def result(self) -> str:
        """``passed``, ``failed`` or ``skipped``."""
        if self.outcome.problems:
            return "failed"
        return "skipped" if self.outcome.left_out else "passed"


def carry_out(parts: t.Iterable[Part]) -> list[Row]:
    """Run every part, whatever became of the ones before it."""
    rows = []
    for part in parts:
        print(f"\n=== {part.name} ===", flush=True)
        started = time.monotonic()
        row = Row(part.name, 0, judged(part))
        row.seconds = time.monotonic() - started
        for problem in row.outcome.problems:
            print(f"{part.name}: {problem}", flush=True)
        rows.append(row)
    return rows


def judged(part: Part) -> Outcome:
    """Run one part; a part that crashes has failed, and so has one that looked at nothing."""
    try:
        outcome = part.work()
    except Exception as error:  # whatever it is, the other parts have to run and the summary has to say so
        traceback.print_exc()
        return Outcome(problems=[f"crashed: {error!r}"])
    if not outcome.count and not outcome.left_out and not outcome.problems:
        outcome.problems.append(f"looked at no {outcome.unit} at all")
    return outcome


def save(name: str, rows: list[Row]) -> None:
    """Keep the rows, for a summary over several runs."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2), encoding="utf-8")


def load(name: str) -> list[Row]:
    """Return the rows of an earlier run; a run that left none behind has failed."""
    try:
        kept = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [Row(name, 0, Outcome(problems=["never came to its end"]))]
    return [Row(row["name"], row["seconds"], Outcome(**row["outcome"])) for row in kept]


def forget(name: str) -> None:
    """Remove the rows of an earlier run."""
    pathlib.Path(RESULTS / f"{name}.json").unlink(missing_ok=True)


def report(rows: list[Row]) -> int:
    """Print the table, the reasons and the closing line; return the exit code."""
    print("\n" + "\n".join(table(rows)))
    for title, lines in (("Skipped:", _skipped(rows)), ("Failed:", _failed(rows))):
        if lines:
            print("\n" + "\n".join([title, *(f"  {line}" for line in lines)]))
    print("\n" + closing_line(rows), flush=True)
    return 1 if _failed(rows) or not any(row.result == "passed" for row in rows) else 0


def table(rows: list[Row]) -> list[str]:
    """Return the lines of the summary: part, count, time, result."""
    cells = [("part", "count", "time", "result")]
    for row in rows:
        count = f"{row.outcome.count} {row.outcome.unit}" + (f", {row.outcome.note}" if row.outcome.note else "")
        cells.append((row.name, "-" if row.outcome.left_out else count, f"{row.seconds:.1f} s", row.result))
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d}" for a, b, c, d in cells]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def closing_line(rows: list[Row]) -> str:
    """Return ``N passed, N failed`` and, where there are any, ``, N skipped``: numbers of parts."""
    results = [row.result for row in rows]
    line = f"{results.count('passed')} passed, {results.count('failed')} failed"
    return line + (f", {results.count('skipped')} skipped" if "skipped" in results else "")


def _skipped(rows: list[Row]) -> list[str]:
    lines = []
    for row in rows:
        lines += [f"{row.name}: {row.outcome.left_out}"] if row.outcome.left_out else []
        lines += [f"{row.name}: {reason}" for reason in row.outcome.skipped]
    return lines


def _failed(rows: list[Row]) -> list[str]:
    return [f"{row.name}: {problem}" for row in rows for problem in row.outcome.problems]
