# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in an option, requests go to the addresses that the modules know, and carry no header of a user."""

from __future__ import annotations

import contextlib
import re
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _module
from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import Credentials, VCenterClient
from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption, VCenterError
from ansible_collections.vsphere.lifecycle.plugins.module_utils._transport import Endpoint
from ansible_collections.vsphere.lifecycle.plugins.modules import (
    esx_cluster_stage_info,
    esx_host_stage_info,
    esx_software_stage,
    extension_task_update,
    vcenter_service_info,
)
from ansible_collections.vsphere.lifecycle.simulator import VCenter, World, serve
from ansible_collections.vsphere.lifecycle.simulator.timeline import ScaledClock
from ansible_collections.vsphere.lifecycle.tests.processes import PASSWORD, USERNAME

from .conftest import USERS

HOSTILE = (
    *("../../../api/session", "..", ".", "a/b", "%2f..%2f", "%2e%2e", "a b", "a\nb", "a\r\nX-Header: b", "a?action=x"),
    *(
        "a#b",
        "a&names=b",
        "a;b",
        "\\..\\",
        "\x00",
        "\x1b[1m",
        "\ud800",
        "{{ 7*7 }}",
        "' or 1=1 --",
        "https://example.com/",
    ),
)
WORLD: dict[str, t.Any] = {
    "datacenters": [
        {
            "name": "Berlin",
            "clusters": [{"name": "prod", "cluster": "domain-c8", "hosts": ["esx01"], "commits": {"5": {}}}],
        }
    ]
}
#: The addresses of the modules; what stands for an identifier is one segment without any of its own.
KNOWN = re.compile(
    r"/api/session"
    r"|/(api|rest)/cis/tasks(/[^/?#\s]+)?"
    r"|/api/vcenter/(datacenter|cluster|host)"
    r"|/(api|rest)/appliance/system/version"
    r"|/api/esx/settings/clusters/domain-c8/(software(/compliance|/commits/[^/?#\s]+)?|enablement/software)"
    r"|/rest/vcenter/extension/tasks/[^/?#\s]+"
    r"|/(api|rest)/vcenter/services(/[^/?#\s]+)?"
)
STAGE: dict[str, t.Any] = {
    **{name: option.get("default") for name, option in esx_software_stage.ARGUMENT_SPEC.items()},
    **{"wait_timeout": 60, "poll_interval": 1, "busy_timeout": 0, "outage_timeout": 0, "detail": "full"},
}
INFO: dict[str, t.Any] = {name: option.get("default") for name, option in esx_cluster_stage_info.ARGUMENT_SPEC.items()}
UPDATE: dict[str, t.Any] = {
    **dict.fromkeys(("progress", "description", "result", "error", "start_time", "end_time")),
    **{"status": "RUNNING", "on_unsupported": "warn"},
}
OPTIONS: dict[str, t.Callable[[str], tuple[t.Any, dict[str, t.Any]]]] = {
    "clusters": lambda value: (esx_software_stage.stage, {**STAGE, "clusters": [value]}),
    "hosts": lambda value: (esx_software_stage.stage, {**STAGE, "hosts": [value]}),
    "datacenter": lambda value: (esx_software_stage.stage, {**STAGE, "clusters": ["prod"], "datacenter": value}),
    "commit": lambda value: (esx_software_stage.stage, {**STAGE, "clusters": ["prod"], "commit": value}),
    "task of stage info": lambda value: (esx_cluster_stage_info.gather_stage_info, {**INFO, "task": value}),
    "hosts of stage info": lambda value: (
        esx_host_stage_info.gather_stage_info,
        {
            **{name: option.get("default") for name, option in esx_host_stage_info.ARGUMENT_SPEC.items()},
            "hosts": [value],
        },
    ),
    "services": lambda value: (vcenter_service_info.gather_services, {"services": [value]}),
    "task of an extension": lambda value: (extension_task_update.update, {**UPDATE, "task": value}),
}


@pytest.fixture(scope="module")
def vcenter() -> t.Iterator[VCenter]:
    with serve(World({**USERS, **WORLD}, ScaledClock(100))) as running:
        yield running


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("value", HOSTILE)
def test_no_option_changes_an_address(vcenter: VCenter, option: str, value: str) -> None:
    del vcenter.requests[:]
    work, params = OPTIONS[option](value)
    endpoint = Endpoint(vcenter.hostname, vcenter.port, ca_path=str(vcenter.ca_path))
    with contextlib.suppress(VCenterError), VCenterClient(endpoint, Credentials(USERNAME, PASSWORD)) as client:
        work(params, client, Context())
    assert vcenter.requests
    for request in vcenter.requests:
        assert KNOWN.fullmatch(request.path), request.path
        assert set(request.query) <= {"names", "clusters", "hosts", "datacenters", "standalone", "action", "vmw-task"}
    assert vcenter.writes == []
    assert vcenter.sessions == []


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX-Header: b", "a b", "\x00", "\x1b[1m", "\u4e2d", "a\x7fb"])
def test_a_session_that_cannot_be_one_is_refused(value: str) -> None:
    params = {"hostname": "vcenter.example.com", "session_id": value}
    with pytest.raises(InvalidOption) as caught:
        connect(params)
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", ["../../x", "%2f..", "a;b=c", "{{7*7}}", "'--"])
def test_a_session_reaches_nothing_but_its_header(vcenter: VCenter, value: str) -> None:
    del vcenter.requests[:]
    endpoint = Endpoint(vcenter.hostname, vcenter.port, ca_path=str(vcenter.ca_path))
    credentials = connect({"hostname": "localhost", "session_id": value})[1]
    with pytest.raises(VCenterError) as caught, VCenterClient(endpoint, credentials) as client:
        client.get("/api/vcenter/cluster")
    assert [request.path for request in vcenter.requests] == ["/api/vcenter/cluster"]
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        *("http://vcenter.example.com", "user:secret@vcenter.example.com", "https://user:secret@vcenter.example.com"),
        *(
            "vcenter example.com",
            "vcenter\n.example.com",
            "vcenter.example.com\r\nX: y",
            "\ud800",
            "",
            "ftp://x",
            "a\x00b",
        ),
    ],
)
def test_a_hostname_that_is_none_is_refused_without_what_may_be_a_login(value: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        connect({"hostname": value, "session_id": "x"})
    assert "secret" not in str(caught.value)


def connect(params: dict[str, t.Any]) -> tuple[Endpoint, Credentials]:
    spec = _module.vcenter_argument_spec(_module.Environment())
    defaults = {name: option.get("default") for name, option in spec.items()}
    return _module.connection_of({**defaults, **params}, _module.Environment())
