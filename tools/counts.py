# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads from what a tool printed or wrote how much it really did; knows no tool by name but for its report format."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from xml.etree import ElementTree


@dataclasses.dataclass
class Tests:
    """What JUnit reports say: how many tests ran, which failed, which were skipped and why."""

    ran: int = 0
    failed: list[str] = dataclasses.field(default_factory=list)
    skipped: list[str] = dataclasses.field(default_factory=list)


def number(output: str, pattern: str) -> int:
    """Return the sum of the numbers that the pattern's first group finds."""
    return sum(int(found) for found in re.findall(pattern, output, re.MULTILINE))


def names(output: str, pattern: str) -> list[str]:
    """Return what the pattern's group finds, each once, in the order of appearance."""
    return list(dict.fromkeys(found.strip() for found in re.findall(pattern, output, re.MULTILINE)))


def warnings_of_skipping(output: str) -> list[str]:
    """Return the warnings by which ansible-test tells that it leaves something out."""
    return [text for text in names(output, r"^WARNING: (.*)$") if re.search(r"skip|exclud", text, re.IGNORECASE)]


def junit(folder: pathlib.Path, pattern: str) -> Tests:
    """Add up the JUnit reports in a folder."""
    tests = Tests()
    for path in sorted(folder.glob(pattern)):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            _add(tests, case)
    return tests


def _add(tests: Tests, case: ElementTree.Element) -> None:
    name = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
    skipped = case.find("skipped")
    if skipped is not None:
        reason = skipped.get("message") or (skipped.text or "").strip() or "no reason given"
        tests.skipped.append(f"{name}: {reason}")
        return
    tests.ran += 1
    failure = next((found for kind in ("failure", "error") if (found := case.find(kind)) is not None), None)
    if failure is not None:
        tests.failed.append(f"{name}: {_beginning(failure)}")


def _beginning(failure: ElementTree.Element) -> str:
    """Return what went wrong in one line: pytest has it in the message, ansible-test only in the text."""
    message = failure.get("message") or ""
    told = failure.text or "" if message.startswith("The test `ansible-test") or not message else message
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return " | ".join(lines[:3])[:300] + (f" | and {len(lines) - 3} more" if len(lines) > 3 else "")
