#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_software_stage
short_description: Stage the desired ESXi image on hosts ahead of remediation
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Has vSphere Lifecycle Manager copy the desired image of a cluster (or of a standalone host) to its hosts. Nothing
    is installed, no host enters maintenance mode; a later remediation finds the payloads on the host and is shorter
    by the download.
  - Decides from the stored compliance first. Hosts that are compliant, or staged already for the wanted image, cause
    no call.
  - Works on several clusters at once. What goes wrong with one cluster does not stop the others.
  - A staging that runs already is waited for and not started a second time. A run that was cut off is therefore
    simply repeated.
  - Whatever can be known before the first change (names, clusters that are not managed by an image, unknown commits)
    is looked at first, for all clusters. With any such problem the module fails, lists all of them, and has changed
    nothing.
options:
  clusters:
    description:
      - Names or identifiers (such as V(domain-c8)) of clusters.
      - Without O(hosts), all hosts of each cluster are staged.
      - An empty list is an error; it never means all.
    type: list
    elements: str
    aliases: [cluster, cluster_name]
  hosts:
    description:
      - Names or identifiers (such as V(host-16)) of ESXi hosts.
      - With O(clusters), just these hosts are staged, and each must be in one of the clusters.
      - Without O(clusters), each host is staged where it lives, in its cluster or as a standalone host.
      - An empty list is an error; it never means all. V(null) is the same as leaving the option out.
    type: list
    elements: str
    aliases: [host, esxi_host_name, esxi_hostname]
  datacenter:
    description:
      - Name or identifier of a datacenter. Names in O(clusters) and O(hosts) are looked up only there.
    type: str
    aliases: [datacenter_name]
  commit:
    description:
      - Identifier of the commit of the desired image that has to be staged at least. vCenter stages the present image
        when that is a later one, and RV(clusters[].commit) tells which it was.
      - Commits are opaque and have no order.
      - If it is left out, the present image is staged. Whether a host needs that is read from the last scan and from
        later stage tasks. After a change of the image, scan first (in the vSphere Client or with O(refresh=always)),
        or hosts that hold the image before count as staged.
    type: str
  refresh:
    description:
      - Whether a compliance scan runs before the module decides.
      - With V(auto), a cluster is scanned when it was never scanned before, or when its stored compliance is about
        another commit than O(commit).
      - With V(never), hosts whose stored compliance says nothing about O(commit) are handed to vCenter, which skips
        those that need nothing.
      - In check mode nothing is scanned.
    type: str
    choices: [auto, always, never]
    default: auto
  wait:
    description:
      - Whether to wait until the staging has ended.
      - With V(false), the module returns as soon as vCenter has accepted the tasks. Run it again to get the verdicts.
        It then starts at most O(clusters_in_flight) tasks, as nobody would be there to start the others later.
        A compliance scan that is due is waited for all the same.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait for each cluster, its compliance scan included.
      - vCenter goes on with a task that took longer; the next run waits for it again.
    type: int
    default: 7200
  poll_interval:
    description:
      - Seconds between two looks at the running tasks, at most.
      - The first looks follow each other faster, and so do those near the end that the progress of a task foretells.
    type: int
    default: 10
  busy_timeout:
    description:
      - Seconds to wait for another lifecycle operation (such as a remediation) that occupies a cluster. Then this
        cluster fails.
      - With O(wait=false) there is no waiting for other operations.
    type: int
    default: 600
  outage_timeout:
    description:
      - Seconds for which vCenter may give no usable answer while the module waits, for instance during a restart. The
        tasks run in vCenter and go on.
    type: int
    default: 900
  on_timeout:
    description:
      - What becomes of a task that takes longer than O(wait_timeout).
      - With V(leave), vCenter goes on with it, and the next run waits for it again.
      - With V(cancel), vCenter is asked to end it. It may be unable to; the message tells. A task that somebody else
        started is left alone.
    type: str
    choices: [leave, cancel]
    default: leave
  retry_failed_hosts:
    description:
      - How many more times hosts are staged whose failure vCenter marks as retriable, or that vCenter gave up waiting
        for. Other hosts are not touched by that.
    type: int
    default: 0
  clusters_in_flight:
    description:
      - How many clusters and standalone hosts are worked on at the same time, at most.
      - The next one starts the moment that one has ended, in the order in which they are named.
    type: int
    default: 5
  hosts_in_flight:
    description:
      - How many hosts are in the clusters that are worked on at the same time, at most.
      - A cluster with more hosts than this is worked on alone.
    type: int
    default: 64
  sites:
    description:
      - Labels of the sites of clusters and standalone hosts, by identifier or name, for O(site_clusters_in_flight).
        What is not in it belongs to no site.
    type: dict
    default: {}
  site_clusters_in_flight:
    description:
      - How many clusters and standalone hosts of one site are worked on at the same time, at most, such as those that
        share a line to the depot. V(0) sets no such limit.
      - Where a site has no place free, the next one of another site starts.
    type: int
    default: 0
  total_timeout:
    description:
      - Seconds for everything together; V(0) sets no limit. When they are over, no further cluster is started, and
        those that run time out as with O(wait_timeout).
    type: int
    default: 0
  parallel_requests:
    description:
      - How many requests are sent to vCenter at the same time, at most. It shortens the time in which many clusters are
        read and started, most of all where vCenter is far away.
    type: int
    default: 8
  detail:
    description:
      - How much the module returns. The message of a failure names every reason in any case.
      - With V(failed), all there is to know about what had trouble, and counts for the rest. A thousand clusters
        without trouble fit into 200 kB.
      - With V(full), every host with its verdict. Choose it where later tasks go through the hosts.
      - With V(summary), counts, the names of the hosts that failed, and one line for each cluster with trouble.
      - A cluster or standalone host had trouble when one of its hosts failed or was staged with a warning or an error,
        when its work ended early or ran out of time, when vCenter calls its task FAILED, or says a warning or an error
        about the whole.
    type: str
    choices: [summary, failed, full]
    default: failed
  result_file:
    description:
      - File to write the full detail to, whatever O(detail) says. It has one line of JSON for each cluster and
        standalone host, in the shape of RV(clusters) with O(detail=full), and besides C(kind) (V(cluster) or V(host))
        and C(check_mode), which tells whether the line is a prediction.
      - It is written in one step when the run has ended, also when hosts have failed or time ran out and in check mode,
        and then replaces the file of an earlier run. A run that ends before it has a verdict, because of a problem
        found before the first change or of a signal, leaves the file as it was.
      - The file is made readable for its owner only. A symbolic link, or anything but a plain file of this user in that
        place, and a directory that cannot be written are refused before anything is changed.
      - When writing fails at the end, there is a warning, and the result is returned all the same.
    type: path
  progress:
    description:
      - Whether lines on the screen (in AWX, events) tell how far the staging is, while it runs. One comes with each
        change of a cluster or standalone host, at most 10 about each, and at least every 30 seconds there is a
        heartbeat such as C(prod-berlin  5/12 hosts staged  1 failed  41 %  02:10  end about 04:12 UTC).
      - The result is the same with and without them.
      - They need a task that runs on the controller (C(connection=local)) and not in the background (C(async)). Tasks
        with C(become) or C(no_log) have none.
      - Choose V(false) where a program reads the output of C(ansible-playbook), for instance that of a callback that
        prints JSON.
    type: bool
    default: true
