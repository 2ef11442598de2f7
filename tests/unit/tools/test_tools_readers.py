# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tools read out of reports, tarballs, imports and interpreters; runs none of the programs."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.vsphere.lifecycle.tools import browser, counts, layers, matrix, parts, tarball

REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one" />
<testcase classname="tests.unit.test_a" name="test_two"><failure message="1 != 2&#10;more">text</failure></testcase>
<testcase classname="sanity" name="pep8"><failure message="The test `ansible-test sanity` failed">a
b

c
d</failure></testcase>
<testcase classname="sanity" name="pslint"><skipped>No tests applicable.</skipped></testcase>
</testsuite></testsuites>"""

UTILS = "ansible_collections.vsphere.lifecycle.plugins.module_utils"
SOURCES = ["plugins/modules/esx_software_stage.py", "tests/unit/conftest.py"]


def test_reports_are_added_up(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.xml").write_text(REPORT, encoding="utf-8")
    (tmp_path / "b.xml").write_text(REPORT, encoding="utf-8")
    tests = counts.junit(tmp_path, "*.xml")
    assert tests.ran == 6
    assert tests.failed == ["tests.unit.test_a::test_two: 1 != 2 | more", "sanity::pep8: a | b | c | and 1 more"] * 2
    assert tests.skipped == ["sanity::pslint: No tests applicable."] * 2


def test_warnings_of_skipping_are_told_once() -> None:
    output = 'WARNING: Skipping sanity test "x"\nWARNING: Using locale\nWARNING: Skipping sanity test "x"\n'
    assert counts.warnings_of_skipping(output) == ['Skipping sanity test "x"']


@pytest.mark.parametrize(
    "surplus",
    [
        "simulator/world.py",
        "tests/unit/conftest.py",
        "tests/integration/targets/a/aliases",
        "demo/run.py",
        "Makefile",
        ".ansible-lint",
        "plugins/.cache/x",
        "plugins/modules/__pycache__/x.pyc",
        "notes.txt",
    ],
)
def test_what_users_do_not_need_is_refused(surplus: str) -> None:
    files = [*tarball.NEEDED, SOURCES[0], "MANIFEST.json", "FILES.json", "docs/docsite/links.yml"]
    assert tarball.wrong_in(files, SOURCES) == []
    assert tarball.wrong_in([*files, surplus], SOURCES) == [f"{surplus} must not be published"]


def test_a_missing_module_is_noticed() -> None:
    assert tarball.wrong_in(list(tarball.NEEDED), SOURCES) == [f"{SOURCES[0]} is missing"]


@pytest.mark.parametrize(
    ("name", "module", "reason"),
    [
        ("plugins/modules/a.py", "json", ""),
        ("plugins/modules/a.py", f"{UTILS}._module.run_module", ""),
        ("plugins/modules/a.py", "ansible.module_utils.basic.AnsibleModule", "ansible is not for this file but for"),
        ("plugins/module_utils/_transport.py", "requests", ""),
        ("plugins/module_utils/_transport.py", "aiohttp", "aiohttp is not for this file"),
        ("plugins/module_utils/_client.py", "requests.exceptions", "requests is not for this file but for"),
        ("plugins/module_utils/_client.py", f"{UTILS}._transport.Transport", ""),
        ("plugins/module_utils/_transport.py", f"{UTILS}._client", "_client is no lower layer"),
        ("plugins/module_utils/_new.py", f"{UTILS}._client", "give plugins/module_utils/_new.py a row"),
        (
            "plugins/module_utils/_module.py",
            "ansible_collections.vsphere.lifecycle.simulator.World",
            "is not published",
        ),
        ("plugins/modules/a.py", "..module_utils._client", "are written in full"),
    ],
)
def test_who_may_import_whom(name: str, module: str, reason: str) -> None:
    objection = layers.objection(name, module)
    assert reason in objection
    assert bool(reason) == bool(objection)


@pytest.mark.parametrize(
    ("core", "present", "expected"),
    [
        ("2.16", [10, 11, 12, 13], 10),
        ("2.16", [13], None),
        ("2.19", [10, 11, 12, 13, 14], 13),
        ("2.21", [11, 12], 12),
        ("2.21", [11], None),
    ],
)
def test_python_for_an_ansible_core(core: str, present: list[int], expected: int | None) -> None:
    assert matrix.choice(core, {minor: f"python3.{minor}" for minor in present}) == expected


@pytest.mark.parametrize(
    ("words", "here", "carried_out", "left_out"),
    [
        (["ends"], ("2.21", 13), ["2.16 on Python 3.10"], "make test runs on it"),
        (["ends"], ("2.19", 13), ["2.16 on Python 3.10", "2.21 on Python 3.13"], None),
        (["ends", "2.21"], ("2.21", 13), ["2.16 on Python 3.10", "2.21 on Python 3.13"], None),
        (["2.21"], ("2.21", 13), ["2.21 on Python 3.13"], None),
        (["2.16"], ("2.21", 13), ["2.16 on Python 3.10"], "not asked for"),
    ],
)
def test_the_ends_are_without_what_has_run_already(
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    here: tuple[str, int],
    carried_out: list[str],
    left_out: str | None,
) -> None:
    monkeypatch.setattr(matrix, "interpreters", lambda: {minor: f"python3.{minor}" for minor in (10, 13)})
    monkeypatch.setattr(matrix, "newer_on_the_index", lambda dummy: [])
    monkeypatch.setattr(matrix, "here", lambda: here)
    chosen, others = matrix.plan(words)
    assert list(dict.fromkeys(part.name.partition(":")[0] for part in chosen)) == carried_out
    assert {part.name: part.work().left_out for part in others}.get("ansible-core 2.21") == left_out


def test_without_a_browser_the_report_is_left_out_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert browser.find_browser() is None
    assert "no Chromium on this machine" in parts.report().left_out
    program = tmp_path / "elsewhere"
    program.write_text("")
    program.chmod(0o700)
    monkeypatch.setenv("CHROMIUM", str(program))
    assert browser.find_browser() == str(program)
