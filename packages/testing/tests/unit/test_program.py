from pathlib import Path

import pytest
from ichor_testing.program import find_program, newest_first


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_newest_first_counts_numbers(tmp_path: Path) -> None:
    for version in ("9", "15", "16.2"):
        (tmp_path / version / "bin").mkdir(parents=True)
    found = newest_first(f"{tmp_path}/*/bin")
    assert [folder.parent.name for folder in found] == ["16.2", "15", "9"]


def test_folders_come_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, on_path = executable(tmp_path / "inside/tool"), executable(tmp_path / "path/tool")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_program("tool", [inside.parent]) == inside
    assert find_program("tool", [tmp_path]) == on_path
    assert find_program("no-such-tool") is None
