# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules by which a host counts as staged, skipped or failed."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import UnexpectedReply
from ansible_collections.vsphere.lifecycle.plugins.module_utils._images import Compliance, HostCompliance
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host

CLUSTER = Entity("cluster", "domain-c8", "prod")
HOST = Host("host", "host-1", "esx1")
ERROR = {"errors": [{"id": "x", "message": {"default_message": "Broken."}, "retriable": True}]}
WARNING = {"warnings": [{"id": "x", "message": {"localized": "Beware."}}]}


def verdict(status: t.Any, listed: str | None, notifications: t.Any = None, *, ended: bool = True) -> _verdicts.Verdict:
    entry = {"status": status, "notifications": notifications or {}} if status else None
    result: dict[str, t.Any] = {"commit": "5", "host_info": {"host-1": {"name": "esx1"}}, "host_status": {}}
    if entry:
        result["host_status"]["host-1"] = entry
    if listed:
        result[f"{listed}_hosts"] = ["host-1"]
    return _verdicts.outcome_of(CLUSTER, result, ended=ended).verdicts["host-1"]


@pytest.mark.parametrize(
    ("status", "listed", "notifications", "expected"),
    [
        ("OK", "successful", None, "staged"),
        ("OK", "successful", ERROR, "staged"),
        ("OK", "successful", WARNING, "staged"),
        ("SKIPPED", "skipped", None, "skipped"),
        ("SKIPPED", "skipped", WARNING, "skipped"),
        ("SKIPPED", "skipped", ERROR, "failed"),
        ("ERROR", "failed", ERROR, "failed"),
        ("ERROR", "failed", None, "failed"),
        ("TIMED_OUT", "failed", None, "failed"),
        ("RUNNING", None, None, "failed"),
        ("RETRY_PENDING", None, None, "failed"),
        ("BRAND_NEW", None, None, "failed"),
        ("OK", "failed", None, "failed"),
        ("ERROR", "successful", None, "failed"),
        ("OK", "skipped", None, "skipped"),
        ("SKIPPED", "successful", None, "skipped"),
        (None, "successful", None, "staged"),
        (None, "failed", None, "failed"),
        ("OK", None, None, "staged"),
    ],
)
def test_verdict_of_status_and_list(status: t.Any, listed: str | None, notifications: t.Any, expected: str) -> None:
    judged = verdict(status, listed, notifications)
    assert judged.verdict == expected
    assert judged.reason or expected == "staged"


@pytest.mark.parametrize("status", ["RUNNING", "RETRY_PENDING"])
def test_a_host_that_still_runs_has_no_verdict_before_the_end(status: str) -> None:
    assert verdict(status, None, ended=False).verdict == "started"


def test_a_warning_of_a_staged_host_is_told() -> None:
    assert verdict("OK", "successful", WARNING).reason == "Beware"


@pytest.mark.parametrize(
    ("status", "notifications", "expected"),
    [("ERROR", ERROR, True), ("ERROR", None, False), ("TIMED_OUT", None, True), ("OK", ERROR, False)],
)
def test_retriable(status: str, notifications: t.Any, expected: bool) -> None:
    assert verdict(status, None, notifications).retriable is expected


def test_an_unfinished_or_unknown_status_is_named() -> None:
    assert "RETRY_PENDING" in verdict("RETRY_PENDING", None).reason
    assert "BRAND_NEW" in verdict("BRAND_NEW", None).reason
    assert "gave up" in verdict("TIMED_OUT", None).reason


def test_maps_may_come_as_keys_and_values() -> None:
    result = {"host_status": [{"key": "host-1", "value": {"status": "OK"}}], "successful_hosts": ["host-1"]}
    assert _verdicts.outcome_of(CLUSTER, result).verdicts["host-1"].verdict == "staged"


@pytest.mark.parametrize("result", [None, [], "x", 3])
def test_a_result_of_another_shape_is_refused(result: t.Any) -> None:
    with pytest.raises(UnexpectedReply):
        _verdicts.outcome_of(CLUSTER, result)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"commit": "3", "status": {"status": "OK"}}, {"host-1": "staged"}),
        ({"commit": "3", "status": {"status": "SKIPPED"}}, {"host-1": "skipped"}),
        ({"commit": "3", "status": {"status": "ERROR"}}, {"host-1": "failed"}),
        ({"commit": "3"}, {}),
    ],
)
def test_a_standalone_host_has_one_status(result: dict[str, t.Any], expected: dict[str, str]) -> None:
    outcome = _verdicts.outcome_of(HOST, result)
    assert {host: one.verdict for host, one in outcome.verdicts.items()} == expected


