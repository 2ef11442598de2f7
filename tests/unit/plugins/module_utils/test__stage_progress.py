# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a staging tells while it runs, against the simulated vCenter: the lines that a reader would see."""

from __future__ import annotations

import contextlib
import datetime
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import StagingFailed
from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import Board, News
from ansible_collections.vsphere.lifecycle.plugins.modules.esx_software_stage import ARGUMENT_SPEC, stage
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World

DEFAULTS: dict[str, t.Any] = {name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}
RETRIABLE = {
    "status": "ERROR",
    "notifications": {"errors": [{"id": "sim.vlcm.x", "message": "Try again.", "retriable": True}]},
}


class Reader:
    """Takes news as a list would, and notes what is shown of them; looks for a heartbeat with each."""

    def __init__(self, clock: t.Any) -> None:
        noon = datetime.datetime(2026, 1, 15, 12, 0, tzinfo=datetime.timezone.utc)
        start = clock.now()
        self._board = Board(clock.now, lambda: noon + datetime.timedelta(seconds=clock.now() - start))
        self.lines: list[str] = []
        self.heartbeats: list[str] = []
        self.news: list[News] = []

    def append(self, news: News) -> None:
        self.news.append(news)
        line = self._board.take(news)
        self.lines.extend([line] if line else [])
        self.heartbeats.extend(self._board.heartbeat())


@pytest.fixture
def reader(clock: t.Any) -> Reader:
    return Reader(clock)


@pytest.fixture
def told(run: t.Any, reader: Reader) -> t.Callable[..., list[str]]:
    """Stage while somebody follows; return the lines, also where hosts have failed."""
    run.progress, run.followed = reader, True

    def call(*, check_mode: bool = False, **options: t.Any) -> list[str]:
        with contextlib.suppress(StagingFailed):
            run(stage, {**DEFAULTS, **options}, check_mode=check_mode)
        return reader.lines

    return call


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)


def test_a_percentage_is_news_only_now_and_then(
    told: t.Callable[..., list[str]], reader: Reader, vcenter: VCenter, clock: t.Any
) -> None:
    """A staging of 60 s is looked at more often; each look brings another percentage."""
    started = clock.now()
    told(clusters=["prod"], poll_interval=2)
    looks = sum(1 for request in vcenter.requests if request.action == "list")
    percentages = [news for news in reader.news if news.percent is not None]
    assert looks > 20
    assert 60 / 25 <= len(percentages) <= (clock.now() - started) / 8 + 2


def test_what_is_staged_is_told_from_its_beginning_to_its_end(
    told: t.Callable[..., list[str]], reader: Reader, world: World
) -> None:
    world.host("edge01.example.com").stage_seconds = 10
    world.host("edge02.example.com").stage_seconds = 100
    assert told(clusters=["domain-c9"]) == ["edge  staging of 2 hosts started", "edge  2/2 hosts staged  01:42  done"]
    assert reader.heartbeats[0].startswith("edge  1/2 hosts staged  "), reader.heartbeats
    assert "end about 12:0" in reader.heartbeats[0]


def test_hosts_that_need_nothing_are_not_counted(told: t.Callable[..., list[str]]) -> None:
    assert told(clusters=["prod"])[-1] == "prod  1/1 host staged  01:00  done"


def test_where_nothing_is_to_do_nothing_is_told(told: t.Callable[..., list[str]], reader: Reader) -> None:
    assert told(clusters=["domain-c9"], check_mode=True) == []
    told(clusters=["domain-c9"])
    del reader.news[:]
    told(clusters=["domain-c9"])
    assert reader.news == []


def test_a_host_that_fails_is_told_while_the_others_go_on(told: t.Callable[..., list[str]], world: World) -> None:
    world.patch({"hosts": {"edge01.example.com": {"outcomes": ["ERROR"]}}})
    world.host("edge01.example.com").stage_seconds = 10
    world.host("edge02.example.com").stage_seconds = 200
    begun, failed, ended = told(clusters=["domain-c9"])
    assert begun == "edge  staging of 2 hosts started"
    assert failed.startswith("edge  0/2 hosts staged  1 failed  ")
    assert ended == "edge  1/2 hosts staged  1 failed  03:22  done"


def test_another_round_is_told_and_counts_on(told: t.Callable[..., list[str]], world: World) -> None:
    world.patch({"hosts": {"edge01.example.com": {"outcomes": [RETRIABLE]}}})
    lines = told(clusters=["domain-c9"], retry_failed_hosts=1)
    assert [line.partition("  ")[2] for line in lines if "started" in line] == [
        "staging of 2 hosts started",
        "staging of 1 host started again  00:30",
    ]
    assert lines[-1] == "edge  2/2 hosts staged  01:00  done"


