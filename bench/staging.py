# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts 2 to 5, what staging many clusters costs: all at once, in a window, by their number, and a second time."""

from __future__ import annotations

import dataclasses
import functools
import heapq
import math
import random
import statistics
import typing as t

from . import plays
from .figures import Figure, left_over
from .laboratory import Laboratory, Run, laboratory, world

#: Seconds that staging a cluster takes.
LASTS = 20.0
LATENCY = 0.02
#: Part 3: how many clusters, how many at a time, and between which seconds each takes.
WINDOW, IN_FLIGHT, SHORTEST, LONGEST, SEED = 100, 10, 5.0, 35.0, 14

Way = t.Callable[[Laboratory, int], Run]


@dataclasses.dataclass(frozen=True)
class Staged:
    """One run, beside a play that does nothing, for what Ansible itself takes."""

    run: Run
    nothing: Run
    number: int

    @property
    def task(self) -> float:
        """Seconds of the task alone, the start of its process included."""
        return self.run.usage.wall - self.nothing.usage.wall

    @property
    def cpu(self) -> float:
        """CPU seconds of the task alone."""
        return self.run.usage.cpu - self.nothing.usage.cpu

    @property
    def over_formula(self) -> float:
        """Requests over those of the domain document's formula, with the polls as they were made.

        Login and logout, a list of clusters, and for each cluster its compliance, its start and its result.
        """
        return len(self.run.requests) / (2 + 1 + 3 * self.number + self.run.polls)


class Series:
    """The runs of parts 2 and 4, each made once.

    :param sizes: numbers of clusters for our task.
    :param peers: number of clusters for others' ways, as they take long.
    :param loops: how often those are measured that take minutes each, ansible.builtin.uri in loops.
    """

    def __init__(self, runs: int, sizes: t.Sequence[int], peers: int, loops: int) -> None:
        self.runs, self.sizes, self.peers, self.loops = runs, tuple(sorted(sizes)), peers, loops
        self.left: list[float] = []

    @functools.cached_property
    def ours(self) -> dict[int, list[Staged]]:
        """By number of clusters."""
        found: dict[int, list[Staged]] = {number: [] for number in self.sizes}
        for one in range(self.runs):
            for number, series in found.items():
                series.append(self._ours(number))
            print(f"  ours, run {one + 1} of {self.runs} done", flush=True)
        return found

    @functools.cached_property
    def as_module(self) -> list[Staged]:
        """The largest number, in a process of the module's own."""
        return [self._ours(self.sizes[-1], in_process=False) for _dummy in range(self.runs)]

    @functools.cached_property
    def compared(self) -> dict[str, list[Staged]]:
        """Our way and others, by name; those of one run follow each other."""
        number = self.peers
        ways: dict[str, t.Callable[[], Staged]] = {
            "ours": lambda: self._ours(number),
            "ours, 20 ms": lambda: self._ours(number, latency=LATENCY),
        }
        if plays.sdk_is_there():
            ways["SDK script"] = lambda: staged(plays.sdk, number)
            ways["SDK script, 20 ms"] = lambda: staged(plays.sdk, number, latency=LATENCY)
        found: dict[str, list[Staged]] = {name: [] for name in ways}
        for one in range(self.runs):
            for name, way in ways.items():
                found[name].append(way())
            print(f"  {number} clusters in {len(ways)} ways, run {one + 1} of {self.runs} done", flush=True)
        return {**found, **self._looped(number)}

    def _looped(self, number: int) -> dict[str, list[Staged]]:
        """Return the series of ansible.builtin.uri; one that breaks off costs itself, and not what was measured."""
        ways = {"uri in two loops": plays.uri_in_loops, "uri with 50 forks": plays.uri_with_forks}
        found: dict[str, list[Staged]] = {name: [] for name in ways}
        for one in range(self.loops):
            for name, way in ways.items():
                try:
                    found[name].append(staged(way, number))
                except RuntimeError as error:
                    print(f"  {name}, run {one + 1}: {str(error).splitlines()[0]}", flush=True)
            print(f"  {number} clusters with uri, run {one + 1} of {self.loops} done", flush=True)
        return {name: made for name, made in found.items() if made}

    def left_over(self) -> Figure:
        """Return the sessions that our runs have left open which were not told of before."""
        told, self.left = self.left, []
        return left_over(told)

    def _ours(self, number: int, *, in_process: bool = True, latency: float = 0.0) -> Staged:
        made = staged(functools.partial(plays.ours, in_process=in_process), number, latency=latency)
        self.left.append(float(made.run.left))
        return made


