"""What PostgreSQL, RabbitMQ and Temporal have in common here: a life, and a question that shows they are ready."""

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from ichor_testing.deadline import until
from ichor_testing.errors import DeadlineExceeded, ServerFailed, ServerMissing, ServerNotOurs
from ichor_testing.keeper import Keeper
from ichor_testing.source import FORCE_VARIABLE, Source, candidates

READY_SECONDS = 90.0
_PORT_TRIES = 3
_WHERE = {Source.ENV: "address", Source.DOCKER: "Docker engine", Source.LOCAL: "program"}

type Finder[S] = Callable[[], Awaitable[S | None]]


@dataclass(frozen=True, slots=True)
class Server(ABC):
    """A running server; whoever holds it, in any process of this machine, may use and end it."""

    source: Source
    keeper: Keeper | None

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` makes the same server of, in another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        keeper = Keeper(**data["keeper"]) if data["keeper"] else None
        fields: dict[str, Any] = {**data, "source": Source(data["source"]), "keeper": keeper}
        return cls(**fields)

    @abstractmethod
    async def answers(self) -> bool:
        """Tell whether the server does its work, as a client sees it."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it."""

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Return once the server answers; raises ServerFailed with the end of its log where it does not."""
        try:
            await until(self._answers_or_ended, f"an answer of {self.name}", seconds=seconds)
        except DeadlineExceeded as error:
            raise ServerFailed(f"{error}{self._log_tail()}") from error

    async def kill(self) -> None:
        """SIGKILL the server; its data stays."""
        await self._ours().tell("kill")

    async def restart(self) -> None:
        """Kill the server where it runs, start it again on the same port and data, and wait until it is ready."""
        keeper = self._ours()
        await keeper.tell("kill")
        await keeper.tell("start")
        await self.ready()

    async def stop(self) -> None:
        """End the server and remove what was made for it; one found by its address is left alone."""
        if self.keeper is not None:
            await self.keeper.tell("stop")

    def _ours(self) -> Keeper:
        if self.keeper is None:
            raise ServerNotOurs(f"{self.name} was found by its address; only a server started here can be killed")
        return self.keeper

    async def _answers_or_ended(self) -> bool:
        if await self.answers():
            return True
        if self.keeper is not None:
            status = await self.keeper.tell("status")
            if status != "running":
                raise ServerFailed(f"{self.name} {status}{self._log_tail()}")
        return False

    def _log_tail(self) -> str:
        tail = self.keeper.log_tail() if self.keeper else ""
        return f"; the end of its log:\n{tail}" if tail else ""


async def first_found[S](name: str, finders: Mapping[Source, Finder[S]], forced: Source | None, mend: str) -> S:
    """Return the server of the first source that has one; raises ServerMissing with `mend` where none has.

    A source without one either has nothing to say, or raises ServerMissing with the reason.
    """
    tried = candidates(forced)
    reasons: list[str] = []
    for source in tried:
        try:
            server = await finders[source]()
        except ServerMissing as error:
            reasons.append(str(error))
            continue
        if server is not None:
            return server
    where = " or ".join(_WHERE[source] for source in tried)
    by_variable = forced is None and len(tried) == 1 and FORCE_VARIABLE in os.environ
    chosen = f" ({FORCE_VARIABLE}={tried[0]})" if by_variable else ""
    why = "".join(f" {reason}." for reason in reasons)
    raise ServerMissing(f"{name} is missing: no {where} found{chosen}.{why} {mend}")


async def launch_until_ready[S: Server](launch: Callable[[], Awaitable[S]], *, fixed_port: bool) -> S:
    """Launch a server and wait for it; where somebody else was quicker to take its port, try another one."""
    for _ in range(0 if fixed_port else _PORT_TRIES - 1):
        try:
            return await _launch_once(launch)
        except ServerFailed:
            continue
    return await _launch_once(launch)


async def _launch_once[S: Server](launch: Callable[[], Awaitable[S]]) -> S:
    server = await launch()
    try:
        await server.ready()
    except BaseException:
        await server.stop()
        raise
    return server
