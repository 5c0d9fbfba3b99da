"""Each member passes its unit tests with the lowest versions of what it declares: `make test-lowest`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .members import IMPORT_ALL, ROOT, Member, members

UV = os.environ.get("UV", str(ROOT / "infra" / "uv"))
MEMBERS = list(members().values())
TOOLS = ("pytest>=9.0", "pytest-asyncio>=1.3", "hypothesis>=6.150", "jsonschema>=4.25", "aiosmtpd>=1.4.6")
"""What tests need beside the members; warnings of old versions are no errors here."""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command and return its output."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_member_works_with_the_lowest_versions_that_it_declares(member: Member, tmp_path: Path) -> None:
    pyproject, lowest = ROOT / member.folder / "pyproject.toml", tmp_path / "lowest.txt"
    run(UV, "pip", "compile", "--quiet", "--resolution", "lowest-direct", pyproject, "-o", lowest, cwd=ROOT)
    pinned = [line for line in lowest.read_text().splitlines() if "==" in line]
    lowest.write_text("\n".join(pinned))
    others = [ROOT / item.folder for item in MEMBERS]
    run(UV, "venv", "--quiet", "--python", sys.executable, "venv", cwd=tmp_path)
    install = (UV, "pip", "install", "--quiet", "--python", tmp_path / "venv", "--constraint", lowest)
    run(*install, *TOOLS, *others, cwd=ROOT)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-I", "-c", IMPORT_ALL, member.name.replace("-", "_"), member.version, cwd=tmp_path)
    run(python, "-m", "pytest", "-q", "-W", "default", ROOT / member.folder / "tests" / "unit", cwd=ROOT)
