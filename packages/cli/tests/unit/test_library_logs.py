import subprocess
import sys

PROGRAM = """
import logging
from ichor_cli.program import execute
execute(["--version"])
logging.getLogger("asyncpg").warning("noise")
"""


def stderr(debug: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"ICHOR_DEBUG": debug}, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_libraries_are_heard_only_where_somebody_looks_for_a_mistake() -> None:
    assert stderr("") == ""
    assert "noise" in stderr("1")
