"""What is killed: a program of the engine, or a server."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

from ichor_testing.engine_program import EngineProgram, start_program
from ichor_testing.server import Server


class Victim(Protocol):
    """Something that is killed and comes back."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def kill(self) -> None:
        """End it by SIGKILL."""
        ...

    async def revive(self) -> None:
        """Start it again on what it left."""
        ...


@dataclass(frozen=True, slots=True)
class ServerVictim:
    """A server with its data."""

    server: Server

    @property
    def name(self) -> str:
        return self.server.name

    async def kill(self) -> None:
        await self.server.kill()

    async def revive(self) -> None:
        await self.server.restart()


class ProgramVictim:
    """One or several parts of a program, in a process of their own."""

    def __init__(self, module: str, environment: Mapping[str, str], *parts: str) -> None:
        self.name = f"{module} {' '.join(parts)}"
        self._module = module
        self._environment = environment
        self._arguments = [word for part in parts for word in ("--only", part)]
        self._life = AsyncExitStack()
        self._program: EngineProgram | None = None

    async def kill(self) -> None:
        await self._life.aclose()

    async def revive(self) -> None:
        started = start_program(self._module, self._environment, *self._arguments)
        self._program = await self._life.enter_async_context(started)

    async def stop(self) -> int | None:
        """End it orderly, and return its exit code."""
        return await self._program.stop(60) if self._program else None
