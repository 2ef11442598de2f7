# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""News, the file they go through, and the lines that a reader sees of them; in no time."""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import (
    APART_FOR,
    ENDED,
    HEARTBEAT,
    MOST_LINES,
    RUNNING,
    Board,
    News,
    append,
)

PROD = News("cluster", "domain-c8", "prod", hosts=12)
BEGUN = dataclasses.replace(PROD, state=RUNNING, text="staging of 12 hosts started")
AWAY = News("vcenter", "", "vCenter", RUNNING, "gives no usable answer")


@pytest.fixture
def board(clock: t.Any) -> Board:
    """It begins at 04:00."""
    start = clock.now()
    midnight = datetime.datetime(2026, 1, 15, 4, 0, tzinfo=datetime.timezone.utc)
    return Board(clock.now, lambda: midnight + datetime.timedelta(seconds=clock.now() - start))


def cluster(number: int, **changes: t.Any) -> News:
    """A cluster of four hosts that is being staged."""
    usual: dict[str, t.Any] = {"hosts": 4, "state": RUNNING, "text": "staging of 4 hosts started"}
    return News("cluster", f"domain-c{number}", f"prod-{number}", **{**usual, **changes})


def test_a_cluster_from_its_beginning_to_its_end(board: Board, clock: t.Any) -> None:
    assert board.take(PROD) is None
    clock.sleep(60)
    assert board.take(BEGUN) == "prod  staging of 12 hosts started"
    clock.sleep(130)
    assert board.take(dataclasses.replace(BEGUN, staged=5, percent=41, left=590.0)) is None
    assert board.heartbeat() == ["prod  5/12 hosts staged  41 %  02:10  end about 04:13 UTC"]
    assert (
        board.take(dataclasses.replace(BEGUN, staged=5, failed=1, percent=41))
        == "prod  5/12 hosts staged  1 failed  41 %  02:10"
    )
    clock.sleep(3600)
    ended = dataclasses.replace(PROD, state=ENDED, text="done", staged=11, failed=1, percent=99)
    assert board.take(ended) == "prod  11/12 hosts staged  1 failed  1:02:10  done"


def test_a_heartbeat_comes_in_time_and_no_sooner(board: Board, clock: t.Any) -> None:
    board.take(BEGUN)
    times = []
    for second in range(1, 601):
        clock.sleep(1)
        if board.heartbeat():
            times.append(second)
    pauses = [after - before for before, after in zip([0, *times], times, strict=False)]
    assert pauses == [HEARTBEAT] * 24
    assert HEARTBEAT <= 28


def test_before_anything_is_known_it_says_so(board: Board, clock: t.Any) -> None:
    clock.sleep(30)
    assert board.heartbeat() == ["vCenter  reading  00:30"]


def test_a_heartbeat_tells_what_is_waited_for_where_nothing_is_counted(board: Board, clock: t.Any) -> None:
    board.take(dataclasses.replace(BEGUN, text="waiting for 'apply' (task 7, RUNNING)"))
    clock.sleep(30)
    assert board.heartbeat() == ["prod  12 hosts  waiting for 'apply' (task 7, RUNNING)  00:30"]


def test_an_end_that_was_foretold_in_vain_is_not_told(board: Board, clock: t.Any) -> None:
    board.take(dataclasses.replace(BEGUN, percent=99, left=10.0))
    clock.sleep(30)
    assert board.heartbeat() == ["prod  12 hosts  99 %  00:30"]


def test_no_more_than_ten_lines_are_about_a_cluster_and_the_end_is_among_them(board: Board) -> None:
    lines = [board.take(dataclasses.replace(BEGUN, text=f"text {number}")) for number in range(100)]
    lines += [board.take(dataclasses.replace(BEGUN, text="text 99", failed=number)) for number in range(100)]
    lines.append(board.take(dataclasses.replace(PROD, state=ENDED, text="done", staged=12)))
    shown = [line for line in lines if line]
    assert len(shown) == MOST_LINES == 10
    assert shown[-1] == "prod  12/12 hosts staged  00:00  done"


def test_news_that_change_nothing_to_see_are_no_line(board: Board) -> None:
    assert board.take(BEGUN)
    assert [board.take(dataclasses.replace(BEGUN, percent=percent)) for percent in range(100)] == [None] * 100


def test_few_in_flight_of_many_have_lines_apart_and_one_in_all(board: Board, clock: t.Any) -> None:
    for number in range(10):
        board.take(cluster(number, state="queued", text=""))
    board.take(cluster(0, state=ENDED, staged=3, failed=1, text="done"))
    board.take(cluster(1, percent=50, staged=2, left=100.0))
    board.take(cluster(2))
    clock.sleep(60)
    assert board.heartbeat() == [
        "prod-1  2/4 hosts staged  50 %  01:00  end about 04:01 UTC",
        "prod-2  4 hosts  staging of 4 hosts started  01:00",
        "2 clusters in flight  1/10 ended  5/40 hosts staged  1 failed  15 %  01:00  end about 04:06 UTC  last: prod-1",
    ]


def test_many_in_flight_have_one_line_in_all(board: Board, clock: t.Any) -> None:
    for number in range(4):
        board.take(cluster(number, percent=10 * number + 10, left=100.0 * number + 100))
    board.take(News("host", "host-1", "single", RUNNING, hosts=1, percent=5, left=50.0))
    clock.sleep(30)
    assert board.heartbeat() == [
        "4 clusters and 1 host in flight  0/5 ended  17 hosts  23 %  00:30  end about 04:06 UTC  last: prod-3"
    ]