extends_documentation_fragment:
  - vsphere.lifecycle.vcenter
  - vsphere.lifecycle.attributes
attributes:
  check_mode:
    support: full
    details:
      - Predicted from the stored compliance and from whether vCenter can reach the host. A host of which nothing is
        known counts as one that would be staged.
  diff_mode:
    support: full
    details:
      - The diff has every host that changes, whatever O(detail) says.
  idempotent:
    support: full
notes:
  - Needs vCenter 8.0 or later, and hosts with ESXi 8.0 or later.
  - Needs the privileges C(VcIntegrity.lifecycleSoftwareRemediation.Write) to stage,
    C(VcIntegrity.lifecycleSoftwareSpecification.Read) to scan and to read compliance, and
    C(VcIntegrity.lifecycleSettings.Read).
seealso:
  - module: vsphere.lifecycle.esx_cluster_stage_info
  - name: "vSphere Automation API: stage the software of a cluster"
    description: The vendor's reference of the call.
    link: https://developer.broadcom.com/xapis/vsphere-automation-api/latest/
"""

EXAMPLES = r"""
- name: Stage the desired image on all hosts of two clusters
  vsphere.lifecycle.esx_software_stage:
    hostname: "{{ vcenter_hostname }}"
    username: "{{ vcenter_username }}"
    password: "{{ vcenter_password }}"
    ca_path: "{{ vcenter_ca_path }}"
    clusters:
      - prod-berlin
      - prod-hamburg

