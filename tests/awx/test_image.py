# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: what ansible-builder makes of execution-environment.yml, short of the image itself."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.vsphere.lifecycle.tests.processes import ROOT, short_folder

VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
TARBALL = f"vsphere-lifecycle-{VERSION}.tar.gz"


def builder(*arguments: str, cwd: pathlib.Path) -> str:
    program = str(pathlib.Path(sys.executable).with_name("ansible-builder"))
    ended = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def context() -> t.Iterator[pathlib.Path]:
    """The build context, from a copy with a file in the place of the tarball: its content is for other tests."""
    with short_folder() as folder:
        shutil.copy(ROOT / "execution-environment.yml", folder)
        dist = folder / ".work" / "dist"
        dist.mkdir(parents=True)
        (dist / TARBALL).write_bytes(b"as built")
        # The name of the file depends on the engine that is there, so it is given.
        options = ("-f", "execution-environment.yml", "--context", "ee", "--output-filename", "Containerfile")
        builder("create", *options, cwd=folder)
        yield folder / "ee"


def test_the_tarball_of_this_version_is_in_the_context(context: pathlib.Path) -> None:
    assert (context / "_build" / "collections" / TARBALL).read_bytes() == b"as built"
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert wanted["collections"] == [{"name": f"collections/{TARBALL}", "type": "file"}]


def test_the_image_installs_the_collection_and_what_it_asks_for(context: pathlib.Path) -> None:
    steps = (context / "Containerfile").read_text(encoding="utf-8")
    assert "ansible-galaxy collection install" in steps
    # What meta/execution-environment.yml of the collection names is found by introspection, in the image.
    assert "introspect" in steps
    assert "ansible-core" in steps
    assert "ansible-runner" in steps


def test_the_image_tells_no_secret_and_runs_as_nobody_special(context: pathlib.Path) -> None:
    steps = (context / "Containerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in steps if line.startswith("USER ")][-1] != "USER root"
    assert not any("VMWARE_" in line for line in steps)


def test_the_collection_asks_for_requests_and_nothing_else() -> None:
    with short_folder() as folder:
        place = folder / "ansible_collections" / "vsphere" / "lifecycle"
        place.mkdir(parents=True)
        for name in ("meta", "requirements.txt", "galaxy.yml"):
            (place / name).symlink_to(ROOT / name)
        found = yaml.safe_load(builder("introspect", str(folder), cwd=folder))
    assert found["python"] == ["requests>=2.28  # from collection vsphere.lifecycle"]
    assert not found.get("system")