def test_after_half_an_hour_there_is_one_line_in_all(board: Board, clock: t.Any) -> None:
    for number in range(3):
        board.take(cluster(number, percent=50, staged=2))
    clock.sleep(APART_FOR - 1)
    assert len(board.heartbeat()) == 3
    clock.sleep(30)
    assert board.heartbeat() == ["3 clusters in flight  0/3 ended  6/12 hosts staged  50 %  30:29  end about 05:00 UTC"]
    board.take(cluster(1, state=ENDED, staged=4, text="done"))
    board.take(cluster(2, state=ENDED, staged=4, text="done"))
    clock.sleep(30)
    assert [line.split("  ")[:2] for line in board.heartbeat()] == [["1 cluster in flight", "2/3 ended"]]
    board.take(AWAY)
    clock.sleep(30)
    assert board.heartbeat() == ["vCenter  gives no usable answer  00:30"]


def test_one_alone_keeps_its_line(board: Board, clock: t.Any) -> None:
    board.take(BEGUN)
    clock.sleep(2 * APART_FOR)
    assert board.heartbeat() == ["prod  12 hosts  staging of 12 hosts started  1:00:00"]


def test_a_job_of_twelve_hours_stays_far_below_what_awx_shows_well(board: Board, clock: t.Any) -> None:
    """Three are in flight throughout, others have ended or are to come, and each has as many lines as it may."""
    for number in range(40):
        board.take(cluster(number, state="queued", text=""))
    lines: list[str] = []
    beats = [clock.now()]
    for second in range(12 * 3600):
        # One lasts an hour.
        if second % 1200 == 0:
            first = second // 1200 - 2
            if first > 0:
                lines += [line for line in [board.take(cluster(first - 1, state=ENDED, staged=4, text="done"))] if line]
            for number in range(max(0, first), first + 3):
                texts = [f"text {second} {change}" for change in range(20)]
                lines += [line for text in texts if (line := board.take(cluster(number, text=text)))]
        clock.sleep(1)
        heartbeat = board.heartbeat()
        lines += heartbeat
        beats += [clock.now()] if heartbeat else []
    assert max(after - before for before, after in zip(beats, beats[1:], strict=False)) <= 30
    assert 12 * 3600 / 30 <= len(lines) < 2500


def test_with_hosts_alone_it_speaks_of_hosts(board: Board, clock: t.Any) -> None:
    for number in range(4):
        board.take(News("host", f"host-{number}", f"single{number}", RUNNING, hosts=1))
    clock.sleep(30)
    assert board.heartbeat() == ["4 hosts in flight  0/4 ended  4 hosts  0 %  00:30"]


def test_when_all_have_ended_the_heart_still_beats(board: Board, clock: t.Any) -> None:
    board.take(cluster(1, state=ENDED, staged=4, text="done"))
    clock.sleep(30)
    assert board.heartbeat() == ["0 clusters in flight  1/1 ended  4/4 hosts staged  100 %  00:30"]


def test_a_vcenter_that_is_away_is_told_with_every_heartbeat(board: Board, clock: t.Any) -> None:
    board.take(BEGUN)
    assert board.take(AWAY) == "vCenter  gives no usable answer"
    clock.sleep(70)
    assert board.heartbeat() == [
        "vCenter  gives no usable answer  01:10",
        "prod  12 hosts  staging of 12 hosts started  01:10",
    ]
    back = dataclasses.replace(AWAY, state=ENDED, text="answers again")
    assert board.take(back) == "vCenter  01:10  answers again"
    clock.sleep(30)
    assert len(board.heartbeat()) == 1
    assert board.take(AWAY) == "vCenter  gives no usable answer", "the time begins anew"


def test_names_and_texts_are_made_plain_and_short(board: Board, clock: t.Any) -> None:
    news = News("cluster", "domain-c8", "a\x1b[2Jb\r\nPLAY RECAP\u202e" + "y" * 1000, RUNNING, "x" * 1000)
    line = board.take(news)
    clock.sleep(30)
    for shown in (line or "", *board.heartbeat()):
        name, text, *dummy = shown.split("  ")
        assert name.startswith(r"a\x1b[2Jb PLAY RECAP\u202ey")
        assert text.startswith("xxx")
        assert [(len(part), part[-3:]) for part in (name, text)] == [(120, "...")] * 2


def test_news_come_out_of_the_file_as_they_went_in(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "progress"
    path.touch(0o600)
    all_news = [PROD, dataclasses.replace(BEGUN, left=3.5, name="K\u00f6ln"), AWAY]
    for news in all_news:
        append(str(path), news)
    read = [News.from_line(line) for line in path.read_bytes().splitlines()]
    assert read == all_news
    assert [news.left for news in read if news] == [None, 3.5, None]


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"kind": "cluster"}', b'"text"', b"\xff", b'{"other": 1}'])
def test_a_line_that_holds_no_news_is_passed_over(line: bytes) -> None:
    assert News.from_line(line) is None


def test_without_its_file_news_are_lost_and_nothing_is_made(tmp_path: pathlib.Path) -> None:
    append(str(tmp_path / "gone"), PROD)
    assert list(tmp_path.iterdir()) == []


def test_news_follow_no_link(tmp_path: pathlib.Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    os.symlink(precious, tmp_path / "progress")
    append(str(tmp_path / "progress"), PROD)
    assert precious.read_text() == "kept"