- name: See what would be staged, without changing anything (connection from the environment)
  vsphere.lifecycle.esx_software_stage:
    clusters: [prod-berlin]
  check_mode: true
  diff: true

- name: Stage one host of a cluster as a canary
  vsphere.lifecycle.esx_software_stage:
    clusters: [prod-berlin]
    hosts: [esx01.berlin.example.com]

- name: Stage hosts where they live, in a cluster or standalone
  vsphere.lifecycle.esx_software_stage:
    hosts:
      - esx02.berlin.example.com
      - edge01.example.com

- name: Stage many clusters, keep the result small, and everything about each host in a file
  vsphere.lifecycle.esx_software_stage:
    clusters: [prod-berlin, prod-hamburg]
    detail: summary
    result_file: ~/staged.jsonl

- name: Go on after a failed host, and look at the reasons
  block:
    - name: Stage
      vsphere.lifecycle.esx_software_stage:
        clusters: [prod-munich]
      register: staged
  rescue:
    - name: Show what failed
      ansible.builtin.debug:
        msg: "{{ ansible_failed_result.clusters | map(attribute='hosts') | flatten | selectattr('verdict', 'eq',
          'failed') }}"
"""

RETURN = r"""
clusters:
  description:
    - What became of each cluster, in the order of the option; empty when only standalone hosts were named.
    - With O(detail=full), every cluster with all its members.
    - With O(detail=failed), clusters that had trouble with all their members, but of the hosts only those with trouble;
      of the other clusters C(name), C(moid), C(changed), C(failed), C(commit) and C(counts), and C(task) with nothing
      but its C(id) where hosts are V(started).
    - With O(detail=summary), only clusters that had trouble, with C(name), C(moid), C(failed), C(msg) and C(counts).
  returned: always, except when the module fails before it has looked at the objects
  type: list
  elements: dict
  contains: &unit
    name:
      description: Name of the cluster or standalone host.
      type: str
      sample: prod-berlin
    moid:
      description: Its identifier.
      type: str
      sample: domain-c8
    changed:
      description: Whether a host was newly staged, or a task was started that nobody waits for.
      type: bool
      sample: true
    failed:
      description: Whether at least one of its hosts failed.
      type: bool
      sample: false
    msg:
      description: Why the whole of it ended early; empty when it did not.
      type: str
      sample: ""
    timed_out:
      description: Whether O(wait_timeout) ended the waiting. RV(clusters[].task) then tells which task vCenter goes
        on with.
      type: bool
      sample: false
    source:
      description:
        - V(task) when the verdicts come from the result of the task.
        - V(compliance) when vCenter had lost the task, and a new compliance scan had to tell what became of the hosts.
      type: str
      sample: task
    commit:
      description: The commit that was really staged; V(null) when no task of this run has staged anything.
      type: str
      sample: "5"
    commit_time:
      description: When that commit was made, where it is another one than the last scan knew; else V(null).
      type: str
      sample: null
    counts:
      description: How many of its hosts have which verdict.
      type: dict
      sample: {"staged": 2, "skipped": 2, "failed": 0, "started": 0}
    task:
      description: The last stage task of this run; V(null) when there was nothing to do.
      type: dict
      contains:
        id:
          description: Identifier of the task.
          type: str
          sample: 52f9f1b0-160a-25fe-fd1e-e7526df80e0d:com.vmware.esx.settings.clusters.software
        status:
          description: PENDING, RUNNING, BLOCKED, SUCCEEDED or FAILED. V(SUCCEEDED) does not mean that every host was
            staged.
          type: str
          sample: SUCCEEDED
        progress:
          description: Percent done; V(null) where vCenter does not say.
          type: int
          sample: 100
        start_time:
          description: When it started, by vCenter's clock.
          type: str
          sample: "2026-03-01T22:00:05.000Z"
        end_time:
          description: When it ended; V(null) while it runs.
          type: str
          sample: "2026-03-01T22:03:25.000Z"
        adopted:
          description: Whether it ran already and was waited for.
          type: bool
          sample: false
    errors:
      description: Why vCenter calls the task FAILED; empty when it does not. Hosts may be staged all the same.
      type: list
      elements: str
      sample: []
    notifications:
      description: What vCenter says of the whole, in the shape of RV(clusters[].hosts[].notifications).
      type: list
      elements: dict
      sample: []
    hosts:
      description: The verdict of every host asked for; with O(detail=failed) only of those with trouble.
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
        verdict:
          description:
            - V(staged) newly, V(skipped) because nothing was to do, V(failed), or V(started) and not waited for.
            - In check mode, what the verdict would be.
          type: str
          sample: staged
        status:
          description: The status that vCenter gave the host in the stage result, such as V(OK) or V(SKIPPED); V(null)
            without one.
          type: str
          sample: OK
        commit:
          description:
            - Which commit the verdict is about; V(null) where that is not known. It differs from RV(clusters[].commit)
              where the image changed in the middle of the run.
          type: str
          sample: "5"
        reason:
          description: Why, in one or two sentences; empty for a plain success.
          type: str
          sample: ""
        retriable:
          description: Whether vCenter marks the failure as one that another try may cure.
          type: bool
          sample: false
        notifications:
          description: What vCenter says of the host, errors first.
          type: list
          elements: dict
          contains:
            type:
              description: V(ERROR), V(WARNING) or V(INFO).
              type: str
              sample: ERROR
            id:
              description: Identifier of the message, stable across languages.
              type: str
              sample: com.vmware.vcIntegrity.lifecycle.EsxImage.DepotConnectErrorV2
            message:
              description: The text.
              type: str
              sample: The host cannot reach the depot.
            resolution:
              description: What vCenter advises; V(null) where it gives no advice.
              type: str
              sample: Check the network between host and vCenter, port 9084.
            retriable:
              description: Whether vCenter says that another try may help; V(null) where it does not say.
              type: bool
              sample: true
            time:
              description: When it was written.
              type: str
              sample: "2026-03-01T22:01:00.000Z"
        start_time:
          description: When the staging of the host started; V(null) without one.
          type: str
          sample: "2026-03-01T22:00:05.000Z"
        end_time:
          description: When it ended.
          type: str
          sample: "2026-03-01T22:03:05.000Z"
