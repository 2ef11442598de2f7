# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs run by ansible-runner, the engine of AWX: slices on workers at once, a workflow, answers, credentials."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import pathlib
import re
import tempfile
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.tests.processes import (
    PASSWORD,
    USERNAME,
    Json,
    VCenterProcess,
    short_folder,
)

from .description import injected, survey_answers
from .runner import (
    EVENT_STDOUT_MAX_BYTES_DISPLAY,
    MAX_EVENT_RES_DATA,
    MAX_UI_JOB_EVENTS,
    STDOUT_MAX_BYTES_DISPLAY,
    Done,
    Job,
    sliced,
)

CLUSTERS, HOSTS = 12, 4
#: An event is the start of a task, its start for a host, its end there, or a line in between.
EVENTS_OF_A_VCENTER, EVENTS_OF_A_WAVE, EVENTS_OF_A_CLUSTER = 120, 75, 4
WAVES = 3
#: The largest one is the look at all clusters, some 6 kB here; what there is of each host is in the report.
SIZE_OF_AN_EVENT = 8_000
#: AWX has no limit of its own for artifacts, but they become variables of every job that follows. 100 vCenters of this
#: size are 400 kB.
ARTIFACT_OF_A_VCENTER = 4096
SECRETS = (PASSWORD, base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode())
REPORTS = "{{ lookup('ansible.builtin.env', 'AWX_ISOLATED_DATA_DIR') }}/reports/{{ inventory_hostname }}"


def world(*failing: str) -> Json:
    """Return clusters of which none is staged; the hosts named fail."""
    clusters = []
    for number in range(1, CLUSTERS + 1):
        hosts: list[Json] = [{"name": f"esx{one}.c{number:02}.example.com"} for one in range(1, HOSTS + 1)]
        for host in hosts:
            if host["name"] in failing:
                host["outcomes"] = ["ERROR", "ERROR"]
        clusters.append({"name": f"c{number:02}", "hosts": hosts})
    return {"defaults": {"stage_seconds": 30}, "datacenters": [{"name": "Berlin", "clusters": clusters}]}


@dataclasses.dataclass
class Fleet:
    """Running vCenters by their names in the inventory, and the variables of each as a host."""

    vcenters: dict[str, VCenterProcess]
    hosts: dict[str, Json]
    folder: pathlib.Path

    def staged(self, name: str) -> int:
        """Return how many hosts of a vCenter have the image."""
        clusters: dict[str, Json] = self.vcenters[name].ask("world")["clusters"]
        return sum(1 for one in clusters.values() for host in one["hosts"].values() if host["staged_commit"])

    def secrets(self) -> list[str]:
        """Return what may show nowhere: the login in both of its forms, and every session that there was."""
        sessions = [session for one in self.vcenters.values() for session in one.ask("issued-sessions")]
        assert len(sessions) >= len(self.vcenters)
        return [*SECRETS, *sessions]

    def credential(self, **more: str) -> dict[str, str]:
        """Return what AWX injects for a credential of our type."""
        return injected({"username": USERNAME, "password": PASSWORD, **more}, self.folder)


