"""What `import ichor_testing` gives, and what it costs."""

import subprocess
import sys
from pathlib import Path

import ichor_testing

HEAVY = ("asyncpg", "aio_pika", "httpx", "temporalio", "aiosmtpd", "testcontainers", "docker")


def test_all_is_complete_and_sorted() -> None:
    public = [name for name, value in vars(ichor_testing).items() if _is_ours(name, value)]
    assert sorted(ichor_testing.__all__) == sorted(public)
    assert ichor_testing.__all__ == sorted(ichor_testing.__all__)


def _is_ours(name: str, value: object) -> bool:
    return not name.startswith("_") and getattr(value, "__module__", "").startswith("ichor_testing.")


def test_plugin_loads_nothing_heavy() -> None:
    script = f"import sys, ichor_testing.plugin; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_supervisor_needs_the_standard_library_only() -> None:
    program = Path(ichor_testing.__file__).with_name("supervisor.py")
    done = subprocess.run([sys.executable, "-I", "-S", program], input="{}", capture_output=True, text=True)
    assert "KeyError" in done.stderr
    assert "ModuleNotFoundError" not in done.stderr
