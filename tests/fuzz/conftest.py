# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many examples: a fixed few of each test in `make test`, as many as asked for and other ones each time beyond."""

from __future__ import annotations

import os
import pathlib

import hypothesis
import hypothesis.configuration

#: `make fuzz TIMES=100`: a hundred times as many examples, others in each run. One that fails tells how to replay it.
TIMES = int(os.environ.get("FUZZ_TIMES") or 1)

ROOT = pathlib.Path(__file__).resolve().parents[2]
hypothesis.configuration.set_hypothesis_home_dir(ROOT / ".work" / "hypothesis")
hypothesis.settings.register_profile(
    "fuzz",
    max_examples=50 * TIMES,
    derandomize=TIMES == 1,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("fuzz")