def test_a_scan_and_what_is_waited_for_are_told(told: t.Callable[..., list[str]], world: World) -> None:
    managed = world.cluster("domain-c9").managed
    world.engine.occupy(managed, "apply", 40, "somebody")
    lines = told(clusters=["domain-c9"], refresh="always")
    assert lines[0] == "edge  compliance scan"
    assert "waiting for 'apply' (task" in lines[1]
    assert "staging of 2 hosts started" in lines[2]


def test_a_scan_that_leaves_nothing_to_do_ends_it(told: t.Callable[..., list[str]], world: World) -> None:
    for host in world.cluster("domain-c9").hosts:
        host.staged_commit = "2"
    assert told(clusters=["domain-c9"], refresh="always")[-1] == "edge  00:02  nothing to stage"


def test_an_adopted_staging_is_told_as_such(told: t.Callable[..., list[str]], world: World) -> None:
    world.engine.stage(world.cluster("domain-c9").managed, "somebody", None, None)
    assert told(clusters=["domain-c9"])[0] == "edge  waiting for the running staging"


def test_what_nobody_waits_for_is_told_as_such(told: t.Callable[..., list[str]]) -> None:
    assert told(clusters=["domain-c9"], wait=False)[-1] == (
        "edge  0/2 hosts staged  00:00  2 started, and not waited for"
    )


def test_a_problem_of_a_cluster_is_told_with_its_reason(told: t.Callable[..., list[str]], world: World) -> None:
    last = told(clusters=["domain-c9"], wait_timeout=5)[-1]
    assert last.startswith("edge  0/2 hosts staged  2 failed  00:0")
    assert "ended early: Task " in last


def test_an_outage_is_told_when_it_begins_and_when_it_ends(told: t.Callable[..., list[str]], world: World) -> None:
    world.faults.add("503_plain", path="/api/cis/.*", after=3, times=12)
    lines = [line for line in told(clusters=["domain-c9"]) if line.startswith("vCenter")]
    assert lines[0] == "vCenter  gives no usable answer; its tasks go on"
    assert lines[1].endswith("answers again")


def test_an_outage_without_end_ends_every_cluster(told: t.Callable[..., list[str]], world: World) -> None:
    world.faults.add("503_plain", path="/api/cis/.*", after=3, times=None)
    lines = told(clusters=["prod", "domain-c9"], clusters_in_flight=1, outage_timeout=60)
    ended = [line for line in lines if "ended early" in line]
    assert [line.split()[0] for line in ended] == ["prod", "edge"]


def test_a_vcenter_that_gives_no_results_before_the_end_is_asked_for_them_once(
    told: t.Callable[..., list[str]], vcenter: VCenter, world: World
) -> None:
    """The verdicts are right all the same."""
    world.host("edge01.example.com").stage_seconds = 300
    # The search, six looks at what is young, and the first look that reads results.
    world.faults.add("404", action="list", after=7)
    assert told(clusters=["domain-c9"])[-1].startswith("edge  2/2 hosts staged  05:0")
    lists = [request.body["result_spec"]["exclude_result"] for request in vcenter.requests if request.action == "list"]
    assert lists.index(False) == 7
    assert lists.count(False) == 1


def test_a_vcenter_that_was_away_for_a_moment_is_asked_for_results_again(
    told: t.Callable[..., list[str]], reader: Reader, vcenter: VCenter, world: World
) -> None:
    world.host("edge01.example.com").stage_seconds = 10
    world.host("edge02.example.com").stage_seconds = 300
    # All tries of the first look that reads results.
    world.faults.add("503_plain", action="list", after=7, times=6)
    assert told(clusters=["domain-c9"])[-1].startswith("edge  2/2 hosts staged  05:0")
    assert world.faults.counts["503_plain"] == 6
    lists = [request.body["result_spec"]["exclude_result"] for request in vcenter.requests if request.action == "list"]
    assert lists[7:14] == [False] * 6 + [True]
    assert [line for line in reader.heartbeats if line.startswith("edge  1/2 hosts staged  ")], reader.heartbeats


def test_news_that_make_no_sense_harm_nothing(
    told: t.Callable[..., list[str]], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.engine.stage

    def spoilt(*arguments: t.Any) -> t.Any:
        task = real(*arguments)
        task.result = lambda: {"commit": 7, "host_status": "none", "successful_hosts": 3}
        return task

    monkeypatch.setattr(world.engine, "stage", spoilt)
    world.host("edge01.example.com").stage_seconds = 100
    assert told(clusters=["domain-c9"])[-1] == "edge  2/2 hosts staged  01:41  done"
