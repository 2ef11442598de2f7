# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the filter stage_overview: that its options arrive; its rules are tested in test__stage_overview.py."""

from __future__ import annotations

import inspect

import yaml

from ansible_collections.vsphere.lifecycle.plugins.filter import stage_overview as plugin
from ansible_collections.vsphere.lifecycle.plugins.module_utils._stage_overview import overview_of


def test_it_is_found_under_its_name() -> None:
    assert plugin.FilterModule().filters() == {"stage_overview": plugin.stage_overview}


def test_its_options_arrive() -> None:
    artifacts = {"vlcm_stage_a": {"verdict": "succeeded"}}
    expected = ["a", "b"]
    assert plugin.stage_overview(artifacts, expected) == overview_of(artifacts, expected)
    assert plugin.stage_overview(artifacts, expected, mode="rest") == overview_of(artifacts, expected, "rest")


def test_documentation_and_signature_agree() -> None:
    options = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    assert list(options)[1:] == list(inspect.signature(plugin.stage_overview).parameters)[1:]
    assert set(yaml.safe_load(plugin.RETURN)["_value"]["sample"]) == set(overview_of({}))
