# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""A rollout in waves as a value: plan, failure budget, what became of each cluster; asks no vCenter."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

Json = dict[str, t.Any]
T = t.TypeVar("T")

NOT_IMAGE_MANAGED, NOT_STARTED, UNKNOWN = "not_image_managed", "not_started", "unknown"
UNCHANGED, STAGED, PARTLY_FAILED, FAILED = "unchanged", "staged", "partly_failed", "failed"

NAMED_IN_TITLE = 8
"""How many clusters the title of a wave names."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What may go wrong before a rollout ends.

    :param failed_hosts_percent: of the hosts with a verdict so far, over all waves; exceeded by more than that.
    :param failed_clusters: that failed as a whole; exceeded by one more than that.
    :param baseline_managed: ``report`` or ``fail``: what clusters without an image mean.
    """

    failed_hosts_percent: int = 0
    failed_clusters: int = 0
    baseline_managed: str = "report"


def waves_of(clusters: t.Sequence[T], sizes: t.Sequence[t.Any]) -> list[list[T]]:
    """Return the clusters in waves, in their order. Sizes are those of Ansible's ``serial``.

    Each size is a number of clusters, or a percentage of all of them (rounded down, but at least one). The last size is
    repeated until no cluster is left.

    :raises ValueError: a size is neither.
    """
    numbers = [_number_of(size, len(clusters)) for size in sizes]
    if not numbers:
        raise ValueError("there is no wave; give at least one size")
    waves: list[list[T]] = []
    start = 0
    while start < len(clusters):
        number = numbers[min(len(waves), len(numbers) - 1)]
        waves.append(list(clusters[start : start + number]))
        start += number
    return waves


