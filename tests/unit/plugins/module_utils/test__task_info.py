# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task information of any kind, as plain values."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _task_info
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import UnexpectedReply


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        ({"total": 100, "completed": 40}, 40),
        ({"total": 3, "completed": 2}, 66),
        ({"total": 3, "completed": 4}, 100),
        ({"total": 3, "completed": -1}, 0),
        ({"total": 0, "completed": 0}, None),
        ({"total": 100}, None),
        ({"total": "100", "completed": 1}, None),
        (None, None),
        ("half", None),
    ],
)
def test_a_percentage_is_between_0_and_100_or_unknown(progress: t.Any, percent: int | None) -> None:
    assert _task_info.percent_of(progress) == percent


def test_a_task_of_the_least_is_told() -> None:
    assert _task_info.common_of({"status": "PENDING"}, "task") == {
        "status": "PENDING",
        "description": None,
        "progress": None,
        "start_time": None,
        "end_time": None,
        "cancelable": False,
        "service": None,
        "operation": None,
        "user": None,
        "parent": None,
        "target": None,
        "error": None,
    }


@pytest.mark.parametrize("value", [None, [], {}, {"status": 1}])
def test_a_task_without_a_status_is_none(value: t.Any) -> None:
    with pytest.raises(UnexpectedReply, match="'status' in the task|task"):
        _task_info.common_of(value, "task")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error_type": "NOT_FOUND", "messages": []}, "NOT_FOUND"),
        ({"type": "com.vmware.vapi.std.errors.not_found", "value": {"messages": []}}, "NOT_FOUND"),
        ({"messages": []}, "ERROR"),
    ],
)
def test_an_error_has_a_type(error: t.Any, kind: str) -> None:
    assert _task_info.error_of(error) == {"error_type": kind, "messages": []}
    assert _task_info.error_of(None) is None
