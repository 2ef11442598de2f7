# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What a report means in words: verdicts, what failed for which reason, what to do next; pure functions, no markup."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import Json

Label = tuple[str, str, str]
"""A sign, words and the class of the colour: ``good``, ``calm``, ``part``, ``bad`` or ``idle``."""

_ROLLOUT: dict[str, Label] = {
    "succeeded": ("✓", "Succeeded", "good"),
    "within_budget": ("!", "Succeeded within the failure budget", "part"),
    "unfinished": ("…", "Stopped before the end", "part"),
    "failed": ("✗", "Failed", "bad"),
    "planned": ("▷", "Plan: nothing was changed", "calm"),
}
_CLUSTER: dict[str, Label] = {
    "staged": ("✓", "staged", "good"),
    "unchanged": ("=", "nothing to do", "calm"),
    "partly_failed": ("!", "partly failed", "part"),
    "failed": ("✗", "failed", "bad"),
    "not_started": ("–", "not started", "idle"),
    "unknown": ("?", "no result", "part"),
    "not_image_managed": ("–", "not managed by an image", "idle"),
    "excluded": ("–", "excluded", "idle"),
}
_HOST: dict[str, Label] = {
    "staged": ("✓", "staged", "good"),
    "skipped": ("=", "nothing to do", "calm"),
    "failed": ("✗", "failed", "bad"),
    "started": ("…", "still running", "part"),
}
_PLANNED: Label = ("▷", "planned", "calm")
_PREDICTED = {"staged": "to be staged", "failed": "would fail", "partly_failed": "would fail in part"}
_HINTS = 5
_TIME_OF_REASON = re.compile(r" \([^()]*\d{4}-\d\d-\d\dT[^()]*\)$")
LEFT_ALONE = ("not_started", "unknown", "excluded", "not_image_managed")
"""The verdicts of clusters that were not, or not to the end, worked on."""


def predicted(report: Json) -> bool:
    """Whether the report is about what would happen."""
    return bool(report["check_mode"] or report["verdict"] == "planned")


def rollout_label(report: Json) -> Label:
    """Return the verdict of the whole."""
    return _ROLLOUT.get(report["verdict"], ("?", "The outcome is not known", "part"))


def cluster_label(verdict: str, *, planned: bool) -> Label:
    """Return the verdict of a cluster in words."""
    return _PLANNED if planned and verdict == "not_started" else _label(_CLUSTER, verdict, planned)


def host_label(verdict: str, *, planned: bool) -> Label:
    """Return the verdict of a host in words."""
    return _label(_HOST, verdict, planned)


def _label(labels: dict[str, Label], verdict: str, planned: bool) -> Label:
    sign, words, kind = labels.get(verdict, ("?", verdict or "not known", "part"))
    return (sign, _PREDICTED.get(verdict, words), kind) if planned else (sign, words, kind)


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@dataclasses.dataclass
class Cause:
    """A reason in vCenter's words, and who suffers from it.

    :ivar members: a cluster and its hosts, by what tells the cluster apart; no hosts where it is about the whole.
    """

    words: tuple[str, ...]
    resolutions: tuple[str, ...]
    identifiers: tuple[str, ...]
    retriable: bool
    members: dict[str, tuple[Json, list[str]]] = dataclasses.field(default_factory=dict)

    def add(self, cluster: Json, host: str | None = None) -> None:
        """Note that a cluster, or one of its hosts, suffers from it."""
        hosts = self.members.setdefault(f"{cluster['kind']} {cluster['moid']}", (cluster, []))[1]
        hosts.extend([host] if host is not None else [])

    @property
    def number(self) -> int:
        """How many hosts and whole clusters suffer from it."""
        return sum(len(hosts) or 1 for dummy, hosts in self.members.values())


def causes(report: Json) -> list[Cause]:
    """Return what made hosts and clusters fail, the most frequent first."""
    found: dict[t.Any, Cause] = {}
    for cluster in report["clusters"]:
        reasons = set()
        for host in cluster["hosts"]:
            if host["verdict"] == "failed":
                cause = _cause(host["reason"], host["notifications"], "ERROR", retriable=host["retriable"])
                _kept(found, cause).add(cluster, host["name"])
                reasons.add(host["reason"].rstrip("."))
        problem = cluster["msg"] or " ".join(cluster["errors"])
        if problem and problem.rstrip(".") not in reasons:
            _kept(found, _cause(problem, cluster["notifications"], "ERROR")).add(cluster)
    return sorted(found.values(), key=lambda cause: -cause.number)


