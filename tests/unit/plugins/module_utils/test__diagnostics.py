# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trace of requests: what is in it, what is not, and where it is never written."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._diagnostics import Diagnostics
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption, NotFound

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint
    from ansible_collections.vsphere.lifecycle.simulator import VCenter, World


def no_warning(text: str) -> None:
    raise AssertionError(text)


def test_a_full_disk_ends_the_trace_and_not_the_work() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    told: list[str] = []
    trace = Diagnostics.__new__(Diagnostics)
    trace._path, trace._warn, trace._broken = "full", told.append, False
    with open("/dev/full", "a", encoding="utf-8") as trace._file:
        trace({"method": "GET"})
        trace({"method": "GET"})
        trace.__exit__(None, None, None)
    assert told == ["The trace in 'full' ends here: No space left on device."]


def test_each_request_is_a_line_without_secrets(
    tmp_path: pathlib.Path, endpoint: Endpoint, vcenter: VCenter, world: World, clock: t.Any
) -> None:
    path = tmp_path / "trace.jsonl"
    world.faults.add("503_json", path="/api/vcenter/cluster")
    credentials = Credentials(vcenter.username, vcenter.password)
    with (
        Diagnostics(str(path), no_warning) as trace,
        VCenterClient(endpoint, credentials, clock, trace=trace) as client,
    ):
        token = client._token or ""
        client.get("/api/vcenter/cluster", {"names": ["prod"]})
        with pytest.raises(NotFound):
            client.get("/api/cis/tasks/x:y")
    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/api/session", 201),
        ("GET", "/api/vcenter/cluster?names=prod", 503),
        ("GET", "/api/vcenter/cluster?names=prod", 200),
        ("GET", "/api/cis/tasks/x:y", 404),
        ("DELETE", "/api/session", 204),
    ]
    assert set(lines[0]) == {"time", "method", "path", "status", "seconds", "request_id", "failure"}
    for secret in (vcenter.password, token, "Basic"):
        assert secret not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text("before\n")
    path.chmod(0o644)
    with Diagnostics(str(path), no_warning) as trace:
        trace({"method": "GET"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("before\n{")


def test_a_link_is_not_followed(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(InvalidOption, match="symbolic link"):
        Diagnostics(str(tmp_path / "link"), no_warning)
    assert target.read_text() == "precious"


def test_what_is_no_plain_file_is_refused(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidOption):
        Diagnostics(str(tmp_path), no_warning)
    with pytest.raises(InvalidOption, match="cannot be written"):
        Diagnostics(str(tmp_path / "missing" / "trace"), no_warning)
    os.mkfifo(tmp_path / "pipe")
    # Somebody listens, so that it can be opened.
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(InvalidOption, match="no plain file"):
        Diagnostics(str(tmp_path / "pipe"), no_warning)
    os.close(reader)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(InvalidOption, match="no plain file of this user"):
        Diagnostics(str(tmp_path / "somebody's"), no_warning)