def staged(way: Way, number: int, *, latency: float = 0.0) -> Staged:
    """Stage so many clusters of a new vCenter, all at once."""
    with laboratory(world([LASTS] * number, latency=latency)) as lab:
        nothing = plays.nothing(lab)
        return Staged(way(lab, number), nothing, number)


def all_at_once(series: Series) -> list[Figure]:
    """Return the figures of part 2."""
    figures = [row for number, made in series.ours.items() for row in rows(f"{number} clusters, ours", made)]
    figures += rows(f"{series.sizes[-1]} clusters, ours as a module", series.as_module)
    for name, made in series.compared.items():
        figures += rows(f"{series.peers} clusters, {name}", made)
    return [*figures, *targets_of_all(series), *targets_of_compared(series), series.left_over()]


def rows(name: str, made: t.Sequence[Staged]) -> list[Figure]:
    """Return what is told of every way."""
    told: dict[str, t.Callable[[Staged], float]] = {
        "seconds of the whole": lambda one: one.run.usage.wall,
        "wall of the whole over ideal": lambda one: one.run.usage.wall / LASTS,
        "requests": lambda one: float(len(one.run.requests)),
        "CPU seconds of the whole": lambda one: one.run.usage.cpu,
        "MB of the whole (PSS)": lambda one: one.run.usage.tree,
        "CPU seconds of the simulator": lambda one: one.run.simulator,
    }
    if "ours" in name:
        told["polls"] = lambda one: float(one.run.polls)
        told["requests over formula"] = lambda one: one.over_formula
    return [Figure(f"{name}: {what}", tuple(value(one) for one in made)) for what, value in told.items()]


def targets_of_all(series: Series) -> list[Figure]:
    """Return what the targets of part 2 ask of our task alone."""
    figures = []
    for number, target, limit in ((100, "<= 1.05 + 1 s", 1.05 + 1 / LASTS), (1000, "<= 1.15", 1.15)):
        ratios = tuple(one.task / LASTS for one in series.ours.get(number, ()))
        missing = "" if ratios else "not among SIZES"
        figures.append(Figure(f"wall over ideal, {number} clusters, all in flight", ratios, target, limit, missing))
    formula = [tuple(one.over_formula for one in made) for number, made in series.ours.items() if number > 1]
    worst = max(formula, key=statistics.median, default=())
    largest = series.sizes[-1]
    name = f"{largest} clusters / {16 * largest} hosts"
    # 0 where nobody saw the process.
    memory = tuple(one.run.usage.module for one in series.as_module if one.run.usage.module)
    cpu = tuple(one.cpu for one in series.as_module)
    return [
        *figures,
        Figure("requests over formula, worst number of clusters", worst, "<= 1.05", 1.05),
        Figure(f"peak MB of the module, {name}", memory, "<= 120 MB", 120.0),
        Figure(f"CPU seconds of the module, {name}, whole run", cpu, "<= 12 s", 12.0),
    ]


def targets_of_compared(series: Series) -> list[Figure]:
    """Return what the targets of part 2 ask beside others."""
    pairs = zip(series.compared["ours, 20 ms"], series.compared.get("SDK script, 20 ms", ()), strict=False)
    walls = tuple(mine.run.usage.wall / other.run.usage.wall for mine, other in pairs)
    trees = tuple(one.run.usage.tree for one in series.compared["ours"] if one.run.usage.tree)
    what = f"{series.peers} clusters"
    missing = "" if walls else "the vendor's SDK is not installed"
    over_sdk = f"wall of the whole ansible-playbook over the SDK script by list, {what}, 20 ms latency"
    return [
        Figure(over_sdk, walls, "<= 1.00", 1.0, missing),
        Figure(f"memory of the whole ansible-playbook tree (PSS), {what}", trees, "<= 92 MB", 92.0),
    ]


