"""Say where each server will come from, and fetch Temporal's dev server where it comes from this machine.

    python -m ichor_testing.provision

Exits 0 when all three can be started, else 3 with what is missing and how to get it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ichor_testing import container, postgres, rabbitmq, temporal
from ichor_testing.dev_server import obtain_dev_server
from ichor_testing.errors import ServerMissing
from ichor_testing.source import Source, candidates

MISSING = 3
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Need:
    """A server, the variable with its address, its image, the program that would be run, and how to get one."""

    name: str
    variable: str
    image: str
    program: Callable[[], Awaitable[Path | None]]
    mend: str


async def origin(need: Need, say: Callable[[str], None]) -> str | None:
    """Return where a server will come from, or None when it is missing."""
    for source in candidates(None):
        match source:
            case Source.ENV if os.environ.get(need.variable):
                return f"the address in {need.variable}"
            case Source.DOCKER if await container.engine_answers() and await _has_image(need, say):
                return f"Docker, {need.image}"
            case Source.LOCAL if program := await need.program():
                return str(program)
            case _:
                continue
    return None


async def _has_image(need: Need, say: Callable[[str], None]) -> bool:
    try:
        await container.fetch(need.image)
    except ServerMissing as error:
        say(f"{need.name}: {error}")
        return False
    return True


async def provision(say: Callable[[str], None]) -> int:
    """Find or fetch all servers; return the exit status."""
    missing: list[Need] = []
    for need in _needs(say):
        where = await origin(need, say)
        say(f"{need.name}: {where or 'missing'}")
        if where is None:
            missing.append(need)
    for need in missing:
        say(f"{need.name} is missing. {need.mend}")
    return MISSING if missing else 0


def _needs(say: Callable[[str], None]) -> Sequence[Need]:
    return (
        Need(
            "PostgreSQL",
            postgres.URL_VARIABLE,
            postgres.IMAGE,
            partial(asyncio.to_thread, postgres.find_postgres),
            postgres.MEND,
        ),
        Need(
            "RabbitMQ",
            rabbitmq.URL_VARIABLE,
            rabbitmq.IMAGE,
            partial(asyncio.to_thread, rabbitmq.find_rabbitmq),
            rabbitmq.MEND,
        ),
        Need(
            "Temporal",
            temporal.ADDRESS_VARIABLE,
            temporal.IMAGE,
            partial(obtain_dev_server, say),
            temporal.MEND,
        ),
    )


def main() -> None:
    """Provision, saying so on standard error; a key press ends it quietly."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(asyncio.run(provision(partial(print, file=sys.stderr, flush=True))))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
