# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What awx/vars says, read as YAML; and what AWX makes of a credential, in its own way."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2.sandbox
import yaml

from ansible_collections.vsphere.lifecycle.tests.processes import ROOT, Json

AWX = ROOT / "awx"


class _Loader(yaml.SafeLoader):
    """YAML with Ansible's mark for texts that are no templates of its own."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast("yaml.ScalarNode", node)))


def variables(name: str) -> Json:
    """Return the variables of a file in awx/vars, with templates as they stand there."""
    # A loader of ours, made from the safe one.
    return t.cast("Json", yaml.load((AWX / "vars" / name).read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506


def survey_answers() -> Json:
    """Return what a survey hands over where nobody sees it, as for a schedule: its defaults, as text and numbers."""
    description = variables("controller.yml")
    questions = [description["awx_survey_mode"], *description["awx_survey_questions"]]
    return {question["variable"]: question["default"] for question in questions if "default" in question}


def injected(inputs: t.Mapping[str, str], folder: pathlib.Path) -> dict[str, str]:
    """Return the environment that AWX makes of a credential of our type, and write its files (as awx_plugins does).

    :param inputs: what was filled in; fields left empty are no names in AWX's templates.
    :param folder: where the files go.
    """
    (described,) = variables("controller.yml")["controller_credential_types"]
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment()
    names: dict[str, t.Any] = {name: value for name, value in inputs.items() if value}
    paths = {}
    for key, template in described["injectors"]["file"].items():
        path = folder / f"tmp-{key}"
        path.write_text(sandbox.from_string(template).render(**names), encoding="utf-8")
        paths[key.removeprefix("template.")] = str(path)
    names["tower"] = {"filename": paths}
    environment: dict[str, str] = described["injectors"]["env"]
    return {name: sandbox.from_string(template).render(**names) for name, template in environment.items()}