@contextlib.contextmanager
def fleet(*worlds: Json) -> t.Iterator[Fleet]:
    """Start a vCenter for each world, all with a login in common, each with an authority of its own."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        found = Fleet({}, {}, folder)
        for number, one in enumerate(worlds, start=1):
            name = f"vcenter-{number}.example.com"
            place = folder / name
            place.mkdir()
            started = stack.enter_context(VCenterProcess(place, one, speed=60, address=f"127.0.0.{10 + number}"))
            found.vcenters[name] = started
            found.hosts[name] = {
                "vcenter_hostname": started.address,
                "vcenter_port": started.port,
                "vcenter_ca_path": str(place / "ca.pem"),
                "rolling_stage_poll_interval": 1,
                "rolling_stage_report_dir": REPORTS,
            }
        yield found


def limits_are_kept(done: Done, vcenters: int) -> None:
    """Assert what AWX can show and keep."""
    events = done.events
    assert len(events) < MAX_UI_JOB_EVENTS
    each = EVENTS_OF_A_VCENTER + EVENTS_OF_A_WAVE * WAVES + EVENTS_OF_A_CLUSTER * CLUSTERS
    assert len(events) <= vcenters * each
    for event in events:
        # With everything in it, as AWX keeps it; the limit of AWX is for the result alone.
        assert len(json.dumps(event)) < SIZE_OF_AN_EVENT < MAX_EVENT_RES_DATA, event["stdout"]
        result = event.get("event_data", {}).get("res")
        if result is not None:
            # What is too large arrives as {}.
            assert result
    assert len(done.output.encode()) < STDOUT_MAX_BYTES_DISPLAY
    for name, artifact in done.stats.items():
        assert len(json.dumps(artifact)) < ARTIFACT_OF_A_VCENTER, name


def nothing_is_told(text: str, secrets: t.Iterable[str]) -> None:
    for secret in secrets:
        assert secret not in text


def by_vcenter(stats: Json) -> dict[str, Json]:
    return {artifact["vcenter"]: artifact for name, artifact in stats.items() if name.startswith("vlcm_stage_")}


def artifact_of(host: str) -> str:
    return "vlcm_stage_" + re.sub("[^A-Za-z0-9]", "_", host)


# ------------------------------------------------------------------------------------------- slices on workers at once


@dataclasses.dataclass
class Sliced:
    """What became of four vCenters in two slices: what the jobs left, and what the worlds look like."""

    jobs: list[Done]
    staged: list[int]
    sessions: list[Json]
    reports: dict[str, Json]
    hosts: dict[str, Json]
    secrets: list[str]


@pytest.fixture(scope="module")
def two_slices() -> t.Iterator[Sliced]:
    # One host of 48 fails in the last one, which the budget allows.
    with fleet(world(), world(), world(), world("esx1.c07.example.com")) as found, contextlib.ExitStack() as stack:
        answers = {**survey_answers(), "rolling_stage_mode": "all"}
        waiting = []
        for number in (1, 2):
            folder = found.folder / f"slice{number}"
            folder.mkdir()
            cut = sliced(found.hosts, number, 2)
            job = Job(folder, "rolling_stage.yml", cut, environment=found.credential(), answers=answers)
            waiting.append(stack.enter_context(job.streamed()))
        jobs = [wait() for wait in waiting]
        reports = {
            path.parent.name: json.loads(path.read_text(encoding="utf-8"))
            for job in jobs
            for path in (job.artifacts / "reports").glob("*/report.json")
        }
        sessions = [session for one in found.vcenters.values() for session in one.ask("sessions")]
        yield Sliced(
            jobs, [found.staged(name) for name in found.vcenters], sessions, reports, found.hosts, found.secrets()
        )


def test_two_slices_stage_four_vcenters(two_slices: Sliced) -> None:
    assert [job.code for job in two_slices.jobs] == [0, 0], two_slices.jobs[0].output + two_slices.jobs[1].output
    assert two_slices.staged == [48, 48, 48, 47]
    assert two_slices.sessions == []


def test_slices_run_at_the_same_time(two_slices: Sliced) -> None:
    (first, second) = [[event["created"] for event in job.events] for job in two_slices.jobs]
    assert max(first[0], second[0]) < min(first[-1], second[-1])


def test_the_verdicts_of_all_come_back(two_slices: Sliced) -> None:
    left = [by_vcenter(job.stats) for job in two_slices.jobs]
    assert [sorted(one) for one in left] == [["127.0.0.11", "127.0.0.13"], ["127.0.0.12", "127.0.0.14"]]
    verdicts = {name: artifact["verdict"] for one in left for name, artifact in one.items()}
    assert verdicts == {
        "127.0.0.11": "succeeded",
        "127.0.0.12": "succeeded",
        "127.0.0.13": "succeeded",
        "127.0.0.14": "within_budget",
    }
    last = left[1]["127.0.0.14"]
    assert last["hosts"]["staged"] == 47
    assert last["hosts"]["failed"] == 1
    assert last["failed_hosts"] == ["esx1.c07.example.com"]


def test_the_reports_of_all_come_back(two_slices: Sliced) -> None:
    assert sorted(two_slices.reports) == sorted(two_slices.hosts)
    for report in two_slices.reports.values():
        assert len(report["clusters"]) == CLUSTERS
        assert report["hosts"]["staged"] + report["hosts"]["failed"] == CLUSTERS * HOSTS


def test_what_awx_can_show_and_keep_is_enough(two_slices: Sliced) -> None:
    for job in two_slices.jobs:
        limits_are_kept(job, vcenters=2)


def test_no_secret_is_in_what_awx_keeps(two_slices: Sliced) -> None:
    for job in two_slices.jobs:
        nothing_is_told(job.everything(), two_slices.secrets)
    nothing_is_told(json.dumps(two_slices.reports), two_slices.secrets)


def test_the_lines_that_tell_the_outcome_are_shown_whole(two_slices: Sliced) -> None:
    # The browser cuts the text of an event; what is cut can still be opened, but nobody should have to.
    for job in two_slices.jobs:
        told = [event for event in job.events if event["event_data"].get("task") == "Report | Tell the outcome"]
        assert told
        assert all(len(event["stdout"].encode()) <= EVENT_STDOUT_MAX_BYTES_DISPLAY for event in told)


@pytest.mark.parametrize(("hosts", "limit", "code"), [([], "", 0), (["vcenter-2"], "all:!vcenter-2", 1)])
def test_a_slice_without_hosts_is_fine_unless_a_limit_took_them(hosts: list[str], limit: str, code: int) -> None:
    # As docs/awx.md says: who leaves out a vCenter switches its host off, and uses no limit.
    with short_folder() as folder:
        inventory: dict[str, Json] = {host: {} for host in hosts}
        job = Job(folder, "rolling_stage.yml", inventory, environment={}, answers=survey_answers(), limit=limit)
        done = job.run()
        assert done.code == code, done.output
        assert ("no hosts matched" if code == 0 else "leaves us with no hosts to target") in done.output


# --------------------------------------------------------------------------------------------------- a whole workflow


def test_a_workflow_plans_stages_and_reports() -> None:
    """The nodes plan, canary, rest and report, with the artifacts that AWX hands on from each to the next."""
    with fleet(world(), world()) as found:
        left: Json = {}
        codes, staged = [], []
        # In a workflow nobody answers for the mode, and the nodes set it.
        answers = {**survey_answers(), "rolling_stage_waves": "1,100%"}
        del answers["rolling_stage_mode"]
        for mode in ("plan", "canary", "rest"):
            folder = found.folder / mode
            folder.mkdir()
            given = {**left, **answers, "rolling_stage_mode": mode}
            environment = found.credential()
            done = Job(folder, "rolling_stage.yml", found.hosts, environment=environment, answers=given).run()
            earlier = dict(left)
            left.update(done.stats)
            codes.append((mode, done.code, {one["verdict"] for one in by_vcenter(done.stats).values()}))
            staged.append([found.staged(name) for name in found.vcenters])
            nothing_is_told(done.everything(), found.secrets())
            limits_are_kept(done, vcenters=2)
        assert codes == [("plan", 0, {"planned"}), ("canary", 0, {"succeeded"}), ("rest", 0, {"succeeded"})]
        assert staged == [[0, 0], [HOSTS, HOSTS], [CLUSTERS * HOSTS] * 2]

        report = reported(found, {**left, **answers}, "rest")
        assert report.code == 0, report.output
        summary = report.stats["rolling_stage_summary"]
        assert summary["verdict"] == "succeeded"
        assert [one["name"] for one in summary["vcenters"]] == list(found.hosts)
        assert [one["vcenter"] for one in summary["vcenters"]] == ["127.0.0.11", "127.0.0.12"]

        # A slice of the rest that was cancelled leaves nothing, and what its canary has left is still handed on.
        lost = artifact_of("vcenter-2.example.com")
        assert earlier[lost]["verdict"] == "succeeded"
        report = reported(found, {**left, lost: earlier[lost], **answers}, "rest")
        assert report.code != 0
        assert report.stats["rolling_stage_summary"]["verdict"] == "failed"
        assert report.stats["rolling_stage_summary"]["missing"] == ["vcenter-2.example.com"]
        assert "1 vCenter without a result: vcenter-2.example.com." in report.output


def reported(found: Fleet, handed_on: Json, mode: str) -> Done:
    """Run the report node of a mode, with what AWX hands on to it."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=found.folder))
    answers = {**handed_on, "stage_report_mode": mode}
    return Job(folder, "rolling_stage_report.yml", found.hosts, environment={}, answers=answers).run()


