"""A release is tagged where everything is ready, else what lacks is said."""

import subprocess
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from .members import ROOT


class Checkout:
    """A clone of this repository's state, to release from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "packages" / "models"

    def run(self, *command: str) -> CompletedProcess[str]:
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def git(self, *arguments: str) -> str:
        done = self.run("git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def release(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code and what was said."""
        done = self.run("infra/release", *arguments)
        return done.returncode, done.stdout + done.stderr

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.models / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A clone with a version 0.1.1 of `ichor-models` that is ready."""
    made = Checkout(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(made.folder)], check=True, capture_output=True)
    for name, value in (("user.name", "a"), ("user.email", "a@b"), ("tag.gpgSign", "false")):
        made.git("config", name, value)
    made.run("cp", str(ROOT / "infra" / "release"), "infra/release")
    made.replace("pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"')
    made.replace(
        "CHANGELOG.md",
        "## [Unreleased]\n",
        "## [Unreleased]\n\n## [0.1.1] - 2026-12-01\n\n- A change.\n\n## [0.1.0] - 2026-11-28\n",
    )
    lock = made.run("infra/uv", "lock", "--offline", "--quiet")
    assert lock.returncode == 0, lock.stderr
    made.git("add", "-A")
    made.git("commit", "-qm", "ichor-models 0.1.1")
    return made


def test_a_release_that_is_ready_is_tagged_with_its_changes(checkout: Checkout) -> None:
    code, said = checkout.release("ichor-models", "0.1.1")
    assert (code, "git push origin ichor-models/v0.1.1" in said) == (0, True), said
    assert checkout.git("tag", "-l", "--format=%(contents)").strip() == "ichor-models 0.1.1\n\n- A change."
    code, said = checkout.release("ichor-models", "0.1.1")
    assert (code, "the tag ichor-models/v0.1.1 is there already" in said) == (1, True), said
    assert checkout.release("--check", "ichor-models", "0.1.1") == (0, "")


def test_what_is_asked_for_must_be_there(checkout: Checkout) -> None:
    for arguments, code, problem in (
        ((), 2, "Usage"),
        (("ichor-nothing", "0.1.1"), 1, "there is no member ichor-nothing"),
        (("ichor-models", "v0.1.1"), 1, "v0.1.1 is no version"),
        (("ichor-models", "0.1.01"), 1, "0.1.01 is no version"),
        (("ichor-models", "0.1.2"), 1, 'pyproject.toml says version = "0.1.1"'),
    ):
        found, said = checkout.release(*arguments)
        assert (found, problem in said) == (code, True), said
    assert checkout.git("tag") == ""


def test_what_is_not_ready_is_not_tagged(checkout: Checkout) -> None:
    checkout.replace("CHANGELOG.md", "- A change.\n", "")
    assert "CHANGELOG.md has nothing under '## [0.1.1] -" in checkout.release("ichor-models", "0.1.1")[1]
    checkout.git("checkout", "-q", ".")
    (checkout.folder / "new").touch()
    assert "changes that are not committed" in checkout.release("ichor-models", "0.1.1")[1]
    checkout.git("clean", "-fdq")
    checkout.git("checkout", "-q", "HEAD~1", "uv.lock")
    checkout.git("commit", "-qm", "an old lock")
    assert "uv.lock is not up to date" in checkout.release("ichor-models", "0.1.1")[1]
    assert checkout.git("tag") == ""
