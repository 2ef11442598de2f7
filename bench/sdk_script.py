# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staging as a script with the vendor's SDK: every cluster, one request after another, then looks at all tasks at once.

A program of its own that uses nothing of ours, with the address in the environment and the pause in seconds between
two looks as its argument. The SDK speaks JSON-RPC by default, which the simulator does not know; so it speaks the
vendor's REST here, and what its addresses lack there is put right on their way out.
"""

from __future__ import annotations

import os
import sys
import time
import typing as t

import requests
import requests.adapters
from com.vmware.cis_client import Session, Tasks
from com.vmware.esx.settings.clusters_client import Software
from com.vmware.vcenter_client import Cluster
from vmware.vapi.bindings.converter import RestConverter
from vmware.vapi.lib.connect import get_requests_connector
from vmware.vapi.security.user_password import create_user_password_security_context
from vmware.vapi.stdlib.client.factories import StubConfigurationFactory

SERVICE = "com.vmware.esx.settings.clusters.software"


class Address(requests.adapters.HTTPAdapter):
    """Gives requests the addresses of /api, where those in the bindings are of another time."""

    def send(self, request: requests.PreparedRequest, *arguments: t.Any, **options: t.Any) -> requests.Response:
        url = request.url or ""
        if url.endswith("action=stage"):
            request.url = f"{url}&vmw-task=true"
        elif request.method == "GET" and url.endswith("/cis/tasks"):
            request.method, request.url = "POST", f"{url}?action=list"
        return super().send(request, *arguments, **options)


def main() -> None:
    """Stage all clusters and wait until all tasks have ended."""
    http = requests.Session()
    http.trust_env = False
    http.verify = os.environ["VMWARE_CA_PATH"]
    url = f"https://{os.environ['VMWARE_HOST']}:{os.environ['VMWARE_PORT']}/api"
    http.mount(url, Address())
    connector = get_requests_connector(session=http, msg_protocol="rest", url=url)
    configuration = StubConfigurationFactory.new_std_configuration(connector)

    provider = connector.get_api_provider().get_api_provider()

    def service(kind: t.Any) -> t.Any:
        made = kind(configuration)
        stub = made._api_interface
        # The bindings of cis still think of /rest with its wrapped values, and know addresses of plain methods only.
        stub._is_vapi_rest, stub._rest_converter_mode = False, RestConverter.SWAGGER_REST
        for name, metadata in list(stub._rest_metadata.items()):
            stub._rest_metadata[f"{name}$task"] = metadata
            provider.add_rest_metadata(stub._iface_id.get_name(), f"{name}$task", metadata)
        return made

    session, tasks, clusters, software = (service(kind) for kind in (Session, Tasks, Cluster, Software))
    provider.set_rest_format(False)
    # Each object of a task that the SDK makes would set it back.
    provider.set_rest_format = lambda dummy: None
    connector.set_security_context(
        create_user_password_security_context(os.environ["VMWARE_USER"], os.environ["VMWARE_PASSWORD"])
    )
    http.headers["vmware-api-session-id"] = session.create()
    connector.set_security_context(None)
    try:
        started = [
            software.stage_task(cluster.cluster, Software.StageSpec()).get_task_id() for cluster in clusters.list()
        ]
        looked = look(tasks, started, results=False)
        while any(info.status not in ("SUCCEEDED", "FAILED") for info in looked.values()):
            time.sleep(float(sys.argv[1]))
            looked = look(tasks, started, results=False)
        bad = [task for task, info in look(tasks, started, results=True).items() if info.status != "SUCCEEDED"]
    finally:
        session.delete()
    print(f"{len(started)} clusters, {len(bad)} failed")
    sys.exit(bool(bad))


def look(tasks: t.Any, wanted: list[str], *, results: bool) -> dict[str, t.Any]:
    """Return what vCenter tells of tasks, by their identifiers."""
    found: dict[str, t.Any] = tasks.list(
        Tasks.FilterSpec(tasks=set(wanted), services={SERVICE}), Tasks.GetSpec(exclude_result=not results)
    )
    return found


if __name__ == "__main__":
    main()
