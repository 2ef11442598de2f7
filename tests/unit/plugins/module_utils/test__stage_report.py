# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a result gets, and that what had trouble is not left out of a small one."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _stage_report, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import Task
from ansible_collections.vsphere.lifecycle.plugins.module_utils._verdicts import FAILED, STAGED, Verdict

CLUSTERS, HOSTS, LIMIT = 1000, 16, 200_000
WARNING = {
    "type": "WARNING",
    "id": "com.vmware.vcIntegrity.lifecycle.EsxImage.Warning",
    "message": "The host has little room left on its system partition.",
    "resolution": None,
    "retriable": None,
    "time": "2026-03-01T22:01:00.000Z",
}


def unit(number: int = 0, failed: int = 0, **more: t.Any) -> Unit:
    """A cluster that was staged with so many failed hosts."""
    made = Unit(Entity("cluster", f"domain-c{10001 + number}", f"prod-berlin-cluster-{number:04}"), {}, commit="12")
    for index in range(HOSTS):
        moid, name = f"host-{20000 + number * HOSTS + index}", f"esx{number:04}-{index:02}.berlin.example.com"
        made.hosts[moid] = Host("host", moid, name)
        reason = "The host cannot reach the depot. Check the network between the host and vCenter, port 9084"
        made.verdicts[moid] = (
            _verdicts.failed(made.hosts[moid], reason, status="ERROR")
            if index < failed
            else Verdict(moid, name, STAGED, status="OK", commit="12")
        )
    made.task = Task(f"52f9f1b0-160a-25fe-fd1e-{number:012}:com.vmware.esx.settings.clusters.software", "SUCCEEDED")
    for name, value in more.items():
        setattr(made, name, value)
    return made


def size(units: list[Unit], detail: str) -> int:
    return len(json.dumps(_stage_report.result_of(units, detail)))


def test_a_thousand_clusters_without_trouble_are_small() -> None:
    units = [unit(number) for number in range(CLUSTERS)]
    assert size(units, "failed") < LIMIT
    assert size(units, "summary") < 1000
    assert size(units, "full") > 20 * LIMIT
    counts = _stage_report.result_of(units, "failed")["counts"]
    assert (counts["clusters"], counts["hosts"], counts["staged"]) == (CLUSTERS, CLUSTERS * HOSTS, CLUSTERS * HOSTS)


def test_a_result_grows_with_what_has_failed_and_not_with_the_rest() -> None:
    """5 % of the hosts, in the same clusters and spread over nearly all."""
    number = CLUSTERS * HOSTS // 20
    together = [unit(index, HOSTS if index < number // HOSTS else 0) for index in range(CLUSTERS)]
    spread = [unit(index, 1 if index < number else 0) for index in range(CLUSTERS)]
    for units in (together, spread):
        result = _stage_report.result_of(units, "failed")
        assert len(result["failed_hosts"]) == number
        told = [host for cluster in result["clusters"] for host in cluster.get("hosts", ())]
        assert [host["verdict"] for host in told] == [FAILED] * number
    assert size(together, "failed") < 3 * LIMIT
    assert size(spread, "failed") < 4 * LIMIT
    assert size(spread, "summary") < LIMIT
    assert size(spread, "full") > 20 * LIMIT


@pytest.mark.parametrize(
    "trouble",
    [
        {"problem": "vCenter refuses it."},
        {"timed_out": True},
        {"task": Task("52:x", "FAILED", error_messages=("It failed",))},
        {"notifications": (WARNING,)},
        {"notifications": ({**WARNING, "type": "ERROR"},)},
    ],
    ids=["problem", "time-out", "task", "warning", "error"],
)
def test_trouble_with_the_whole_is_told_in_full(trouble: dict[str, t.Any]) -> None:
    troubled = unit(1, **trouble)
    result = _stage_report.result_of([unit(0), troubled], "failed")
    full = _stage_report.result_of([troubled], "full")["clusters"][0]
    assert result["clusters"][1] == {**full, "hosts": []}
    assert "hosts" not in result["clusters"][0]
    summary = _stage_report.result_of([unit(0), troubled], "summary")["clusters"]
    assert summary == [{name: full[name] for name in ("name", "moid", "failed", "msg", "counts")}]


def test_a_host_staged_with_a_warning_is_told() -> None:
    warned = unit()
    first = next(iter(warned.verdicts))
    warned.verdicts[first] = Verdict(first, "esx01", STAGED, reason=WARNING["message"] or "", notifications=(WARNING,))
    (cluster,) = _stage_report.result_of([warned], "failed")["clusters"]
    assert [(host["name"], host["verdict"]) for host in cluster["hosts"]] == [("esx01", STAGED)]
    assert not cluster["failed"]


def test_what_is_only_for_information_is_no_trouble() -> None:
    calm = unit(notifications=({**WARNING, "type": "INFO"},))
    (cluster,) = _stage_report.result_of([calm], "failed")["clusters"]
    assert cluster == {
        "name": "prod-berlin-cluster-0000",
        "moid": "domain-c10001",
        "changed": True,
        "failed": False,
        "commit": "12",
        "counts": {"staged": HOSTS, "skipped": 0, "failed": 0, "started": 0},
    }