# ------------------------------------------------------------------------------------------------------ survey answers


@contextlib.contextmanager
def planned(**answers: t.Any) -> t.Iterator[Done]:
    """Plan a vCenter with some answers to the survey."""
    with fleet(world()) as found:
        folder = found.folder / "job"
        folder.mkdir()
        given = {**survey_answers(), **answers}
        yield Job(folder, "rolling_stage.yml", found.hosts, environment=found.credential(), answers=given).run()


def test_answers_of_a_survey_are_taken_as_they_are() -> None:
    answers = {
        "rolling_stage_clusters": "c0*,c11",
        "rolling_stage_exclude": "c03",
        "rolling_stage_canary": "c11",
        "rolling_stage_waves": "2",
        "rolling_stage_max_failed_hosts": "5",
        # YAML makes a time of it on the way.
        "rolling_stage_not_after": "2126-11-23T06:00:00+01:00",
    }
    with planned(**answers) as done:
        assert done.code == 0, done.output
        (report,) = [json.loads(path.read_text()) for path in (done.artifacts / "reports").glob("*/report.json")]
        names = [[cluster["name"] for cluster in wave["clusters"]] for wave in report["waves"]]
        assert names == [["c11"], ["c01", "c02"], ["c04", "c05"], ["c06", "c07"], ["c08", "c09"]]


