"""A program that does not come up is told with its log."""

import os
import sys
from pathlib import Path

import pytest
from ichor_cli import service_process
from ichor_cli.service_process import ServiceProcess
from ichor_testing import ServerFailed, free_port
from ichor_testing.keeper import Command, Watch, keep, private_folder


async def test_a_program_that_is_never_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_process, "_PATIENCE", 0.2)
    command = Command([sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ), Path.cwd())
    keeper = await keep(private_folder(), [command], Watch(), grace=0.0)
    service = ServiceProcess("slow", f"http://127.0.0.1:{free_port()}", keeper)
    try:
        with pytest.raises(ServerFailed, match=r"slow is not ready after 0\.2 s"):
            await service.ready()
    finally:
        await service.stop()
