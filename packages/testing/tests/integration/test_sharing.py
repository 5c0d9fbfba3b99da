"""One server for a whole pytest session, however many xdist workers it has and however it ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ichor_testing import until

TESTS = """
import json, os, pathlib, time
import pytest

@pytest.mark.parametrize("n", range(4))
async def test_shared(shared_postgres, postgres_database, worker_id, n):
    record = {"keeper": shared_postgres.keeper.folder, "worker": worker_id, "database": postgres_database.name}
    file = pathlib.Path(os.environ["RECORDS"], f"{worker_id}-{n}")
    file.write_text(json.dumps(record))
    file.rename(file.with_suffix(".json"))
    time.sleep(float(os.environ.get("LINGER", "0.5")))
"""
SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
filterwarnings = error
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_sharing.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "records").mkdir()
    return tmp_path


def command(suite: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(suite), *arguments]


def environment(suite: Path, **variables: str) -> dict[str, str]:
    without = {name: value for name, value in os.environ.items() if not name.startswith(("ICHOR_", "PYTEST_"))}
    return {**without, "RECORDS": str(suite / "records"), "ICHOR_TESTING_SERVERS": "local", **variables}


def records(suite: Path) -> list[dict[str, str]]:
    return [json.loads(file.read_text()) for file in (suite / "records").glob("*.json")]


def is_there(folder: str) -> bool:
    return Path(folder).exists()


@pytest.mark.parametrize("arguments", [("-n", "2", "--dist", "load"), ("-p", "no:xdist")])
def test_all_workers_use_one_server_which_ends_with_the_session(suite: Path, arguments: tuple[str, ...]) -> None:
    if "no:xdist" in arguments:
        (suite / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef worker_id(): return 'alone'\n")
    done = subprocess.run(command(suite, *arguments), env=environment(suite), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = records(suite)
    assert len({record["database"] for record in found}) == 4
    assert {record["worker"] for record in found} == ({"gw0", "gw1"} if "-n" in arguments else {"alone"})
    [keeper] = {record["keeper"] for record in found}
    assert not is_there(keeper)


async def test_server_ends_with_a_killed_controller(suite: Path) -> None:
    controller = await asyncio.create_subprocess_exec(
        *command(suite, "-n", "2"),
        env=environment(suite, LINGER="60"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def used() -> bool:
        return bool(records(suite))

    await until(used, "the first test")
    controller.send_signal(signal.SIGKILL)
    await controller.wait()
    [keeper] = {record["keeper"] for record in records(suite)}

    async def gone() -> bool:
        return not is_there(keeper)

    await until(gone, "the end of the server")


def test_missing_server_fails_every_test_with_one_message(suite: Path) -> None:
    variables = environment(suite, ICHOR_TESTING_SERVERS="env")
    done = subprocess.run(command(suite, "-p", "no:xdist"), env=variables, capture_output=True, text=True)
    assert done.returncode == 1
    assert "PostgreSQL is missing: no address found (ICHOR_TESTING_SERVERS=env)" in done.stdout


def test_session_without_servers_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing(): pass\n")
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    variables = environment(tmp_path, TMPDIR=str(temporary))
    done = subprocess.run(command(tmp_path, "-n", "1"), env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [entry.name for entry in temporary.iterdir() if "ichor" in entry.name] == []
