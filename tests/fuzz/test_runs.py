# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs of the modules in which some answers are damaged: a result or an error of ours, and nothing made up."""

from __future__ import annotations

import collections
import contextlib
import json
import re
import typing as t

import hypothesis
import pytest
from hypothesis import strategies as st

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _values
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless, plain
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Reply

from .damage import damaged, text_of, values
from .stand_in import LOGIN, PASSWORD, WORKS, Place, params_of
from .test_parsers import may_be_staged

LISTS = {"staged": "successful_hosts", "skipped": "skipped_hosts", "failed": "failed_hosts", "started": "started_hosts"}
#: Which answers are damaged: those of any request, or some that count more than others.
AIMS = ("", "/tasks/", "action=list", "compliance", "vcenter/(host|cluster)", "software", "session|version")
#: Options that lead to other requests.
WANTED: tuple[dict[str, t.Any], ...] = ({}, {"refresh": "always"}, {"clusters": None, "hosts": ["esx01", "single"]})
#: More requests than any run of these takes, however long it waits.
MANY = 2000


class Damage:
    """Damages some answers on their way to the client, and remembers what the client saw of the session."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self._aim = data.draw(st.sampled_from(AIMS), label="answers to damage")
        self._left = data.draw(st.integers(1, 3), label="how many of them")
        self._skip = data.draw(st.integers(0, 8 if self._aim else 25), label="how many to spare before")
        self.login_damaged = False
        self.count = 0

    def __call__(self, method: str, target: str, reply: Reply) -> Reply:
        self.count += 1
        if self.count > MANY:
            raise AssertionError("it never ends")
        if not self._left or not re.search(self._aim, target):
            return reply
        self._skip -= 1
        if self._skip >= 0:
            return reply
        self._left -= 1
        self._skip = self._data.draw(st.integers(0, 3), label="how many to spare")
        self.login_damaged |= target.endswith("/session") and method == "POST"
        document = json.loads(reply.text or "null")
        changed = self._data.draw(st.one_of(damaged(document), self._part(document), values), label=target)
        status = self._data.draw(st.sampled_from((reply.status, reply.status, reply.status, 200, 404, 500)))
        return Reply(status, reply.headers, text_of(changed))

    def _part(self, document: t.Any) -> st.SearchStrategy[t.Any]:
        """Damage the part that counts and leave alone what is around it."""
        if not isinstance(document, dict) or "result" not in document:
            return damaged(document)
        return damaged(document["result"], most=8).map(lambda result: {**document, "result": result})


def carried_out(name: str, data: st.DataObject, **changes: t.Any) -> tuple[Place, Damage, t.Any]:
    """Run a module and check what holds for each of them."""
    place = Place()
    params = params_of(place, name, **changes)
    damage = Damage(data)
    check_mode = data.draw(st.booleans(), label="check mode")
    result = place.run(WORKS[name][0], params, damage, check_mode=check_mode)
    told = json.dumps(harmless(result), allow_nan=False) + "".join(place.told)
    assert not [secret for secret in (PASSWORD, LOGIN) if secret in told]
    assert all(line == plain(line) for line in place.told)
    assert damage.login_damaged or not place.world.sessions.open
    if check_mode:
        assert not [run for run in place.world.engine.runs if run.task.user]
    return place, damage, result


@pytest.mark.parametrize("name", WORKS)
@hypothesis.given(data=st.data())
def test_a_module_ends_in_a_result_or_an_error_of_ours(name: str, data: st.DataObject) -> None:
    carried_out(name, data)


@hypothesis.settings(max_examples=4 * hypothesis.settings().max_examples)
@hypothesis.given(data=st.data())
def test_staging_makes_nothing_up_and_loses_nobody(data: st.DataObject) -> None:
    place, damage, result = carried_out("esx_software_stage", data, **data.draw(st.sampled_from(WANTED)))
    if result is None:
        return
    units = [*result["clusters"], *result["standalone_hosts"]]
    hosts = [host for unit in units for host in unit["hosts"]]
    for verdict, name in LISTS.items():
        assert sorted(result[name]) == sorted(host["name"] for host in hosts if host["verdict"] == verdict)
    assert {host["verdict"] for host in hosts} <= set(LISTS)
    assert all(one[name] == plain(one[name]) for name in ("name", "reason") for one in hosts)
    for unit in units:
        assert max(collections.Counter(host["moid"] for host in unit["hosts"]).values(), default=1) == 1
        for host in unit["hosts"]:
            if host["verdict"] == "staged" and host["reason"] != "to be staged":
                assert heard(place, host["moid"], said_by(unit, alone=unit in result["standalone_hosts"])), host


def said_by(unit: dict[str, t.Any], *, alone: bool) -> t.Callable[[dict[str, t.Any], str], bool]:
    """Return what tells of an answer whether it says that a host was staged."""
    if unit["source"] == "compliance":
        return found_good
    return found_staged_alone if alone else found_staged


def heard(place: Place, host: str, says: t.Callable[[dict[str, t.Any], str], bool]) -> bool:
    """Whether any answer that the client saw says that a host was staged, or that a scan finds it good."""
    documents = []
    for reply in (reply for method, target, reply in place.seen if "/tasks/" in target or "compliance" in target):
        with contextlib.suppress(ValueError):
            documents.append(_values.json_of(reply.text))
    results = [document["result"] for document in documents if isinstance(document, dict) and "result" in document]
    return any(says(document, host) for document in [*results, *documents] if isinstance(document, dict))


def found_staged(result: dict[str, t.Any], host: str) -> bool:
    with contextlib.suppress(TypeError, KeyError, AttributeError):
        return may_be_staged(result, host)
    return False


def found_staged_alone(result: dict[str, t.Any], dummy: str) -> bool:
    return isinstance(result.get("status"), dict) and result["status"].get("status") == "OK"


def found_good(compliance: dict[str, t.Any], host: str) -> bool:
    known = _values.mapping_of(compliance.get("hosts")).get(host, compliance)
    if not isinstance(known, dict):
        return False
    return known.get("status") == "COMPLIANT" or known.get("stage_status") == "STAGED"
