# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the filter stage_rollout: that its options reach the rollout; its rules are tested in test__rollout.py."""

from __future__ import annotations

import inspect

import pytest
import yaml

from ansible_collections.vsphere.lifecycle.plugins.filter import stage_rollout as plugin
from ansible_collections.vsphere.lifecycle.plugins.module_utils._rollout import Limits, rollout_of

CLUSTERS = [
    {"name": "a", "moid": "domain-c1", "image_managed": True},
    {"name": "old", "moid": "domain-c2", "image_managed": False},
]


def test_it_is_found_under_its_name() -> None:
    assert plugin.FilterModule().filters() == {"stage_rollout": plugin.stage_rollout}


def test_options_reach_the_rollout() -> None:
    rollout = plugin.stage_rollout(
        CLUSTERS,
        [1],
        [],
        # Templates may hand numbers over as strings.
        max_failed_hosts_percent="7",  # type: ignore[arg-type]  # what mypy forbids, a template does
        max_failed_clusters=2,
        baseline_managed="fail",
        check_mode=True,
    )
    assert rollout == rollout_of(CLUSTERS, [1], [], Limits(7, 2, "fail"), check_mode=True)
    assert plugin.stage_rollout(CLUSTERS, [1], problem="No.")["problem"] == "No."


def test_documentation_and_signature_agree() -> None:
    options = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    parameters = inspect.signature(plugin.stage_rollout).parameters
    assert list(options)[1:] == list(parameters)[1:]
    for name, parameter in list(parameters.items())[2:]:
        default = parameter.default
        assert options[name]["default"] == (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize("waves", [1, "1", "1,100%", [1, "100%"]])
def test_sizes_may_be_a_text(waves: object) -> None:
    clusters = [{"name": name, "moid": name, "image_managed": True} for name in "ab"]
    assert len(plugin.stage_rollout(clusters, waves)["waves"]) == 2
