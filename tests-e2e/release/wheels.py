"""Each wheel, built alone, runs in an environment that has nothing but it and what it declares: `make test-wheels`."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from .members import IMPORT_ALL, ROOT, Member, members

MEMBERS = list(members().values())
UV = os.environ.get("UV", str(ROOT / "infra" / "uv"))
UNSET = ((), 2, "ICHOR_DATABASE_URL is not set")
USE: Mapping[str, Sequence[tuple[Sequence[str | Path], int, str]]] = {
    "ichor": (
        (("validate", ROOT / "tests-e2e/demo/rules/approval.yaml"), 0, "is valid"),
        (("dev",), 3, "pip install 'ichor-cli[dev]'"),
    ),
    "ichor-trigger": (UNSET,),
    "ichor-worker": (UNSET,),
}
"""What each program is asked to do beside `--help`: the arguments, its exit code, and a part of what it says."""


def run(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """Run a command without the settings of this environment; return all that it says."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ICHOR_", "VIRTUAL_ENV", "PYTHON"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every member's wheel, each built from its own source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    for member in MEMBERS:
        run(UV, "build", "--quiet", "--package", member.name, "--out-dir", folder, cwd=ROOT)
    return folder


def wheel(dist: Path, member: Member) -> Path:
    return dist / f"{member.name.replace('-', '_')}-{member.version}-py3-none-any.whl"


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_wheel_runs_alone(member: Member, dist: Path, tmp_path: Path) -> None:
    install = UV, "pip", "install", "--quiet", "--python", "venv", "--find-links", dist
    run(UV, "venv", "--quiet", "--python", sys.executable, "venv", cwd=tmp_path)
    run(*install, wheel(dist, member), cwd=tmp_path)
    programs = tmp_path / "venv" / "bin"
    project = tomllib.loads((ROOT / member.folder / "pyproject.toml").read_text())["project"]
    for program in project.get("scripts", {}):
        assert program in run(programs / program, "--help", cwd=tmp_path)
        for arguments, code, said in USE[program]:
            assert said in run(programs / program, *arguments, cwd=tmp_path, code=code)
    extras = ",".join(project.get("optional-dependencies", {}))
    run(*install, f"{wheel(dist, member)}[{extras}]" if extras else wheel(dist, member), cwd=tmp_path)
    import_all = "-I", "-W", "error", "-c", IMPORT_ALL
    run(programs / "python", *import_all, member.name.replace("-", "_"), member.version, cwd=tmp_path)
