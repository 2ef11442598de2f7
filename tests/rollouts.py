# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rollouts of any size, as the role and the result files tell of them: what the reports of the tests are made of."""

from __future__ import annotations

import datetime
import typing as t

Json = dict[str, t.Any]

START = datetime.datetime(2026, 3, 1, 22, 0, 0, tzinfo=datetime.timezone.utc)
PER_CLUSTER = 5
DEPOT: Json = {
    "type": "ERROR",
    "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.DepotConnectErrorV2",
    "message": "The host cannot reach the depot.",
    "resolution": "Check the network between the host and vCenter, port 9084.",
    "retriable": True,
    "time": "2026-03-01T22:01:00.000Z",
}
ROOM: Json = {
    "type": "ERROR",
    "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.InsufficientSpace",
    "message": "There is not enough room on the system partition to stage the image.",
    "resolution": "Free 512 MB on the OSDATA partition of the host.",
    "retriable": False,
    "time": "2026-03-01T22:01:00.000Z",
}
WARNING: Json = {
    "type": "WARNING",
    "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.QuickBoot",
    "message": "The host does not support Quick Boot.",
    "resolution": None,
    "retriable": None,
    "time": "2026-03-01T22:01:00.000Z",
}
#: Everything that a name must not be able to do: make an element, leave an attribute, turn the line, steer a terminal.
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>\u202egnp.exe\x1b[31mred\x07" + "W" * 240


def at(seconds: float) -> str:
    """Return a time as vCenter writes it."""
    return (START + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def host(name: str, moid: str, verdict: str, start: float, lasts: float, *said: Json) -> Json:
    """Return what a result file tells of a host."""
    worked = verdict != "skipped"
    reasons = [f"{entry['message']} {entry['resolution'] or ''}".strip() for entry in said]
    return {
        "name": name,
        "moid": moid,
        "verdict": verdict,
        "status": {"staged": "OK", "failed": "ERROR"}.get(verdict),
        "commit": "5",
        "reason": " ".join(reasons) if verdict == "failed" else "",
        "retriable": any(entry["retriable"] for entry in said),
        "notifications": list(said),
        "start_time": at(start) if worked else None,
        "end_time": at(start + lasts) if worked else None,
    }


def line(name: str, moid: str, hosts: list[Json], start: float, lasts: float, **more: t.Any) -> Json:
    """Return the line of a cluster in a result file."""
    counts = {verdict: [one["verdict"] for one in hosts].count(verdict) for verdict in ("staged", "skipped", "failed")}
    return {
        "kind": "cluster",
        "check_mode": False,
        "name": name,
        "moid": moid,
        "changed": counts["staged"] > 0,
        "failed": counts["failed"] > 0,
        "msg": "",
        "timed_out": False,
        "source": "task",
        "commit": "5",
        "counts": {**counts, "started": 0},
        "task": {
            "id": f"52f9f1b0-{moid}:com.vmware.esx.settings.clusters.software",
            "start_time": at(start),
            "end_time": at(start + lasts),
            "adopted": False,
        },
        "errors": [],
        "notifications": [],
        "hosts": hosts,
        **more,
    }


def entry(told: Json, wave: int | None, verdict: str) -> Json:
    """Return what the role tells of a cluster that has a line in a result file."""
    failed = [one for one in told["hosts"] if one["verdict"] == "failed"]
    return {
        **{name: told[name] for name in ("kind", "name", "moid", "changed", "msg", "commit", "counts")},
        "site": None,
        "wave": wave,
        "verdict": verdict,
        "why": "",
        "task": told["task"]["id"],
        "failed_hosts": [{name: one[name] for name in ("name", "reason", "retriable")} for one in failed],
    }


def left_alone(name: str, moid: str, verdict: str, why: str, wave: int | None = None) -> Json:
    """Return what the role tells of a cluster that it did not work on."""
    nothing = {"staged": 0, "skipped": 0, "failed": 0, "started": 0}
    return {
        **{"kind": "cluster", "name": name, "moid": moid, "site": None, "wave": wave, "verdict": verdict, "why": why},
        **{"changed": False, "msg": "", "commit": None, "task": None, "counts": nothing, "failed_hosts": []},
    }


def gate(wave: int, name: str, answer: str, verdict: str = "go", hint: str = "", mode: str = "fail") -> Json:
    """Return what the role tells of a gate."""
    return {
        **{"wave": wave, "name": name, "mode": mode, "answer": answer, "verdict": verdict, "hint": hint},
        "time": at(wave * 60),
    }


def rollout(lines: list[Json], waves: list[list[Json]], **more: t.Any) -> Json:
    """Return the fact of the role for lines that are spread over waves."""
    clusters = []
    numbered = []
    for number, members in enumerate(waves, 1):
        names = [{"name": told["name"], "moid": told["moid"]} for told in members]
        times = [told["task"][name] for told in members for name in ("start_time", "end_time")]
        numbered.append(
            {
                **{"number": number, "title": f"Wave {number} of {len(waves)}", "canary": number == 1},
                **{"clusters": names, "started": True, "start_time": min(times), "end_time": max(times)},
                **{"problem": "", "summary": []},
            }
        )
        for told in members:
            good = told["counts"]["staged"] or told["counts"]["skipped"]
            failed = "partly_failed" if good else "failed"
            calm = "staged" if told["counts"]["staged"] else "unchanged"
            clusters.append(entry(told, number, failed if told["failed"] else calm))
    counts = {verdict: sum(told["counts"][verdict] for told in lines) for verdict in ("staged", "skipped", "failed")}
    return {
        "schema_version": 1,
        "vcenter": "vcenter.example.com",
        "vcenter_version": "8.0.3.00400",
        "collection_version": "0.1.0",
        "ansible_version": "2.19.0",
        "mode": "all",
        "check_mode": False,
        "changed": counts["staged"] > 0,
        "verdict": "within_budget" if counts["failed"] else "succeeded",
        "problem": "",
        "started": at(-20),
        "ended": max(wave["end_time"] for wave in numbered),
        "commit": None,
        "summary": [f"{counts['staged']} hosts newly staged, {counts['skipped']} needed nothing."],
        "plan": [wave["title"] for wave in numbered],
        "hosts": {**counts, "not_started": 0},
        "budget": {
            **{"failed_hosts": counts["failed"], "max_failed_hosts": "10 %"},
            **{"failed_clusters": 0, "max_failed_clusters": "0", "exceeded": False},
        },
        "gates": [
            gate(0, "release", "vCenter 8.0.3 can stage"),
            *(gate(number, "appliance", "UP_TO_DATE") for number in range(1, len(waves) + 1)),
        ],
        "waves": numbered,
        "clusters": clusters,
        **more,
    }


def small() -> tuple[Json, list[Json]]:
    """Return a rollout of 5 hosts in two clusters, with one failure and a name that wants to be more than text."""
    berlin = line(
        "prod-berlin",
        "domain-c8",
        [
            host("esx01.berlin.example.com", "host-16", "staged", 5, 180),
            host("esx02.berlin.example.com", "host-17", "skipped", 0, 0),
        ],
        5,
        180,
    )
    hostile = line(
        HOSTILE,
        "domain-c9",
        [
            host("edge01.example.com", "host-18", "staged", 200, 240),
            host(HOSTILE, "host-19", "failed", 200, 60, DEPOT),
            host("edge03.example.com", "host-20", "staged", 200, 310, WARNING),
        ],
        200,
        310,
    )
    fact = rollout([berlin, hostile], [[berlin], [hostile]])
    fact["clusters"].append(
        left_alone("legacy", "domain-c10", "not_image_managed", "vCenter manages it by baselines, not by an image")
    )
    return fact, [berlin, hostile]


def large(hosts: int, failing: int = 40) -> tuple[Json, list[Json]]:
    """Return a rollout of that many hosts, five in a cluster, in waves of 1 cluster, a quarter and the rest.

    :param failing: about one cluster of so many has a host that fails.
    """
    clusters = hosts // PER_CLUSTER
    quarter = max(1, clusters // 4)
    sizes = [1, quarter, clusters - quarter - 1]
    lines, waves, begin, number = [], [], 0.0, 0
    for size in sizes:
        # As many at a time as clusters_in_flight lets through.
        lanes = [begin] * min(20, size)
        members: list[Json] = []
        while len(members) < size:
            lane = lanes.index(min(lanes))
            start, lasts = lanes[lane], 150.0 + 37 * number % 120
            lanes[lane] += lasts + 4
            members.append(_cluster(number, start, lasts, number % failing == failing // 2))
            number += 1
        begin = max(lanes) + 120
        waves.append(members)
        lines += members
    fact = rollout(lines, waves)
    fact["clusters"] += [
        left_alone(f"lab-{one:02}", f"domain-c9{one:02}", "excluded", "named in rolling_stage_exclude")
        for one in range(30)
    ]
    return fact, lines


def _cluster(number: int, start: float, lasts: float, fails: bool) -> Json:
    hosts = []
    for one in range(PER_CLUSTER):
        name, moid = f"esx{number:04}-{one}.berlin.example.com", f"host-{10000 + number * PER_CLUSTER + one}"
        verdict = "failed" if fails and one == 1 else "skipped" if one == 3 else "staged"
        said = [DEPOT if number % 3 else ROOM] if verdict == "failed" else []
        hosts.append(host(name, moid, verdict, start, lasts - 7 * one, *said))
    return line(f"prod-berlin-{number:04}", f"domain-c{1000 + number}", hosts, start, lasts)


def planned() -> tuple[Json, list[Json]]:
    """Return the rollout of `small` as check mode foretells it: nothing has happened, and nothing has a time."""
    fact, lines = small()
    for told in lines:
        told.update({"check_mode": True, "task": None, "source": "prediction"})
        for one in told["hosts"]:
            one.update({"verdict": one["verdict"].replace("failed", "staged"), "start_time": None, "end_time": None})
            one.update({"notifications": [], "reason": "", "status": None, "retriable": False})
        verdicts = [one["verdict"] for one in told["hosts"]]
        told["counts"] = {name: verdicts.count(name) for name in ("staged", "skipped", "failed", "started")}
        told["failed"] = False
    for wave in fact["waves"]:
        wave.update({"started": False, "start_time": None, "end_time": None})
    for cluster in fact["clusters"][:2]:
        cluster.update({"verdict": "staged", "task": None, "failed_hosts": []})
    fact.update({"check_mode": True, "verdict": "planned", "mode": "all", "gates": fact["gates"][:1]})
    fact["hosts"] = {"staged": 4, "skipped": 1, "failed": 0, "not_started": 0}
    return fact, lines


def failed() -> tuple[Json, list[Json]]:
    """Return a rollout that a gate has stopped before its second wave, with a cluster of which nothing is known."""
    fact, lines = small()
    fact["waves"][1].update({"started": False, "start_time": None, "end_time": None})
    hostile = fact["clusters"][1]
    hostile.update({"verdict": "not_started", "why": "a gate was closed", "task": None, "failed_hosts": []})
    hostile["counts"] = {"staged": 0, "skipped": 0, "failed": 0, "started": 0}
    fact["clusters"].append(left_alone("lost", "domain-c11", "unknown", "the run was cut off", 2))
    fact["gates"].append(
        gate(2, "appliance", "INSTALL_IN_PROGRESS", "block", "Wait until the update of vCenter is done, then run again")
    )
    problem = "Wave 2: vCenter itself is being updated (INSTALL_IN_PROGRESS)"
    fact.update({"verdict": "failed", "problem": problem, "summary": [problem]})
    fact["hosts"] = {"staged": 1, "skipped": 1, "failed": 0, "not_started": 3}
    return fact, lines[:1]
