# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are replaced in one step: where they are never written, and what stays when that fails."""

from __future__ import annotations

import os
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _files
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption


def check(path: pathlib.Path) -> None:
    _files.check_replaceable(str(path), "result_file")


def test_a_check_leaves_nothing_behind(tmp_path: pathlib.Path) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text("before\n")
    check(kept)
    check(tmp_path / "new.jsonl")
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.read_text() == "before\n"


def test_a_bare_name_is_meant_from_here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(pathlib.Path("here.jsonl"))
    _files.replace("here.jsonl", ["{}"])
    assert (tmp_path / "here.jsonl").read_text() == "{}\n"


def test_what_cannot_be_replaced_is_refused(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    (tmp_path / "somebody's").write_text("")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(InvalidOption, match="is no plain file of this user. Give result_file another file"):
            check(path)
    for path, reason in (
        (tmp_path / "missing" / "file", "No such file or directory"),
        (tmp_path / "somebody's" / "file", "Not a directory"),
        (tmp_path / "null\0byte", "embedded null"),
    ):
        with pytest.raises(InvalidOption, match=f"cannot be written .*{reason}.*Give result_file a file"):
            check(path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(InvalidOption, match="no plain file of this user"):
        check(tmp_path / "somebody's")


def test_a_file_is_replaced_and_closed_to_others(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "result.jsonl"
    path.write_text("before\n")
    path.chmod(0o644)
    with path.open() as reader:
        _files.replace(str(path), ["one", "two"])
        assert reader.read() == "before\n", "whoever reads it goes on with what was there"
    assert path.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_came_later_is_replaced_itself(tmp_path: pathlib.Path) -> None:
    precious, link = tmp_path / "precious", tmp_path / "link"
    precious.write_text("precious")
    link.symlink_to(precious)
    _files.replace(str(link), ["{}"])
    assert precious.read_text() == "precious"
    assert not link.is_symlink()


def test_what_was_there_stays_when_writing_fails(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "result.jsonl"
    path.write_text("before\n")

    def lines() -> t.Iterator[str]:
        yield "one"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        _files.replace(str(path), lines())
    assert path.read_text() == "before\n"
    assert list(tmp_path.iterdir()) == [path]
