# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of `make test`: which tool is run how, and where it says what it did; knows not what it tests."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import importlib.util
import os
import pathlib
import re
import shutil
import sys

from . import counts, tarball
from .browser import find_browser
from .shell import ROOT, WORK, Finished, run
from .stage import stage
from .summary import Outcome, Part

LINK = ".work/link/ansible_collections/vsphere/lifecycle"
DIST = WORK / "dist"
REPORTS = WORK / "reports"
COVERAGE_WANTED = 95
CHAOS_MODULE = "ansible_collections.vsphere.lifecycle.tests.chaos"
SEEDS = 300
# Every folder of ours with Python in it that is there.
TYPED = (
    "plugins",
    "simulator",
    "demo",
    "tools",
    "bench",
    "tests/unit",
    "tests/contract",
    "tests/chaos",
    "tests/fuzz",
    "tests/kill",
    "tests/security",
    "tests/both_ways",
    "tests/progress",
    "tests/report",
    "tests/awx",
)


@dataclasses.dataclass(frozen=True)
class Environment:
    """Where ansible-test comes from, and the copy of the checkout it works in."""

    bin: pathlib.Path
    python: str
    stage: str

    def run(self, *command: str, cwd: pathlib.Path = ROOT, show: bool = True) -> Finished:
        """Run a program of this environment."""
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return run(*command, cwd=cwd, env={"PATH": path, "VIRTUAL_ENV": str(self.bin.parent)}, show=show)

    def ansible_test(self, *arguments: str, show: bool = True) -> tuple[Finished, pathlib.Path]:
        """Run ansible-test on a fresh copy; return how it ended and the folder of its JUnit reports."""
        seeded = self.run("python", str(ROOT / "tools" / "pip_seed.py"))
        copy = stage(self.stage)
        reports = copy / "tests" / "output" / "junit"
        shutil.rmtree(reports, ignore_errors=True)
        if seeded.code:
            return seeded, reports
        return self.run("ansible-test", *arguments, "--python", self.python, cwd=copy, show=show), reports


HERE = Environment(pathlib.Path(sys.executable).parent, f"{sys.version_info.major}.{sys.version_info.minor}", "stage")


def outcome(finished: Finished, count: int, unit: str = "files") -> Outcome:
    """Return the outcome of a tool whose exit code tells the truth."""
    last_words = [line.strip() for line in finished.output.splitlines() if line.strip()][-1:]
    problem = ": ".join([f"exit code {finished.code}", *last_words])
    return Outcome(count, unit, [problem] if finished.code else [])


# ---------------------------------------------------------------------------------------------------------------- lint


def ruff_check() -> Outcome:
    """Style, likely bugs, complexity, banned imports."""
    files = run("ruff", "check", "--show-files", show=False).output.split("\n")
    return outcome(run("ruff", "check"), len([file for file in files if file.endswith(".py")]))


def ruff_format() -> Outcome:
    """Layout."""
    finished = run("ruff", "format", "--check")
    return outcome(finished, counts.number(finished.output, r"(\d+) files? (?:already|would)"))


def mypy() -> Outcome:
    """Types. The files are named by the link, so that each has one name: the one it is imported by."""
    finished = run("mypy", *(f"{LINK}/{folder}" for folder in TYPED if any((ROOT / folder).rglob("*.py"))))
    return outcome(finished, counts.number(finished.output, r"(?:in|checked) (\d+) source files?"))


def layers() -> Outcome:
    """Who imports whom."""
    finished = run(sys.executable, "-m", "tools.layers")
    return outcome(finished, counts.number(finished.output, r"^(\d+) files checked"))


def yamllint() -> Outcome:
    """YAML files."""
    files = run("yamllint", "--list-files", ".", show=False).output.split("\n")
    return outcome(run("yamllint", "--strict", "."), len([file for file in files if file]))


def doc_yaml() -> Outcome:
    """YAML in the documentation of the plugins."""
    finished = run(sys.executable, "-m", "tools.doc_yaml")
    return outcome(finished, counts.number(finished.output, r"^(\d+) blocks checked"), "blocks")


