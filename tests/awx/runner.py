# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX gives them to ansible-runner: private data directories, inventories by a script, unsafe variables.

What is said here of AWX is in its awx/main/tasks/jobs.py, awx/main/models/inventory.py and awx/main/utils/safe_yaml.py.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import yaml

from ansible_collections.vsphere.lifecycle.tests.processes import LIMIT, ROOT, Json

from .description import AWX

#: awx/settings/defaults.py: a larger result is thrown away, and the text of an event is cut in the browser.
MAX_EVENT_RES_DATA = 700_000
EVENT_STDOUT_MAX_BYTES_DISPLAY = 1024
STDOUT_MAX_BYTES_DISPLAY = 1_048_576
MAX_UI_JOB_EVENTS = 4000


class _Unsafe(yaml.SafeDumper):
    """Writes what people filled in: texts are marked, so that nothing in them is a template."""


_Unsafe.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


def sliced(hosts: t.Mapping[str, Json], number: int, count: int) -> dict[str, Json]:
    """Return the slice of an inventory that one of several jobs gets; the first number is 1."""
    return dict(sorted(hosts.items())[number - 1 :: count])


class Job:
    """A private data directory.

    :param folder: where it is made.
    :param playbook: the one of the project to run.
    :param hosts: the inventory (or the slice of it), with the variables of each host; all are in the group vcenters.
    :param environment: what the credentials inject.
    :param answers: of the survey, or artifacts of earlier jobs of a workflow.
    :param limit: which of the hosts, as it was filled in.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        playbook: str,
        hosts: t.Mapping[str, Json],
        *,
        environment: t.Mapping[str, str],
        answers: t.Mapping[str, t.Any],
        limit: str = "",
    ) -> None:
        self.folder, self.playbook = folder, playbook
        self._options = ["--limit", limit] if limit else []
        shutil.copytree(AWX / "project", folder / "project")
        for name in ("env", "inventory"):
            (folder / name).mkdir()
        inventory = {
            "all": {"hosts": list(hosts), "children": ["vcenters"]},
            "vcenters": {"hosts": list(hosts)},
            "_meta": {"hostvars": hosts},
        }
        script = folder / "inventory" / "hosts"
        script.write_text(f"#! /usr/bin/env python3\nprint({json.dumps(inventory)!r})\n", encoding="utf-8")
        script.chmod(0o700)
        variables = {
            # The jobs leave nothing in the folders of the user. Else AWX would set these to places in the image.
            "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".work" / "link")),
            "ANSIBLE_HOME": str(folder / "ansible-home"),
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_FORCE_COLOR": "True",
            "MAX_EVENT_RES": str(MAX_EVENT_RES_DATA),
            "JOB_ID": "17",
            **environment,
        }
        (folder / "env" / "envvars").write_text(json.dumps(variables), encoding="utf-8")
        (folder / "env" / "settings").write_text(json.dumps({"suppress_ansible_output": True}), encoding="utf-8")
        given = yaml.dump({**answers, "awx_job_id": 17}, Dumper=_Unsafe, default_flow_style=False)
        (folder / "env" / "extravars").write_text(given, encoding="utf-8")

    def run(self) -> Done:
        """Run it on this machine."""
        ended = _runner("run", str(self.folder), "-p", self.playbook, *self._options)
        output, errors = ended.communicate(timeout=2 * LIMIT)
        return Done(self.folder, output + errors)

    @contextlib.contextmanager
    def streamed(self) -> t.Iterator[t.Callable[[], Done]]:
        """Start it on a worker, as AWX does through receptor; the value waits for its end.

        The worker has nothing but what is transmitted, and what comes back is looked at where it is processed.
        """
        worker, processed = self.folder.with_suffix(".worker"), self.folder.with_suffix(".processed")
        transmit = _runner("transmit", str(self.folder), "-p", self.playbook)
        work = _runner("worker", "--private-data-dir", str(worker), "--delete", stdin=transmit.stdout)
        process = _runner("process", str(processed), stdin=work.stdout)
        started = (transmit, work, process)

        def wait() -> Done:
            output, errors = process.communicate(timeout=2 * LIMIT)
            return Done(processed, output + errors)

        try:
            yield wait
        finally:
            for one in started:
                if one.poll() is None:
                    one.kill()
                one.wait()
                for pipe in (one.stdout, one.stderr):
                    if pipe:
                        pipe.close()


def _runner(*arguments: str, stdin: t.IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMWARE_", "ANSIBLE_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "ansible_runner", *arguments],
        env={**kept, "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@dataclasses.dataclass
class Done:
    """What a job has left: the folder with its artifacts, and what was printed."""

    folder: pathlib.Path
    printed: bytes

    @property
    def artifacts(self) -> pathlib.Path:
        """The folder that AWX reads: of a job that ran here it is one level deeper."""
        deeper = [path.parent for path in (self.folder / "artifacts").glob("*/rc")]
        return deeper[0] if deeper else self.folder / "artifacts"

    @property
    def code(self) -> int:
        """How ansible-playbook ended."""
        return int((self.artifacts / "rc").read_text(encoding="utf-8"))

    @property
    def output(self) -> str:
        """What the job's page shows."""
        return (self.artifacts / "stdout").read_text(encoding="utf-8")

    @property
    def events(self) -> list[Json]:
        """The events, in their order."""
        files = (self.artifacts / "job_events").glob("*.json")
        found: list[Json] = [json.loads(path.read_text(encoding="utf-8")) for path in files]
        return sorted(found, key=lambda event: int(event["counter"]))

    @property
    def stats(self) -> Json:
        """What set_stats has left for the jobs that follow in a workflow."""
        (last,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(last["event_data"]["artifact_data"])

    def everything(self) -> str:
        """Return all that AWX keeps, as one text."""
        return "\n".join([self.output, *(json.dumps(event) for event in self.events), self.printed.decode()])
