# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a seed means: a world, the options of the runs, and all that goes wrong, as plain data; runs nothing."""

from __future__ import annotations

import dataclasses
import random
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.modules.esx_software_stage import ARGUMENT_SPEC

from .wire import Plan

Data = dict[str, t.Any]

USERNAME = "administrator@vsphere.local"
#: A password that would show wherever it gets.
PASSWORD = "pass-phrase-of-the-seed"

#: The invariants look at every host.
DEFAULTS: Data = {**{name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}, "detail": "full"}

#: Faults that a good network has too, and that nobody should notice.
TRANSPORT = (
    "refused",
    "reset_before",
    "reset_after",
    "reset_in_body",
    "503_json",
    "503_plain",
    "503_proxy",
    "503_after",
    "408",
    "429",
    "500_unreadable",
    "500_timed_out",
    "502",
    "504",
)
#: Those after which something in between, or vCenter itself, talks nonsense.
NONSENSE = ("html", "echo", "redirect", "empty", "malformed", "truncated", "wrong_shape", "oversize", "list_too_long")
SLOW = ("latency", "slow_body")
SESSIONS = ("401", "401_as_500", "401_by_mistake", "session_limit")

RETRIABLE = {"errors": [{"id": "sim.vlcm.ramdisk_full", "message": "No room.", "retriable": True}]}
HOPELESS = {"errors": [{"id": "sim.vlcm.bootbank_small", "message": "Too small.", "retriable": False}]}
OUTCOMES: tuple[Data, ...] = (
    {"status": "ERROR", "notifications": RETRIABLE},
    {"status": "ERROR", "notifications": HOPELESS},
    {"status": "ERROR"},
    {"status": "TIMED_OUT"},
    {"status": "RETRY_PENDING"},
    {"status": "RUNNING"},
    {"status": "SKIPPED", "notifications": RETRIABLE},
    {"status": None, "list": "none"},
    {"status": "ERROR", "list": "none"},
    {"status": "ERROR", "list": "successful"},
)


