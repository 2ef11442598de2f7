# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make soak`: plays seeds, prints each that breaks an invariant and what all of them came to."""

from __future__ import annotations

import argparse
import collections
import os
import sys
import time

from .play import Seed, Soak, soak

#: The ratio of the invariant; more seeds than these are needed to say anything about an average.
RATIO, ENOUGH = 1.3, 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them; the others follow")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at the same time")
    options = parser.parse_args()
    started = time.monotonic()
    seeds = range(options.first, options.first + options.seeds)
    total = soak(seeds, min(options.jobs, options.seeds), _tell)
    print(_summary(total, time.monotonic() - started))
    ok = not total.failed and (total.seeds < ENOUGH or total.ratio < RATIO)
    return 0 if ok else 1


def _tell(seed: Seed) -> None:
    for breach in seed.breaches:
        print(f"seed {seed.seed}: {breach}", flush=True)
    if seed.breaches:
        print(f"seed {seed.seed}: to replay it: make soak SEEDS=1 SEED={seed.seed}", flush=True)


def _summary(total: Soak, seconds: float) -> str:
    return "\n".join(
        [
            f"{total.seeds} seeds played in {seconds:.0f} s: {total.runs} runs, {total.requests} requests, "
            f"{total.stages} stage tasks started by us",
            f"runs by their end: {_listed(total.outcomes)}",
            f"{total.faults.total()} faults injected: {_listed(total.faults)}",
            f"requests at 10 % faults of the network: {total.ratio:.3f} times those without",
            f"{len(total.failed)} seeds failed"
            + (": " if total.failed else "")
            + ", ".join(str(seed.seed) for seed in total.failed[:50]),
        ]
    )


def _listed(counter: collections.Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counter.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
