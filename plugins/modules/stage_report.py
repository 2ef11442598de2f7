#!/usr/bin/python
# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stage_report
short_description: Write what became of a rollout as JSON, as a table and as a page
version_added: "0.1.0"
author:
  - vsphere.lifecycle maintainers (@vsphere-lifecycle)
description:
  - Puts together what the role P(vsphere.lifecycle.rolling_stage#role) knows of a rollout and what the result files of
    M(vsphere.lifecycle.esx_software_stage) tell of each host, and writes it to a folder.
  - C(report.json) has everything, for programs. Its form is described by C(docs/report.schema.json) of this collection.
  - C(report.csv) has a row for each host, for spreadsheets. Nothing in it is taken for a formula.
  - C(report.html) is one page that loads nothing and runs nothing. It begins with the verdict and with what to do next,
    and shows the waves as bars over time, what failed and what vCenter advises, what was skipped and why, the gates and
    their answers. Names and messages from vCenter stay text there.
  - The role calls it by itself where C(rolling_stage_report_dir) is set. It talks to no vCenter.
options:
  rollout:
    description:
      - The rollout, as the role leaves it in the fact C(rolling_stage_result).
      - Members that are missing count as empty, and members that are not known are kept in C(report.json).
    type: dict
    required: true
  result_files:
    description:
      - Files that O(vsphere.lifecycle.esx_software_stage#module:result_file) has named, in the order in which they were
        written. Where two tell of the same host, the later one counts, unless it only had nothing to do any more.
      - What is missing or damaged is left out, with a warning and a note in the report.
      - Without any, only hosts that failed are listed.
    type: list
    elements: path
    default: []
  path:
    description:
      - Folder to write to. It is made if it is not there, for its owner alone. A symbolic link is refused.
      - The files are made for their owner alone, and each is replaced in one step.
    type: path
    required: true
  formats:
    description: Which files to write.
    type: list
    elements: str
    choices: [json, csv, html]
    default: [json, csv, html]
extends_documentation_fragment:
  - vsphere.lifecycle.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: A difference between two reports would be as long as the reports.
  idempotent:
    support: full
    details: The same rollout gives the same files, to the last byte. Files that are as they should be are left alone.
notes:
  - The task is changed if a file was written. A report is the record of a run and nothing that is managed, so
    C(changed_when=false) is right for most playbooks, and the role has it.
  - It needs no library but Python's own, and takes no connection options, so it is not in the action group
    C(group/vsphere.lifecycle.vcenter).
seealso:
  - module: vsphere.lifecycle.esx_software_stage
"""

EXAMPLES = r"""
- name: Write the report of the rollout once more, to another folder
  vsphere.lifecycle.stage_report:
    rollout: "{{ rolling_stage_result }}"
    result_files: "{{ query('ansible.builtin.fileglob', playbook_dir ~ '/report/*.jsonl') | sort }}"
    path: "{{ playbook_dir }}/report-again"
  changed_when: false

- name: Write the page alone
  vsphere.lifecycle.stage_report:
    rollout: "{{ rolling_stage_result }}"
    path: "{{ playbook_dir }}/report"
    formats: [html]
  register: report
  changed_when: false

- name: Tell where it is
  ansible.builtin.debug:
    msg: "{{ report.files[0].path }} ({{ report.files[0].size }} bytes)"
"""

RETURN = r"""
files:
  description: The files, in the order JSON, CSV, HTML.
  returned: success
  type: list
  elements: dict
  contains:
    format:
      description: V(json), V(csv) or V(html).
      type: str
      sample: html
    path:
      description: The file.
      type: str
      sample: /srv/stage/report/report.html
    size:
      description: How many bytes it has, or would have in check mode.
      type: int
      sample: 16629
    changed:
      description: Whether it was written, or would be in check mode.
      type: bool
      sample: true
notes:
  description: What the report lacks, such as a result file that could not be read. It is in the report as well.
  returned: success
  type: list
  elements: str
  sample: []
"""

import contextlib
import json
import os
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils import _files
from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption, NotWritten
from ansible_collections.vsphere.lifecycle.plugins.module_utils._module import run_local_module
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_csv import csv_lines
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_html import html_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_value import report_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import json_of

if t.TYPE_CHECKING:
    from ansible_collections.vsphere.lifecycle.plugins.module_utils._context import Context

Json = dict[str, t.Any]

WRITERS: t.Final[dict[str, t.Callable[[Json], str]]] = {
    "json": lambda report: json.dumps(report, indent=1, ensure_ascii=False),
    "csv": lambda report: "\n".join(csv_lines(report)),
    "html": html_of,
}
NAMED = 3
"""How many damaged lines of a file are named."""


def write(params: Json, context: Context) -> Json:
    """Write the report; in check mode say what would be written."""
    folder = params["path"]
    formats = [name for name in WRITERS if name in params["formats"]]
    names = {name: f"report.{name}" for name in formats}
    _files.check_folder(folder, "path")
    _files.check_replaceable_in(folder, names.values(), "path")
    lines, notes = read_result_files(params["result_files"])
    for note in notes:
        context.warn(f"{note}.")
    report = report_of(plain_json(params["rollout"]), lines, notes)
    texts = {name: f"{WRITERS[name](report)}\n" for name in formats}
    paths = {name: os.path.join(folder, file) for name, file in names.items()}
    changed = {name: not _files.holds(paths[name], text) for name, text in texts.items()}
    if not context.check_mode:
        put(folder, {paths[name]: text for name, text in texts.items() if changed[name]})
    files = [
        {"format": name, "path": paths[name], "size": len(text.encode()), "changed": changed[name]}
        for name, text in texts.items()
    ]
    return {"changed": any(changed.values()), "files": files, "notes": report["notes"]}


def plain_json(rollout: Json) -> Json:
    """Return a rollout as it would come out of a file.

    :raises InvalidOption: there is something in it that no file of JSON can hold.
    """
    try:
        return t.cast("Json", json_of(json.dumps(rollout)))
    except (RecursionError, ValueError) as error:
        raise InvalidOption(
            f"The rollout cannot be written as JSON ({error})", "Give rollout the fact rolling_stage_result"
        ) from error


def read_result_files(paths: list[str]) -> tuple[list[Json], list[str]]:
    """Return all that the result files tell, and what could not be read."""
    lines: list[Json] = []
    notes = []
    for path in paths:
        try:
            text = _files.text_of(path)
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            notes.append(f"The result file '{path}' could not be read ({reason})")
            continue
        damaged = []
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                entry = entry_of(line)
                lines += [entry] if entry else []
                damaged += [] if entry else [str(number)]
        if damaged:
            more = f" and {len(damaged) - NAMED} more" if len(damaged) > NAMED else ""
            which = f"line{'' if len(damaged) == 1 else 's'} {', '.join(damaged[:NAMED])}{more}"
            notes.append(f"The result file '{path}' is damaged: {which} could not be read")
    return lines, notes


def entry_of(line: str) -> Json | None:
    """Return the entry on a line of a result file; None if it is none."""
    with contextlib.suppress(ValueError):
        entry = json_of(line)
        if isinstance(entry, dict) and isinstance(entry.get("moid"), str) and isinstance(entry.get("hosts"), list):
            return entry
    return None


def put(folder: str, texts: dict[str, str]) -> None:
    """Write the files, and make the folder for them.

    :raises NotWritten: the disk is full, or the like; each file is as it was before, or as it should be.
    """
    path = folder
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for path, text in texts.items():
            _files.replace(path, text[:-1].split("\n"))
    except OSError as error:
        raise NotWritten(
            f"'{path}' could not be written ({error.strerror or error})", "Make room or give path another directory"
        ) from error


ARGUMENT_SPEC: t.Final[Json] = {
    "rollout": {"type": "dict", "required": True},
    "result_files": {"type": "list", "elements": "path", "default": []},
    "path": {"type": "path", "required": True},
    "formats": {
        "type": "list",
        "elements": "str",
        "choices": ["json", "csv", "html"],
        "default": ["json", "csv", "html"],
    },
}


def main() -> None:
    """Run as a module."""
    run_local_module(write, argument_spec=ARGUMENT_SPEC, large=("rollout",))


if __name__ == "__main__":
    main()
