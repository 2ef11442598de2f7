# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""The services of vCenter, such as updatemgr: state and health. Changes nothing.

Source: ``com.vmware.vcenter.services.service`` in the vendor's bindings, since 6.7.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient, segment
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import NotFound, PreflightFailed, attempt
from ansible_collections.vsphere.lifecycle.plugins.module_utils._selection import check_named, similar
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    member,
    string_or_none,
    texts_of,
    whole_mapping_of,
)

LIST = ("/api/vcenter/services", "/rest/vcenter/services")
ONE = ("/api/vcenter/services/{service}", "/rest/vcenter/services/{service}")
FUNCTIONAL = ("HEALTHY", "HEALTHY_WITH_WARNINGS")


def all_services(client: VCenterClient) -> list[Json]:
    """Return every service, by name."""
    with attempt("list the services of vCenter"):
        dummy, answer = client.get_first(*LIST)
        found = whole_mapping_of(answer, "list of services")
        return [service_of(name, found[name]) for name in sorted(found)]


def find_services(client: VCenterClient, wanted: t.Sequence[str]) -> list[Json]:
    """Return the services named, each once, in the order in which they are named: in one request.

    :raises InvalidOption: none is named.
    :raises PreflightFailed: this vCenter does not have some of them.
    """
    check_named("service", "services", wanted)
    names = list(dict.fromkeys(wanted))
    if len(names) == 1:
        with attempt(f"read the service '{names[0]}' of vCenter"):
            try:
                dummy, answer = client.get_first(*(path.format(service=segment(names[0])) for path in ONE))
                return [service_of(names[0], answer)]
            except NotFound:
                # The list tells whether it is the service that is missing or the address, and what there is instead.
                pass
    found = {service["name"]: service for service in all_services(client)}
    missing = [name for name in names if name not in found]
    if missing:
        raise PreflightFailed(
            [f"There is no service '{name}' in this vCenter{similar(name, found)}" for name in missing]
        )
    return [found[name] for name in names]


def service_of(name: str, value: t.Any) -> Json:
    """Return a ``Service.Info`` as plain values; a state that we do not know passes through."""
    what = f"service '{name}'"
    state = member(value, "state", str, what)
    health = string_or_none(value.get("health"))
    return {
        "name": name,
        "functional": state == "STARTED" and health in FUNCTIONAL,
        "state": state,
        "health": health,
        "health_messages": texts_of(value.get("health_messages")),
        "startup_type": string_or_none(value.get("startup_type")),
        "name_key": string_or_none(value.get("name_key")),
        "description_key": string_or_none(value.get("description_key")),
    }