@dataclasses.dataclass(frozen=True)
class Run:
    """One call of the module. :param pause: seconds that pass before it."""

    options: Data
    check_mode: bool = False
    plan: Plan | None = None
    pause: float = 0.0


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Everything that a seed decides.

    :param clusters: identifiers of the clusters asked for, or None.
    :param compare: whether the first run is also done in a world without faults, to compare the number of requests.
    """

    seed: int
    world: Data
    runs: tuple[Run, ...]
    targets: Data
    compare: bool


def scenario(seed: int) -> Scenario:
    return _Maker(seed).make()


class _Maker:
    """Throws the dice."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._dice = random.Random(f"chaos {seed}")
        self._hosts = 0

    def _chance(self, probability: float) -> bool:
        return self._dice.random() < probability

    def make(self) -> Scenario:
        compare = self._chance(0.25)
        clusters = [
            self._cluster(number, calm=compare) for number in range(self._dice.choice((1, 1, 2, 2, 3, 4, 5, 6)))
        ]
        hosts = [self._standalone(calm=compare) for dummy in range(self._dice.choice((0, 0, 0, 1, 1, 2, 3)))]
        if self._chance(0.1):
            self._double_names(clusters)
        world: Data = {
            "seed": self._seed,
            "vcenter": self._vcenter(calm=compare),
            "datacenters": [
                {"name": "Berlin", "clusters": clusters[::2], "hosts": hosts},
                {"name": "Hamburg", "clusters": clusters[1::2]},
            ],
            "faults": self._faults(calm=compare),
            "events": [] if compare else self._events(clusters),
            "tasks": [] if compare else self._tasks(clusters),
        }
        targets = self._targets(clusters, hosts)
        commit = self._commit(clusters, hosts)
        options = {**DEFAULTS, **targets, "commit": commit, **({} if compare else self._options())}
        return Scenario(self._seed, world, self._runs(options, calm=compare), targets, compare)

    def _vcenter(self, *, calm: bool) -> Data:
        made: Data = {
            "users": {USERNAME: {"password": PASSWORD}},
            "task_operation_suffix": self._chance(0.5),
            "task_targets": not self._chance(0.1),
            "task_target_filter": not self._chance(0.2),
            "partial_results": self._chance(0.7),
            "clock_skew": self._dice.choice((0, 0, 0, 3600, -3600, 90000)),
            "sessions": {},
            "limits": {},
        }
        if calm:
            return made
        if self._chance(0.08):
            made["sessions"]["idle_timeout"] = self._dice.uniform(5, 120)
        if self._chance(0.08):
            made["sessions"]["lifetime"] = self._dice.uniform(30, 900)
        if self._chance(0.04):
            made["sessions"]["limit"] = self._dice.randint(1, 3)
        if self._chance(0.05):
            made["limits"]["tasks"] = self._dice.randint(1, 10)
        return made

    def _cluster(self, number: int, *, calm: bool) -> Data:
        commits = [str(commit) for commit in range(3, 3 + self._dice.randint(1, 3))]
        made: Data = {
            "name": f"cluster{number}",
            "cluster": f"domain-c{100 + number}",
            **self._image(commits, calm=calm),
            "hosts": [
                self._host(commits, calm=calm) for dummy in range(self._dice.choice((1, 2, 2, 3, 3, 4, 5, 6, 8, 12)))
            ],
        }
        if not calm and self._chance(0.01):
            made["managed_by"] = "baseline"
        return made

    def _image(self, commits: list[str], *, calm: bool) -> Data:
        made: Data = {
            "commits": {commit: {} for commit in commits},
            "commit": commits[-1],
            "stage_seconds": self._dice.choice((2, 10, 30, 60, 120, 400)),
            "scan_seconds": self._dice.choice((0, 2, 10, 40)),
            "pending_seconds": self._dice.choice((0, 0, 0, 3, 20)),
            "stage_cancelable": self._chance(0.5),
            "staging_refreshes_compliance": self._chance(0.5),
            "busy_as_task_error": self._chance(0.3),
        }
        if self._chance(0.15):
            made["scan"] = None
        elif self._chance(0.15):
            made["scan"] = {"commit": self._dice.choice(commits)}
        if not calm and self._chance(0.25):
            made["stage_outcomes"] = [self._ending() for dummy in range(self._dice.choice((1, 1, 2)))]
        return made

    def _ending(self) -> Data:
        """How a stage task goes wrong."""
        after = self._dice.uniform(0, 60)
        error = {"error_type": "ERROR", "id": "sim.vlcm.x", "message": "It did not work."}
        return self._dice.choice(
            (
                {"status": "FAILED", "error": error},
                {"status": "FAILED", "error": error, "result": False},
                {"status": "FAILED"},
                {"refuse": error},
                {"refuse": {"error_type": "TIMED_OUT"}},
                {"refuse": {"error_type": "SERVICE_UNAVAILABLE"}},
                {"refuse": {"error_type": "INTERNAL_SERVER_ERROR"}},
                {"refuse": {"error_type": "ERROR", "data": {"is_transient": True}}},
                {"blocked": {"after": after, "seconds": self._dice.uniform(1, 300)}},
                {"stuck": True},
                {"stuck": {"after": after, "seconds": self._dice.uniform(1, 600)}},
                {"vanish": {"after": after}},
                {"stuck": True, "vanish": {"after": after}},
                {"backwards": {"after": after, "by": 40}},
                {"depot_error": True},
                {"pending_seconds": self._dice.uniform(1, 120)},
            )
        )

    def _host(self, commits: list[str], *, calm: bool) -> Data:
        self._hosts += 1
        made: Data = {"name": f"esx{self._hosts:02}.example.com", "host": f"host-{1000 + self._hosts}"}
        if self._chance(0.2):
            made["status"] = "COMPLIANT"
        elif self._chance(0.25):
            made["staged_commit"] = self._dice.choice(commits)
        if self._chance(0.2):
            made["stage_seconds"] = self._dice.choice((1, 5, 90, 700))
        if calm:
            return made
        if self._chance(0.06):
            made["status"] = "INCOMPATIBLE"
        if self._chance(0.06):
            made["connection_state"] = self._dice.choice(("DISCONNECTED", "NOT_RESPONDING"))
        if self._chance(0.06):
            made["stage_status_known"] = self._dice.choice((False, False, "UNKNOWN", "SOMETHING_NEW"))
        if self._chance(0.12):
            made["outcomes"] = [self._dice.choice(OUTCOMES) for dummy in range(self._dice.choice((1, 1, 2)))]
        return made

    def _standalone(self, *, calm: bool) -> Data:
        commits = ["7", "8"]
        made = {**self._host(commits, calm=calm), "managed_by": "image", **self._image(commits, calm=calm)}
        if not calm and self._chance(0.01):
            del made["managed_by"]
            return {name: made[name] for name in ("name", "host")}
        return made

    def _double_names(self, clusters: list[Data]) -> None:
        for cluster in clusters:
            cluster["name"] = "cluster"
            for host in cluster["hosts"]:
                host["name"] = "esx-of-two"

    def _faults(self, *, calm: bool) -> list[Data]:
        rules: list[Data] = []
        if calm:
            return [{"kind": list(TRANSPORT), "probability": 0.1, "times": None, "retry_after": self._retry_after()}]
        share = self._dice.choice((0, 0, 0.02, 0.05, 0.1, 0.2))
        if share:
            kinds = [kind for kind in (*TRANSPORT, *NONSENSE, *SLOW, *SESSIONS) if self._chance(0.5)] or ["504"]
            rules.append(
                {
                    "kind": kinds,
                    "probability": share,
                    "times": None,
                    "seconds": self._dice.choice((0, 0, 1, 20, 100, 500)),
                    "retry_after": self._retry_after(),
                }
            )
        # The stage request is where it hurts.
        if self._chance(0.3):
            kinds = [self._dice.choice((*TRANSPORT, *NONSENSE[:-1], *SLOW, *SESSIONS)) for dummy in range(3)]
            rules.insert(
                0,
                {
                    "kind": kinds,
                    "action": "stage",
                    "times": self._dice.randint(1, 4),
                    "seconds": self._dice.choice((0, 90)),
                },
            )
        return rules

    def _retry_after(self) -> int | None:
        return self._dice.choice((None, 0, 3, 600))

    def _events(self, clusters: list[Data]) -> list[Data]:
        return [self._event(clusters) for dummy in range(self._dice.choice((0, 0, 1, 1, 2, 3)))]

    def _tasks(self, clusters: list[Data]) -> list[Data]:
        """What runs when the world begins: somebody's staging, or something else."""
        made = []
        for cluster in clusters:
            target = {"cluster": cluster["cluster"], "user": "somebody@vsphere.local", "started": 5}
            if cluster.get("managed_by") or not self._chance(0.15):
                continue
            if self._chance(0.5):
                # A staging that the world file ends in its own way begins with the world, too.
                cluster.pop("stage_outcomes", None)
                some = [host["host"] for host in cluster["hosts"] if self._chance(0.5)]
                made.append({**target, "operation": "stage", **({"hosts": some} if some else {})})
            else:
                made.append({**target, "operation": "apply", "seconds": self._dice.choice((20, 200, 1500))})
        return made

    def _event(self, clusters: list[Data]) -> Data:
        moment = {"at": self._dice.choice((0, 1)) * self._dice.uniform(0, 30) + self._dice.uniform(0, 200)}
        cluster = self._dice.choice(clusters)
        target = {"cluster": cluster["cluster"]}
        host = self._dice.choice(cluster["hosts"])["host"]
        burst = {"kind": self._dice.choice((*TRANSPORT, "401")), "times": self._dice.choice((5, 20, 60))}
        return {
            **moment,
            **self._dice.choice(
                (
                    {
                        "do": "restart",
                        "seconds": self._dice.choice((10, 60, 300, 1200)),
                        "refused": self._dice.choice((0, 0.5, 1)),
                        "forget_tasks": self._chance(0.2),
                    },
                    {"do": "restart", "seconds": self._dice.choice((10, 60, 300))},
                    {"do": "expire_sessions"},
                    {"do": "vanish", **target},
                    {"do": "block", "seconds": self._dice.uniform(1, 300), **target},
                    {"do": "new_commit", "commit": "20", **target},
                    {"do": "operation", "kind": "apply", "seconds": self._dice.choice((30, 300, 2000)), **target},
                    {"do": "operation", "kind": "scan", "seconds": 30, **target},
                    {"do": "stage", **target, "hosts": self._dice.choice((None, [host]))},
                    {"do": "shift_clock", "seconds": self._dice.choice((3600, -3600))},
                    {"do": "patch", "changes": {"hosts": {host: {"connection_state": "DISCONNECTED"}}}},
                    {"do": "patch", "changes": {"sessions": {"limit": 0}}},
                    {"do": "faults", "faults": [burst]},
                )
            ),
        }

    def _targets(self, clusters: list[Data], hosts: list[Data]) -> Data:
        """What the user asks for."""
        some = [cluster["cluster"] for cluster in clusters if self._chance(0.8)] or [clusters[0]["cluster"]]
        inside = [host["host"] for cluster in clusters if cluster["cluster"] in some for host in cluster["hosts"]]
        narrowed = [host for host in inside if self._chance(0.5)] or inside[:1]
        shape = self._dice.choice(("clusters", "clusters", "clusters", "both", "hosts"))
        if shape == "clusters":
            return {"clusters": some, "hosts": None}
        if shape == "both":
            return {"clusters": some, "hosts": narrowed}
        return {"clusters": None, "hosts": [*narrowed, *(host["host"] for host in hosts)]}

    def _commit(self, clusters: list[Data], hosts: list[Data]) -> str | None:
        """A minimum that everything asked for has."""
        if self._chance(0.7):
            return None
        common = set.intersection(*(set(thing.get("commits") or {}) for thing in [*clusters, *hosts]))
        return self._dice.choice(sorted(common)) if common else None

    def _options(self) -> Data:
        return {
            "refresh": self._dice.choice(("auto", "auto", "auto", "always", "never")),
            "wait_timeout": self._dice.choice((40, 150, 700, 7200, 7200, 7200)),
            "poll_interval": self._dice.choice((1, 5, 10, 10, 30)),
            "busy_timeout": self._dice.choice((0, 50, 600, 600)),
            "outage_timeout": self._dice.choice((0, 60, 900, 900, 900)),
            "on_timeout": self._dice.choice(("leave", "cancel")),
            "retry_failed_hosts": self._dice.choice((0, 0, 1, 2)),
            "clusters_in_flight": self._dice.choice((1, 2, 5, 5)),
            "hosts_in_flight": self._dice.choice((2, 5, 64, 64)),
        }

    def _runs(self, options: Data, *, calm: bool) -> tuple[Run, ...]:
        if calm:
            return (Run(options),)
        runs = [Run(options, check_mode=True)] if self._chance(0.2) else []
        for _dummy in range(self._dice.choice((1, 1, 2, 3))):
            plan = self._plan() if self._chance(0.4) else None
            own = (
                {**options, "wait": False, "clusters_in_flight": 10, "hosts_in_flight": 64}
                if self._chance(0.05)
                else options
            )
            runs.append(Run(own, plan=plan, pause=self._dice.choice((0, 1, 60, 600))))
        if self._chance(0.1):
            runs.append(Run(options, check_mode=True))
        return tuple(runs)

    def _plan(self) -> Plan:
        signal = self._dice.choice(("kill", "interrupt"))
        when = self._dice.choice(("time", "before", "after"))
        moment = self._dice.uniform(0, 200) if when == "time" else self._dice.randint(1, self._dice.choice((12, 60)))
        return Plan(signal, when, moment)