def warnings(report: Json) -> list[Cause]:
    """Return what vCenter warns of where nothing failed, the most frequent first."""
    found: dict[t.Any, Cause] = {}
    for cluster in report["clusters"]:
        for host in cluster["hosts"]:
            alarms = [entry for entry in host["notifications"] if entry["type"] in ("ERROR", "WARNING")]
            if alarms and host["verdict"] != "failed":
                _kept(found, _cause("", alarms, "ERROR", "WARNING")).add(cluster, host["name"])
    return sorted(found.values(), key=lambda cause: -cause.number)


def _kept(found: dict[t.Any, Cause], cause: Cause) -> Cause:
    return found.setdefault((cause.words, cause.resolutions, cause.identifiers, cause.retriable), cause)


def _cause(reason: str, notifications: list[Json], *kinds: str, retriable: bool = False) -> Cause:
    said = [entry for entry in notifications if entry["type"] in kinds]
    words = [entry["message"] for entry in said] or [reason or "vCenter gave no reason."]
    return Cause(
        tuple(dict.fromkeys(words)),
        tuple(dict.fromkeys(entry["resolution"] for entry in said if entry["resolution"])),
        tuple(dict.fromkeys(entry["id"] for entry in said if entry["id"])),
        retriable,
    )


def skipped_reason(host: Json) -> str:
    """Return why a host needed nothing, without the time at which that was found out, which differs by cluster."""
    return _TIME_OF_REASON.sub("", host["reason"]) or "compliant, or staged before"


def next_steps(report: Json, found: t.Sequence[Cause]) -> list[str]:
    """Return what an operator should do now, the most urgent first.

    :param found: what ``causes`` returned.
    """
    steps = _steps_of_gates(report) + _steps_of_causes(found) + _steps_of_the_rest(report)
    if report["verdict"] == "planned":
        steps.insert(0, _step_of_a_plan(report))
    elif report["verdict"] == "unfinished":
        steps.insert(0, "Run again with the same settings to go on: what is staged is left alone.")
    elif report["verdict"] == "succeeded" and report["mode"] == "canary":
        steps.insert(0, "Look at the canary, then stage the rest with rolling_stage_mode: rest.")
    elif report["verdict"] == "succeeded" and not steps:
        steps.append("Nothing. The hosts have the image, and remediation can begin in the maintenance window.")
    return steps or ["Read the problem above, remove its cause, and run again: what is staged is left alone."]


def _step_of_a_plan(report: Json) -> str:
    change = " without check mode" if report["check_mode"] else ""
    change += f"{' and' if change else ''} with rolling_stage_mode: all" if report["mode"] == "plan" else ""
    number = report["hosts"]["staged"]
    return f"Run{change} to stage {count(number, 'host') if number else 'what needs it'}."


def _steps_of_gates(report: Json) -> list[str]:
    blocked = [gate for gate in report["gates"] if gate["verdict"] == "block"]
    hints = list(dict.fromkeys((gate["hint"] or f"{gate['name']}: {gate['answer']}").rstrip(".") for gate in blocked))
    more = [f"{count(len(hints) - _HINTS, 'more gate')} closed, see below."] if len(hints) > _HINTS else []
    return [*(f"A gate was closed. {hint}." for hint in hints[:_HINTS]), *more]


def _steps_of_causes(found: t.Sequence[Cause]) -> list[str]:
    if not found:
        return []
    steps = [
        f"Remove the {'cause' if len(found) == 1 else f'{len(found):,} causes'} of failure below, "
        "then run again with the same settings: "
        "hosts that are staged by then are left alone."
    ]
    retriable = sum(cause.number for cause in found if cause.retriable)
    if retriable:
        steps.append(f"vCenter marks {retriable:,} of the failures as worth another try as they are.")
    return steps


def _steps_of_the_rest(report: Json) -> list[str]:
    verdicts = [cluster["verdict"] for cluster in report["clusters"]]
    steps = []
    if verdicts.count("unknown"):
        steps.append(
            f"No result came from {count(verdicts.count('unknown'), 'cluster')}: run again, "
            "and what still runs in vCenter is waited for."
        )
    # In a run of the canary alone, that is what was asked for.
    if verdicts.count("not_started") and not predicted(report) and report["mode"] != "canary":
        steps.append(
            f"{count(verdicts.count('not_started'), 'cluster')} "
            f"{'was' if verdicts.count('not_started') == 1 else 'were'} not started: the next run stages what is left."
        )
    if verdicts.count("not_image_managed"):
        steps.append(
            f"Decide about {count(verdicts.count('not_image_managed'), 'cluster')} that vCenter manages by baselines: "
            "convert to an image there, or exclude."
        )
    return steps