standalone_hosts:
  description: What became of each standalone host, in the same shape as RV(clusters).
  returned: always, except when the module fails before it has looked at the objects
  type: list
  elements: dict
  contains: *unit
  sample: []
counts:
  description: Of how many clusters, standalone hosts and hosts the result is, and how many hosts have which verdict.
  returned: always, except when the module fails before it has looked at the objects
  type: dict
  contains:
    clusters:
      description: Clusters worked on.
      type: int
      sample: 2
    standalone_hosts:
      description: Standalone hosts worked on.
      type: int
      sample: 0
    hosts:
      description: Hosts asked for, in clusters and standalone.
      type: int
      sample: 4
    staged:
      description: Hosts that were newly staged (in check mode, that would be).
      type: int
      sample: 2
    skipped:
      description: Hosts that needed nothing.
      type: int
      sample: 2
    failed:
      description: Hosts that were not staged.
      type: int
      sample: 0
    started:
      description: Hosts whose staging was started or runs, and is not waited for.
      type: int
      sample: 0
successful_hosts:
  description: Names of the hosts that were newly staged (in check mode, that would be).
  returned: O(detail=full), except when the module fails before it has looked at the objects
  type: list
  elements: str
  sample: [esx01.berlin.example.com]
skipped_hosts:
  description: Names of the hosts that needed nothing.
  returned: O(detail=full), except when the module fails before it has looked at the objects
  type: list
  elements: str
  sample: [esx02.berlin.example.com]
failed_hosts:
  description: Names of the hosts that were not staged.
  returned: always, except when the module fails before it has looked at the objects
  type: list
  elements: str
  sample: []
started_hosts:
  description: Names of the hosts whose staging was started or runs, and is not waited for.
  returned: O(detail=full), except when the module fails before it has looked at the objects
  type: list
  elements: str
  sample: []
diff:
  description: What changed (or would change in check mode), by cluster or standalone host, and host.
  returned: diff mode, except when the module fails before it has looked at the objects
  type: dict
  contains:
    before:
      description: The stage status before, V(UNKNOWN) where vCenter did not say.
      type: dict
      sample: {"prod-berlin": {"esx01.berlin.example.com": "NOT_STAGED"}}
    after:
      description: The stage status afterwards.
      type: dict
      sample: {"prod-berlin": {"esx01.berlin.example.com": "STAGED"}}
