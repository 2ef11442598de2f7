# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks who imports whom among the files that are published; knows the order of the layers and nothing else.

ruff bans libraries in folders and files; it does not know that _errors.py may import none of ours, nor that
_transport.py may import requests but not the simulator.
"""

from __future__ import annotations

import ast
import pathlib
import sys
import typing as t

from .shell import ROOT

PREFIX = "ansible_collections.vsphere.lifecycle."

# Lowest first. A file may import files of lower rows only.
ROWS = (
    ("_text", "_html"),
    ("_errors", "_clock", "_progress", "_rollout_plan", "_side_by_side", "_stage_overview"),
    ("_context", "_files", "_gates"),
    ("_rollout",),
    ("_values", "_diagnostics"),
    ("_localizable", "_task_info", "_report_value", "_report_times", "_report_words", "_report_style"),
    ("_report_csv", "_report_timeline"),
    ("_report_html",),
    ("_transport",),
    ("_client",),
    ("_tasks",),
    ("_inventory",),
    ("_images", "_selection", "_appliance", "_extension_tasks", "_extension_task_rules"),
    ("_staging", "_verdicts", "_services"),
    ("_stage_history",),
    ("_stage_units",),
    ("_stage_progress",),
    ("_stage_operations", "_stage_report"),
    ("_stage_job", "_stage_info"),
    ("_stage_run",),
    ("_module",),
)

# The only files that may import a library that is no part of Python; everybody else gets along without any.
LIBRARIES = {
    "plugins/module_utils/_transport.py": {"requests", "urllib3"},
    "plugins/module_utils/_module.py": {"ansible"},
    "plugins/plugin_utils/_in_process.py": {"ansible"},
    "plugins/plugin_utils/_live_progress.py": {"ansible"},
}


def main() -> int:
    """Print each breach and how many files were read."""
    files = sorted((ROOT / "plugins").rglob("*.py"))
    breaches = [breach for path in files for breach in breaches_in(path)]
    for breach in breaches:
        print(breach)
    print(f"{len(files)} files checked, {len(breaches)} breaches")
    return 1 if breaches else 0


def breaches_in(path: pathlib.Path) -> list[str]:
    """Return what a file imports against the rules, as lines to print."""
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    lines = [f"{name}:{line}: {reason}" for line, module in imports(tree) if (reason := objection(name, module))]
    return list(dict.fromkeys(lines))


def imports(tree: ast.Module) -> t.Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def objection(name: str, module: str) -> str:
    """Say why the file ``name`` may not import ``module``; empty where it may."""
    if module.startswith("."):
        return "imports in plugins are written in full, with ansible_collections.vsphere.lifecycle"
    top = module.split(".")[0]
    if module.startswith(PREFIX):
        return _objection_to_ours(name, module[len(PREFIX) :].split("."))
    if top in sys.stdlib_module_names or top in LIBRARIES.get(name, ()):
        return ""
    return f"{top} is not for this file" + (f" but for {_owner(top)}" if _owner(top) else "")


def _objection_to_ours(name: str, parts: list[str]) -> str:
    if parts[0] != "plugins":
        return f"{parts[0]} is not published, so nothing in plugins can import it"
    if name.startswith("plugins/action/") and parts[1] in {"modules", "plugin_utils"}:
        return ""
    imported = parts[2] if len(parts) > 2 and parts[1] == "module_utils" else ""
    if not imported:
        return "only module_utils can be imported from module code"
    if not name.startswith("plugins/module_utils/"):
        return ""
    here, there = _row(pathlib.PurePosixPath(name).stem), _row(imported)
    if here is None or there is None:
        return f"give {imported if there is None else name} a row in tools/layers.py"
    return f"{imported} is no lower layer" if there >= here else ""


def _row(util: str) -> int | None:
    return next((number for number, row in enumerate(ROWS) if util in row), None)


def _owner(library: str) -> str:
    return next((name for name, libraries in LIBRARIES.items() if library in libraries), "")


if __name__ == "__main__":
    sys.exit(main())
