# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lints the YAML in DOCUMENTATION, EXAMPLES and RETURN with .yamllint-docs; knows not what it describes."""

from __future__ import annotations

import ast
import pathlib
import sys
import typing as t

from yamllint import linter
from yamllint.config import YamlLintConfig

from .shell import ROOT

BLOCKS = ("DOCUMENTATION", "EXAMPLES", "RETURN")


def main() -> int:
    """Print each finding with the line in the file, and how many blocks were read."""
    config = YamlLintConfig(file=str(ROOT / ".yamllint-docs"))
    blocks, findings = 0, 0
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for name, first_line, text in blocks_in(path):
            blocks += 1
            for problem in linter.run(text, config):
                findings += 1
                where = f"{path.relative_to(ROOT)}:{first_line + problem.line - 1}:{problem.column}"
                print(f"{where}: {name}: {problem.desc} ({problem.rule})")
    print(f"{blocks} blocks checked, {findings} findings")
    return 1 if findings else 0


def blocks_in(path: pathlib.Path) -> t.Iterator[tuple[str, int, str]]:
    """Yield name, first line and text of the blocks of a file, those that are class attributes of fragments too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        text = node.value.value
        name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
        in_fragment = name.isupper() and path.parent.name == "doc_fragments"
        if isinstance(text, str) and (name in BLOCKS or in_fragment):
            # The line after the opening quotes is the first one of the block; the break between them is not part of it.
            yield name, node.value.lineno + text.startswith("\n"), text.removeprefix("\n")


if __name__ == "__main__":
    sys.exit(main())
