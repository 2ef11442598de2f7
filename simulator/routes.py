# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The route table: every operation that the simulated vCenter offers, with what it follows."""

from __future__ import annotations

import typing as t

from . import extension_tasks, sessions
from .errors import invalid_argument, refusal, unsupported
from .images import Managed
from .routing import Call, Handler, Route
from .tasks import TaskFilter
from .values import Struct

SOFTWARE_READ = ("VcIntegrity.lifecycleSoftwareSpecification.Read",)
STAGE = ("VcIntegrity.lifecycleSoftwareRemediation.Write",)
SETTINGS_READ = ("VcIntegrity.lifecycleSettings.Read",)
#: Not a vendor privilege: appliance operations ask for roles of the appliance, which this name stands for.
APPLIANCE = ("appliance.operator",)
#: The API level that brought staging; a vCenter 7 does not have these addresses.
STAGING_SINCE = (8, 0, 0, 1)

TASK_SPEC = ("return_all", "exclude_result")
TASK_FILTER = ("tasks", "services", "operations", "status", "targets", "users")


# Sessions (contract section 3.1)


def create_session(call: Call) -> str:
    if call.credentials is None:
        raise sessions.unauthenticated()
    return call.world.sessions.create(*call.credentials)


def get_session(call: Call) -> Struct:
    return sessions.info(_session(call))


def delete_session(call: Call) -> None:
    call.world.sessions.close(_session(call).token)


def _session(call: Call) -> sessions.Session:
    if call.session is None:
        raise sessions.unauthenticated()
    return call.session


# Lists (contract section 3.10)


def _lister(name: str, members: tuple[str, ...]) -> Handler:
    def handler(call: Call) -> t.Any:
        wanted: Struct = {member: call.values(member) for member in members}
        if "standalone" in members:
            wanted["standalone"] = call.flag("standalone")
        return getattr(call.world.inventory, f"{name}_summaries")(wanted)

    return handler


# Tasks (contract section 3.2)


def get_task(call: Call) -> Struct:
    task = call.world.tasks.find(call.path["task"])
    return task.info(call.world.now, **{name: bool(call.flag(name)) for name in TASK_SPEC})


def list_tasks(call: Call) -> Struct:
    """Under /api: both specifications in the body."""
    body = call.struct(("filter_spec", "result_spec"), call.body or {})
    spec = call.struct(TASK_FILTER, body.get("filter_spec", {}))
    result_spec = call.struct(TASK_SPEC, body.get("result_spec", {}))
    targets = _targets(spec.pop("targets", None))
    wanted = TaskFilter(**{name: _strings(name, values) for name, values in spec.items()}, targets=targets)
    return call.world.tasks.infos(
        call.world.tasks.matching(wanted), **{name: bool(value) for name, value in result_spec.items()}
    )


def list_tasks_rest(call: Call) -> Struct:
    """Under /rest: both specifications in the query, with dotted names."""
    sets = {name: call.values(f"filter_spec.{name}") for name in TASK_FILTER if name != "targets"}
    spec = {name: bool(call.flag(f"result_spec.{name}")) for name in TASK_SPEC}
    wanted = TaskFilter(
        **{name: frozenset(values) for name, values in sets.items() if values}, targets=_rest_targets(call)
    )
    return call.world.tasks.infos(call.world.tasks.matching(wanted), **spec)


def _rest_targets(call: Call) -> frozenset[tuple[str, str]] | None:
    """`filter_spec.targets.1.type=…&filter_spec.targets.1.id=…`."""
    found: dict[str, Struct] = {}
    for name, value in call.query:
        if name.startswith("filter_spec.targets."):
            number, dummy, member = name[len("filter_spec.targets.") :].partition(".")
            found.setdefault(number, {})[member] = value
    return _targets(list(found.values()) or None)


def _targets(values: t.Any) -> frozenset[tuple[str, str]] | None:
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(v, dict) and {"type", "id"} == set(v) for v in values):
        raise invalid_argument("targets", "targets must be a list of structures of type and id.")
    return frozenset((value["type"], value["id"]) for value in values)


