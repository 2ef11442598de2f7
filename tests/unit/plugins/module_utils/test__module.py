# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options, environment and endings of a module, through AnsibleModule itself."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import threading
import time
import typing as t

import pytest
import trustme
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as common_warnings

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _clock, _module, _progress
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption, VCenterError
from ansible_collections.vsphere.lifecycle.plugins.modules import (
    esx_cluster_stage_info,
    esx_software_stage,
    stage_report,
    vcenter_session,
)
from ansible_collections.vsphere.lifecycle.simulator import VCenter

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    # ansible-core before 2.19
    @contextlib.contextmanager
    def patch_module_args(args: dict[str, t.Any] | None = None) -> t.Iterator[None]:
        patch = pytest.MonkeyPatch()
        patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
        yield
        patch.undo()


SECRET = "the-password"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    """Run without VMWARE_* variables, and give the signals back."""
    for name in [name for name in os.environ if name.startswith("VMWARE_")]:
        monkeypatch.delenv(name)
    # Warnings are kept for the whole process, and a module is one process.
    common_warnings._global_warnings.clear()
    # The glue has the machine's own clock; nobody wants to wait for it.
    monkeypatch.setattr(_clock.Clock, "sleep", lambda dummy, seconds: time.sleep(min(seconds, 0.01)))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> t.Callable[..., dict[str, t.Any]]:
    """Run a module's main() and return the JSON that it ends with; the text of it must hold no password."""

    def call(main: t.Callable[[], None], check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        options["_ansible_check_mode"] = check_mode
        with patch_module_args(options), pytest.raises(SystemExit):
            main()
        printed = capsys.readouterr()
        assert SECRET not in printed.out + printed.err
        assert printed.err == ""
        return t.cast("dict[str, t.Any]", json.loads(printed.out))

    return call


@pytest.fixture
def connection(vcenter: VCenter) -> dict[str, t.Any]:
    return {
        "hostname": vcenter.hostname,
        "port": vcenter.port,
        "username": vcenter.username,
        "password": vcenter.password,
        "ca_path": str(vcenter.ca_path),
    }


@pytest.fixture
def in_environment(connection: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"hostname": "HOST", "port": "PORT", "username": "USER", "password": "PASSWORD", "ca_path": "CA_PATH"}
    for option, name in names.items():
        monkeypatch.setenv(f"VMWARE_{name}", str(connection[option]))


INFO = esx_cluster_stage_info.main


def test_a_module_ends_with_its_result(ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter) -> None:
    result = ended(INFO, **connection, clusters=["prod"])
    assert result["clusters"][0]["name"] == "prod"
    assert vcenter.sessions == []


def test_who_started_a_module_can_follow_it_in_a_file_and_reads_no_secret(
    ended: t.Any,
    world_data: dict[str, t.Any],
    request: pytest.FixtureRequest,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world_data["datacenters"][0]["clusters"][1].update(name=f"edge-{SECRET}", stage_seconds=0)
    request.getfixturevalue("in_environment")
    path = tmp_path / "progress"
    path.touch(0o600)
    monkeypatch.setenv(_progress.FILE, str(path))
    assert ended(esx_software_stage.main, clusters=["domain-c9"])["changed"] is True
    news = [_progress.News.from_line(line) for line in path.read_bytes().splitlines()]
    assert [(one.state, one.name) for one in news if one][:2] == [
        ("queued", "edge-********"),
        ("running", "edge-********"),
    ]
    assert news[-1]
    assert (news[-1].state, news[-1].staged) == ("ended", 2)
    assert SECRET not in path.read_text()


def test_a_secret_is_masked_wherever_it_is_in_a_long_name(
    ended: t.Any,
    world_data: dict[str, t.Any],
    request: pytest.FixtureRequest,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A line has room for its beginning alone.
    name = f"{'e' * (_progress.LONGEST - 8)}{SECRET}"
    world_data["datacenters"][0]["clusters"][1].update(name=name, stage_seconds=0)
    request.getfixturevalue("in_environment")
    path = tmp_path / "progress"
    path.touch(0o600)
    monkeypatch.setenv(_progress.FILE, str(path))
    assert ended(esx_software_stage.main, clusters=["domain-c9"])["changed"] is True
    assert "e********" in path.read_text()
    assert SECRET[:4] not in path.read_text()


@pytest.mark.usefixtures("in_environment")
def test_the_environment_stands_in(ended: t.Any, vcenter: VCenter) -> None:
    assert ended(INFO, clusters=["prod"])["changed"] is False


@pytest.mark.usefixtures("in_environment")
def test_an_explicit_option_beats_the_environment(ended: t.Any) -> None:
    result = ended(INFO, hostname="vcenter.invalid")
    assert result["failed"] is True
    assert "vcenter.invalid" in result["msg"]


@pytest.mark.usefixtures("in_environment")
def test_empty_strings_count_as_unset(ended: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROXY_HOST", "PROXY_PORT", "SESSION_ID", "VALIDATE_CERTS"):
        monkeypatch.setenv(f"VMWARE_{name}", "")
    options = {"hostname": "", "username": "", "password": "", "session_id": "", "ca_path": "", "proxy_host": ""}
    result = ended(INFO, clusters=["prod"], **options)
    assert "failed" not in result, result["msg"]


def test_an_empty_port_in_the_environment_is_the_default(ended: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMWARE_PORT", "")
    result = ended(INFO, hostname="vcenter.invalid", username="u", password=SECRET)
    assert "vcenter.invalid port 443" in result["msg"]


@pytest.mark.usefixtures("in_environment")
@pytest.mark.parametrize(("explicit", "warnings"), [({}, 1), ({"validate_certs": False}, 0)])
def test_the_environment_alone_switching_off_the_check_is_told_once(
    ended: t.Any, monkeypatch: pytest.MonkeyPatch, explicit: dict[str, t.Any], warnings: int
) -> None:
    monkeypatch.setenv("VMWARE_VALIDATE_CERTS", "False")
    monkeypatch.delenv("VMWARE_CA_PATH")
    result = ended(INFO, clusters=["prod"], **explicit)
    told = [text for text in result.get("warnings", []) if "certificate" in str(text)]
    assert len(told) == warnings
    assert result["clusters"]


@pytest.mark.usefixtures("in_environment")
def test_an_explicit_check_beats_the_environment(ended: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMWARE_VALIDATE_CERTS", "False")
    monkeypatch.delenv("VMWARE_CA_PATH")
    assert "certificate" in ended(INFO, validate_certs=True)["msg"]


def test_an_explicit_ca_path_beats_the_bundle_of_the_environment(
    ended: t.Any, connection: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    assert ended(INFO, **connection, validate_certs=True, clusters=["prod"])["clusters"]


def test_an_explicit_login_beats_a_session_of_the_environment(
    ended: t.Any, connection: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMWARE_SESSION_ID", "stale")
    assert ended(INFO, **connection, clusters=["prod"])["clusters"]


def test_empty_options_are_as_good_as_none(
    ended: t.Any, connection: dict[str, t.Any], new_client: t.Any, monkeypatch: pytest.MonkeyPatch, vcenter: VCenter
) -> None:
    monkeypatch.setenv("VMWARE_SESSION_ID", "stale-session")
    assert ended(INFO, **connection, session_id="", clusters=["prod"])["clusters"], "the login of the task"
    monkeypatch.setenv("VMWARE_USER", vcenter.username)
    monkeypatch.setenv("VMWARE_PASSWORD", vcenter.password)
    connection.update(username="", password="")
    with new_client() as owner:
        monkeypatch.setenv("VMWARE_SESSION_ID", owner._token)
        before = len(vcenter.requests)
        assert ended(INFO, **connection, clusters=["prod"])["clusters"], "the session of the environment"
        assert not [request for request in vcenter.requests[before:] if request.path == "/api/session"]


def test_a_session_of_the_environment_needs_no_login(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter, new_client: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_client() as owner:
        monkeypatch.setenv("VMWARE_SESSION_ID", owner._token)
        del connection["username"], connection["password"]
        result = ended(INFO, **connection, clusters=["prod"])
        assert result["clusters"]
        assert len(vcenter.sessions) == 1
        assert owner._token not in json.dumps(result)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "Set hostname (VMWARE_HOST)"),
        ({"hostname": "http://vc.example.com"}, "https://"),
        ({"hostname": "vc.example.com"}, "No username and no password to log in to vc.example.com"),
        ({"hostname": "vc.example.com", "session_id": "a\nb"}, "session_id has characters"),
        ({"hostname": "vc.example.com", "session_id": "0123-session", "ca_path": "/no/such/file"}, "/no/such/file"),
        ({"hostname": "vc.example.com", "session_id": "0123-session", "proxy_host": "proxy"}, "proxy_port"),
        ({"hostname": "vc.example.com", "session_id": "0123-session", "request_timeout": 0}, "request_timeout"),
        (
            {"hostname": "vc", "session_id": "0123-session", "proxy_host": "user:secret@proxy", "proxy_port": 1},
            "The proxy_host '***@proxy' is not a name",
        ),
        ({"hostname": "a b", "session_id": "0123-session"}, "not a name"),
        (
            {"hostname": "https://root:secret@vc.example.com/", "session_id": "0123-session"},
            "https://***@vc.example.com/",
        ),
    ],
)
def test_unusable_options_are_told(ended: t.Any, options: dict[str, t.Any], told: str) -> None:
    result = ended(INFO, **options)
    assert result["failed"] is True
    assert told in result["msg"]
    assert "secret" not in result["msg"]
    assert "exception" not in result


@pytest.mark.parametrize(
    ("hostname", "port", "expected"),
    [
        ("vc.example.com", 443, ("vc.example.com", 443)),
        (" https://vc.example.com/ui/ ", 443, ("vc.example.com", 443)),
        ("HTTPS://vc.example.com:8443", 443, ("vc.example.com", 8443)),
        ("vc.example.com:8443", 9443, ("vc.example.com", 9443)),
        ("fd00::1", 443, ("fd00::1", 443)),
        ("[fd00::1]:8443", 443, ("fd00::1", 8443)),
        ("https://[fd00::1]/", 443, ("fd00::1", 443)),
    ],
)
def test_host_and_port(hostname: str, port: int, expected: tuple[str, int]) -> None:
    assert _module.host_and_port(hostname, port) == expected


@pytest.mark.parametrize("hostname", ["", "  ", "https://", "vc:99999", "vc:port", "[fd00::1", "a@b", "ftp://vc"])
def test_an_unusable_hostname_is_refused(hostname: str) -> None:
    with pytest.raises(InvalidOption):
        _module.host_and_port(hostname, 443)


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidOption, match="port 70000"):
        _module.host_and_port("vc", 70000)


def test_a_proxy_of_ipv6_is_bracketed() -> None:
    options = {"proxy_host": "fd00::2", "proxy_port": 3128, "proxy_protocol": "https"}
    assert _module._proxy(options) == "https://[fd00::2]:3128"


def test_a_failure_carries_its_details(ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter) -> None:
    result = ended(INFO, **connection, task="unknown:com.vmware.esx.settings.clusters.software")
    assert result["failed"] is True
    assert result["error_type"] == "NOT_FOUND"
    assert result["http_status"] == 404
    assert "Could not read task unknown" in result["msg"]
    assert vcenter.sessions == []


def test_a_bug_stays_a_traceback(connection: dict[str, t.Any], vcenter: VCenter) -> None:
    def broken(*dummy: t.Any) -> dict[str, t.Any]:
        raise KeyError("bug")

    with patch_module_args(connection), pytest.raises(KeyError):
        _module.run_module(broken, {})
    assert vcenter.sessions == []


def test_a_missing_library_is_named(ended: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_module, "REQUESTS_IMPORT_ERROR", ImportError("No module named 'requests'"))
    result = ended(INFO, hostname="vc.example.com")
    assert "requests" in result["msg"]
    assert result["failed"] is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_logs_out_and_leaves_the_tasks_running(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter, number: signal.Signals
) -> None:
    def interrupt() -> None:
        # The world's clock stands still, so that the staging would never end.
        while not vcenter.stages:
            threading.Event().wait(0.05)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    result = ended(esx_software_stage.main, **connection, clusters=["prod"])
    assert f"Interrupted by {number.name}" in result["msg"]
    assert "run again" in result["msg"]
    assert vcenter.sessions == []
    assert [task.status for task in vcenter.world.tasks.tasks.values()] == ["RUNNING"]


def open_sessions(vcenter: VCenter) -> list[str]:
    return [session.token for session in vcenter.world.sessions.open]


def invoked() -> dict[str, t.Any]:
    """Return what lets a module show its parameters; before ansible-core 2.19 it always does."""
    return {"_ansible_inject_invocation": True} if "inject_invocation" in basic.PASS_VARS else {}


def test_a_session_is_handed_out_and_used_and_ended(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter
) -> None:
    check = ended(vcenter_session.main, check_mode=True, **connection)
    assert check["changed"] is True
    assert check["session_id"] is None
    opened = ended(vcenter_session.main, **connection)
    assert opened["changed"] is True
    assert open_sessions(vcenter) == [opened["session_id"]]
    connection["session_id"] = opened["session_id"]
    assert ended(INFO, **connection, clusters=["prod"])["clusters"]
    assert len(vcenter.world.sessions.issued) == 2, "check mode and the session itself"
    assert ended(vcenter_session.main, **connection, state="absent")["changed"] is True
    assert ended(vcenter_session.main, **connection, state="absent")["changed"] is False
    assert open_sessions(vcenter) == []


def test_a_session_given_is_shown_in_the_result_alone(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter
) -> None:
    session = ended(vcenter_session.main, **connection)["session_id"]
    again = ended(vcenter_session.main, **connection, **invoked(), session_id=session)
    assert (again["changed"], again["session_id"]) == (False, session)
    assert json.dumps(again).count(session) == 1
    assert again["invocation"]["module_args"]["session_id"] == again["invocation"]["module_args"]["password"]
    gone = ended(vcenter_session.main, **connection, **invoked(), session_id=session, state="absent")
    assert session not in json.dumps(gone)


def test_a_failure_does_not_show_the_session(ended: t.Any, connection: dict[str, t.Any]) -> None:
    connection.update(username="", password="", session_id="0123-ended")
    result = ended(vcenter_session.main, **connection, **invoked())
    assert "does not accept the session_id given" in result["msg"]
    assert "0123-ended" not in json.dumps(result)


@pytest.mark.parametrize("session", ["", None])
def test_without_a_session_there_is_nothing_to_end_and_no_login_to_ask_for(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter, session: str | None
) -> None:
    """As after a login that failed, or in check mode."""
    connection.update(username="", password="")
    result = ended(vcenter_session.main, **connection, session_id=session, state="absent")
    assert (result.get("failed", False), result["changed"]) == (False, False)
    assert vcenter.requests == []
    assert "No username" in ended(vcenter_session.main, **connection)["msg"]


@pytest.mark.usefixtures("in_environment")
def test_a_session_of_the_environment_is_not_ended_by_a_task_that_logs_in(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ended(vcenter_session.main)["session_id"]
    monkeypatch.setenv("VMWARE_SESSION_ID", session)
    assert ended(vcenter_session.main, **connection, state="absent")["changed"] is False
    assert open_sessions(vcenter) == [session]
    assert ended(vcenter_session.main)["changed"] is False, "the session of the environment"
    assert ended(vcenter_session.main, state="absent")["changed"] is True
    assert open_sessions(vcenter) == []


def test_a_session_of_a_task_comes_before_its_login(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter
) -> None:
    assert ended(INFO, **connection, session_id="ended", clusters=["prod"])["clusters"]
    assert next(request.status for request in vcenter.requests) == 401
    assert open_sessions(vcenter) == []


def test_a_signal_before_the_session_is_handed_out_closes_it(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    provide = vcenter_session.provide

    def late(*arguments: t.Any) -> dict[str, t.Any]:
        result = provide(*arguments)
        assert open_sessions(vcenter) == [result["session_id"]]
        os.kill(os.getpid(), signal.SIGTERM)
        return result

    monkeypatch.setattr(vcenter_session, "provide", late)
    result = ended(vcenter_session.main, **connection)
    assert "Interrupted by SIGTERM" in result["msg"]
    assert vcenter.sessions == []
    assert vcenter.world.sessions.issued[0] not in json.dumps(result)


def test_a_signal_after_that_does_not_keep_the_session_from_its_reader(
    ended: t.Any, connection: dict[str, t.Any], vcenter: VCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = VCenterClient.__exit__

    def interrupted(*arguments: t.Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        leave(*arguments)

    monkeypatch.setattr(VCenterClient, "__exit__", interrupted)
    assert ended(vcenter_session.main, **connection)["session_id"] in open_sessions(vcenter)


def test_an_error_without_an_attempt_is_a_sentence() -> None:
    assert str(VCenterError("It broke", "Mend it")) == "It broke. Mend it."


REPORT = stage_report.main


def test_a_module_without_a_vcenter_needs_no_connection(ended: t.Any, tmp_path: pathlib.Path) -> None:
    result = ended(REPORT, rollout={"problem": "a secret of nobody"}, path=str(tmp_path / "new"))
    assert result["changed"] is True
    assert len(list((tmp_path / "new").iterdir())) == 3
    assert "a secret of nobody" not in json.dumps(result), "a large option is not repeated"


def test_a_module_without_a_vcenter_obeys_check_mode(ended: t.Any, tmp_path: pathlib.Path) -> None:
    assert ended(REPORT, check_mode=True, rollout={}, path=str(tmp_path / "new"))["changed"] is True
    assert list(tmp_path.iterdir()) == []


def test_a_module_without_a_vcenter_warns_and_fails_in_sentences(ended: t.Any, tmp_path: pathlib.Path) -> None:
    missing = str(tmp_path / "missing.jsonl")
    result = ended(REPORT, rollout={}, path=str(tmp_path / "new"), result_files=[missing])
    assert f"The result file '{missing}' could not be read (No such file or directory)." in str(result["warnings"])
    (tmp_path / "file\x1b[31m").write_text("")
    result = ended(REPORT, rollout={}, path=str(tmp_path / "file\x1b[31m"))
    assert result["failed"] is True
    assert result["msg"] == (f"'{tmp_path}/file\\x1b[31m' is no folder. Give path a directory of your own.")


def test_a_signal_ends_a_module_without_a_vcenter_in_a_sentence(
    ended: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", lambda *dummy: os.kill(os.getpid(), signal.SIGTERM))
    result = ended(REPORT, rollout={}, path=str(tmp_path / "new"))
    assert (result["failed"], result["msg"]) == (True, "Interrupted by SIGTERM. Run again.")
    assert list((tmp_path / "new").iterdir()) == [], "nothing half written is left"