def ansible_lint() -> Outcome:
    """Roles, playbooks, meta data, with the profile that .ansible-lint names."""
    finished = run("ansible-lint", "--nocolor")
    return outcome(finished, counts.number(finished.output, r"in (\d+) files? processed"))


def docs() -> Outcome:
    """Documentation of modules and role, the guides, and the references between them. The tool prints findings only."""
    sources = [
        path for folder in ("plugins/modules", "plugins/action", "docs") for path in (ROOT / folder).rglob("*.*")
    ]
    sources += (ROOT / "roles").glob("*/meta/argument_specs.yml")
    command = (
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs",
        "self",
        "--check-extra-docs-refs",
        ".",
    )
    # It writes a log into the home folder.
    home = WORK / "home"
    home.mkdir(parents=True, exist_ok=True)
    return outcome(
        run(*command, env={"HOME": str(home)}),
        len([path for path in sources if path.suffix in (".py", ".rst", ".yml", ".md")]),
    )


def changelog() -> Outcome:
    """Fragments."""
    return outcome(run("antsibull-changelog", "lint"), len(list((ROOT / "changelogs").rglob("*.y*ml"))))


# --------------------------------------------------------------------------------------------------------------- tests


def pytest(folder: str, *options: str, limit: float = 1200) -> tuple[Finished, Outcome]:
    """Run pytest on a folder of tests."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{folder.replace('/', '-')}.xml"
    report.unlink(missing_ok=True)
    finished = run(sys.executable, "-m", "pytest", folder, "-q", "-ra", f"--junitxml={report}", *options, limit=limit)
    return finished, outcome_of_tests(finished, REPORTS, report.name)


def outcome_of_tests(finished: Finished, folder: pathlib.Path, pattern: str) -> Outcome:
    """Return the outcome of a tool that wrote JUnit reports."""
    tests = counts.junit(folder, pattern)
    failed = tests.failed or outcome(finished, 0).problems
    return Outcome(tests.ran, "tests", failed, [*counts.warnings_of_skipping(finished.output), *tests.skipped])


def units() -> Outcome:
    """Unit tests as developers run them, with the coverage of module_utils."""
    finished, found = pytest("tests/unit", "--cov", "--cov-report=term", f"--cov-fail-under={COVERAGE_WANTED}")
    percent = re.search(r"^Total coverage: ([0-9.]+)%|^TOTAL .*? ([0-9.]+)%$", finished.output, re.MULTILINE)
    if not percent:
        found.problems.append("no coverage was measured")
        return found
    covered = percent.group(1) or percent.group(2)
    found.note = f"{covered} % covered"
    if float(covered) < COVERAGE_WANTED:
        found.problems.append(f"{covered} % of plugins/module_utils are covered, {COVERAGE_WANTED} % are wanted")
    return found


def units_by_ansible_test(environment: Environment = HERE) -> Outcome:
    """The same tests the way Ansible's own CI runs them."""
    return outcome_of_tests(*environment.ansible_test("units", "--local"), "*.xml")


def contract() -> Outcome:
    """The simulator's answers, decoded by the vendor's bindings."""
    if importlib.util.find_spec("com") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return Outcome(left_out=f"the vendor's bindings (vcf-sdk) do not install on Python {version}")
    return pytest("tests/contract")[1]


def chaos() -> Outcome:
    """Seeds of everything that can go wrong, in simulated time; `make soak` plays more of them."""
    finished = run(sys.executable, "-m", CHAOS_MODULE, f"--seeds={SEEDS}", env={"PYTHONPATH": str(WORK / "link")})
    found = outcome(finished, counts.number(finished.output, r"^(\d+) seeds played"), "seeds")
    found.note = f"{counts.number(finished.output, r'^([0-9]+) faults injected')} faults"
    if finished.code:
        found.problems = counts.names(finished.output, r"^(seed \d+: (?!to replay).*)$") or found.problems
    return found


def fuzz() -> Outcome:
    """Damaged answers for every parser; FUZZ_TIMES in the environment asks for more of them than a run has time for."""
    limit = 600 * int(os.environ.get("FUZZ_TIMES") or 1)
    return pytest("tests/fuzz", "--numprocesses=auto", limit=limit)[1]


