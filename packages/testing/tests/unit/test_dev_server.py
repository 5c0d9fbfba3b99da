import os
from pathlib import Path

import pytest
from ichor_testing.dev_server import cache_folder, find_dev_server, obtain_dev_server


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_nothing_is_found_on_an_empty_machine() -> None:
    assert find_dev_server() is None


async def test_program_in_the_cache_is_taken_without_fetching() -> None:
    cached = program(cache_folder() / "temporal")
    assert await obtain_dev_server() == cached


def test_program_on_the_path_comes_first() -> None:
    program(cache_folder() / "temporal")
    on_path = program(Path(os.environ["PATH"]) / "temporal")
    assert find_dev_server() == on_path
