# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How clusters are staged: with our one task, and with others' means at their best; measures nothing."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import sys
import typing as t

from ansible_collections.vsphere.lifecycle.tests.processes import PASSWORD, USERNAME, Json

from .laboratory import HOSTS, SESSION_HEADER, Laboratory, Run, cluster_ids, cluster_names

#: Seconds between two looks at tasks, for everybody.
POLL = 1
FORKS = 50
#: Not on by default, but it spares uri a part of its work.
PIPELINING = {"ANSIBLE_PIPELINING": "true"}
SDK_SCRIPT = pathlib.Path(__file__).with_name("sdk_script.py")


def nothing(lab: Laboratory) -> Run:
    """Run a play that does nothing: what Ansible itself takes."""
    return lab.play([{"name": "Nothing", "ansible.builtin.debug": {"msg": "Hello"}}])


def ours(
    lab: Laboratory, number: int, *, in_flight: int | None = None, in_process: bool = True, refresh: str = "auto"
) -> Run:
    """Stage so many clusters in one task.

    :param in_flight: clusters at a time; None for all.
    :param refresh: the module's option.
    """
    places = in_flight or number
    options = {
        "clusters": cluster_names(number),
        "clusters_in_flight": places,
        "hosts_in_flight": places * HOSTS,
        "poll_interval": POLL,
        "refresh": refresh,
    }
    task = {"name": "Stage", "vsphere.lifecycle.esx_software_stage": options}
    return lab.play([task], in_process=in_process)


def uri_in_loops(lab: Laboratory, number: int) -> Run:
    """Stage with ansible.builtin.uri: a loop of requests, then one that waits for each task."""
    start = {**_start(lab, "{{ item }}"), "loop": cluster_ids(number), "register": "started"}
    wait = {**_wait(lab, "{{ item }}"), "loop": "{{ started.results | map(attribute='json') }}"}
    return lab.play([_login(lab), start, wait, _logout(lab)], variables=PIPELINING)


def uri_with_forks(lab: Laboratory, number: int) -> Run:
    """Stage with ansible.builtin.uri: each cluster is a host of the inventory, fifty at a time."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = lab.folder / "clusters.json"
    hosts = {"all": {"hosts": {name: local for name in cluster_ids(number)}}}
    inventory.write_text(json.dumps(hosts), encoding="utf-8")
    start = {**_start(lab, "{{ inventory_hostname }}"), "register": "started"}
    tasks = [{**_login(lab), "run_once": True}, start, _wait(lab, "{{ started.json }}")]
    tasks.append({**_logout(lab), "run_once": True})
    return lab.play(tasks, "--inventory", str(inventory), "--forks", str(FORKS), variables=PIPELINING, hosts="all")


def sdk(lab: Laboratory, number: int) -> Run:
    """Stage with the vendor's SDK, in a script that looks at all tasks at once."""
    return lab.script(sys.executable, str(SDK_SCRIPT), str(POLL))


def sdk_is_there() -> bool:
    """Whether the vendor's SDK is installed; it is not for Python 3.14."""
    return importlib.util.find_spec("com") is not None


def _login(lab: Laboratory) -> Json:
    login = {"url_username": USERNAME, "url_password": PASSWORD, "force_basic_auth": True}
    task = _uri(lab, "session", "POST", 201, headers={}, **login)
    return {"name": "Log in", **task, "register": "login"}


def _start(lab: Laboratory, cluster: str) -> Json:
    path = f"esx/settings/clusters/{cluster}/software?action=stage&vmw-task=true"
    return {"name": "Start staging", **_uri(lab, path, "POST", 202, body={}, body_format="json")}


def _wait(lab: Laboratory, task: str) -> Json:
    until = {"register": "seen", "until": "seen.json.status in ['SUCCEEDED', 'FAILED']", "retries": 600, "delay": POLL}
    return {"name": "Wait for the task", **_uri(lab, f"cis/tasks/{task}", "GET", 200), **until}


def _logout(lab: Laboratory) -> Json:
    return {"name": "Log out", **_uri(lab, "session", "DELETE", 204)}


def _uri(lab: Laboratory, path: str, method: str, status: int, **options: t.Any) -> Json:
    with_session = {"headers": {SESSION_HEADER: "{{ login.json }}"}}
    common = {"url": f"{lab.url}/api/{path}", "method": method, "status_code": status, "ca_path": lab.ca_path}
    return {"ansible.builtin.uri": {**common, **with_session, **options}}