@pytest.mark.parametrize("status", [3, {"status": 3}, {"status": ""}, {"status": ["OK"]}, []])
def test_a_status_that_is_not_understood_never_stages_a_host(status: t.Any) -> None:
    shape = {"host_status": {"host-1": status}, "successful_hosts": ["host-1"]}
    assert _verdicts.outcome_of(CLUSTER, shape).verdicts["host-1"].verdict == "failed"


@pytest.mark.parametrize(
    "shape",
    [
        {"host_status": 3},
        {"host_status": [{"key": 3, "value": {"status": "ERROR"}}]},
        {"successful_hosts": "host-1"},
        {"failed_hosts": {"host-1": {}}},
        {"failed_hosts": [{"host": "host-1"}]},
    ],
)
def test_a_damaged_list_of_verdicts_is_refused(shape: dict[str, t.Any]) -> None:
    complete = {"host_status": {"host-1": {"status": "OK"}}, "successful_hosts": ["host-1"], **shape}
    with pytest.raises(UnexpectedReply, match=next(iter(shape))):
        _verdicts.outcome_of(CLUSTER, complete)


@pytest.mark.parametrize("errors", ["no depot", [None], {"message": "no depot"}, [["no depot"]]])
def test_an_error_of_unknown_form_makes_a_skipped_host_a_failed_one(errors: t.Any) -> None:
    entry = {"status": "SKIPPED", "notifications": {"errors": errors}}
    assert _verdicts.outcome_of(CLUSTER, {"host_status": {"host-1": entry}}).verdicts["host-1"].verdict == "failed"


def planned(known: HostCompliance | None, commit: str = "5", since: dict[str, str] | None = None) -> str:
    hosts = {"host-1": known} if known else {}
    compliance = Compliance("NON_COMPLIANT", None, commit, None, hosts, {})
    plan = _verdicts.plan_for([HOST], compliance, since or {})
    return plan.settled["host-1"].verdict if plan.settled else "needed"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (HostCompliance("COMPLIANT"), "skipped"),
        (HostCompliance("NON_COMPLIANT", "STAGED"), "skipped"),
        (HostCompliance("NON_COMPLIANT", "STAGED", commit="5"), "skipped"),
        (HostCompliance("NON_COMPLIANT", "STAGED", commit="4"), "needed"),
        (HostCompliance("COMPLIANT", commit="4"), "needed"),
        (HostCompliance("NON_COMPLIANT", "NOT_STAGED"), "needed"),
        (HostCompliance("NON_COMPLIANT", None), "needed"),
        (HostCompliance("NON_COMPLIANT", "UNKNOWN"), "needed"),
        (HostCompliance("INCOMPATIBLE", "STAGED"), "failed"),
        (HostCompliance("UNAVAILABLE", "STAGED"), "needed"),
        (HostCompliance("BRAND_NEW"), "needed"),
        (None, "needed"),
    ],
)
def test_what_compliance_settles(known: HostCompliance | None, expected: str) -> None:
    assert planned(known) == expected


def test_a_later_staging_settles_what_compliance_does_not() -> None:
    assert planned(HostCompliance("NON_COMPLIANT", "NOT_STAGED"), since={"host-1": "2026-03-01T00:00:00Z"}) == "skipped"


@pytest.mark.parametrize(
    ("state", "power", "named"),
    [
        ("CONNECTED", "POWERED_ON", ""),
        ("CONNECTED", None, ""),
        ("CONNECTED", "STANDBY", "STANDBY"),
        ("NOT_RESPONDING", None, "NOT_RESPONDING"),
    ],
)
def test_unreachable(state: str, power: str | None, named: str) -> None:
    told = _verdicts.unreachable(Host("host", "host-1", "esx1", state, power))
    assert named in told
    assert bool(told) is bool(named)