def _number_of(size: t.Any, total: int) -> int:
    match = re.fullmatch(r"([1-9][0-9]*)(%?)", str(size).strip())
    if isinstance(size, (bool, float)) or not match or (match[2] and int(match[1]) > 100):
        raise ValueError(f"the wave size {size!r} is neither a number from 1 nor a percentage from '1%' to '100%'")
    return max(1, total * int(match[1]) // 100) if match[2] else int(match[1])


def rollout_of(
    found: t.Sequence[Json],
    sizes: t.Sequence[t.Any],
    runs: t.Sequence[Json],
    limits: Limits,
    *,
    problem: str = "",
    check_mode: bool = False,
) -> Json:
    """Return the whole rollout as it stands after some of its waves. Without any it is the plan.

    :param found: the clusters, as esx_cluster_stage_info returns them.
    :param runs: for each wave that was carried out ``gate`` and ``staged``, the result of esx_software_stage.
    :param problem: what ended the rollout from outside.
    """
    labels = _labels(found)
    problems, planned = _planned(found, sizes, limits)
    waves = [_wave(number, planned, runs, labels) for number in range(1, len(planned) + 1)]
    entries = [entry for wave in waves for entry in wave["entries"]]
    entries += [_entry(cluster, None, _unplanned(cluster)) for cluster in found if not planned or not _managed(cluster)]
    hosts = {kind: sum(len(entry[f"{kind}_hosts"]) for entry in entries) for kind in ("staged", "skipped", "failed")}
    budget, exceeded = _budget(hosts, [entry["name"] for entry in entries if entry["verdict"] == FAILED], limits)
    problems += [wave["problem"] for wave in waves if wave["problem"]] + exceeded
    rollout: Json = {
        "check_mode": check_mode,
        "changed": any(entry["changed"] for entry in entries),
        "problem": problem or ". ".join(problems),
        "hosts": hosts,
        "budget": budget,
        "clusters": entries,
        "waves": [
            {**wave, "summary": [_told(one, labels, check_mode) for one in wave.pop("entries")]} for wave in waves
        ],
        "plan": [wave["title"] for wave in waves]
        + [_told(one, labels, check_mode) for one in entries if one["wave"] is None],
    }
    return {**rollout, "summary": _summary(rollout, labels)}


def _planned(found: t.Sequence[Json], sizes: t.Sequence[t.Any], limits: Limits) -> tuple[list[str], list[list[Json]]]:
    """Return what forbids the rollout, and its waves where nothing does."""
    unread = [cluster for cluster in found if cluster["image_managed"] is None]
    problems = [f"{cluster['name']}: {' '.join(cluster['unknown'])}" for cluster in unread]
    baseline = [cluster["name"] for cluster in found if cluster["image_managed"] is False]
    if baseline and limits.baseline_managed == "fail":
        problems.append(f"Managed by baselines and not by an image: {', '.join(baseline)}")
    try:
        waves = waves_of([cluster for cluster in found if _managed(cluster)], sizes)
    except ValueError as error:
        problems.append(f"The waves cannot be planned: {error}")
    return problems, [] if problems else waves


def _managed(cluster: Json) -> bool:
    return bool(cluster["image_managed"])


def _unplanned(cluster: Json) -> str:
    return NOT_IMAGE_MANAGED if cluster["image_managed"] is False else NOT_STARTED


def _labels(found: t.Sequence[Json]) -> dict[str, str]:
    """Return what to call each cluster: its name, with the identifier where several have that name."""
    names = collections.Counter(cluster["name"] for cluster in found)
    return {
        cluster["moid"]: cluster["name"] if names[cluster["name"]] == 1 else f"{cluster['name']} ({cluster['moid']})"
        for cluster in found
    }


def _wave(number: int, planned: list[list[Json]], runs: t.Sequence[Json], labels: dict[str, str]) -> Json:
    """Return a wave with the entries of its clusters."""
    clusters = planned[number - 1]
    run = runs[number - 1] if number <= len(runs) else None
    staged: Json = run["staged"] if run else {}
    outcomes = {outcome["moid"]: outcome for outcome in staged.get("clusters") or ()}
    verdict = UNKNOWN if run else NOT_STARTED
    lost = f"Wave {number}: {staged.get('msg', 'the module returned nothing')}" if run and not outcomes else ""
    return {
        "number": number,
        "title": f"Wave {number} of {len(planned)}: {_listed([labels[cluster['moid']] for cluster in clusters])}",
        "clusters": [{"name": cluster["name"], "moid": cluster["moid"]} for cluster in clusters],
        "started": run is not None,
        "gate": run.get("gate") if run else None,
        "problem": lost,
        "entries": [_entry(cluster, number, verdict, outcomes.get(cluster["moid"])) for cluster in clusters],
    }


def _entry(cluster: Json, wave: int | None, verdict: str, outcome: Json | None = None) -> Json:
    """Return what became of one cluster."""
    hosts: list[Json] = outcome["hosts"] if outcome else []
    by_verdict = {
        kind: [host for host in hosts if host["verdict"] == kind] for kind in ("staged", "skipped", "failed", "started")
    }
    task = outcome["task"] if outcome else None
    return {
        "name": cluster["name"],
        "moid": cluster["moid"],
        "wave": wave,
        "verdict": _verdict(outcome, by_verdict) if outcome else verdict,
        "changed": bool(outcome and outcome["changed"]),
        "msg": outcome["msg"] if outcome else "",
        "commit": outcome["commit"] if outcome else None,
        "task": task["id"] if task else None,
        "staged_hosts": [host["name"] for host in by_verdict["staged"]],
        "skipped_hosts": [host["name"] for host in by_verdict["skipped"]],
        "failed_hosts": [
            {name: host[name] for name in ("name", "reason", "retriable")} for host in by_verdict["failed"]
        ],
    }


def _verdict(outcome: Json, hosts: dict[str, list[Json]]) -> str:
    if hosts["failed"]:
        good = hosts["staged"] or hosts["skipped"]
        return PARTLY_FAILED if good and not outcome["msg"] else FAILED
    return FAILED if outcome["msg"] else STAGED if hosts["staged"] else UNCHANGED


def _budget(hosts: dict[str, int], failed_clusters: list[str], limits: Limits) -> tuple[Json, list[str]]:
    """Return how much of the failure budget is used up, with a sentence for each limit that is exceeded."""
    total, failed = sum(hosts.values()), hosts["failed"]
    percent = round(100 * failed / total, 1) if total else 0.0
    exceeded = []
    if 100 * failed > limits.failed_hosts_percent * total:
        exceeded.append(
            f"{failed} of {_count(total, 'host')} failed so far: {percent:g} %, "
            f"and {limits.failed_hosts_percent} % are allowed"
        )
    if len(failed_clusters) > limits.failed_clusters:
        exceeded.append(
            f"{_count(len(failed_clusters), 'cluster')} failed as a whole ({', '.join(failed_clusters)}), "
            f"and {limits.failed_clusters} are allowed"
        )
    budget = {
        "failed_hosts_percent": percent,
        "max_failed_hosts_percent": limits.failed_hosts_percent,
        "failed_clusters": len(failed_clusters),
        "max_failed_clusters": limits.failed_clusters,
        "exceeded": bool(exceeded),
    }
    return budget, exceeded


def _summary(rollout: Json, labels: dict[str, str]) -> list[str]:
    """Return the rollout in words, one line for each thing that an operator has to know."""
    hosts, would = rollout["hosts"], "would be " if rollout["check_mode"] else ""
    lines = [
        f"{_count(hosts['staged'], 'host')} {would}newly staged, {hosts['skipped']} needed nothing, "
        f"{hosts['failed']} {'would fail' if would else 'failed'}."
    ]
    lines += [
        _told(entry, labels, rollout["check_mode"])
        for entry in rollout["clusters"]
        if entry["verdict"] not in (STAGED, UNCHANGED)
    ]
    if rollout["problem"]:
        return [*lines, f"The rollout failed. {rollout['problem'].rstrip('.')}."]
    if hosts["failed"]:
        budget = rollout["budget"]
        lines.append(
            f"That is within the failure budget ({budget['failed_hosts_percent']:g} % of the hosts, "
            f"{budget['max_failed_hosts_percent']} % are allowed). Run again to stage what failed; "
            "nothing else will be touched."
        )
    return lines


def _told(entry: Json, labels: dict[str, str], check_mode: bool) -> str:
    """Return a cluster in words."""
    name = labels[entry["moid"]]
    if entry["verdict"] == NOT_IMAGE_MANAGED:
        return f"{name}: not managed by an image, left alone."
    if entry["verdict"] in (NOT_STARTED, UNKNOWN):
        return f"{name}: {'not started' if entry['verdict'] == NOT_STARTED else 'no result'}."
    counts = [(len(entry["staged_hosts"]), "to be staged" if check_mode else "staged")]
    counts += [(len(entry["skipped_hosts"]), "needed nothing"), (len(entry["failed_hosts"]), "failed")]
    parts = [", ".join(f"{number} {what}" for number, what in counts if number) or "no hosts"]
    parts += [entry["msg"].rstrip(".")] if entry["msg"] else [_told_host(host) for host in entry["failed_hosts"]]
    return f"{name}: {'. '.join(parts)}."


def _told_host(host: Json) -> str:
    hint = ". vCenter says that another try may help" if host["retriable"] else ""
    return f"{host['name']}: {host['reason'].rstrip('.')}{hint}"


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED_IN_TITLE
    return ", ".join(names[:NAMED_IN_TITLE]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
