# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What became of each host, and what is still to do: pure rules over what was read, without any request."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._images import Compliance, HostCompliance, names_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    all_strings_of,
    dict_or_empty,
    expect,
    notifications_of,
    string_or_none,
    whole_mapping_of,
)

STAGED, SKIPPED, FAILED, STARTED = "staged", "skipped", "failed", "started"
_RANK = {STAGED: 0, SKIPPED: 1, FAILED: 2}
_BY_STATUS = {"OK": STAGED, "SKIPPED": SKIPPED}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of one host.

    :param verdict: ``staged`` (newly), ``skipped`` (nothing to do), ``failed``, or ``started`` (not waited for).
    :param status: the host's own status in the stage result; None where it has none.
    :param reason: one sentence for the operator; empty for a plain success.
    :param commit: which image it is about; None where that is not known.
    """

    host: str
    name: str
    verdict: str
    status: str | None = None
    reason: str = ""
    notifications: tuple[Json, ...] = ()
    start_time: str | None = None
    end_time: str | None = None
    commit: str | None = None

    @property
    def retriable(self) -> bool:
        """Whether vCenter itself says that another try may help."""
        return self.verdict == FAILED and (
            self.status in {"TIMED_OUT", "RETRY_PENDING"} or any(entry["retriable"] for entry in self.notifications)
        )

    def result(self) -> Json:
        """Return it as a module returns it."""
        return {
            "name": self.name,
            "moid": self.host,
            "verdict": self.verdict,
            "status": self.status,
            "commit": self.commit,
            "reason": plain(self.reason),
            "retriable": self.retriable,
            "notifications": list(self.notifications),
            "start_time": self.start_time,
            "end_time": self.end_time,
        }


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A decoded stage result of a cluster or a standalone host.

    :param commit: the commit that was really staged.
    :param verdicts: by host identifier, hosts that were not asked for included.
    """

    commit: str | None
    verdicts: dict[str, Verdict]
    notifications: tuple[Json, ...] = ()


NOTHING = Outcome(None, {})
"""The outcome of a task without a result."""


def outcome_of(entity: Entity, result: t.Any, *, ended: bool = True) -> Outcome:
    """Return a StageResult of either kind as one shape, with every host judged.

    :param ended: whether its task has ended; before that, a host without an end of its own counts as started.
    :raises UnexpectedReply: it is no StageResult.
    """
    value = expect(result, dict, "stage result")
    if entity.kind == "host":
        statuses, names = {entity.moid: value.get("status")}, {entity.moid: entity.name}
        listed: dict[str, str] = {}
    else:
        statuses = whole_mapping_of(value.get("host_status"), "'host_status' in the stage result")
        names = names_of(value.get("host_info"))
        # The worst list is read last, so that a host in two of them counts as the worse.
        listed = {
            host: verdict
            for name, verdict in (("successful_hosts", STAGED), ("skipped_hosts", SKIPPED), ("failed_hosts", FAILED))
            for host in all_strings_of(value.get(name), f"'{name}' in the stage result")
        }
    commit = string_or_none(value.get("commit"))
    verdicts = {
        host: dataclasses.replace(
            _judged(host, names.get(host) or plain(host), statuses.get(host), listed.get(host), ended), commit=commit
        )
        for host in {**statuses, **listed}
    }
    if entity.kind == "host" and value.get("status") is None:
        verdicts = {}
    return Outcome(
        commit=commit,
        verdicts=verdicts,
        notifications=tuple(notifications_of(value.get("notifications"))),
    )


def _judged(host: str, name: str, entry: t.Any, listed: str | None, ended: bool) -> Verdict:
    known = dict_or_empty(entry)
    status = string_or_none(known.get("status"))
    # What is there without being understood is no success.
    understood = entry is None or (isinstance(entry, dict) and status == known.get("status"))
    notifications = tuple(notifications_of(known.get("notifications")))
    errors = [notification for notification in notifications if notification["type"] == "ERROR"]
    by_status = None if understood and status is None else _BY_STATUS.get(status or "", FAILED)
    verdict = max((one for one in (by_status, listed) if one), key=lambda one: _RANK[one], default=FAILED)
    if not ended and listed is None and status in {None, "RUNNING", "RETRY_PENDING"}:
        return Verdict(host, name, STARTED, status=status, reason="not finished yet", notifications=notifications)
    if verdict == SKIPPED and errors:
        # A task can succeed with every host skipped because none reached the depot.
        verdict = FAILED
    return Verdict(
        host=host,
        name=name,
        verdict=verdict,
        status=status,
        reason=_reason(verdict, status, notifications),
        notifications=notifications,
        start_time=string_or_none(known.get("start_time")),
        end_time=string_or_none(known.get("end_time")),
    )


