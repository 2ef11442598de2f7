# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that writes the report: what is in the folder afterwards, and what it says when it cannot write."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _files
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption, NotWritten
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.plugins.modules import stage_report
from ansible_collections.vsphere.lifecycle.tests import rollouts

Json = dict[str, t.Any]
NAMES = ["report.csv", "report.html", "report.json"]


@pytest.fixture
def result_file(tmp_path: pathlib.Path) -> pathlib.Path:
    """A result file of the small rollout."""
    path = tmp_path / "wave-1.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in rollouts.small()[1]), encoding="utf-8")
    return path


@pytest.fixture
def params(tmp_path: pathlib.Path, result_file: pathlib.Path) -> Json:
    return {
        "rollout": rollouts.small()[0],
        "result_files": [str(result_file)],
        "path": str(tmp_path / "report"),
        "formats": ["json", "csv", "html"],
    }


def run(params: Json, *, check_mode: bool = False) -> tuple[Json, list[str]]:
    """Run the work function; return its result and its warnings."""
    warnings: list[str] = []
    return stage_report.write(params, Context(check_mode, warnings.append)), warnings


def mode(path: pathlib.Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_all_files_are_written_for_their_owner_alone(params: Json) -> None:
    old = os.umask(0)
    try:
        result, warnings = run(params)
    finally:
        os.umask(old)
    folder = pathlib.Path(params["path"])
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert result["changed"] is True
    assert warnings == result["notes"] == []
    assert [(file["format"], file["size"], file["changed"]) for file in result["files"]] == [
        (kind, (folder / f"report.{kind}").stat().st_size, True) for kind in ("json", "csv", "html")
    ]
    value = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert value == report_of(*rollouts.small())
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>\n")
    assert (folder / "report.csv").read_text(encoding="utf-8").count("\n") == 7


def test_a_second_run_changes_nothing_and_another_rollout_does(params: Json) -> None:
    run(params)
    page = pathlib.Path(params["path"]) / "report.html"
    before = page.stat().st_ino
    result, dummy = run(params)
    assert result["changed"] is False
    assert page.stat().st_ino == before, "it was not written again"
    params["rollout"]["vcenter_version"] = "9.0.0"
    assert [file["changed"] for file in run(params)[0]["files"]] == [True, False, True]


def test_a_file_that_others_can_read_is_closed_to_them(params: Json) -> None:
    run(params)
    page = pathlib.Path(params["path"]) / "report.html"
    page.chmod(0o644)
    result, dummy = run(params)
    assert [file["changed"] for file in result["files"]] == [False, False, True]
    assert mode(page) == 0o600


def test_check_mode_writes_nothing_and_says_what_would_be(params: Json) -> None:
    predicted, dummy = run(params, check_mode=True)
    assert not os.path.exists(params["path"])
    assert predicted == run(params)[0]
    before = {path.name: path.stat().st_mtime_ns for path in pathlib.Path(params["path"]).iterdir()}
    again, dummy = run(params, check_mode=True)
    assert again == run(params)[0]
    assert again["changed"] is False
    assert before == {path.name: path.stat().st_mtime_ns for path in pathlib.Path(params["path"]).iterdir()}


def test_only_what_is_asked_for_is_written(params: Json) -> None:
    result, dummy = run({**params, "formats": ["html"]})
    assert os.listdir(params["path"]) == ["report.html"]
    assert [file["format"] for file in result["files"]] == ["html"]


def test_a_folder_below_folders_that_are_missing_is_made(params: Json, tmp_path: pathlib.Path) -> None:
    params["path"] = str(tmp_path / "a" / "b")
    run(params)
    assert sorted(os.listdir(params["path"])) == NAMES


def test_a_result_file_that_is_missing_or_damaged_is_told(params: Json, tmp_path: pathlib.Path) -> None:
    lines = rollouts.small()[1]
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(
        b"\n".join([json.dumps(lines[0]).encode(), b'{"cut": ', b"[]", b"\xff\xfe", b'{"moid": 1}', b""])
    )
    os.mkfifo(tmp_path / "pipe")
    params["result_files"] = [str(tmp_path / name) for name in ("missing.jsonl", "damaged.jsonl", "pipe", "", "a\0b")]
    result, warnings = run(params)
    assert result["notes"][:4] == [
        f"The result file '{tmp_path}/missing.jsonl' could not be read (No such file or directory)",
        f"The result file '{tmp_path}/damaged.jsonl' is damaged: lines 2, 3, 4 and 1 more could not be read",
        f"The result file '{tmp_path}/pipe' could not be read (no plain file)",
        f"The result file '{tmp_path}' could not be read (Is a directory)",
    ]
    assert result["notes"][4].startswith(f"The result file '{tmp_path}/a\\x00b' could not be read (")
    assert "embedded null" in result["notes"][4]
    assert len(warnings) == 5
    page = (pathlib.Path(params["path"]) / "report.html").read_text(encoding="utf-8")
    assert "This report is incomplete" in page
    value = json.loads((pathlib.Path(params["path"]) / "report.json").read_text(encoding="utf-8"))
    assert [cluster["detailed"] for cluster in value["clusters"]] == [True, False, False]
    assert value["notes"] == result["notes"]


def test_one_damaged_line_is_named(params: Json, result_file: pathlib.Path) -> None:
    result_file.write_text(result_file.read_text(encoding="utf-8") + "{", encoding="utf-8")
    assert run(params)[1] == [f"The result file '{result_file}' is damaged: line 3 could not be read."]


def test_a_rollout_that_is_no_json_is_refused(params: Json) -> None:
    params["rollout"]["later"] = float("nan")
    with pytest.raises(InvalidOption, match="The rollout cannot be written as JSON"):
        run(params)
    assert not os.path.exists(params["path"])


def test_nothing_is_written_through_a_link(params: Json, tmp_path: pathlib.Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    link = tmp_path / "link"
    link.symlink_to(precious)
    for place in (str(link), f"{link}/"):
        with pytest.raises(InvalidOption, match="is no folder, but a symbolic link. Give path a directory of your own"):
            run({**params, "path": place})
    (precious / "file").write_text("kept")
    folder = pathlib.Path(params["path"])
    folder.mkdir()
    (folder / "report.html").symlink_to(precious / "file")
    with pytest.raises(InvalidOption, match=r"report.html' is no plain file of this user. Remove it, or give path"):
        run(params)
    assert (precious / "file").read_text() == "kept"
    assert os.listdir(folder) == ["report.html"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_folder_that_cannot_be_written_is_refused_with_a_reason(
    params: Json, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, check_mode: bool
) -> None:
    (tmp_path / "file").write_text("")
    for place, reason in (
        (tmp_path / "file", "is no folder. Give path a directory of your own"),
        (tmp_path / "file" / "below", "cannot be written .Not a directory."),
        (f"{tmp_path}/null\0byte", "cannot be written .*embedded null"),
    ):
        with pytest.raises(InvalidOption, match=reason):
            run({**params, "path": str(place)}, check_mode=check_mode)
    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr(os, "access", lambda path, wanted: False)
    with pytest.raises(
        InvalidOption, match=f"no permission to write to '{tmp_path}'.*Give path a directory of your own"
    ):
        run(params, check_mode=check_mode)
    assert not os.path.exists(params["path"])


def test_a_disk_that_is_full_is_told_and_keeps_what_was_there(params: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    run(params)
    before = {name: (pathlib.Path(params["path"]) / name).read_bytes() for name in NAMES}

    def full(path: str, lines: t.Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files, "replace", full)
    params["rollout"]["vcenter_version"] = "9.0.0"
    with pytest.raises(NotWritten, match=r"report.json' could not be written \(No space left on device\). Make room"):
        run(params)
    assert before == {name: (pathlib.Path(params["path"]) / name).read_bytes() for name in NAMES}


def test_what_unicode_calls_a_line_break_does_not_break_the_files(params: Json) -> None:
    params["rollout"]["problem"] = "a\x85b\x0bc\x1cd\ne"
    run(params)
    assert run(params)[0]["changed"] is False
    value = json.loads((pathlib.Path(params["path"]) / "report.json").read_text(encoding="utf-8"))
    assert value["problem"] == "a\\x85b\\x0bc\\x1cd\ne"
