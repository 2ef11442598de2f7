# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One seed from its beginning to its end, and many of them on all cores; knows no invariant by name."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import typing as t

from . import invariants
from .laboratory import Laboratory, Report
from .scenario import DEFAULTS, Run, Scenario, scenario


@dataclasses.dataclass
class Seed:
    """What one seed came to."""

    seed: int
    breaches: list[str] = dataclasses.field(default_factory=list)
    runs: int = 0
    requests: int = 0
    stages: int = 0
    outcomes: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    faults: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    #: Requests of the compared run without faults, and with 10 % of them.
    clean: int = 0
    faulty: int = 0


def play(seed: int) -> Seed:
    """Play one seed; the same seed is always the same play."""
    made = scenario(seed)
    found = Seed(seed)
    laboratory = Laboratory(made)
    for run in made.runs:
        report = laboratory.execute(run)
        _note(found, laboratory, report, invariants.after_run(laboratory, report))
    if made.compare:
        _compare(found, made, laboratory.reports[0])
    found.faults = laboratory.struck()
    laboratory.calm_down()
    _finish(found, laboratory, made)
    return found


def _note(found: Seed, laboratory: Laboratory, report: Report, breaches: t.Iterable[str]) -> None:
    found.breaches += [f"run {report.number}: {breach}" for breach in breaches]
    found.runs += 1
    found.requests += report.requests
    found.stages += sum(post.started is not None for post in report.posts)
    found.outcomes[report.outcome] += 1


def _compare(found: Seed, made: Scenario, faulty: Report) -> None:
    laboratory = Laboratory(made, faults=False)
    clean = laboratory.execute(made.runs[0])
    _note(found, laboratory, clean, invariants.after_run(laboratory, clean))
    found.breaches += invariants.same_in_spite_of_faults(clean, faulty)
    found.clean, found.faulty = clean.requests, faulty.requests


def _finish(found: Seed, laboratory: Laboratory, made: Scenario) -> None:
    """Two more runs without faults: one that leaves nothing to do, and one that proves it."""
    options = {**DEFAULTS, **made.targets, "wait_timeout": 100000}
    for refresh, judge in (("always", invariants.after_calm_run), ("auto", invariants.after_last_run)):
        report = laboratory.execute(Run({**options, "refresh": refresh}))
        if report.outcome == "error" and laboratory.is_refused(made.targets):
            return
        _note(found, laboratory, report, invariants.after_run(laboratory, report))
        found.breaches += [f"run {report.number}: {breach}" for breach in judge(laboratory, report)]


@dataclasses.dataclass
class Soak:
    """What many seeds came to."""

    seeds: int = 0
    runs: int = 0
    requests: int = 0
    stages: int = 0
    outcomes: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    faults: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    clean: int = 0
    faulty: int = 0
    failed: list[Seed] = dataclasses.field(default_factory=list)

    def add(self, seed: Seed) -> None:
        self.seeds += 1
        self.runs += seed.runs
        self.requests += seed.requests
        self.stages += seed.stages
        self.outcomes += seed.outcomes
        self.faults += seed.faults
        self.clean += seed.clean
        self.faulty += seed.faulty
        if seed.breaches:
            self.failed.append(seed)

    @property
    def ratio(self) -> float:
        """Requests at 10 % faults of the network, compared with none."""
        return self.faulty / self.clean if self.clean else 1.0


def soak(seeds: t.Sequence[int], jobs: int, tell: t.Callable[[Seed], None]) -> Soak:
    """Play many seeds; `tell` hears of each as it ends."""
    total = Soak()
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for seed in pool.map(play, seeds, chunksize=5) if jobs > 1 else map(play, seeds):
            total.add(seed)
            tell(seed)
    return total
