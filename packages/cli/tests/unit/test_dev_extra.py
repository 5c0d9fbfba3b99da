"""What `ichor-cli` does without its extra `dev`, as in production."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]

IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(("ichor_testing", "ichor_worker", "ichor_trigger")))
import ichor_cli
for found in pkgutil.walk_packages(ichor_cli.__path__, "ichor_cli."):
    if found.name not in ("ichor_cli.__main__", "ichor_cli.dev_stack", "ichor_cli.service_process"):
        importlib.import_module(found.name)
"""


def test_only_what_ichor_dev_starts_imports_it():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


async def test_ichor_dev_says_what_to_install(ichor: Ichor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ichor_testing", None)
    monkeypatch.setitem(sys.modules, "ichor_worker", None)
    done = await ichor("dev")
    assert done.returncode == 3
    assert "`ichor dev` needs what is not installed: ichor-testing, ichor-worker." in done.stderr
    assert "Run `pip install 'ichor-cli[dev]'`." in done.stderr


async def test_a_run_says_that_the_address_of_a_temporal_helps_too(
    ichor: Ichor, write: Callable[..., Path], rule: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("ICHOR_TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "ichor_testing", None)
    done = await ichor("run", write("rule.json", rule))
    assert done.returncode == 3
    assert "Set ICHOR_TEMPORAL_ADDRESS, or run `pip install 'ichor-cli[dev]'`." in done.stderr
