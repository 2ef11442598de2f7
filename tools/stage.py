# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies the checkout to where ansible-test and ansible-galaxy accept it; knows no test."""

from __future__ import annotations

import os
import pathlib

from .shell import ROOT, WORK, run


def stage(name: str = "stage") -> pathlib.Path:
    """Return a copy of what git tracks or would track, below a folder ``ansible_collections`` as ansible-test demands.

    The copy is a git repository of its own. Without that ansible-test would ask the one around it for the list of
    files, see an ignored folder, and succeed with "All targets skipped". What git ignores in the copy stays there:
    the tools' results and environments.
    """
    copy = WORK / name / "ansible_collections" / "vsphere" / "lifecycle"
    copy.mkdir(parents=True, exist_ok=True)
    from_checkout = {
        "GIT_DIR": str(copy / ".git"),
        "GIT_WORK_TREE": str(ROOT),
        "GIT_INDEX_FILE": str(copy / ".git/index"),
    }
    _git("init", "--quiet", str(copy))
    _git("add", "--all", cwd=ROOT, env=from_checkout)
    _git("checkout-index", "--force", "--all", cwd=copy)
    _git("clean", "--force", "--quiet", "-d", cwd=copy)
    return copy


def _git(*arguments: str, cwd: pathlib.Path = ROOT, env: dict[str, str] | None = None) -> None:
    # A git hook that calls us sets variables that lead git to the wrong repository.
    clean = {name: "" for name in os.environ if name in ("GIT_PREFIX",)}
    finished = run("git", *arguments, cwd=cwd, env=clean | (env or {}), show=False)
    if finished.code:
        raise RuntimeError(f"git {' '.join(arguments)}: {finished.output.strip()}")
