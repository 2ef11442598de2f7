# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: what staging costs, as a table and in bench/results.json."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import signal
import sys
import time
import typing as t

from . import ceiling, staging, tasks
from .figures import Figure, merged, table
from .measure import machine

RESULTS = pathlib.Path(__file__).with_name("results.json")


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", type=_numbers, default=[], metavar="1,2", help="parts to measure (all)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of which medians are taken (5)")
    parser.add_argument(
        "--sizes", type=_numbers, default=[1, 10, 100, 1000], metavar="1,10", help="clusters for ours (1,10,100,1000)"
    )
    parser.add_argument("--peers", type=int, default=200, metavar="N", help="clusters for others' ways (200)")
    parser.add_argument("--loops", type=int, metavar="N", help="runs of ansible.builtin.uri in loops (as --runs)")
    return parser.parse_args(argv)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def main(argv: list[str] | None = None) -> int:
    """Measure, print, write."""
    options = arguments(argv)
    # So that whoever ends this early ends the simulator and the play with it.
    signal.signal(signal.SIGTERM, lambda *dummy: sys.exit(143))
    series = staging.Series(
        options.runs, options.sizes, options.peers, options.runs if options.loops is None else options.loops
    )
    parts: dict[int, t.Callable[[], list[Figure]]] = {
        1: lambda: tasks.measure(options.runs),
        2: lambda: staging.all_at_once(series),
        3: lambda: staging.window(options.runs),
        4: lambda: staging.growth(series),
        5: lambda: staging.second_run(options.runs),
    }
    began = time.monotonic()

    def minutes() -> float:
        return (time.monotonic() - began) / 60

    print(f"{about()}; medians of {options.runs} runs", flush=True)
    figures = ceiling.measure(options.runs, max(options.sizes))
    print(table(figures), flush=True)
    for number, part in parts.items():
        if number in (options.only or parts):
            print(f"\nPart {number}", flush=True)
            found = part()
            print(table(found), flush=True)
            figures = merged((*figures, *found))
            write((*figures, Figure("minutes in all", (minutes(),), note=about())))
    print(f"\n{table(figure for figure in figures if figure.target)}")
    print(f"\n{minutes():.1f} minutes in all; everything is in bench/{RESULTS.name}")
    return 0


def write(figures: t.Iterable[Figure]) -> None:
    """Write the results file, after each part anew."""
    entries = [figure.as_dict() for figure in figures]
    RESULTS.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def about() -> str:
    """Return a line on the machine and on what is measured with."""
    versions = [f"Python {platform.python_version()}"]
    for package in ("ansible-core", "requests", "vcf-sdk"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    when = datetime.datetime.now(tz=datetime.timezone.utc)
    return f"{machine()}; {', '.join(versions)}; load {os.getloadavg()[0]:.1f}; {when:%Y-%m-%d}"


if __name__ == "__main__":
    sys.exit(main())
