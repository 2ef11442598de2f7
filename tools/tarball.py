# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks into the built tarball: only what users need may be in it, and all of that; knows not how it was built."""

from __future__ import annotations

import pathlib
import tarfile

FOLDERS = ("awx", "plugins", "playbooks", "roles", "meta", "docs", "changelogs")
# Galaxy's linter does not find the collection that it looks at, and this imports its playbooks. docs/awx.md shows it.
LEFT_OUT = ("awx/project/",)
FILES = (
    "CHANGELOG.rst",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "execution-environment.yml",
    "requirements.txt",
    "tests/config.yml",
)
NEEDED = (
    "LICENSE",
    "README.md",
    "execution-environment.yml",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "requirements.txt",
    "tests/config.yml",
)


def files_in(tarball: pathlib.Path) -> list[str]:
    """Return the paths of the files in a tarball."""
    with tarfile.open(tarball) as archive:
        return [member.name.removeprefix("./") for member in archive.getmembers() if not member.isdir()]


def wrong_in(files: list[str], sources: list[str]) -> list[str]:
    """Say what must not be among the files, and what of the sources is missing there."""
    surplus = [file for file in files if not _belongs(file)]
    sources = [source for source in sources if not source.startswith(LEFT_OUT)]
    wanted = [*NEEDED, *(source for source in sources if source.split("/")[0] in FOLDERS)]
    missing = [file for file in dict.fromkeys(wanted) if file not in files]
    return [f"{file} must not be published" for file in surplus] + [f"{file} is missing" for file in missing]


def _belongs(file: str) -> bool:
    parts = file.split("/")
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return file in FILES or (len(parts) > 1 and parts[0] in FOLDERS and not hidden)
