# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What became of many vCenters, from the artifact that the role leaves for each; knows no Ansible and no vCenter."""

from __future__ import annotations

import re
import typing as t

Json = dict[str, t.Any]

PREFIX = "vlcm_stage_"
COUNTS = ("staged", "skipped", "failed", "not_started")
#: The worst one first: what counts for all is the worst of them.
VERDICTS = ("failed", "unfinished", "within_budget", "planned", "succeeded")


def artifact_name(host: str) -> str:
    """Return the name of the artifact of an inventory host: a variable has letters, digits and underscores only."""
    return PREFIX + re.sub(r"[^A-Za-z0-9_]", "_", host)


def overview_of(artifacts: t.Mapping[str, t.Any], expected: t.Sequence[str] = ()) -> Json:
    """Return what became of all vCenters together.

    :param artifacts: what was left for each vCenter, by the names of the artifacts.
    :param expected: the vCenters that were meant, by their names in the inventory. One without an artifact has failed:
        its job was cancelled or lost.
    :return: ``verdict`` (the worst one), ``problem`` (empty where nothing failed), ``hosts`` (counts), ``vcenters``
        (name in the inventory, address as vcenter, verdict, counts, problem, failed_hosts and end of each), ``missing``
        (names), ``summary`` (lines).
    """
    left = {key: value for key, value in sorted(artifacts.items()) if isinstance(value, dict)}
    names = {artifact_name(name): name for name in expected}
    entries = [_entry(names.get(key), key, value) for key, value in left.items()]
    missing = sorted(name for key, name in names.items() if key not in left)
    failed = [entry["name"] for entry in entries if entry["verdict"] == "failed"]
    verdict = _worst([entry["verdict"] for entry in entries] + ["failed"] * bool(missing or not entries))
    hosts = {count: sum(entry["hosts"][count] for entry in entries) for count in COUNTS}
    return {
        "verdict": verdict,
        "problem": _problem(failed, missing, bool(entries)),
        "hosts": hosts,
        "vcenters": entries,
        "missing": missing,
        "summary": [
            f"{_counted(len(entries) + len(missing), 'vCenter')}, hosts: {_told(hosts)}",
            *(_line(entry) for entry in entries),
            *(f"{name}: no result, its job was cancelled or lost" for name in missing),
        ],
    }


def _entry(name: str | None, key: str, artifact: Json) -> Json:
    hosts = artifact.get("hosts") or {}
    verdict = artifact.get("verdict")
    vcenter = str(artifact.get("vcenter") or key.removeprefix(PREFIX))
    return {
        "name": name or vcenter,
        "vcenter": vcenter,
        # What nobody here has heard of is no success.
        "verdict": verdict if verdict in VERDICTS else "failed",
        "hosts": {count: int(hosts.get(count) or 0) for count in COUNTS},
        "problem": str(artifact.get("problem") or ""),
        "failed_hosts": artifact.get("failed_hosts") or [],
        "ended": artifact.get("ended"),
    }


def _worst(verdicts: list[str]) -> str:
    return min(verdicts, key=VERDICTS.index)


def _problem(failed: list[str], missing: list[str], any_there: bool) -> str:
    said = []
    if failed:
        said.append(f"{_counted(len(failed), 'vCenter')} failed: {', '.join(failed)}.")
    if missing:
        said.append(f"{_counted(len(missing), 'vCenter')} without a result: {', '.join(missing)}. Look at the jobs.")
    if not any_there and not missing:
        said.append("There are no results. This playbook sums up what the jobs before it in a workflow have left.")
    return " ".join(said)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _told(hosts: Json) -> str:
    return ", ".join(f"{hosts[count]} {count.replace('_', ' ')}" for count in COUNTS)


def _line(entry: Json) -> str:
    line = f"{entry['name']}: {entry['verdict'].replace('_', ' ')}, hosts: {_told(entry['hosts'])}"
    # The end of its window is no failure, but somebody has to know that more is to come.
    more = "Run it again to go on" if entry["verdict"] == "unfinished" else ""
    return ". ".join(part for part in (line, entry["problem"], more) if part)
