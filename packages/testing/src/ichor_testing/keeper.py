"""The caller's end of a supervisor: start it, and ask it to kill, start again or stop a server."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ichor_testing.account import Account
from ichor_testing.errors import ServerFailed
from ichor_testing.uninterrupted import uninterrupted

HELD_DESCRIPTOR = 63
HELD_FOLDER = f"/proc/self/fd/{HELD_DESCRIPTOR}"
_ANSWER_SECONDS = 90.0
_LOG_LINES = 25
_REMOVAL_TRIES = 20
_REMOVAL_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Command:
    """One process of a server, started in the folder `cwd`.

    `account` runs it as somebody else, who may not enter the folders above (root's home, pytest's tmp_path); with
    `hold` the process gets the folder open and needs no right to them: its name is then HELD_FOLDER.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    account: Account | None = None
    hold: bool = False

    def plan(self) -> dict[str, Any]:
        """Return the command as the supervisor reads it."""
        return {
            "argv": list(self.argv),
            "env": dict(self.env),
            "cwd": str(self.cwd),
            "uid": self.account.uid if self.account else None,
            "gid": self.account.gid if self.account else None,
            "hold": HELD_DESCRIPTOR if self.hold else None,
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """The process that the servers end with, and folders that go with them."""

    pid: int = field(default_factory=os.getpid)
    remove: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeper:
    """A supervisor, found by its private folder; good in every process of this machine."""

    folder: str

    @property
    def log(self) -> Path:
        """The file with what the server printed."""
        return Path(self.folder) / "log"

    def log_tail(self) -> str:
        """Return the end of what the server printed."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_LOG_LINES:])

    def ask(self, command: str) -> str:
        """Send one command of `supervisor.py` and return its answer; raises ServerFailed where it cannot be done."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            try:
                connection.connect(str(Path(self.folder) / "control"))
                connection.sendall(command.encode())
                answer = connection.recv(65_536).decode()
            except OSError as error:
                raise ServerFailed(f"the keeper of the server in {self.folder} does not answer: {error}") from error
        if answer.startswith("error: "):
            raise ServerFailed(f"{command} of the server in {self.folder}: {answer.removeprefix('error: ')}")
        return answer

    def stop(self) -> None:
        """End the server and remove what was made for it; nothing happens when it is gone already."""
        if Path(self.folder).exists():
            self.ask("stop")

    async def tell(self, command: str) -> str:
        """Do what `ask` does without blocking the event loop."""
        return await asyncio.to_thread(self.ask, command)


def private_folder() -> Path:
    """Make a new folder for a server: others may pass through it, not list it."""
    folder = Path(tempfile.mkdtemp(prefix="ichor-"))
    folder.chmod(0o711)
    return folder


async def keep(
    folder: Path,
    commands: Sequence[Command],
    watch: Watch,
    *,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace: float = 10.0,
) -> Keeper:
    """Start the commands under a supervisor in a private `folder`, which goes when they do."""
    plan = {
        "commands": [command.plan() for command in commands],
        "stop_signal": int(stop_signal),
        "grace": grace,
    }
    program = [sys.executable, "-I", "-S", str(Path(__file__).with_name("supervisor.py"))]
    return await supervise(program, plan, folder, watch)


async def supervise(program: Sequence[str], plan: Mapping[str, Any], folder: Path, watch: Watch) -> Keeper:
    """Run a supervisor program on a plan; raises ServerFailed where it could not start what it shall keep."""
    whole = {
        **plan,
        "watch": watch.pid,
        "control": str(folder / "control"),
        "log": str(folder / "log"),
        "remove": [str(folder), *map(str, watch.remove)],
    }
    keeper = Keeper(str(folder))
    try:
        done = await uninterrupted(asyncio.to_thread(_run, program, json.dumps(whole)))
    except asyncio.CancelledError:
        await asyncio.to_thread(_undo, keeper)
        raise
    if done.returncode != 0:
        remove_folder(folder)
        raise ServerFailed(f"could not start a server: {done.stderr.strip()}")
    return keeper


def remove_folder(folder: Path) -> None:
    """Remove a folder, also one into which what just ended still wrote; what cannot be removed stays."""
    for _ in range(_REMOVAL_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_REMOVAL_PAUSE)


def _undo(keeper: Keeper) -> None:
    with suppress(ServerFailed):
        keeper.stop()
    remove_folder(Path(keeper.folder))


def _run(program: Sequence[str], plan: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(program, input=plan, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