problems:
  description: What is wrong, when the module found out before the first change.
  returned: failure before the first change
  type: list
  elements: str
  sample: ["The cluster 'legacy' (domain-c30) is managed by baselines, not by an image"]
"""

import contextlib
import dataclasses
import functools
import json
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _files, _images, _inventory
from ansible_collections.vsphere.lifecycle.plugins.module_utils._appliance import system_version
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import (
    InvalidOption,
    PreflightFailed,
    StagingFailed,
    VCenterError,
)
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_module
from ansible_collections.vsphere.lifecycle.plugins.module_utils._selection import Selection
from ansible_collections.vsphere.lifecycle.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_report import failure_of, lines_of, result_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_run import StageRun
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_units import Options, Unit
from ansible_collections.vsphere.lifecycle.plugins.module_utils._tasks import is_outage
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import harmless
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import string_or_none

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._client import VCenterClient
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context

OPTIONS = (
    "commit",
    "wait",
    "wait_timeout",
    "poll_interval",
    "refresh",
    "busy_timeout",
    "outage_timeout",
    "on_timeout",
    "retry_failed_hosts",
    "clusters_in_flight",
    "hosts_in_flight",
    "site_clusters_in_flight",
    "sites",
    "total_timeout",
)
SMALLEST = {
    "wait_timeout": 1,
    "poll_interval": 1,
    "clusters_in_flight": 1,
    "hosts_in_flight": 1,
    "parallel_requests": 1,
    "busy_timeout": 0,
    "outage_timeout": 0,
    "retry_failed_hosts": 0,
    "site_clusters_in_flight": 0,
    "total_timeout": 0,
}


def stage(params: dict[str, t.Any], client: VCenterClient, context: Context) -> dict[str, t.Any]:
    """Stage what needs it; raise StagingFailed with the complete result when a host failed."""
    check_options(params)
    options = Options(**{name: params[name] for name in OPTIONS})
    sites = {str(one): str(site) for one, site in (options.sites or {}).items() if site}
    options = dataclasses.replace(options, commit=options.commit or None, sites=sites)
    selection = Selection(client, params["datacenter"] or None)
    units = selected_units(params, client, selection, options)
    find_problems(client, units, options.commit, selection.problems)
    selection.check()
    run = StageRun(client, options, context)
    run.look(units)
    if any(unit.plan(options.commit).needed for unit in units):
        check_release(client)
    check_in_flight(units, options)
    warn_of_the_unknown(units, options, context)
    if context.check_mode:
        run.predict(units)
    else:
        # Where vCenter has given no answer for long, it is not asked for more.
        if run.run(units):
            tell_of_new_images(client, units, options.commit)
    if params["result_file"]:
        write_result_file(params["result_file"], units, context)
    result = result_of(units, params["detail"], with_diff=context.diff)
    if result["failed_hosts"]:
        raise StagingFailed(*failure_of(units, predicted=context.check_mode), result)
    return result


def check_options(params: dict[str, t.Any]) -> None:
    """Refuse what can be known to be wrong without asking vCenter.

    :raises InvalidOption: the first that is found.
    """
    if params["clusters"] is None and params["hosts"] is None:
        raise InvalidOption("Neither clusters nor hosts are named", "Name what is to be staged")
    for name, least in SMALLEST.items():
        if params[name] < least:
            raise InvalidOption(
                f"The option '{name}' is {params[name]}; it must be at least {least}", f"Correct {name}"
            )
    if params["result_file"]:
        _files.check_replaceable(params["result_file"], "result_file")


def selected_units(
    params: dict[str, t.Any], client: VCenterClient, selection: Selection, options: Options
) -> list[Unit]:
    """Return the clusters and standalone hosts to work on, each with the hosts asked for."""
    clusters = selection.clusters(params["clusters"]) if params["clusters"] is not None else []
    hosts = selection.hosts(params["hosts"]) if params["hosts"] is not None else []
    if params["clusters"] is None:
        units = units_of_hosts(client, hosts, selection.problems)
        read_compliance(client, units)
        return units
    units = [Unit(cluster, {}) for cluster in clusters]
    read_compliance(client, units)
    found = present_hosts(client, units, options)
    for unit in units:
        unit.hosts = {host.moid: host for host in found[unit.entity.moid]}
    if params["hosts"] is None:
        return units
    wanted = {host.moid for host in hosts}
    members = {moid for unit in units for moid in unit.hosts}
    selection.problems.extend(
        f"The {host.label} is in none of the clusters named; leave clusters out to stage each host where it lives"
        for host in hosts
        if host.moid not in members
    )
    for unit in units:
        # Not whole, even if all are named: there may be hosts that this user does not see.
        unit.hosts, unit.whole = {moid: host for moid, host in unit.hosts.items() if moid in wanted}, False
    return units


def present_hosts(client: VCenterClient, units: list[Unit], options: Options) -> dict[str, list[_inventory.Host]]:
    """Return the hosts of each cluster; in fewer calls where the last scans leave nothing to do, if these still fit."""
    clusters = [unit.entity for unit in units]
    scanned = {unit.entity.moid: unit.compliance.hosts for unit in units if unit.compliance}
    done = [unit for unit in units if unit.compliance and unit.compliance.nothing_left]
    if len(done) == len(units) and not any(unit.scan_wanted(options) for unit in units):
        found = _inventory.hosts_as_scanned(client, clusters, scanned)
        if found is not None:
            return found
    return _inventory.hosts_of_all(client, clusters, {moid: len(hosts) for moid, hosts in scanned.items()})


def units_of_hosts(client: VCenterClient, hosts: list[_inventory.Host], problems: list[str]) -> list[Unit]:
    """Return a unit for each standalone host and for each cluster that one of the hosts is in."""
    standalone = _inventory.standalone_of(client, hosts) if hosts else set()
    members = [host for host in hosts if host.moid not in standalone]
    cluster_of = _inventory.clusters_of(client, members) if members else {}
    problems.extend(
        f"The {host.label} is neither standalone nor in a cluster that this user may see"
        for host in members
        if host.moid not in cluster_of
    )
    clusters: dict[str, Unit] = {}
    for host in members:
        if host.moid in cluster_of:
            cluster = cluster_of[host.moid]
            clusters.setdefault(cluster.moid, Unit(cluster, {}, whole=False)).hosts[host.moid] = host
    return [*clusters.values(), *(Unit(host, {host.moid: host}) for host in hosts if host.moid in standalone)]


def read_compliance(client: VCenterClient, units: list[Unit]) -> None:
    """Read the stored compliance of every unit."""
    reads = [functools.partial(_images.find_compliance, client, unit.entity) for unit in units]
    for unit, compliance in zip(units, side_by_side(reads, client.connections), strict=True):
        unit.compliance = unit.first_compliance = compliance


def find_problems(client: VCenterClient, units: list[Unit], commit: str | None, problems: list[str]) -> None:
    """Find what makes staging a unit impossible. A stored compliance proves that it is managed by an image."""
    checks = [functools.partial(problem_of, client, unit, commit) for unit in units]
    problems.extend(problem for problem in side_by_side(checks, client.connections) if problem)


def problem_of(client: VCenterClient, unit: Unit, commit: str | None) -> str | None:
    """Return what makes staging a unit impossible, if anything."""
    if unit.compliance is None and not _images.managed_by_image(client, unit.entity):
        return (
            f"The {unit.entity.label} is managed by baselines, not by an image; "
            "leave it out, or convert it to an image in vCenter"
        )
    if commit is not None and not known_commit(client, unit, commit):
        present = f"; its last scan was for commit '{unit.compliance.commit}'" if unit.compliance else ""
        return f"The {unit.entity.label} has no commit '{commit}'{present}; correct commit or leave it out"
    return None


def known_commit(client: VCenterClient, unit: Unit, commit: str) -> bool:
    """Whether a unit has ever had a commit."""
    if unit.compliance and unit.compliance.commit == commit:
        return True
    return look_up_commit(client, unit, commit)


def look_up_commit(client: VCenterClient, unit: Unit, commit: str) -> bool:
    """Whether vCenter has a commit of a unit; keep when it was made."""
    found = _images.find_commit(client, unit.entity, commit)
    if found is not None:
        unit.commit_times[commit] = string_or_none(found.get("commit_time"))
    return found is not None


def check_release(client: VCenterClient) -> None:
    """Refuse a vCenter that cannot stage yet: it would answer as if the cluster were not there."""
    version = system_version(client)
    if version and version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < 8:
        raise PreflightFailed([f"This vCenter has version {version}, and staging needs 8.0; update vCenter first"])


def check_in_flight(units: list[Unit], options: Options) -> None:
    """Refuse to start more than may be in flight when nobody stays to start the rest."""
    needed = [len(unit.plan(options.commit).needed) for unit in units]
    number, hosts = sum(1 for one in needed if one), sum(needed)
    if options.wait or number < 2:
        return
    for name, what, wanted in (("clusters", "clusters or hosts", number), ("hosts", "hosts", hosts)):
        limit = getattr(options, f"{name}_in_flight")
        if wanted > limit:
            raise InvalidOption(
                f"{wanted} {what} need staging, and with wait: false no more than {name}_in_flight "
                f"({limit}) may be started",
                f"Set wait: true, or {name}_in_flight: {wanted}",
            )


def warn_of_the_unknown(units: list[Unit], options: Options, context: Context) -> None:
    """Tell where the outcome rests on less than it seems."""
    for unit in units:
        if not unit.hosts:
            which = "no hosts" if unit.whole else "none of the hosts named"
            context.warn(f"The {unit.entity.label} has {which}, so there is nothing to stage in it.")
        elif context.check_mode and not unit.knows(options.commit):
            context.warn(
                f"There is no compliance of {unit.entity.label} for that image, and check mode does not scan: "
                "all its hosts count as not staged."
            )
        elif context.check_mode and options.refresh == "always":
            context.warn(
                f"Check mode does not scan {unit.entity.label}: what it foretells rests on the stored compliance."
            )


def tell_of_new_images(client: VCenterClient, units: list[Unit], commit: str | None) -> None:
    """Note the age of images that nobody knew before: whoever planned without them has to know if they are new.

    :param commit: what was asked for, which is known where there was no scan.
    """
    new = []
    for unit in units:
        known = unit.first_compliance.commit if unit.first_compliance else commit
        if known and unit.commit and unit.commit != known:
            new.append(unit)
    with contextlib.suppress(VCenterError):
        side_by_side([functools.partial(read_commit_time, client, unit) for unit in new], client.connections)


def read_commit_time(client: VCenterClient, unit: Unit) -> None:
    """Note when the commit of a unit was made; it stays unknown where vCenter refuses to tell."""
    commit = unit.commit or ""
    if commit not in unit.commit_times:
        try:
            look_up_commit(client, unit, commit)
        except VCenterError as error:
            # Whoever is asked next would not answer either.
            if is_outage(error):
                raise
    unit.commit_time = unit.commit_times.get(commit)


def write_result_file(path: str, units: list[Unit], context: Context) -> None:
    """Write the full detail as lines of JSON; a disk that is full by now costs the file and not the result."""
    lines = [json.dumps(harmless(entry)) for entry in lines_of(units, check_mode=context.check_mode)]
    try:
        _files.replace(path, lines)
    except OSError as error:
        context.warn(f"The file '{path}' of result_file was not written: {error.strerror}. It is as it was before.")


ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "clusters": {"type": "list", "elements": "str", "aliases": ["cluster", "cluster_name"]},
    "hosts": {"type": "list", "elements": "str", "aliases": ["host", "esxi_host_name", "esxi_hostname"]},
    "datacenter": {"type": "str", "aliases": ["datacenter_name"]},
    "commit": {"type": "str"},
    "refresh": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 7200},
    "poll_interval": {"type": "int", "default": 10},
    "busy_timeout": {"type": "int", "default": 600},
    "outage_timeout": {"type": "int", "default": 900},
    "on_timeout": {"type": "str", "choices": ["leave", "cancel"], "default": "leave"},
    "retry_failed_hosts": {"type": "int", "default": 0},
    "clusters_in_flight": {"type": "int", "default": 5},
    "hosts_in_flight": {"type": "int", "default": 64},
    "sites": {"type": "dict", "default": {}},
    "site_clusters_in_flight": {"type": "int", "default": 0},
    "total_timeout": {"type": "int", "default": 0},
    "parallel_requests": {"type": "int", "default": 8},
    "detail": {"type": "str", "choices": ["summary", "failed", "full"], "default": "failed"},
    "result_file": {"type": "path"},
    # For the action plugin, which shows it; no module can print while it runs.
    "progress": {"type": "bool", "default": True},
}


def main() -> None:
    """Run as a module."""
    run_module(stage, argument_spec=ARGUMENT_SPEC, required_one_of=[("clusters", "hosts")])


if __name__ == "__main__":
    main()
