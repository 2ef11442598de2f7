# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line behind `make`: which parts are run, and the summary after them; knows not what a part does."""

from __future__ import annotations

import argparse
import signal
import sys
import types

from . import matrix, parts, summary


def main(arguments: list[str] | None = None) -> int:
    """Carry out what is asked for and end with the summary."""
    parser = argparse.ArgumentParser(prog="python -m tools", description="Run checks and tests, and sum them up.")
    parser.add_argument("what", choices=[*parts.GROUPS, "matrix", "coverage", "summary"])
    parser.add_argument("names", nargs="*", help="of ansible-core for matrix, of earlier runs for summary")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)

    if asked.what == "summary":
        return summary.report([row for name in asked.names for row in summary.load(name)])
    summary.forget(asked.what)
    if asked.what == "matrix":
        to_do, left_out = matrix.plan(asked.names)
    elif asked.what == "coverage":
        to_do, left_out = [summary.Part("coverage", matrix.coverage)], []
    else:
        to_do, left_out = list(parts.GROUPS[asked.what]), []
    rows = summary.carry_out(to_do) + [summary.Row(part.name, 0, part.work()) for part in left_out]
    summary.save(asked.what, rows)
    return summary.report(rows)


def _stop(number: int, frame: types.FrameType | None) -> None:
    """Turn SIGTERM into an exception, so that the program which runs at the time is ended too."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
