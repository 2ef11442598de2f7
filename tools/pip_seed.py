# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets ansible-test make its virtual environments with nothing but the package index; knows nothing of the tests.

ansible-test wants to download get-pip.py from a host of its own, but takes a copy that lies in its cache. What is put
there does the same with what Python brings along: ensurepip, and then the version of pip that ansible-test pins.
Run it with the interpreter of the environment that holds ansible-core.
"""

from __future__ import annotations

import pathlib
import re
import sys

import ansible_test

STAND_IN = '''\
"""Stands in for get-pip.py where its own host cannot be reached: ensurepip, then the version asked for."""
import ensurepip
import os
import subprocess
import sys

environment = dict(os.environ)  # ensurepip takes the PIP_ variables out of os.environ
ensurepip.bootstrap(default_pip=True)
wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet"] + wanted, env=environment))
'''


def main() -> None:
    """Write a stand-in for each version of pip that this ansible-test knows and has not cached."""
    source = pathlib.Path(ansible_test.__path__[0], "_internal", "python_requirements.py")
    versions = set(re.findall(r"\bpip=['\"]([0-9.]+)['\"]", source.read_text(encoding="utf-8")))
    if not versions:
        sys.exit(f"{source} names no version of pip any more; tools/pip_seed.py has to learn where it went")
    cache = pathlib.Path("~/.ansible/test/cache").expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    for version in versions:
        file = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not file.exists():
            file.write_text(STAND_IN, encoding="utf-8")


if __name__ == "__main__":
    main()