def kill() -> Outcome:
    """Playbooks whose module is killed; KILLS in the environment says how many."""
    limit = 60 * int(os.environ.get("KILLS") or 20)
    return pytest("tests/kill", "--numprocesses=auto", limit=limit)[1]


def security() -> Outcome:
    """The promises of docs/security.md that unit tests cannot show, most of them with real playbooks."""
    return pytest("tests/security", "--numprocesses=auto")[1]


def report() -> Outcome:
    """The report of a rollout, opened in a browser."""
    if find_browser() is None:
        return Outcome(left_out="no Chromium on this machine (apt install chromium; CHROMIUM names one elsewhere)")
    return pytest("tests/report")[1]


def both_ways() -> Outcome:
    """The integration targets, with modules in Ansible's worker and as processes, side by side."""
    return pytest("tests/both_ways")[1]


def progress() -> Outcome:
    """What a reader sees while a staging runs, under ansible-playbook and ansible-runner."""
    return pytest("tests/progress")[1]


def awx() -> Outcome:
    """What AWX runs and is told, with its own runner, its own modules and its own image builder."""
    return pytest("tests/awx", "--numprocesses=auto", "--dist=loadgroup")[1]


def sanity(environment: Environment = HERE) -> Outcome:
    """ansible-test's own checks, with no ignore file."""
    ignores = [path.name for path in (ROOT / "tests" / "sanity").glob("ignore*")]
    found = outcome_of_tests(*environment.ansible_test("sanity", "--junit"), "*.xml")
    found.problems += [f"tests/sanity/{name}: there is to be no ignore file" for name in ignores]
    return found


def integration() -> Outcome:
    """The targets, each against the simulator. One after the other uses one core: the largest runs beside the rest."""
    targets = [path.parents[1] for path in (ROOT / "tests" / "integration" / "targets").glob("*/tasks/tests.yml")]
    largest = max(targets, key=lambda path: sum(file.stat().st_size for file in path.rglob("*.yml"))).name
    beside = dataclasses.replace(HERE, stage=f"{HERE.stage}-{largest}")
    options = ("integration", "--local", "--continue-on-error")
    with concurrent.futures.ThreadPoolExecutor() as together:
        alone = together.submit(beside.ansible_test, *options, largest, show=False)
        both = [HERE.ansible_test(*options, "--exclude", largest)[0], alone.result()[0]]
    print(both[1].output, flush=True)
    finished = Finished(next((one.code for one in both if one.code), 0), "".join(one.output for one in both))
    ran = counts.names(finished.output, r"^Running (\S+) integration test role")
    failed = [line for one in both for line in one.output.partition("integration test(s) listed below")[2].split("\n")]
    found = outcome(finished, len(ran), "targets")
    found.problems = [f"{name} failed" for name in failed if name in ran] or found.problems
    found.skipped = counts.warnings_of_skipping(finished.output)
    found.note = f"{counts.number(finished.output, r'^testhost +: ok=([0-9]+)')} tasks"
    return found


def molecule() -> Outcome:
    """The scenarios of the role."""
    finished = run("molecule", "test", "--all")
    recap_of_steps, heading, recap = finished.output.partition("DETAILS")[2].partition("SCENARIO RECAP")
    ran = re.findall(r"^(\S+)\s*: actions=(\d+).*? failed=(\d+)", recap, re.MULTILINE)
    found = outcome(finished, len(ran), "scenarios")
    found.note = f"{sum(int(actions) for name, actions, bad in ran)} actions"
    found.problems += [f"scenario {name} failed" for name, actions, bad in ran if bad != "0"]
    found.skipped = counts.names(recap_of_steps, r"^(\S+ \S+ \S+: Executed: (?!Successful|Failed).*)$")
    return found


# ------------------------------------------------------------------------------------------------------------- tarball


def build() -> tuple[Finished, pathlib.Path | None, list[str]]:
    """Build the tarball from what git tracks or would track; return it and the files it was built from."""
    shutil.rmtree(DIST, ignore_errors=True)
    shutil.rmtree(WORK / "build", ignore_errors=True)
    copy = stage("build")
    sources = [path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()]
    finished = run("ansible-galaxy", "collection", "build", "--force", "--output-path", str(DIST), cwd=copy)
    return finished, next(DIST.glob("*.tar.gz"), None), sources