def _strings(name: str, values: t.Any) -> frozenset[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise invalid_argument("not_strings", f"{name} must be a list of strings.", name)
    return frozenset(values)


def cancel_task(call: Call) -> None:
    call.world.tasks.cancel(call.path["task"])


# Images of clusters and of standalone hosts (contract sections 3.3 to 3.5)


def _managed(call: Call) -> Managed:
    """Raises NOT_FOUND; UNSUPPORTED where the host is not a standalone one with an image."""
    inventory = call.world.inventory
    if "cluster" in call.path:
        return inventory.cluster(call.path["cluster"]).managed
    host = inventory.host(call.path["host"])
    if host.managed is None:
        raise unsupported("host_not_standalone", f"{host.name} is not a standalone host managed by an image.", host.id)
    return host.managed


def get_enablement(call: Call) -> Struct:
    inventory = call.world.inventory
    if "cluster" in call.path:
        return {"enabled": inventory.cluster(call.path["cluster"]).managed.managed_by == "image"}
    host = inventory.host(call.path["host"])
    if host.cluster is not None:
        raise unsupported("host_not_standalone", f"{host.name} is not a standalone host.", host.id)
    return {"enabled": host.managed is not None}


def get_software(call: Call) -> Struct:
    return _managed(call).software_info()


def get_compliance(call: Call) -> Struct:
    return _managed(call).stored_compliance()


def get_commit(call: Call) -> Struct:
    return _managed(call).commit_info(call.path["commit"])


def scan(call: Call) -> str:
    return call.world.engine.scan(_managed(call), call.user.name).id


def stage(call: Call) -> str:
    """The body is the specification itself; absent or empty `hosts` means all of them."""
    managed = _managed(call)
    spec = call.struct(("commit", "hosts") if managed.kind == "cluster" else ("commit",))
    hosts = spec.get("hosts")
    if hosts is not None:
        _strings("hosts", hosts)
    commit = spec.get("commit")
    if commit is not None and not isinstance(commit, str):
        raise invalid_argument("commit", "commit must be a string.")
    return call.world.engine.stage(managed, call.user.name, commit, hosts).id


# The appliance (contract section 3.8) and its services


def get_update(call: Call) -> Struct:
    return call.world.appliance.info()


def list_pending(call: Call) -> list[Struct]:
    return call.world.appliance.list_pending(call.value("source_type"))


def get_pending(call: Call) -> Struct:
    return call.world.appliance.get_pending(call.path["version"])


def get_staged(call: Call) -> Struct:
    return call.world.appliance.get_staged()


def get_policy(call: Call) -> Struct:
    return call.world.appliance.get_policy()


def get_version(call: Call) -> Struct:
    return call.world.appliance.version


def list_services(call: Call) -> Struct:
    return call.world.appliance.list_services()


def get_service(call: Call) -> Struct:
    return call.world.appliance.service(call.path["service"])


# Extension tasks (contract section 3.9)


def create_extension_task(call: Call) -> str:
    return call.world.extension_tasks.create(_spec(call, extension_tasks.CREATE_MEMBERS), call.user.name)


def update_extension_task(call: Call) -> None:
    call.world.extension_tasks.update(call.path["task_id"], _spec(call, extension_tasks.UPDATE_MEMBERS))


def _spec(call: Call, members: tuple[str, ...]) -> Struct:
    body = call.struct(("spec",))
    if "spec" not in body:
        raise refusal("INVALID_ARGUMENT", "spec_missing", "spec is required.")
    return call.struct(members, body["spec"])


# The table


def _get(path: str, handler: Handler, source: str, **more: t.Any) -> list[Route]:
    """A GET that both roots have at the same path."""
    return [Route("GET", f"/{root}{path}", handler, source, **more) for root in ("api", "rest")]


def _list(kind: str, members: tuple[str, ...]) -> list[Route]:
    handler = _lister(kind, members)
    source = f"vcenter.{kind} list, contract section 3.10"
    return [
        Route("GET", f"/api/vcenter/{kind}", handler, source, accepts=members),
        Route("GET", f"/rest/vcenter/{kind}", handler, source, accepts=members, prefix="filter."),
    ]


def _session_routes() -> list[Route]:
    source = "cis.session, contract section 3.1"
    legacy = "/rest/com/vmware/cis/session"
    return [
        Route("POST", "/api/session", create_session, source, success=201, login=True),
        Route("GET", "/api/session", get_session, source),
        Route("DELETE", "/api/session", delete_session, source, success=204),
        Route("POST", legacy, create_session, source, login=True),
        Route("POST", legacy, get_session, source, fixed={"~action": "get"}),
        Route("DELETE", legacy, delete_session, source),
    ]


def _task_routes() -> list[Route]:
    source = "cis.tasks, contract section 3.2"
    listed = tuple(f"filter_spec.{name}" for name in TASK_FILTER) + tuple(f"result_spec.{name}" for name in TASK_SPEC)
    cancel = {"action": "cancel"}
    return [
        Route("POST", "/api/cis/tasks", list_tasks, source, fixed={"action": "list"}),
        Route("GET", "/rest/cis/tasks", list_tasks_rest, source, accepts=listed),
        Route("GET", "/api/cis/tasks/{task}", get_task, source, accepts=TASK_SPEC),
        Route("GET", "/rest/cis/tasks/{task}", get_task, source, accepts=TASK_SPEC, prefix="spec."),
        Route("POST", "/api/cis/tasks/{task}", cancel_task, source, fixed=cancel, success=204),
        Route("POST", "/rest/cis/tasks/{task}", cancel_task, source, fixed=cancel),
    ]


def _image_routes(kind: str, section: str, since: tuple[int, ...]) -> list[Route]:
    """The operations of one kind of managed object; only /api has them."""
    base = f"/api/esx/settings/{kind}s/{{{kind}}}"
    source = f"esx.settings.{kind}s.software, contract sections {section}"

    def task(action: str, handler: Handler, privileges: tuple[str, ...], since: tuple[int, ...]) -> Route:
        fixed = {"action": action, "vmw-task": "true"}
        return Route(
            "POST", f"{base}/software", handler, source, fixed=fixed, success=202, since=since, privileges=privileges
        )

    def read(path: str, handler: Handler, privileges: tuple[str, ...] = SOFTWARE_READ) -> Route:
        return Route("GET", base + path, handler, source, since=since, privileges=privileges)

    return [
        read("/enablement/software", get_enablement, SETTINGS_READ),
        read("/software", get_software),
        read("/software/compliance", get_compliance),
        read("/software/commits/{commit}", get_commit),
        task("scan", scan, SOFTWARE_READ, (7,)),
        task("stage", stage, STAGE, STAGING_SINCE),
    ]


def _appliance_routes() -> list[Route]:
    def get(path: str, handler: Handler, **more: t.Any) -> list[Route]:
        return _get(
            f"/appliance/{path}", handler, "appliance.update, contract section 3.8", privileges=APPLIANCE, **more
        )

    pending = ("source_type", "url", "enable_list_major_upgrade_versions")
    return [
        *get("update", get_update),
        *get("update/pending", list_pending, accepts=pending),
        *get("update/pending/{version}", get_pending, accepts=("component",)),
        *get("update/staged", get_staged),
        *get("update/policy", get_policy),
        *get("system/version", get_version),
        *_get("/vcenter/services", list_services, "vcenter.services.service list_details, vendor SDK"),
        *_get("/vcenter/services/{service}", get_service, "vcenter.services.service get, vendor SDK"),
    ]


def _extension_routes() -> list[Route]:
    def route(method: str, path: str, handler: Handler, privilege: str) -> Route:
        return Route(
            method,
            f"/rest/vcenter/extension/tasks{path}",
            handler,
            "vcenter.extension.tasks, contract section 3.9",
            privileges=(privilege,),
            offered=lambda world: world.extension_tasks.offered,
        )

    return [
        route("POST", "", create_extension_task, "Task.Create"),
        route("PATCH", "/{task_id}", update_extension_task, "Task.Update"),
    ]


ROUTES: tuple[Route, ...] = (
    *_session_routes(),
    *_list("datacenter", ("names", "datacenters", "folders")),
    *_list("cluster", ("names", "clusters", "folders", "datacenters")),
    *_list(
        "host",
        ("names", "hosts", "clusters", "datacenters", "folders", "connection_states", "standalone"),
    ),
    *_task_routes(),
    *_image_routes("cluster", "3.3 and 3.5", (7,)),
    *_image_routes("host", "3.4 and 3.5", STAGING_SINCE),
    *_appliance_routes(),
    *_extension_routes(),
)