def test_an_empty_answer_is_none() -> None:
    # What the browser hands over where nothing was filled in; ansible-core since 2.19 makes null of it on the way.
    empty = ("rolling_stage_clusters", "rolling_stage_exclude", "rolling_stage_canary", "rolling_stage_not_after")
    with planned(**dict.fromkeys(empty, "")) as done:
        assert done.code == 0, done.output
        assert {artifact["verdict"] for artifact in done.stats.values()} == {"planned"}


def test_spaces_after_commas_are_left_out() -> None:
    answers = {
        "rolling_stage_clusters": "c01, c02",
        "rolling_stage_waves": "1, 100%",
        # ansible-core since 2.19 makes 1320 of it, the minutes.
        "rolling_stage_not_after": "22:00",
    }
    with planned(**answers) as done:
        assert done.code == 0, done.output


# -------------------------------------------------------------------------------------------------------- credentials


def test_the_inventory_beats_what_awx_injects() -> None:
    """The credential type of AWX itself: another host, and no look at certificates, unless somebody has said so."""
    with fleet(world(), world()) as found:
        first, second = found.vcenters.values()
        environment = {
            "VMWARE_HOST": f"https://{first.address}",
            "VMWARE_USER": USERNAME,
            "VMWARE_PASSWORD": PASSWORD,
            "VMWARE_VALIDATE_CERTS": "False",
        }
        # The second one would be signed by an authority that nobody here knows.
        hosts = {
            name: {**variables, "vcenter_ca_path": found.hosts["vcenter-1.example.com"]["vcenter_ca_path"]}
            for name, variables in found.hosts.items()
        }
        answers = {**survey_answers(), "rolling_stage_mode": "canary"}
        folder = found.folder / "job"
        folder.mkdir()
        done = Job(folder, "rolling_stage.yml", hosts, environment=environment, answers=answers).run()
        assert done.code != 0
        assert [found.staged(name) for name in found.vcenters] == [HOSTS, 0]
        # Each was asked for itself, and no login went to one whose certificate is not right.
        logins = [
            [request["method"] for request in one.ask("requests") if request["path"] == "/api/session"].count("POST")
            for one in (first, second)
        ]
        assert logins == [1, 0]
        assert "certificate" in done.output
        # The other vCenter was never logged in to.
        nothing_is_told(done.everything(), [*SECRETS, *first.ask("issued-sessions")])
        verdicts = {artifact["verdict"] for artifact in done.stats.values()}
        assert verdicts == {"succeeded", "failed"}
