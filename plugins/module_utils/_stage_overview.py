# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What became of many vCenters, from the artifact that the role leaves for each; knows no Ansible and no vCenter."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import counted

Json = dict[str, t.Any]

PREFIX = "vlcm_stage_"
COUNTS = ("staged", "skipped", "failed", "not_started")
#: The worst one first: what counts for all is the worst of them.
VERDICTS = ("failed", "unfinished", "within_budget", "planned", "succeeded")


def artifact_name(host: str) -> str:
    """Return the name of the artifact of an inventory host: a variable has letters, digits and underscores only."""
    return PREFIX + re.sub(r"[^A-Za-z0-9_]", "_", host)


def overview_of(artifacts: t.Mapping[str, t.Any], expected: t.Sequence[str] = (), mode: str | None = None) -> Json:
    """Return what became of all vCenters together.

    :param artifacts: what was left for each vCenter, by the names of the artifacts.
    :param expected: the vCenters that were meant, by their names in the inventory. One without an artifact has failed:
        its job was cancelled or lost.
    :param mode: of the run that is summed up. A workflow hands artifacts on to every later node, so a vCenter whose run
        was lost still has that of the run before: one of another mode is none. Without a mode each of them counts.
    :return: ``verdict`` (the worst one), ``problem`` (empty where nothing failed), ``hosts`` (counts), ``vcenters``
        (name in the inventory, address as vcenter, verdict, counts, problem, failed_hosts and end of each), ``missing``
        (names), ``summary`` (lines).
    """
    found = {key: value for key, value in sorted(artifacts.items()) if isinstance(value, dict)}
    left = {key: value for key, value in found.items() if mode in (None, "", value.get("mode"))}
    addresses = {key: str(value.get("vcenter") or key.removeprefix(PREFIX)) for key, value in found.items()}
    # Where nobody says who was meant, it is all that have ever left something.
    names = {artifact_name(name): name for name in expected} or addresses
    entries = [_entry(names.get(key, addresses[key]), addresses[key], value) for key, value in left.items()]
    lost = {name: found.get(key) for key, name in names.items() if key not in left}
    missing = sorted(lost)
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
            f"{counted(len(entries) + len(missing), 'vCenter')}, hosts: {_told(hosts)}",
            *(_line(entry) for entry in entries),
            *(_lost_line(name, lost[name], mode) for name in missing),
        ],
    }


def _entry(name: str, vcenter: str, artifact: Json) -> Json:
    hosts = artifact.get("hosts") or {}
    verdict = artifact.get("verdict")
    return {
        "name": name,
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
        said.append(f"{counted(len(failed), 'vCenter')} failed: {', '.join(failed)}.")
    if missing:
        said.append(f"{counted(len(missing), 'vCenter')} without a result: {', '.join(missing)}. Look at the jobs.")
    if not any_there and not missing:
        said.append("There are no results. This playbook sums up what the jobs before it in a workflow have left.")
    return " ".join(said)


def _told(hosts: Json) -> str:
    return ", ".join(f"{hosts[count]} {count.replace('_', ' ')}" for count in COUNTS)


def _lost_line(name: str, earlier: Json | None, mode: str | None) -> str:
    what = f"no result of mode {mode}" if mode else "no result"
    # What an earlier run did is no outcome of this one, but it was done.
    before = f". The one there is, is of mode {earlier.get('mode') or 'unknown'}" if earlier else ""
    return f"{name}: {what}, its job was cancelled or lost{before}"


def _line(entry: Json) -> str:
    line = f"{entry['name']}: {entry['verdict'].replace('_', ' ')}, hosts: {_told(entry['hosts'])}"
    # The end of its window is no failure, but somebody has to know that more is to come.
    more = "Run it again to go on" if entry["verdict"] == "unfinished" else ""
    return ". ".join(part for part in (line, entry["problem"], more) if part)