def _reason(verdict: str, status: str | None, notifications: t.Sequence[Json]) -> str:
    if verdict == SKIPPED:
        return "vCenter skipped it: compliant or staged before"
    worst = [entry for entry in notifications if entry["type"] == ("ERROR" if verdict == FAILED else "WARNING")]
    told = "; ".join(describe(entry) for entry in worst)
    if verdict == STAGED or told:
        return told
    if status in {"RUNNING", "RETRY_PENDING"}:
        return f"vCenter ended the task while the host was still {status}"
    if status == "TIMED_OUT":
        return "vCenter gave up waiting for the host"
    return f"vCenter gives no reason (status {status or 'absent'})"


def describe(notification: Json) -> str:
    """Return a notification as text, with what to do about it."""
    parts = (notification["message"], notification["resolution"])
    return " ".join(part.rstrip(".") + "." for part in parts if part).rstrip(".")


def failed(
    host: Host | Entity, reason: str, notifications: tuple[Json, ...] = (), status: str | None = None
) -> Verdict:
    """Return the verdict for a host that failed without a stage status of its own."""
    return Verdict(host.moid, host.name, FAILED, status=status, reason=reason, notifications=notifications)


def unfinished(verdict: Verdict) -> Verdict:
    """Return the verdict for a host that was not waited for to its end; its status is the last one known."""
    reason = f"it was {verdict.status or 'not started'} when the time to wait was over"
    return dataclasses.replace(verdict, verdict=FAILED, reason=reason)


def by_compliance(host: Host, compliance: Compliance, why: str) -> Verdict:
    """Return the verdict for a host that only a later scan can tell about.

    :param why: what became of the task.
    """
    known = compliance.hosts.get(host.moid)
    scan = f"{why}. The scan of {compliance.scan_time or 'unknown time'}"
    if known and (known.staged or known.status == "COMPLIANT"):
        reason = f"{scan} finds it {'staged' if known.staged else 'compliant'}"
        return Verdict(host.moid, host.name, STAGED, reason=reason, commit=compliance.commit)
    state = f"{known.status}, stage status {known.stage_status or 'unknown'}" if known else "not at all"
    return failed(host, f"{scan} finds it {state}", known.notifications if known else ())


def started(host: Host | Entity) -> Verdict:
    """Return the verdict for a host whose staging nobody waits for."""
    return Verdict(host.moid, host.name, STARTED, reason="staging was started and is not waited for")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What there is to do for the hosts asked for.

    :param settled: verdicts of the hosts that need no call: compliant, staged before, or beyond the help of staging.
    :param needed: identifiers of the hosts to stage.
    """

    settled: dict[str, Verdict]
    needed: tuple[str, ...]


def trusted(compliance: Compliance | None, commit: str | None) -> bool:
    """Whether compliance says something about the commit asked for; commits have no order, so only equality counts."""
    return compliance is not None and commit in {None, compliance.commit}


def plan_for(
    hosts: t.Iterable[Host],
    compliance: Compliance | None,
    staged_since: t.Mapping[str, str],
    staged_commit: str | None = None,
) -> Plan:
    """Decide what is to do for the hosts.

    :param compliance: that of the wanted commit; None when there is none: then nothing is known of the hosts by it.
    :param staged_since: hosts staged for that commit later than the compliance was made, with the time.
    :param staged_commit: the commit they were staged for.
    """
    settled: dict[str, Verdict] = {}
    needed: list[str] = []
    for host in hosts:
        known = compliance.hosts.get(host.moid) if compliance else None
        verdict = _settled(host, known, compliance.commit) if known and compliance else None
        if host.moid in staged_since:
            reason = f"staged already (at {staged_since[host.moid]})"
            verdict = Verdict(host.moid, host.name, SKIPPED, reason=reason, commit=staged_commit)
        if verdict:
            settled[host.moid] = verdict
        else:
            needed.append(host.moid)
    return Plan(settled, tuple(needed))


def _settled(host: Host, known: HostCompliance, commit: str | None) -> Verdict | None:
    if known.commit not in {None, commit}:
        # The host was scanned against another commit than its cluster.
        return None
    if known.status == "COMPLIANT":
        return Verdict(host.moid, host.name, SKIPPED, reason="compliant with the image already", commit=commit)
    if known.staged:
        reason = f"staged already (scan of {known.scan_time or 'unknown time'})"
        return Verdict(host.moid, host.name, SKIPPED, reason=reason, commit=commit)
    if known.status == "INCOMPATIBLE":
        why = (
            "; ".join(describe(entry) for entry in known.notifications if entry["type"] == "ERROR") or "no reason given"
        )
        return failed(
            host,
            f"incompatible with the image, staging cannot help (scan of {known.scan_time or 'unknown time'}): {why}. "
            "Correct the image or the host; if that is done, scan again with refresh: always",
            known.notifications,
            status=known.status,
        )
    return None


def unreachable(host: Host) -> str:
    """Return why vCenter cannot stage a host now; empty when nothing is known against it."""
    if host.reachable:
        return ""
    state = host.connection_state if host.connection_state != "CONNECTED" else host.power_state
    return f"vCenter cannot reach it now ({state}). Bring it back, then run again"
