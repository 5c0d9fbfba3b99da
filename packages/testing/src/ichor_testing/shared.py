"""One server of a kind for a whole test session: all xdist workers, from the first use to the controller's end."""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ichor_testing.errors import ServerFailed, TestingError
from ichor_testing.keeper import Keeper, Watch
from ichor_testing.server import Server


@dataclass(frozen=True, slots=True)
class Session:
    """A test session: the folder in which its processes find each other's servers, and the controller's process id.

    The folder is made by the first server; a session that uses none leaves no trace.
    """

    folder: Path
    controller: int

    @classmethod
    def new(cls) -> Self:
        """Return the session of which this process is the controller."""
        name = f"ichor-session-{os.getpid()}-{secrets.token_hex(4)}"
        return cls(Path(tempfile.gettempdir()) / name, os.getpid())

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(Path(data["folder"]), data["controller"])

    def to_json(self) -> dict[str, str | int]:
        """Return what the controller hands to its workers."""
        return {"folder": str(self.folder), "controller": self.controller}

    async def share[S: Server](self, kind: type[S], launch: Callable[[Watch], Awaitable[S]]) -> S:
        """Return the session's server of a kind, launched where this is its first use.

        Where that failed once it is not tried again: every other use raises ServerFailed with the same message.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        record = self.folder / f"{kind.__name__}.json"
        async with _locked(record.with_suffix(".lock")):
            if not record.exists():
                await self._launch(record, launch)
        return _read(record, kind)

    def end(self) -> list[str]:
        """Stop the session's servers, for the controller, when all workers are gone; return what went wrong."""
        failures: list[str] = []
        for keeper in self._keepers():
            try:
                keeper.stop()
            except ServerFailed as error:
                failures.append(str(error))
        shutil.rmtree(self.folder, ignore_errors=True)
        return failures

    def _keepers(self) -> list[Keeper]:
        records = [json.loads(record.read_text()) for record in self.folder.glob("*.json")]
        return [Keeper(**record["keeper"]) for record in records if record.get("keeper")]

    async def _launch[S: Server](self, record: Path, launch: Callable[[Watch], Awaitable[S]]) -> None:
        try:
            server = await launch(Watch(self.controller, (self.folder,)))
        except TestingError as error:
            _write(record, {"error": str(error)})
            raise
        _write(record, server.to_json())


def _write(record: Path, data: Mapping[str, Any]) -> None:
    record.write_text(json.dumps(data))


def _read[S: Server](record: Path, kind: type[S]) -> S:
    data = json.loads(record.read_text())
    if "error" in data:
        raise ServerFailed(data["error"])
    return kind.from_json(data)


@asynccontextmanager
async def _locked(path: Path) -> AsyncGenerator[None]:
    with path.open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
