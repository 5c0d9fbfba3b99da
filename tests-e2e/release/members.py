"""Which members of the workspace a change concerns: those that changed, and those that depend on them.

What a member's tests import counts like what it declares. A file that belongs to no member concerns all.

    python tests-e2e/release/members.py --since origin/main
"""

import argparse
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import importlib, importlib.metadata, pkgutil, sys
name, version = sys.argv[1:]
assert importlib.metadata.version(name.replace("_", "-")) == version
package = importlib.import_module(name)
assert "site-packages" in package.__file__, package.__file__
for found in pkgutil.walk_packages(package.__path__, name + "."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""
"""Imports every module of a member, given its name and version, from where it is installed."""
_STORIES = "tests-e2e"
_REQUIREMENT = re.compile(r"ichor-[a-z]+")
_IMPORT = re.compile(r"^\s*(?:from|import) (ichor_[a-z]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Member:
    """A distribution, its folder from the root, and the members that it, or its tests, cannot do without."""

    name: str
    version: str
    folder: str
    needs: frozenset[str]


def members(root: Path = ROOT) -> Mapping[str, Member]:
    """Return the members by name, from their `pyproject.toml` and their tests."""
    files = sorted(path for folder in ("packages", "services") for path in root.glob(f"{folder}/*/pyproject.toml"))
    found = [_member(root, path) for path in files]
    return {member.name: member for member in found}


def concerned(files: Iterable[str], known: Mapping[str, Member]) -> list[str]:
    """Return the names of the members that changes of these files concern; all where there is none."""
    owners = [_owner(file, known) for file in files]
    if not owners or None in owners:
        return list(known)
    wanted = {owner for owner in owners if owner is not None}
    while more := {member.name for member in known.values() if member.needs & wanted} - wanted:
        wanted |= more
    return [name for name in known if name in wanted]


def changed_files(since: str, root: Path = ROOT) -> list[str]:
    """Return what differs from where the history left `since`.

    Raises:
        subprocess.CalledProcessError: git does not know it.
    """
    command = ["git", "diff", "--name-only", "--no-renames", f"{since}...HEAD"]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()


def _member(root: Path, pyproject: Path) -> Member:
    project = tomllib.loads(pyproject.read_text())["project"]
    extras = project.get("optional-dependencies", {}).values()
    declared = [*project["dependencies"], *(item for extra in extras for item in extra)]
    needs = {match[0] for item in declared if (match := _REQUIREMENT.match(item))}
    for test in sorted((pyproject.parent / "tests").rglob("*.py")):
        needs |= {module.replace("_", "-") for module in _IMPORT.findall(test.read_text())}
    folder = pyproject.parent.relative_to(root).as_posix()
    return Member(project["name"], project["version"], folder, frozenset(needs - {project["name"]}))


def _owner(file: str, known: Mapping[str, Member]) -> str | None:
    return next((member.name for member in known.values() if file.startswith(f"{member.folder}/")), None)


def main() -> None:
    """Print the folders with the tests of what changed, one a line."""
    parser = argparse.ArgumentParser(description="Print the folders whose tests a change concerns.")
    parser.add_argument("--since", required=True, help="the commit, branch or tag to compare with")
    known = members()
    names = concerned(changed_files(parser.parse_args().since), known)
    print("\n".join([*(known[name].folder for name in names), _STORIES]))


if __name__ == "__main__":
    main()
