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


def artifact_name(vcenter: str) -> str:
    """Return the name of the artifact of a vCenter. Names of variables have letters, digits and underscores only."""
    return PREFIX + re.sub(r"[^A-Za-z0-9_]", "_", vcenter)


def overview_of(artifacts: t.Mapping[str, t.Any], expected: t.Mapping[str, str] | None = None) -> Json:
    """Return what became of all vCenters together.

    :param artifacts: what was left for each vCenter, by the names of the artifacts.
    :param expected: the vCenters that were meant: names in the inventory, each with an address, or with an empty text
        where the name is the address. One without an artifact has failed: its job was cancelled or lost.
    :return: ``verdict`` (the worst one), ``problem`` (empty where nothing failed), ``hosts`` (counts), ``vcenters``
        (name, verdict, counts, problem, failed_hosts and end of each), ``missing`` (names), ``summary`` (lines).
    """
    entries = [
        _entry(key.removeprefix(PREFIX), value) for key, value in sorted(artifacts.items()) if isinstance(value, dict)
    ]
    # Where the login failed, an artifact has the name in the inventory, and else the address.
    missing = sorted(
        name
        for name, address in (expected or {}).items()
        if not {artifact_name(name), artifact_name(address or name)} & set(artifacts)
    )
    failed = [entry["vcenter"] for entry in entries if entry["verdict"] == "failed"]
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


def _entry(name: str, artifact: Json) -> Json:
    hosts = artifact.get("hosts") or {}
    verdict = artifact.get("verdict")
    return {
        "vcenter": artifact.get("vcenter") or name,
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
    line = f"{entry['vcenter']}: {entry['verdict'].replace('_', ' ')}, hosts: {_told(entry['hosts'])}"
    # The end of its window is no failure, but somebody has to know that more is to come.
    more = "Run it again to go on" if entry["verdict"] == "unfinished" else ""
    return ". ".join(part for part in (line, entry["problem"], more) if part)
