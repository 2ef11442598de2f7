#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_cluster_stage_info
short_description: Tell what is staged on the hosts of clusters, and with which result
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Tells for each cluster whether it is managed by an image, what its stored compliance says, which hosts have the
    image staged, whether a staging runs now, and how the last one ended.
  - It reads what is stored and starts no scan. RV(clusters[].scan_time) tells how old that is.
  - vCenter keeps no "last stage result". It is read from the last stage task, which vCenter drops after some time.
    RV(clusters[].unknown) lists what could not be known.
options:
  clusters:
    description:
      - Names or identifiers (such as V(domain-c8)) of clusters, or patterns such as V(prod-*) for their names. A name
        that nobody has is an error, a pattern that fits nothing a warning.
      - If it is left out, all clusters that the user may see, or the cluster of O(task).
      - An empty list is an error; it never means all.
    type: list
    elements: str
    aliases: [cluster, cluster_name]
  exclude:
    description:
      - Names, identifiers or patterns of clusters that are left out.
    type: list
    elements: str
    default: []
  commit:
    description:
      - Identifier of a commit. RV(clusters[].has_commit) tells which clusters have ever had it.
    type: str
  detail:
    description:
      - How much the module returns. V(full) is everything, V(summary) leaves out hosts, notifications and the last
        staging, which takes a request for each cluster.
    type: str
    choices: [summary, full]
    default: full
  datacenter:
    description:
      - Name or identifier of a datacenter. Clusters are looked up only there.
    type: str
    aliases: [datacenter_name]
  task:
    description:
      - Identifier of a stage task of a cluster, as another module returned it. Its result is returned instead of that
        of the last one.
    type: str
  parallel_requests:
    description:
      - How many requests are sent to vCenter at the same time, at most.
    type: int
    default: 8
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.attributes
  - vsphere.lifecycle.attributes.info
notes:
  - Needs the privileges C(VcIntegrity.lifecycleSoftwareSpecification.Read) and C(VcIntegrity.lifecycleSettings.Read).
seealso:
  - module: vsphere.lifecycle.esx_software_stage
"""

EXAMPLES = r"""
- name: Look at one cluster
  vsphere.lifecycle.esx_cluster_stage_info:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
    clusters: [prod-berlin]

- name: Look at all clusters (connection from the environment)
  vsphere.lifecycle.esx_cluster_stage_info:
  register: stage_info

- name: Name the clusters that are not managed by an image
  ansible.builtin.debug:
    msg: "{{ stage_info.clusters | rejectattr('image_managed') | map(attribute='name') }}"

- name: Name the hosts that still need the image
  ansible.builtin.debug:
    msg: >-
      {{ stage_info.clusters | map(attribute='hosts') | flatten | selectattr('status', 'eq', 'NON_COMPLIANT')
         | rejectattr('stage_status', 'eq', 'STAGED') | map(attribute='name') }}