def window(runs: int, number: int = WINDOW) -> list[Figure]:
    """Return the figures of part 3: unequal times, and only some clusters in flight."""
    chance = random.Random(SEED)
    seconds = [round(chance.uniform(SHORTEST, LONGEST), 1) for _dummy in range(number)]
    best = schedule(seconds, IN_FLIGHT)
    walls, peaks, left = [], [], []
    for one in range(runs):
        with laboratory(world(seconds)) as lab:
            nothing = plays.nothing(lab)
            made = Staged(plays.ours(lab, number, in_flight=IN_FLIGHT), nothing, number)
            walls.append(made.task / best)
            left.append(float(made.run.left))
            peaks.append(float(lab.vcenter.ask("world")["peaks"]["clusters_staging"]))
        print(f"  part 3, run {one + 1} of {runs} done", flush=True)
    limit = 1.05 + plays.POLL / best
    name = f"window: wall over list scheduling's optimum ({best:.1f} s), {number} clusters, {IN_FLIGHT} in flight"
    return [
        Figure("window: most clusters in flight", tuple(peaks)),
        Figure(name, tuple(walls), "<= 1.05 + one poll", limit),
        left_over(left),
    ]


def schedule(seconds: t.Iterable[float], places: int) -> float:
    """Return when a list of jobs has ended if each begins, in this order, as soon as a place is free."""
    free = [0.0] * places
    for lasts in seconds:
        heapq.heapreplace(free, free[0] + lasts)
    return max(free)


def growth(series: Series) -> list[Figure]:
    """Return the figures of part 4: how requests and CPU grow with the number of clusters."""
    told: dict[str, t.Callable[[Staged], float]] = {
        "CPU seconds of the task": lambda one: one.cpu,
        "requests": lambda one: float(len(one.run.requests)),
    }
    figures = [
        Figure(f"growth, {number} clusters: {what}", tuple(value(one) for one in made))
        for what, value in told.items()
        for number, made in series.ours.items()
    ]
    if series.left:
        figures.append(series.left_over())
    sizes = [number for number in series.sizes if number >= 10]
    for what, value in told.items():
        bound = ("<= 1.1", 1.1) if "CPU" in what else (None, None)
        figures.append(fitted(series, sizes, what, value, *bound))
        if len(sizes) > 2:
            # What is there for any number of clusters hides growth less in the last step.
            figures.append(fitted(series, sizes[-2:], what, value))
    return figures


def fitted(
    series: Series,
    sizes: t.Sequence[int],
    what: str,
    value: t.Callable[[Staged], float],
    target: str | None = None,
    limit: float | None = None,
) -> Figure:
    """Return the exponent with which a value grows over these numbers of clusters; no value for less than two."""
    if len(sizes) < 2:
        return Figure(f"growth exponent: {what}", (), target, limit, "SIZES has less than two from 10 on")
    found = tuple(
        exponent([(number, value(series.ours[number][run])) for number in sizes]) for run in range(series.runs)
    )
    return Figure(f"growth exponent, {sizes[0]} to {sizes[-1]} clusters: {what}", found, target, limit)


def exponent(points: t.Sequence[tuple[float, float]]) -> float:
    """Return the b of y = a * x ** b that fits best."""
    logarithms = [(math.log(x), math.log(max(y, 1e-3))) for x, y in points]
    return statistics.linear_regression(*zip(*logarithms, strict=True)).slope


def second_run(runs: int, number: int = 100) -> list[Figure]:
    """Return the figures of part 5: the same again when everything is staged, before and after a scan."""
    before, after = [], []
    for _dummy in range(runs):
        with laboratory(world([1.0] * number)) as lab:
            nothing = plays.nothing(lab)
            plays.ours(lab, number)
            before.append(Staged(plays.ours(lab, number), nothing, number))
            plays.ours(lab, number, refresh="always")
            after.append(Staged(plays.ours(lab, number), nothing, number))
    figures = [
        Figure("second run, all staged: tasks changed", changed(before + after), "0", 0.0),
        left_over(float(one.run.left) for one in before + after),
    ]
    for name, made in (("before a scan", before), ("after a scan", after)):
        more = tuple(float(len(one.run.requests) - (number + 4)) for one in made)
        figures += [
            Figure(f"second run {name}, all staged: requests beyond N + 4", more, "<= 0", 0.0),
            Figure(f"second run {name}, {number} clusters: seconds of the task", tuple(one.task for one in made)),
            Figure(
                f"second run {name}, {number} clusters: requests", tuple(float(len(one.run.requests)) for one in made)
            ),
        ]
    return figures


def changed(made: t.Sequence[Staged]) -> tuple[float, ...]:
    """Return how many tasks changed something in each run."""
    return tuple(float(one.run.changed) for one in made)
