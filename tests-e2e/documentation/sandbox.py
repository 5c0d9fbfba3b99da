"""Where the commands of a page run: a folder of its own, as if somebody had come to the project anew."""

import asyncio
import os
import signal
import subprocess
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ichor_testing.dev_server import obtain_dev_server

from .page import ROOT, Page
from .script import OUTPUTS, page_script

_PATIENCE = 600.0
_FOREIGN = ("ICHOR_", "TEMPORAL_", "VIRTUAL_ENV", "PYTHON", "UV_", "PYTEST_", "COV_")


@dataclass(frozen=True, slots=True)
class Printed:
    """What the blocks of a page printed, by their line."""

    folder: Path

    def by(self, line: int) -> str:
        """Return what a block printed."""
        return (self.folder / str(line)).read_text(encoding="utf-8")


async def run_page(page: Page, folder: Path, servers: Mapping[str, str]) -> Printed:
    """Run what a page says, in this folder and with these addresses; raises AssertionError where a command fails."""
    _environment(page, folder)
    (folder / "infra").symlink_to(ROOT / "infra")
    script = folder / ".page.sh"
    script.write_text(page_script(page), encoding="utf-8")
    log = folder / ".page.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            "bash",
            script,
            cwd=folder,
            env=await _variables(folder, servers),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        await _end(process)
    assert process.returncode == 0, _failure(page, folder, log)
    return Printed(folder / OUTPUTS)


async def _end(process: Process) -> None:
    """Return when a script has ended; where it takes too long, or nobody waits, it is told to, with its command."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            # Its own programs it ends itself.
            os.killpg(process.pid, signal.SIGTERM)
            await process.wait()


def _environment(page: Page, folder: Path) -> None:
    """Give the folder its `.venv`: this one, or one that the page may change."""
    if not page.setting.own_environment:
        (folder / ".venv").symlink_to(ROOT / ".venv")
        return
    command = [ROOT / "infra/uv", "sync", "--all-packages", "--quiet", "--frozen", "--no-group", "docs"]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"UV_PROJECT_ENVIRONMENT": f"{folder}/.venv"}, check=True)


async def _variables(folder: Path, servers: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    temporal = await obtain_dev_server()
    path = [f"{folder}/.venv/bin", kept["PATH"], *([str(Path(temporal).parent)] if temporal else [])]
    return {**kept, **servers, "PATH": ":".join(path), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


def _failure(page: Page, folder: Path, log: Path) -> str:
    at = (folder / "at").read_text().strip() if (folder / "at").exists() else "?"
    outputs = sorted((folder / OUTPUTS).glob("*"), key=lambda file: int(file.name))
    printed = "".join(f"\n--- printed by {page.path}:{file.name}\n{file.read_text()[-3000:]}" for file in outputs[-3:])
    return f"{page.path}:{at} failed{printed}\n--- errors\n{log.read_text()[-3000:]}"
