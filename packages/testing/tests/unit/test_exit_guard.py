import subprocess
import sys
import time

from ichor_testing.exit_guard import BRIDGE_SECONDS


def run(script: str) -> tuple[int, float]:
    started = time.monotonic()
    status = subprocess.run([sys.executable, "-c", script]).returncode
    return status, time.monotonic() - started


def test_status_stays_and_the_bridge_gets_its_time() -> None:
    script = "import sys; from ichor_testing import guard_exit; import temporalio.worker; guard_exit(); sys.exit(7)"
    status, seconds = run(script)
    assert status == 7
    assert seconds >= BRIDGE_SECONDS


def test_nothing_happens_without_a_worker() -> None:
    script = "import atexit; from ichor_testing import guard_exit; guard_exit(); print(atexit._ncallbacks())"
    before = subprocess.run(
        [sys.executable, "-c", script.replace("guard_exit();", "")], capture_output=True, text=True
    ).stdout
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == before
