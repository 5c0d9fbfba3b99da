"""What changed decides what is tested."""

import subprocess
from pathlib import Path

import pytest

from .members import ROOT, Member, changed_files, concerned, members

KNOWN = {
    name: Member(name, "0.1.0", folder, frozenset(needs))
    for name, folder, needs in (
        ("ichor-models", "packages/models", ()),
        ("ichor-executor", "packages/executor", ("ichor-models",)),
        ("ichor-edgestore", "packages/edgestore", ("ichor-models",)),
        ("ichor-worker", "services/worker", ("ichor-executor",)),
    )
}


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["services/worker/src/a.py"], ["ichor-worker"]),
        (["packages/executor/README.md"], ["ichor-executor", "ichor-worker"]),
        (["packages/models/src/a.py"], [*KNOWN]),
        (["packages/edgestore/a", "services/worker/a"], ["ichor-edgestore", "ichor-worker"]),
        (["packages/models2/a"], [*KNOWN]),
        (["uv.lock", "services/worker/a"], [*KNOWN]),
        ([], [*KNOWN]),
    ],
)
def test_a_change_concerns_its_member_and_all_that_depend_on_it(files: list[str], names: list[str]) -> None:
    assert concerned(files, KNOWN) == names


def test_needs_are_what_is_declared_and_what_tests_import() -> None:
    known = members()
    assert {path.parent.name for path in ROOT.glob("*/*/pyproject.toml")} == {
        name.removeprefix("ichor-") for name in known
    }
    assert known["ichor-worker"].needs >= {"ichor-activities", "ichor-executor", "ichor-service"}
    assert "ichor-worker" in known["ichor-cli"].needs, "an extra"
    assert "ichor-testing" in known["ichor-executor"].needs, "its tests import it"


def test_files_are_those_since_the_histories_parted(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def commit(name: str) -> None:
        (tmp_path / name).write_text(name)
        git("add", "-A")
        git("commit", "-qm", name)

    git("init", "-qb", "main")
    commit("first")
    git("checkout", "-qb", "change")
    commit("ours")
    git("checkout", "-q", "main")
    commit("theirs")
    git("checkout", "-q", "change")
    assert changed_files("main", tmp_path) == ["ours"]