def tarball_content() -> Outcome:
    """What is in the tarball, and whether it works where nothing else of ours is."""
    finished, built, sources = build()
    if finished.code or not built:
        return outcome(finished, 0)
    files = tarball.files_in(built)
    found = Outcome(len(files), problems=tarball.wrong_in(files, sources))
    modules = installed_modules(built)
    wanted = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
    if modules != wanted:
        found.problems.append(f"installed from the tarball, ansible-doc lists {modules} and not {wanted}")
    found.note = f"{len(modules)} modules"
    return found


def installed_modules(built: pathlib.Path) -> list[str]:
    """Install the tarball into an empty folder and return the modules that Ansible then finds there."""
    place = WORK / "installed"
    shutil.rmtree(place, ignore_errors=True)
    alone = {"ANSIBLE_COLLECTIONS_PATH": str(place)}
    run("ansible-galaxy", "collection", "install", "--offline", "-p", str(place), str(built), env=alone)
    listed = run("ansible-doc", "-t", "module", "-l", "vsphere.lifecycle", env=alone)
    return sorted(counts.names(listed.output, r"^vsphere\.lifecycle\.(\w+) "))


def importer() -> Outcome:
    """What Galaxy would say."""
    finished, built, sources = build()
    if finished.code or not built:
        return outcome(finished, 0)
    # Its flake8 stays off, as it is by default: ruff has these rules, and E203 and W503 contradict ruff's format.
    settings = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true"}
    finished = run(sys.executable, "-m", "galaxy_importer.main", built.name, cwd=DIST, env=settings)
    complaints = counts.names(finished.output, r"^((?:ERROR|WARNING|CRITICAL)\b.*)$")
    found = outcome(finished, len(counts.names(finished.output, r"^Loading ((?!.*complete).*)$")), "contents")
    found.problems = complaints or found.problems
    return found


LINT = (
    Part("ruff check", ruff_check),
    Part("ruff format", ruff_format),
    Part("mypy", mypy),
    Part("layers", layers),
    Part("yamllint", yamllint),
    Part("yamllint in docs", doc_yaml),
    Part("ansible-lint", ansible_lint),
    Part("antsibull-docs", docs),
    Part("changelog", changelog),
)
UNITS = (Part("units (pytest)", units), Part("units (ansible-test)", units_by_ansible_test))
CONTRACT = (Part("contract", contract),)
CHAOS = (Part("chaos", chaos),)
FUZZ = (Part("fuzz", fuzz),)
KILL = (Part("kill", kill),)
SECURITY = (Part("security", security),)
REPORT = (Part("report", report),)
BOTH_WAYS = (Part("both ways", both_ways),)
PROGRESS = (Part("progress", progress),)
AWX = (Part("awx", awx),)
SANITY = (Part("sanity", sanity),)
INTEGRATION = (Part("integration", integration),)
MOLECULE = (Part("molecule", molecule),)
BUILD = (Part("tarball", tarball_content),)
IMPORTER = (Part("galaxy-importer", importer),)

GROUPS = {
    "lint": LINT,
    "docs": (Part("antsibull-docs", docs),),
    "units": UNITS,
    "contract": CONTRACT,
    "chaos": CHAOS,
    "fuzz": FUZZ,
    "kill": KILL,
    "security": SECURITY,
    "report": REPORT,
    "both_ways": BOTH_WAYS,
    "progress": PROGRESS,
    "awx": AWX,
    "sanity": SANITY,
    "integration": INTEGRATION,
    "molecule": MOLECULE,
    "build": BUILD,
    "importer": IMPORTER,
    "test": LINT
    + UNITS
    + CONTRACT
    + CHAOS
    + FUZZ
    + KILL
    + SECURITY
    + REPORT
    + SANITY
    + INTEGRATION
    + BOTH_WAYS
    + PROGRESS
    + AWX
    + MOLECULE
    + BUILD
    + IMPORTER,
}
