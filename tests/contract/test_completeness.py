# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated vCenter has a route for every address that the collection's code names."""

from __future__ import annotations

import ast
import pathlib
import re
import typing as t

import pytest

from ansible_collections.vsphere.lifecycle.simulator.routes import ROUTES

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
#: Fewer than these means that the search below no longer finds what it is for.
FEWEST = 20


def addresses_in(source: str) -> set[str]:
    """Every address in string literals and f-strings, each variable as `{}`; documentation does not count."""
    tree = ast.parse(source)
    inside = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = [
        text
        for node in ast.walk(tree)
        if node not in inside and (text := _text_of(node)) and re.fullmatch(r"/(api|rest)/\S*[^/\s]", text)
    ]
    return {re.sub(r"{\w*}", "{}", text).partition("?")[0] for text in texts}


def _text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def addresses() -> dict[str, str]:
    """All addresses of the collection, with one file that names each."""
    return {
        address: path.name
        for path in sorted(PLUGINS.rglob("*.py"))
        for address in addresses_in(path.read_text(encoding="utf-8"))
    }


def templates() -> set[str]:
    return {re.sub(r"{\w*}", "{}", route.template) for route in ROUTES}


def test_every_address_has_a_route() -> None:
    missing = {address: name for address, name in addresses().items() if address not in templates()}
    assert not missing


def test_enough_addresses_are_found() -> None:
    assert len(addresses()) >= FEWEST


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('PATH = "/api/vcenter/cluster"', {"/api/vcenter/cluster"}),
        ('PATHS = {"a": "/rest/a/{entity}/b"}', {"/rest/a/{}/b"}),
        ('get(f"/api/cis/tasks/{segment(task)}?exclude_result=true")', {"/api/cis/tasks/{}"}),
        ('value.startswith("/rest/")', set()),
        ('"""Reads `/api/session` and more."""', set()),
    ],
)
def test_what_counts_as_an_address(source: str, found: set[t.Any]) -> None:
    assert addresses_in(source) == found
