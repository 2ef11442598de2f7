# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every parser of what vCenter sends ends in a value or an error of ours, and never in a wrong "staged"."""

from __future__ import annotations

import json
import typing as t

import hypothesis
import pytest
from hypothesis import strategies as st

from ansible_collections.vsphere.lifecycle.plugins.module_utils import (
    _appliance,
    _extension_tasks,
    _images,
    _inventory,
    _localizable,
    _task_info,
    _tasks,
    _values,
    _verdicts,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity, Host
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless, plain

from .damage import any_text, damaged, respelled, text_of, values
from .documents import kind, valid

CLUSTER, HOST = Entity("cluster", "domain-c8", "prod"), Host("host", "host-16", "esx01")
LOCALIZABLE = [{"id": "x", "default_message": "m", "args": ["1"], "params": {"a": {"l": {"id": "y", "params": {}}}}}]


class One:
    """Answers every request with the same value."""

    def __init__(self, value: t.Any) -> None:
        self.get = self.post = lambda *dummy, **more: value
        self.get_first = lambda *paths: (paths[0], value)


def asked(function: t.Callable[..., t.Any], *more: t.Any) -> t.Callable[[t.Any], t.Any]:
    """Make a parser of a function that asks a client."""
    return lambda value: function(t.cast("t.Any", One(value)), *more)


def extension_task(value: t.Any) -> t.Any:
    """Do what the module does with a task that it has read."""
    info = _extension_tasks.find_task(t.cast("t.Any", One(value)), "task")
    wanted = {
        "status": "RUNNING",
        "progress": {"completed": 1, "total": 2},
        "description": LOCALIZABLE[0],
        "result": {"a": [1, True]},
        "error": "failed",
        "start_time": "2026-01-15T12:00:00Z",
    }
    asked_for = _extension_tasks.completed_with(_extension_tasks.wanted_of(wanted), info)
    members = _extension_tasks.changes(asked_for, info)
    after = _extension_tasks.updated(info, members)
    return [
        _extension_tasks.task_of("task", info),
        _extension_tasks.task_of("task", after),
        _extension_tasks.shown(asked_for, info),
        _extension_tasks.spec_of(members),
    ]


#: Parser, and the documents that it is made for.
PARSERS: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "get_task": (asked(_tasks.get_task, "task"), "GET /api/cis/tasks"),
    "list_tasks": (asked(_tasks.list_tasks, {}), "POST /api/cis/tasks$"),
    "compliance_of a cluster": (lambda value: _images.compliance_of(CLUSTER, value), "clusters/.*/compliance"),
    "compliance_of a host": (lambda value: _images.compliance_of(HOST, value), "hosts/.*/compliance"),
    "managed_by_image": (asked(_images.managed_by_image, CLUSTER), "enablement"),
    "start_scan": (asked(_images.start_scan, CLUSTER), "POST .*/software$"),
    "find_clusters": (asked(_inventory.find_clusters, ["prod"]), "vcenter/cluster"),
    "hosts_of": (asked(_inventory.hosts_of, CLUSTER), "vcenter/host"),
    "find_datacenter": (asked(_inventory.find_datacenter, "Berlin"), "vcenter/datacenter"),
    "outcome_of a cluster": (lambda value: _verdicts.outcome_of(CLUSTER, value), "stage result"),
    "outcome_of a host": (lambda value: _verdicts.outcome_of(HOST, value, ended=False), "stage result"),
    "update_of": (_appliance.update_of, "update that runs|appliance/update$"),
    "pending": (lambda value: [_appliance.summary_of(entry) for entry in value], "update/pending"),
    "staged": (_appliance.summary_of, "update/staged"),
    "policy_of": (_appliance.policy_of, "update/policy"),
    "common_of": (lambda value: _task_info.common_of(value, "task"), "/cis/tasks/"),
    "error_of": (_task_info.error_of, "^error"),
    "progress_of": (_task_info.progress_of, "^progress"),
    "notifications_of": (_values.notifications_of, "^notifications"),
    "texts_of": (_values.texts_of, "^messages"),
    "comparable": (lambda value: [_localizable.comparable(entry) for entry in value], "^messages"),
    "extension task": (extension_task, r"extension\.tasks$"),
}


def parsed(name: str, document: t.Any) -> t.Any:
    """Return what a parser makes of a document that came as a text; None for an error of ours."""
    parser = PARSERS[name][0]
    text = text_of(document)
    try:
        value = _values.json_of(text)
    except ValueError:
        return None
    # Their callers have made sure of that.
    if name in {"pending", "comparable"} and not isinstance(value, list):
        return None
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    try:
        found = parser(value)
    except VCenterError as error:
        check_told(str(error))
        return None
    check_taken(name, found)
    # It has to fit into a result: into JSON that everybody reads, in an encoding that everybody has.
    json.dumps(harmless(_json(found)), allow_nan=False, ensure_ascii=False).encode()
    return found


def check_told(text: str) -> None:
    """A message is one line that nothing obeys."""
    assert text == plain(text)