"""

RETURN = r"""
clusters:
  description: One entry for each cluster.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cluster.
      type: str
      sample: prod-berlin
    moid:
      description: Its identifier.
      type: str
      sample: domain-c8
    image_managed:
      description: Whether it is managed by an image and not by baselines; V(null) where that could not be read.
      type: bool
      sample: true
    status:
      description: Compliance of the cluster, such as V(COMPLIANT) or V(NON_COMPLIANT); V(null) when it was never
        scanned.
      type: str
      sample: NON_COMPLIANT
    stage_status:
      description:
        - V(STAGED), V(NOT_STAGED), or V(UNKNOWN) where vCenter does not say.
        - It means something only where RV(clusters[].status=NON_COMPLIANT).
      type: str
      sample: NOT_STAGED
    commit:
      description: The commit that the cluster was compared with.
      type: str
      sample: "5"
    scan_time:
      description: When it was scanned, by vCenter's clock.
      type: str
      sample: "2026-03-01T21:00:00.000Z"
    has_commit:
      description: Whether the cluster has ever had O(commit); V(null) where none was asked for.
      type: bool
      sample: null
    counts:
      description: How many C(hosts) it has, and how many of them are C(ready), compliant or staged by the last scan.
      type: dict
      sample: {"hosts": 16, "ready": 3}
    unreachable_hosts:
      description: Names of its hosts that are not connected, or not powered on.
      type: list
      elements: str
      sample: []
    running_operation:
      description: What vSphere Lifecycle Manager does with the cluster now, in words; V(null) for nothing.
      type: str
      sample: stage, 40 % done
    notifications:
      description: What the scan found to say of the cluster, in the shape of RV(clusters[].hosts[].notifications).
      type: list
      elements: dict
      sample: []
    hosts:
      description: What is known of each host of a cluster with an image, those that no scan has known included.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the host.
          type: str
          sample: esx01.berlin.example.com
        moid:
          description: Identifier of the host.
          type: str
          sample: host-16
        status:
          description: Compliance of the host. V(UNAVAILABLE) when it could not be scanned, V(null) when no scan has
            known it.
          type: str
          sample: NON_COMPLIANT
        stage_status:
          description: V(STAGED), V(NOT_STAGED), or V(UNKNOWN) where vCenter does not say.
          type: str
          sample: STAGED
        commit:
          description: The commit that the host was compared with; V(null) where vCenter does not say.
          type: str
          sample: "5"
        notifications:
          description: What the scan found to say of the host, errors first.
          type: list
          elements: dict
          contains:
            type:
              description: V(ERROR), V(WARNING) or V(INFO).
              type: str
              sample: INFO
            id:
              description: Identifier of the message.
              type: str
              sample: com.vmware.vcIntegrity.lifecycle.HostScan.RebootImpact
            message:
              description: The text.
              type: str
              sample: The host will be rebooted during remediation.
            resolution:
              description: What vCenter advises; V(null) where it gives no advice.
              type: str
              sample: null
            retriable:
              description: Whether vCenter says that another try may help; V(null) where it does not say.
              type: bool
              sample: null
            time:
              description: When it was written.
              type: str
              sample: "2026-03-01T21:00:00.000Z"
    running_task:
      description: The stage task that runs now; V(null) when there is none.
      type: dict
      contains: &task
        id:
          description: Identifier of the task.
          type: str
          sample: 52f9f1b0-160a-25fe-fd1e-e7526df80e0d:com.vmware.esx.settings.clusters.software
        status:
          description: PENDING, RUNNING, BLOCKED, SUCCEEDED or FAILED.
          type: str
          sample: RUNNING
        progress:
          description: Percent done; V(null) where vCenter does not say.
          type: int
          sample: 40
        start_time:
          description: When it started.
          type: str
          sample: "2026-03-01T22:00:05.000Z"
        end_time:
          description: When it ended; V(null) while it runs.
          type: str
          sample: null
    last_stage:
      description: The result of the last staging that ended, or of O(task); V(null) when vCenter has none (any more).
      type: dict
      contains:
        source:
          description: V(task_list) when vCenter's list of tasks was searched for it, V(task) when O(task) named it.
          type: str
          sample: task_list
        task:
          description: The task.
          type: dict
          contains: *task
        commit:
          description: The commit that was staged.
          type: str
          sample: "5"
        errors:
          description: Why the task as a whole failed; empty when it did not.
          type: list
          elements: str
          sample: []
        notifications:
          description: What vCenter said of the whole.
          type: list
          elements: dict
          sample: []
        successful_hosts:
          description: Names of the hosts that were newly staged.
          type: list
          elements: str
          sample: [esx01.berlin.example.com]
        skipped_hosts:
          description: Names of the hosts that needed nothing.
          type: list
          elements: str
          sample: []
        failed_hosts:
          description: Names of the hosts that were not staged.
          type: list
          elements: str
          sample: []
        hosts:
          description: The verdict of each host, in the shape of
            RV(vsphere.lifecycle.esx_software_stage#module:clusters[].hosts).
          type: list
          elements: dict
          sample: []
    unknown:
      description: One sentence for each thing that could not be known.
      type: list
      elements: str
      sample: ["There is no stored compliance: the cluster was never scanned."]
"""

import functools
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _images, _inventory, _staging, _tasks, _verdicts
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    ApiError,
    InvalidOption,
    Unauthorized,
    UnexpectedReply,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module
from ansible_collections.vsphere.lifecycle.plugins.module_utils._selection import Selection
from ansible_collections.vsphere.lifecycle.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_report import names_with

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._inventory import Entity

UNKNOWN = "UNKNOWN"


def gather_stage_info(params: dict[str, t.Any], client: VCenterClient, context: Context) -> dict[str, t.Any]:
    """Return what is known of the staging of clusters."""
    asked = _tasks.get_task(client, params["task"]) if params["task"] else None
    selection = Selection(client, params["datacenter"] or None)
    clusters = selection.matching_clusters(wanted_clusters(params["clusters"], asked), params["exclude"])
    selection.check()
    for note in selection.notes:
        context.warn(note)
    if asked and asked.target not in {cluster.moid for cluster in clusters}:
        raise InvalidOption(
            f"Task {asked.task} belongs to none of the clusters named", "Leave clusters out, or correct task"
        )
    listed = _staging.find_all_operations(client, "cluster", clusters)
    reads = [functools.partial(read_image, client, cluster) for cluster in clusters]
    images = dict(zip((cluster.moid for cluster in clusters), side_by_side(reads, client.connections), strict=True))
    number = {moid: len(image.compliance.hosts) for moid, image in images.items() if image.compliance}
    members = _inventory.hosts_of_all(client, clusters, number)
    owner = {host.moid: moid for moid, hosts in members.items() for host in hosts}
    operations = _staging.attributed(client, listed, owner, {})
    wanted = Wanted(params["detail"] == "full", params["commit"] or None, asked)
    entries = [
        functools.partial(
            cluster_info, client, cluster, images[cluster.moid], members[cluster.moid], operations, wanted
        )
        for cluster in clusters
    ]
    return {"changed": False, "clusters": side_by_side(entries, client.connections)}


def wanted_clusters(named: list[str] | None, asked: _tasks.Task | None) -> list[str] | None:
    """Return which clusters to look at: those named, else the one that the task belongs to, else all.

    :raises InvalidOption: the task is no stage task of a cluster.
    """
    if asked and (asked.service != _staging.SERVICES["cluster"] or asked.action != "stage" or not asked.target):
        raise InvalidOption(
            f"Task {asked.task} is no stage task of a cluster (service {asked.service}, operation {asked.operation})",
            "Pass the identifier of a task that esx_software_stage returned for a cluster",
        )
    return [asked.target] if named is None and asked and asked.target else named


class Wanted(t.NamedTuple):
    """What to tell of each cluster: everything or the summary, whether it has a commit, the result of a task."""

    everything: bool
    commit: str | None
    task: _tasks.Task | None


def cluster_info(
    client: VCenterClient,
    cluster: Entity,
    image: Image,
    members: list[_inventory.Host],
    operations: list[_tasks.Task],
    wanted: Wanted,
) -> dict[str, t.Any]:
    """Return the entry of one cluster."""
    compliance, image_managed, unknown = image
    running = [task for task in operations if task.target == cluster.moid and not task.finished]
    stagings = [task for task in running if task.action == "stage"]
    hosts = hosts_info(compliance, members) if image_managed else []
    entry = {
        "name": cluster.name,
        "moid": cluster.moid,
        "image_managed": image_managed,
        "status": compliance.status if compliance else None,
        "stage_status": (compliance.stage_status if compliance else None) or UNKNOWN,
        "commit": compliance.commit if compliance else None,
        "scan_time": compliance.scan_time if compliance else None,
        "has_commit": has_commit(client, cluster, image, wanted.commit),
        "counts": {"hosts": len(hosts), "ready": sum(1 for host in hosts if is_ready(host))},
        "unreachable_hosts": sorted(host.name for host in members if not host.reachable),
        "running_task": stagings[0].summary() if stagings else None,
        "running_operation": in_words((stagings or running)[0]) if running else None,
        "unknown": unknown,
    }
    if not wanted.everything:
        return entry
    return {
        **entry,
        "notifications": list(compliance.notifications) if compliance else [],
        "hosts": hosts,
        "last_stage": last_stage(client, cluster, operations, wanted.task, unknown),
    }


def has_commit(client: VCenterClient, cluster: Entity, image: Image, commit: str | None) -> bool | None:
    """Return whether a cluster has ever had a commit; None if that is no question."""
    if commit is None or not image.managed:
        return None
    if image.compliance and image.compliance.commit == commit:
        return True
    return _images.find_commit(client, cluster, commit) is not None


def is_ready(host: dict[str, t.Any]) -> bool:
    """Whether nothing is left to stage on a host, by the last scan."""
    staged = host["status"] == "NON_COMPLIANT" and host["stage_status"] == "STAGED"
    return staged or host["status"] == "COMPLIANT"


def in_words(task: _tasks.Task) -> str:
    """Return what a task does, and how far it is."""
    return f"{task.action}, {task.percent} % done" if task.percent is not None else task.action


class Image(t.NamedTuple):
    """What can be read of the image of a cluster: None for what cannot, and why not."""

    compliance: _images.Compliance | None
    managed: bool | None
    unknown: list[str]


def read_image(client: VCenterClient, cluster: Entity) -> Image:
    """Read the stored compliance, and whether the cluster is managed by an image; a compliance proves that it is."""
    unknown: list[str] = []
    refused = ""
    try:
        compliance = _images.find_compliance(client, cluster)
    except Unauthorized as error:
        compliance, refused = None, str(error)
    if compliance:
        return Image(compliance, True, unknown)
    managed = None
    try:
        managed = _images.managed_by_image(client, cluster)
    except Unauthorized as error:
        unknown.append(str(error))
    if managed is not False:
        unknown.append(refused or "There is no stored compliance: the cluster was never scanned.")
    return Image(None, managed, unknown)


def hosts_info(compliance: _images.Compliance | None, members: list[_inventory.Host]) -> list[dict[str, t.Any]]:
    """Return the entries of the hosts, by name: those that the scan knew, and those of the cluster that it did not."""
    known = compliance.hosts if compliance else {}
    names = {**(compliance.names if compliance else {}), **{host.moid: host.name for host in members}}
    entries = [host_info(moid, names.get(moid, moid), known.get(moid)) for moid in {**known, **names}]
    return sorted(entries, key=lambda entry: str(entry["name"]))


def host_info(moid: str, name: str, host: _images.HostCompliance | None) -> dict[str, t.Any]:
    """Return the entry of one host; None where no scan has known it."""
    return {
        "name": name,
        "moid": moid,
        "status": host.status if host else None,
        "stage_status": (host.stage_status if host else None) or UNKNOWN,
        "commit": host.commit if host else None,
        "notifications": list(host.notifications) if host else [],
    }


def last_stage(
    client: VCenterClient,
    cluster: Entity,
    operations: list[_tasks.Task],
    asked: _tasks.Task | None,
    unknown: list[str],
) -> dict[str, t.Any] | None:
    """Return the result of the task asked for, else of the last one that ended."""
    task, source = asked, "task"
    if task is None:
        found = _staging.last_stage(cluster, operations)
        source = "task_list"
        try:
            task = _tasks.get_task(client, found.task) if found else None
        except (ApiError, UnexpectedReply) as error:
            unknown.append(f"The result of the last staging cannot be read. {error}")
            return None
    if task is None:
        unknown.append("There is no result of an earlier staging: vCenter has no such task (any more).")
        return None
    if task.result is None:
        unknown.append(f"Task {task.task} ({task.status}) has no result.")
    elif not task.finished:
        unknown.append(f"Task {task.task} is {task.status}: its result is not final.")
    try:
        outcome = _verdicts.outcome_of(cluster, task.result or {}, ended=task.finished)
    except UnexpectedReply as error:
        unknown.append(f"The result of task {task.task} cannot be read: {error.reason}.")
        outcome = _verdicts.NOTHING
    verdicts = sorted(outcome.verdicts.values(), key=lambda verdict: verdict.name)
    return {
        "source": source,
        "task": task.summary(),
        "commit": outcome.commit,
        "errors": list(task.error_messages),
        "notifications": list(outcome.notifications),
        "successful_hosts": names_with(verdicts, _verdicts.STAGED),
        "skipped_hosts": names_with(verdicts, _verdicts.SKIPPED),
        "failed_hosts": names_with(verdicts, _verdicts.FAILED),
        "hosts": [verdict.result() for verdict in verdicts],
    }


ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "clusters": {"type": "list", "elements": "str", "aliases": ["cluster", "cluster_name"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "commit": {"type": "str"},
    "detail": {"type": "str", "choices": ["summary", "full"], "default": "full"},
    "datacenter": {"type": "str", "aliases": ["datacenter_name"]},
    "task": {"type": "str"},
    "parallel_requests": {"type": "int", "default": 8},
}


def main() -> None:
    """Run as a module."""
    run_module(gather_stage_info, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
