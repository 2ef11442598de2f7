# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""The report as a table with a row for each host, for spreadsheets and databases; knows no file."""

from __future__ import annotations

import csv
import io
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._report_times import span_of
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import Json

COLUMNS = (
    *(
        "vcenter",
        "check_mode",
        "wave",
        "site",
        "kind",
        "cluster",
        "cluster_moid",
        "cluster_verdict",
        "host",
        "host_moid",
    ),
    *("verdict", "status", "commit", "reason", "resolution", "message_id", "retriable"),
    *("start_time", "end_time", "seconds", "task"),
)
# What a spreadsheet takes for a formula, with the wide forms that some of them take for the same.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def csv_lines(report: Json) -> t.Iterator[str]:
    """Yield the head and the rows: one for each host, and one for each cluster of which no host is known."""
    yield _line(COLUMNS)
    for cluster in report["clusters"]:
        common = {
            "vcenter": report["vcenter"],
            "check_mode": report["check_mode"],
            **{name: cluster[name] for name in ("wave", "site", "kind", "task")},
            "cluster": cluster["name"],
            "cluster_moid": cluster["moid"],
            "cluster_verdict": cluster["verdict"],
        }
        rows = [_host(host) for host in cluster["hosts"]]
        alone = {"commit": cluster["commit"], "reason": cluster["why"] or cluster["msg"]}
        for row in rows or [alone]:
            whole = {**common, **row}
            yield _line([_cell(whole.get(column)) for column in COLUMNS])


def _host(host: Json) -> Json:
    span = span_of(host["start_time"], host["end_time"])
    said = [entry for entry in host["notifications"] if entry["type"] != "INFO"]
    return {
        "host": host["name"],
        "host_moid": host["moid"],
        **{name: host[name] for name in ("verdict", "status", "commit", "reason", "start_time", "end_time")},
        "retriable": host["retriable"] if host["verdict"] == "failed" else None,
        "resolution": " ".join(dict.fromkeys(entry["resolution"] for entry in said if entry["resolution"])),
        "message_id": " ".join(dict.fromkeys(entry["id"] for entry in said if entry["id"])),
        "seconds": round(span.end - span.start) if span and span.end is not None else None,
    }


def _cell(value: t.Any) -> str:
    """Return a value as one line that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = plain(str(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _line(cells: t.Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