def check_taken(name: str, found: t.Any) -> None:
    """Nothing is deeper than agreed, and what is shown as a text is one line."""
    assert _depth(_json(found)) <= _values.DEPTH_LIMIT + 3
    texts = {"notifications_of": lambda: [one["message"] for one in found], "texts_of": lambda: found}
    names = {"find_clusters": lambda: [one.name for one in found], "hosts_of": lambda: [one.name for one in found]}
    for text in (texts | names).get(name, list)():
        check_told(text)


def _depth(value: t.Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _json(value: t.Any) -> t.Any:
    return json.loads(json.dumps(value, default=vars))


@pytest.mark.parametrize("name", PARSERS)
def test_a_valid_answer_is_taken(name: str) -> None:
    for document in kind(PARSERS[name][1]):
        assert parsed(name, document) is not None


@pytest.mark.parametrize("name", PARSERS)
@hypothesis.given(data=st.data())
def test_a_damaged_answer_ends_in_a_value_or_an_error_of_ours(name: str, data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(kind(PARSERS[name][1])))
    parsed(name, data.draw(damaged(document)))


@pytest.mark.parametrize("name", PARSERS)
@hypothesis.given(data=st.data())
def test_texts_that_hurt_are_made_harmless(name: str, data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(kind(PARSERS[name][1])))
    parsed(name, data.draw(respelled(document)))


@pytest.mark.parametrize("name", PARSERS)
@hypothesis.given(data=st.data())
def test_any_json_ends_in_a_value_or_an_error_of_ours(name: str, data: st.DataObject) -> None:
    parsed(name, data.draw(st.one_of(values, st.sampled_from(list(valid().values())))))


def may_be_staged(result: t.Any, host: str) -> bool:
    """Whether a stage result says of a host that it was staged; told from the documented shape, in other words."""
    lists = [result.get(name) or [] for name in ("successful_hosts", "skipped_hosts", "failed_hosts")]
    if not all(isinstance(one, list) and all(isinstance(entry, str) for entry in one) for one in lists):
        return False
    statuses = result.get("host_status") or {}
    entries = statuses.items() if isinstance(statuses, dict) else [(one["key"], one.get("value")) for one in statuses]
    known = [entry for name, entry in entries if name == host and entry is not None]
    said = [one["status"] if isinstance(one, dict) and "status" in one else None for one in known]
    if not all(isinstance(one, dict) for one in known) or any(word not in ("OK", None) for word in said):
        return False
    if host in lists[1] or host in lists[2]:
        return False
    return "OK" in said or host in lists[0]


@hypothesis.settings(max_examples=10 * hypothesis.settings().max_examples)
@hypothesis.given(data=st.data())
def test_a_host_counts_as_staged_only_where_vcenter_says_so(data: st.DataObject) -> None:
    contradicting = {**kind("stage result")[0], "failed_hosts": ["host-17", "host-18"], "skipped_hosts": ["host-16"]}
    document = data.draw(st.one_of(damaged(kind("stage result")[0]), damaged(contradicting)))
    outcome = parsed("outcome_of a cluster", document)
    for host, verdict in outcome.verdicts.items() if outcome else ():
        staged = may_be_staged(_values.json_of(text_of(document)), host)
        assert (verdict.verdict == "staged") == staged, (host, verdict)


@hypothesis.given(data=st.data())
def test_a_standalone_host_counts_as_staged_only_where_vcenter_says_so(data: st.DataObject) -> None:
    result = kind("GET /api/cis/tasks/com.vmware.esx.settings.hosts.software")[0]["result"]
    document = data.draw(damaged(result))
    outcome = parsed("outcome_of a host", document)
    for verdict in outcome.verdicts.values() if outcome else ():
        status = document["status"]
        assert (verdict.verdict == "staged") == (isinstance(status, dict) and status.get("status") == "OK")


@hypothesis.given(data=st.data())
def test_a_host_needs_nothing_only_where_the_compliance_says_so(data: st.DataObject) -> None:
    document = data.draw(damaged(kind("clusters/.*/compliance")[0]))
    compliance = parsed("compliance_of a cluster", document)
    if compliance is None:
        return
    hosts = [Host("host", moid, moid) for moid in [*compliance.hosts, "host-999"]]
    for moid, verdict in _verdicts.plan_for(hosts, compliance, {}).settled.items():
        told = _values.mapping_of(_values.json_of(text_of(document)).get("hosts"))[moid]
        good = told["status"] == "COMPLIANT" or (told["status"], told.get("stage_status")) == (
            "NON_COMPLIANT",
            "STAGED",
        )
        assert (verdict.verdict == "skipped") == good
        assert verdict.verdict in {"skipped", "failed"}


@hypothesis.given(any_text)
def test_any_text_becomes_one_plain_line(text: str) -> None:
    line = plain(text)
    assert not any(character in line for character in "\x1b\n\r\t\x00\x07\x85\u2028\u202e\x9b")
    assert plain(line) == line
    harmless(text).encode()
