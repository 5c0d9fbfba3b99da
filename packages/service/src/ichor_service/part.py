"""A part of a program: what it does until told to stop, and what must answer for it to be ready."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from ichor_service.health import Probe
from ichor_service.stop import Stop


@dataclass(frozen=True, slots=True)
class Part:
    """`work` returns when it was told to stop; `probes` are checks of its own, by name.

    `app` answers every path that is not the program's own; one part of a program may have one.
    """

    work: Callable[[Stop], Awaitable[None]]
    probes: Mapping[str, Probe] = field(default_factory=dict[str, Probe])
    app: ASGIApp | None = None


async def side_by_side(parts: Iterable[Part], stop: Stop) -> None:
    """Let parts work until all have ended; where one fails the others are cancelled, and its error is raised."""

    async def work(part: Part) -> None:
        await part.work(stop)

    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(work(part))
