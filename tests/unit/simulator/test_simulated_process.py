# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m simulator` as a process: ready file, certificate, end by signal or by itself."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import typing as t

import pytest
import requests

from ansible_collections.vsphere.lifecycle import simulator

ROOT = pathlib.Path(simulator.__file__).resolve().parents[1]
WORLD = "datacenters: [{name: Berlin, clusters: [{name: prod, hosts: [esx01]}]}]\n"


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "simulator", *options]


@contextlib.contextmanager
def running(tmp_path: pathlib.Path, *options: str) -> t.Iterator[subprocess.Popen[str]]:
    world = tmp_path / "world.yml"
    world.write_text(WORLD, encoding="utf-8")
    arguments = ["--world", str(world), "--ready-file", str(tmp_path / "ready.json"), *options]
    with subprocess.Popen(command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    path = tmp_path / "ready.json"
    for _dummy in range(400):
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        time.sleep(0.05)
    raise TimeoutError(f"{path} did not appear")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    ca_path = tmp_path / "ca.pem"
    with running(tmp_path, "--ca-file", str(ca_path), "--speed", "1000") as process:
        told = ready(tmp_path)
        assert told["pid"] == process.pid
        assert told["ca_path"] == str(ca_path)
        http = requests.Session()
        http.trust_env = False
        login = http.post(
            f"https://{told['hostname']}:{told['port']}/api/session",
            auth=(told["username"], told["password"]),
            verify=told["ca_path"],
            timeout=10,
        )
        assert login.status_code == 201
        process.send_signal(number)
        output, dummy = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"VMWARE_PORT={told['port']}" in output


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="the loopback interface has no IPv6 address")


@pytest.mark.parametrize(
    ("address", "hostname"),
    [("127.0.0.1", "localhost"), ("127.0.0.2", "127.0.0.2"), pytest.param("::1", "::1", marks=IPV6)],
)
def test_it_listens_where_it_is_told(tmp_path: pathlib.Path, address: str, hostname: str) -> None:
    with running(tmp_path, "--address", address, "--ca-file", str(tmp_path / "ca.pem")):
        told = ready(tmp_path)
        assert told["hostname"] == hostname
        http = requests.Session()
        http.trust_env = False
        host = f"[{hostname}]" if ":" in hostname else hostname
        reply = http.get(f"https://{host}:{told['port']}/api/none", verify=told["ca_path"], timeout=10)
        assert reply.status_code == 404


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "localhost"])
def test_it_never_listens_where_others_can_reach_it(address: str) -> None:
    done = subprocess.run(
        command("--world", "none", "--address", address),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert f"got {address}" in done.stderr


def test_it_ends_by_itself(tmp_path: pathlib.Path) -> None:
    with running(tmp_path, "--lifetime", "0.2", "--quiet") as process:
        output, dummy = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "")


@pytest.mark.parametrize(("world", "problem"), [("wurld: 1", "unknown member 'wurld'"), (None, "Could not read")])
def test_bad_world_file_is_refused_in_one_sentence(tmp_path: pathlib.Path, world: str | None, problem: str) -> None:
    path = tmp_path / "world.yml"
    if world is not None:
        path.write_text(world, encoding="utf-8")
    done = subprocess.run(
        command("--world", str(path)), cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_help_explains_itself() -> None:
    done = subprocess.run(
        command("--help"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    for word in ("world file", "example:", "VMWARE_CA_PATH", "--lifetime"):
        assert word in done.stdout
