"""GitHub's workflows are valid, name what there is, and can do no more than they need."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .members import ROOT, members

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
ACTIONS = {
    "actions/checkout@v4",
    "actions/download-artifact@v4",
    "actions/upload-artifact@v4",
    "pypa/gh-action-pypi-publish@release/v1",
    "sigstore/cosign-installer@v3",
}
WRITES = {
    ("release.yaml", "publish"): {"id-token"},
    ("release.yaml", "image"): {"id-token", "packages"},
    ("release.yaml", "notes"): {"contents"},
}
"""What may be written, by job; an id token is what signs."""


def read(workflow: Path) -> dict[Any, Any]:
    """Return a workflow; YAML reads its `on` as true."""
    return yaml.safe_load(workflow.read_text())


def test_there_are_two() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yaml", "release.yaml"]


def test_they_are_workflows() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*check, *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_what_they_name_is_there(workflow: Path) -> None:
    text = workflow.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) - targets == set()
    named = set(re.findall(r"(?<![\w./-])(?:\./)?((?:infra|docs|tests-e2e|\.github)/[\w./-]+\w)", text))
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_they_can_be_trusted() -> None:
    """No text of others is pasted into scripts, no action is without a version, and what else the audit knows."""
    check = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--no-progress", "--quiet"]
    done = subprocess.run([*check, "--min-severity=medium", str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_they_use_known_actions_and_keep_no_credentials(workflow: Path) -> None:
    steps = [step for job in read(workflow)["jobs"].values() for step in job.get("steps", []) if "uses" in step]
    assert {step["uses"] for step in steps} <= ACTIONS
    checkouts = [step for step in steps if step["uses"].startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_they_may_write_only_what_they_must(workflow: Path) -> None:
    document = read(workflow)
    assert document["permissions"] == {"contents": "read"}
    for name, job in document["jobs"].items():
        writes = {key for key, value in job.get("permissions", {}).items() if value == "write"}
        assert writes == WRITES.get((workflow.name, name), set()), name


def test_tags_of_all_members_are_released_and_their_images_are_those_of_programs() -> None:
    release = (ROOT / ".github" / "workflows" / "release.yaml").read_text()
    assert read(ROOT / ".github" / "workflows" / "release.yaml")[True]["push"]["tags"] == ["ichor-*/v*"]
    programs = {
        name
        for name, member in members().items()
        if "[project.scripts]" in (ROOT / member.folder / "pyproject.toml").read_text()
    }
    (listed,) = re.findall(r"^ +(ichor-[a-z |-]+)\) image=", release, re.MULTILINE)
    assert set(listed.split(" | ")) == programs
