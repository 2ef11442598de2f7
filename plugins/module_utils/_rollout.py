# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""A rollout in waves as a value: how it stands, what its failure budgets say, what to tell; asks no vCenter."""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._gates import (
    BLOCK,
    DEFAULT_MODES,
    NOTE,
    gate,
    wrong_in,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout_plan import (
    NAMED_IN_TITLE,
    Amount,
    Json,
    Left,
    Plan,
    Settings,
    instant,
    plan_of,
    settings_of,
    state_of,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import counted, listed

SCHEMA_VERSION = 1
NOT_IMAGE_MANAGED, NOT_STARTED, UNKNOWN = "not_image_managed", "not_started", "unknown"
UNCHANGED, STAGED, PARTLY_FAILED, FAILED = "unchanged", "staged", "partly_failed", "failed"
COUNTS = ("staged", "skipped", "failed", "started")
FAILED_HOSTS_TOLD = 50
"""How many failed hosts of a cluster are kept by name; the report has all."""


def rollout_of(
    found: t.Sequence[Json],
    raw_settings: t.Mapping[str, t.Any],
    runs: t.Sequence[Json] = (),
    gates: t.Sequence[Json] = (),
    *,
    problems: t.Sequence[str] = (),
    problem: str = "",
    stopped: str = "",
    state: str | None = None,
    check_mode: bool = False,
) -> Json:
    """Return the whole rollout as it stands after some of its waves. Without any it is the plan.

    :param found: clusters and standalone hosts, as esx_cluster_stage_info and esx_host_stage_info return them.
    :param raw_settings: see ``settings_of``.
    :param runs: each call of esx_software_stage: ``wave`` (number), ``staged`` (result), ``started`` and ``ended``.
    :param gates: what was looked at so far, as ``gates_of`` returns it.
    :param problems: what forbids it besides; all are told together.
    :param problem: what ended the rollout from outside.
    :param stopped: why no further wave is started, although nothing went wrong.
    :param state: the text of the state file.
    """
    settings, wrong = settings_of(raw_settings)
    wrong += wrong_in(settings)
    plan = plan_of(found, settings, [*wrong, *problems], state)
    waves: list[Json] = []
    entries: list[Json] = []
    for number, planned in enumerate(plan.waves, 1):
        # Templates make text of numbers before ansible-core 2.19.
        told = [one for one in runs if str(one["wave"]) == str(number)]
        entries += [_entry(cluster, plan, number, _outcomes(told, cluster), bool(told)) for cluster in planned.clusters]
        waves.append(_wave(number, plan, told))
    entries += [_left_entry(one, plan) for one in plan.left]
    rollout: Json = {
        "schema_version": SCHEMA_VERSION,
        "vcenter": settings.vcenter,
        "mode": settings.mode,
        "check_mode": check_mode,
        "changed": any(entry["changed"] for entry in entries),
        "commit": settings.commit,
        "started": settings.started,
        "not_after": settings.not_after.strftime("%Y-%m-%dT%H:%M:%SZ") if settings.not_after else None,
        "hosts": {**_hosts(entries), "not_started": _waiting(entries, found)},
        "hosts_total": sum(one["counts"]["hosts"] for one in found if one.get("counts") and one["image_managed"]),
        "gates": [*gates, *_commit_gates(entries, settings), *_window_gates(waves, stopped, settings)],
        "clusters": entries,
    }
    rollout["budget"], exceeded = _budget(entries, settings)
    blocked = [one["hint"] for one in rollout["gates"] if one["verdict"] == BLOCK]
    for wave in waves:
        mine = [entry for entry in entries if entry["wave"] == wave["number"]]
        exceeded += _wave_budget(wave, mine, settings)
        wave["summary"] = [_told(entry, plan.labels, check_mode) for entry in mine]
    rollout["budget"]["exceeded"] = bool(exceeded)
    found_wrong = [*plan.problems, *(wave["problem"] for wave in waves if wave["problem"]), *exceeded, *blocked]
    # A task of a user may fail with a list of words.
    outside = ". ".join(str(one) for one in problem) if isinstance(problem, (list, tuple)) else str(problem or "")
    found_wrong = [one for one in dict.fromkeys(found_wrong) if one not in outside]
    every = [one for one in (outside, *found_wrong) if one]
    rollout["problem"] = ". ".join(one.rstrip(".") for one in every) if found_wrong else outside
    rollout["stopped"] = stopped
    rollout["waves"] = waves
    rollout["plan"] = [*plan.notes, *(_planned(wave, plan, found, only_plan=settings.mode == "plan") for wave in waves)]
    rollout["plan"] += [_told(entry, plan.labels, check_mode) for entry in entries if entry["wave"] is None]
    rollout["verdict"] = _verdict(rollout)
    rollout["summary"] = _summary(rollout, plan.labels)
    finished = not rollout["problem"] and all(
        entry["verdict"] in (STAGED, UNCHANGED) for entry in entries if entry["wave"]
    )
    rollout["state"] = state_of(rollout, found, settings, finished=finished, earlier=state)
    return rollout


def _verdict(rollout: Json) -> str:
    if rollout["problem"]:
        return FAILED
    begun = any(wave["started"] for wave in rollout["waves"])
    if rollout["check_mode"] or rollout["mode"] == "plan":
        return "planned"
    if rollout["stopped"]:
        return "unfinished"
    if not begun and any(wave["selected"] for wave in rollout["waves"]):
        return "planned"
    return "within_budget" if rollout["hosts"]["failed"] else "succeeded"


def _wave(number: int, plan: Plan, runs: list[Json]) -> Json:
    wave = plan.waves[number - 1]
    names = listed([plan.labels[cluster["moid"]] for cluster in wave.clusters], NAMED_IN_TITLE)
    lost = [
        f"Wave {number}: {run['staged'].get('msg') or 'the module returned nothing'}"
        for run in runs
        if "clusters" not in run["staged"]
    ]
    return {
        "number": number,
        "title": f"Wave {number} of {len(plan.waves)}{' (canary)' if wave.canary else ''}: {names}",
        "canary": wave.canary,
        "selected": wave.selected,
        "clusters": [
            {name: cluster[name] for name in ("name", "moid")} | {"kind": kind_of(cluster)} for cluster in wave.clusters
        ],
        "sites": {cluster["moid"]: site for cluster in wave.clusters if (site := plan.sites[cluster["moid"]])},
        "started": bool(runs),
        "start_time": runs[0].get("started") if runs else None,
        "end_time": runs[-1].get("ended") if runs else None,
        "problem": ". ".join(lost),
    }


def kind_of(cluster: Json) -> str:
    """Whether an entry is about a ``cluster`` or a standalone ``host``."""
    return str(cluster.get("kind") or "cluster")


def _outcomes(runs: list[Json], cluster: Json) -> list[Json]:
    """Return what each call of a wave says of one cluster."""
    results = [
        one for run in runs for kind in ("clusters", "standalone_hosts") for one in run["staged"].get(kind) or ()
    ]
    late = any(cluster["moid"] in run["staged"].get("too_late", ()) for run in runs)
    return [one for one in results if one["moid"] == cluster["moid"]] or ([_too_late(cluster)] if late else [])


def _too_late(host: Json) -> Json:
    """Return the outcome of a standalone host for which the clusters of its wave have left no time."""
    if (host.get("counts") or {}).get("ready"):
        counts = {**dict.fromkeys(COUNTS, 0), "skipped": 1}
        return {"moid": host["moid"], "changed": False, "failed": False, "counts": counts}
    why = "rolling_stage_wave_timeout is over, so it was not started. Run again"
    return {
        "moid": host["moid"],
        "changed": False,
        "failed": True,
        "msg": why,
        "counts": {**dict.fromkeys(COUNTS, 0), "failed": 1},
        "hosts": [{"name": host["name"], "verdict": "failed", "reason": why, "retriable": False}],
    }


def _entry(cluster: Json, plan: Plan, wave: int, outcomes: list[Json], started: bool) -> Json:
    """Return what became of one cluster, which may have been tried several times."""
    last = outcomes[-1] if outcomes else {}
    # A try that was refused as a whole says nothing of the hosts.
    telling = [one for one in outcomes if any(one["counts"].values())][-1:]
    counts = {name: telling[0]["counts"][name] if telling else 0 for name in COUNTS}
    if telling:
        # What one try has staged, the next one skips.
        already = sum(one["counts"]["staged"] for one in outcomes) - counts["staged"]
        counts["staged"] += already
        counts["skipped"] = max(0, counts["skipped"] - already)
    failed = [host for one in telling for host in one.get("hosts") or () if host["verdict"] == "failed"]
    return {
        **_base(cluster, plan),
        "wave": wave,
        "verdict": _cluster_verdict(last, counts) if last else UNKNOWN if started else NOT_STARTED,
        "why": "",
        "changed": any(one["changed"] for one in outcomes),
        "msg": last.get("msg") or "",
        "commit": next((one["commit"] for one in reversed(outcomes) if one.get("commit")), None),
        "commit_time": next((one["commit_time"] for one in reversed(outcomes) if one.get("commit_time")), None),
        "task": (last.get("task") or {}).get("id"),
        "counts": counts,
        "failed_hosts": [
            {name: host[name] for name in ("name", "reason", "retriable")} for host in failed[:FAILED_HOSTS_TOLD]
        ],
    }


def _base(cluster: Json, plan: Plan) -> Json:
    return {
        "kind": kind_of(cluster),
        "name": cluster["name"],
        "moid": cluster["moid"],
        "site": plan.sites[cluster["moid"]],
        "planned_commit": cluster.get("commit"),
    }


def _left_entry(left: Left, plan: Plan) -> Json:
    return {
        **_base(left.cluster, plan),
        **{"wave": None, "verdict": left.verdict, "why": left.why, "changed": False, "msg": ""},
        **{"commit": None, "commit_time": None, "task": None, "failed_hosts": []},
        "counts": {name: left.counts.get(name, 0) for name in COUNTS},
    }


def _cluster_verdict(outcome: Json, counts: Json) -> str:
    if counts["failed"]:
        good = counts["staged"] or counts["skipped"]
        return PARTLY_FAILED if good and not outcome.get("msg") else FAILED
    return FAILED if outcome.get("msg") else STAGED if counts["staged"] or counts["started"] else UNCHANGED


def _hosts(entries: t.Sequence[Json]) -> Json:
    return {name: sum(entry["counts"][name] for entry in entries) for name in COUNTS}


def _waiting(entries: t.Sequence[Json], found: t.Sequence[Json]) -> int:
    """Return how many hosts are in the clusters that were not started, or of which nothing came back."""
    waiting = [entry["moid"] for entry in entries if entry["verdict"] in (NOT_STARTED, UNKNOWN)]
    return sum(one["counts"]["hosts"] for one in found if one["moid"] in waiting and one.get("counts"))


def _commit_gates(entries: t.Sequence[Json], settings: Settings) -> list[Json]:
    """Return the clusters whose image changed while the rollout ran, as a gate that was looked at after their wave."""
    gates = []
    for entry in entries:
        planned, staged = entry["planned_commit"], entry["commit"]
        # What was asked for is the least: a later image that the plan knew is as good.
        expected = [one for one in (planned, settings.commit) if one]
        # An image that is older than the rollout was only not scanned for yet.
        older = _is_before(entry["commit_time"], settings.started)
        if expected and staged and staged not in expected and not older:
            gates.append(
                gate(
                    *("commit", entry["wave"], _mode("commit", settings), BLOCK, staged),
                    f"{entry['name']}: the rollout was planned for commit {expected[0]}, and commit {staged} was "
                    "staged: its image has changed meanwhile. Run again if that is the one wanted",
                )
            )
    return gates


def _window_gates(waves: t.Sequence[Json], stopped: str, settings: Settings) -> list[Json]:
    """Return the gate that has stopped the run before one of its waves, if any."""
    if not stopped:
        return []
    number = next((wave["number"] for wave in waves if wave["selected"] and not wave["started"]), 0)
    answer = f"after {settings.not_after:%Y-%m-%dT%H:%M:%SZ}" if settings.not_after else "after the end"
    return [gate("window", number, _mode("window", settings), BLOCK, answer, stopped)]


def _is_before(time: str | None, start: str) -> bool:
    """Whether a time is known to be before another one."""
    try:
        return bool(time and start) and instant(str(time)) < instant(start)
    except (ValueError, TypeError):
        return False


def _mode(name: str, settings: Settings) -> str:
    return settings.gates.get(name) or DEFAULT_MODES[name]


def _budget(entries: t.Sequence[Json], settings: Settings) -> tuple[Json, list[str]]:
    """Return how much of the failure budget is used up, with a sentence for each limit that is exceeded."""
    hosts, clusters, failed_clusters = _spent(entries)
    exceeded = [
        *_over("so far", settings.max_failed_hosts, hosts, "host"),
        *_over_clusters("so far", settings.max_failed_clusters, clusters, failed_clusters),
    ]
    failed, total = hosts
    budget = {
        "failed_hosts": failed,
        "failed_hosts_percent": _percent(failed, total),
        "max_failed_hosts": str(settings.max_failed_hosts) if settings.max_failed_hosts else None,
        "failed_clusters": clusters[0],
        "max_failed_clusters": str(settings.max_failed_clusters) if settings.max_failed_clusters else None,
    }
    return budget, exceeded


def _wave_budget(wave: Json, entries: t.Sequence[Json], settings: Settings) -> list[str]:
    hosts, clusters, failed_clusters = _spent(entries)
    where = f"in wave {wave['number']}"
    return [
        *_over(where, settings.wave_max_failed_hosts, hosts, "host"),
        *_over_clusters(where, settings.wave_max_failed_clusters, clusters, failed_clusters),
    ]


def _spent(entries: t.Sequence[Json]) -> tuple[tuple[int, int], tuple[int, int], list[str]]:
    """Return failed and all hosts with a verdict, failed and all clusters with one, and who failed."""
    hosts = _hosts(entries)
    judged = [entry for entry in entries if entry["verdict"] in (UNCHANGED, STAGED, PARTLY_FAILED, FAILED)]
    failed = [entry["name"] for entry in judged if entry["verdict"] == FAILED]
    return (hosts["failed"], sum(hosts.values())), (len(failed), len(judged)), failed


def _over(where: str, limit: Amount | None, spent: tuple[int, int], noun: str) -> list[str]:
    failed, total = spent
    if limit is None or not limit.exceeded(failed, total):
        return []
    share = f": {_share(failed, total, limit)} %," if limit.percent else ","
    return [f"{failed} of {counted(total, noun)} failed {where}{share} and {limit} are allowed"]


def _share(failed: int, total: int, limit: Amount) -> str:
    """Return how many percent have failed; with more digits where it would seem to be what is allowed."""
    rounded = _percent(failed, total)
    return f"{100 * failed / total:.6g}" if rounded == limit.number else f"{rounded:g}"


def _over_clusters(where: str, limit: Amount | None, spent: tuple[int, int], names: list[str]) -> list[str]:
    if limit is None or not limit.exceeded(*spent):
        return []
    who = listed(names, NAMED_IN_TITLE)
    return [f"{counted(spent[0], 'cluster')} failed as a whole {where} ({who}), and {limit} are allowed"]


def _percent(part: int, total: int) -> float:
    return round(100 * part / total, 1) if total else 0.0


def _summary(rollout: Json, labels: t.Mapping[str, str]) -> list[str]:
    """Return the rollout in words, one line for each thing that an operator has to know."""
    hosts, would = rollout["hosts"], "would be " if rollout["check_mode"] else ""
    if rollout["mode"] == "plan" or (rollout["verdict"] == "planned" and not rollout["check_mode"]):
        waves = counted(len(rollout["waves"]), "wave")
        return [
            f"This is a plan, and nothing was staged: {counted(rollout['hosts_total'], 'host')} in {waves}.",
            *_notes(rollout),
            *([f"The rollout cannot begin. {rollout['problem'].rstrip('.')}."] if rollout["problem"] else []),
        ]
    lines = [
        f"{counted(hosts['staged'], 'host')} {would}newly staged, {hosts['skipped']} needed nothing, "
        f"{hosts['failed']} {'would fail' if would else 'failed'}."
    ]
    lines += [
        _told(entry, labels, rollout["check_mode"])
        for entry in rollout["clusters"]
        if entry["verdict"] not in (STAGED, UNCHANGED, NOT_STARTED)
    ]
    waiting = [labels[entry["moid"]] for entry in rollout["clusters"] if entry["verdict"] == NOT_STARTED]
    lines += [f"Not started: {listed(waiting, NAMED_IN_TITLE)}."] if waiting else []
    lines += _notes(rollout)
    if rollout["problem"]:
        return [*lines, f"The rollout failed. {rollout['problem'].rstrip('.')}."]
    if rollout["stopped"]:
        lines.append(f"{rollout['stopped'].rstrip('.')}. Run again to go on; what is staged is left alone.")
    if hosts["failed"]:
        budget = rollout["budget"]
        lines.append(
            f"That is within the failure budget ({_allowed(budget)}). Run again to stage what failed; "
            "nothing else will be touched."
        )
    return lines


def _notes(rollout: Json) -> list[str]:
    """Return what the gates have to say, but for baselines, told by cluster, and the window, told with what is left."""
    elsewhere = ("image_managed", "window")
    hints = [one["hint"] for one in rollout["gates"] if one["verdict"] == NOTE and one["name"] not in elsewhere]
    return [f"{hint.rstrip('.')}." for hint in dict.fromkeys(hints) if hint]


def _allowed(budget: Json) -> str:
    if budget["max_failed_hosts"] is None:
        return "there is none for hosts"
    if budget["max_failed_hosts"].endswith("%"):
        return f"{budget['failed_hosts_percent']:g} % of the hosts, {budget['max_failed_hosts']} are allowed"
    return f"{counted(budget['failed_hosts'], 'host')}, {budget['max_failed_hosts']} are allowed"


def _planned(wave: Json, plan: Plan, found: t.Sequence[Json], *, only_plan: bool) -> str:
    """Return a wave of the plan in words, with what the last scans say of its hosts."""
    members = {one["moid"] for one in wave["clusters"]}
    counts = [one["counts"] for one in found if one["moid"] in members and one.get("counts")]
    total, ready = (sum(one[name] for one in counts) for name in ("hosts", "ready"))
    hosts = f" ({counted(total, 'host')}, {ready} of them staged or compliant)" if counts else ""
    return f"{wave['title']}{hosts}{'' if wave['selected'] or only_plan else ', not in this run'}"


def _told(entry: Json, labels: t.Mapping[str, str], check_mode: bool) -> str:
    """Return a cluster in words."""
    name = labels[entry["moid"]]
    if entry["verdict"] == NOT_IMAGE_MANAGED:
        return f"{name}: not managed by an image, left alone."
    if entry["verdict"] in (NOT_STARTED, UNKNOWN):
        return f"{name}: {'not started' if entry['verdict'] == NOT_STARTED else 'no result'}."
    if entry["why"]:
        return f"{name}: {entry['why']}."
    counts = [(entry["counts"]["staged"], "to be staged" if check_mode else "staged")]
    counts += [(entry["counts"]["skipped"], "needed nothing"), (entry["counts"]["failed"], "failed")]
    parts = [", ".join(f"{number} {what}" for number, what in counts if number) or "no hosts"]
    parts += [entry["msg"].rstrip(".")] if entry["msg"] else _told_hosts(entry)
    return f"{name}: {'. '.join(parts)}."


def _told_hosts(entry: Json) -> list[str]:
    told = []
    for host in entry["failed_hosts"]:
        hint = ". vCenter says that another try may help" if host["retriable"] else ""
        told.append(f"{host['name']}: {host['reason'].rstrip('.')}{hint}")
    more = entry["counts"]["failed"] - len(entry["failed_hosts"])
    return [*told, f"and {more} more, see the report"] if more > 0 else told
