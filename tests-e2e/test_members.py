"""Each member of the workspace stands alone: it declares what it imports, and has its version, README and changelog."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = os.environ.get("UV", str(ROOT / "infra" / "uv"))
MEMBERS = sorted(path.parent for folder in ("packages", "services") for path in ROOT.glob(f"{folder}/*/pyproject.toml"))


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_a_member_can_be_imported_with_only_what_it_declares(member: Path) -> None:
    module = f"ichor_{member.name}"
    code = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module({module!r})\n"
        f"for found in pkgutil.walk_packages(package.__path__, {module + '.'!r}):\n"
        "    if not found.name.endswith('__main__'):\n"
        "        importlib.import_module(found.name)\n"
    )
    command = [
        UV,
        "run",
        "--quiet",
        "--isolated",
        "--no-dev",
        "--all-extras",
        "--package",
        f"ichor-{member.name}",
        "python",
        "-c",
        code,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", ["ichor-cli", "ichor-trigger", "ichor-worker"])
def test_a_program_needs_nothing_that_is_only_for_tests(program: str) -> None:
    command = [UV, "export", "--quiet", "--locked", "--no-dev", "--no-hashes", "--no-header", "--no-annotate"]
    done = subprocess.run([*command, "--package", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "\ntemporalio==" in done.stdout
    assert re.findall(r"^(?:-e ./packages/testing|pytest|testcontainers|docker)\b.*", done.stdout, re.MULTILINE) == []


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_a_member_declares_what_it_imports(member: Path) -> None:
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(item for extra in project.get("optional-dependencies", {}).values() for item in extra),
    ]
    declared = {re.split(r"[^A-Za-z0-9_.-]", item)[0].lower().replace("_", "-") for item in wanted}
    own = {f"ichor_{member.name}", *sys.stdlib_module_names}
    undeclared = {
        module: file.name
        for file in sorted((member / "src").rglob("*.py"))
        for module in imported(file)
        if module not in own and not declared & distributions(module)
    }
    assert undeclared == {}


def imported(file: Path) -> set[str]:
    """Return the top-level modules that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | named}


installed = cache(packages_distributions)


def distributions(module: str) -> set[str]:
    """Return the names of the distributions that bring a module; ours are named alike."""
    found = installed().get(module, [module])
    return {name.lower().replace("_", "-") for name in found}


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_a_member_has_what_a_release_needs(member: Path) -> None:
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    assert project["version"].count(".") == 2
    assert project["description"]
    assert "## [" in (member / "CHANGELOG.md").read_text()
    assert (member / "README.md").read_text().startswith(f"# ichor-{member.name}")
    assert (member / "src" / f"ichor_{member.name}" / "py.typed").exists()
