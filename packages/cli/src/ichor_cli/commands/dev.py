"""`ichor dev`."""

import asyncio
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from ichor_cli.arguments import Json
from ichor_cli.dev_extra import require_dev_extra
from ichor_cli.screen import Screen, write

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from ichor_cli.dev_stack import DevStack

_KEEP = typer.Option(
    "--keep", metavar="FOLDER", file_okay=False, help="Keep the servers' data there; else it goes with them."
)


def dev(keep: Annotated[Path | None, _KEEP] = None, json: Json = False) -> int:
    """Run PostgreSQL, RabbitMQ, Temporal, a worker and a trigger on this machine until Ctrl-C.

    What people are asked is said, with the command that answers.

    A server is used where its address is set, else one is started by Docker, else by a program of this machine.
    """
    require_dev_extra("`ichor dev`", "ichor_testing", "ichor_worker", "ichor_trigger")
    return asyncio.run(_dev(Screen(json), keep))


async def _dev(screen: Screen, keep: Path | None) -> int:
    from ichor_cli.dev_settings import check_settings
    from ichor_cli.dev_stack import StackOptions, dev_stack

    await check_settings()
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    stopped = asyncio.create_task(asked.wait())
    running = asyncio.create_task(_run(screen, dev_stack(StackOptions(data_dir=keep), screen.note)))
    await asyncio.wait((stopped, running), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if running.done():
        return await running
    screen.note("Stopping")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return 0


async def _run(screen: Screen, stack: "AbstractAsyncContextManager[DevStack]") -> int:
    """Keep the stack up until cancelled, or until a part of it ends: that is told beside the answer, given by then."""
    from ichor_testing import ServerFailed

    from ichor_cli.asked_people import announce_approvals

    async with stack as running:
        if screen.json:
            write(_document(running), flush=True)
        else:
            screen.show(_text(running))
        announcing = asyncio.create_task(announce_approvals(running.environment["ICHOR_DATABASE_URL"], screen.note))
        try:
            await running.watch()
        except ServerFailed as error:
            screen.note(str(error))
            return 3
        finally:
            announcing.cancel()


def _document(stack: "DevStack") -> dict[str, JsonValue]:
    return {
        "environment": dict(stack.environment),
        "temporal_ui": stack.temporal_ui,
        "rabbitmq_ui": stack.rabbitmq_ui,
        "api": {"url": stack.api, "token": stack.api_token},
        "health": {service.module: service.health for service in stack.services},
        "logs": {service.module: str(service.keeper.log) for service in stack.services},
    }


def _text(stack: "DevStack") -> str:
    """Say where everything is, in lines that another shell takes as they are."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in stack.environment.items()]
    places = [f"# Temporal: {stack.temporal_ui or stack.environment['ICHOR_TEMPORAL_ADDRESS']}"]
    places += [f"# RabbitMQ: {stack.rabbitmq_ui}"]
    places += [f"# API: {stack.api}" + (f" with the token {stack.api_token}" if stack.api_token else "")]
    for service in stack.services:
        places += [
            f"# health of {service.module}: {service.health}",
            f"# log of {service.module}: {service.keeper.log}",
        ]
    return "\n".join(["# Running; for another shell:", *lines, *places, "# Ctrl-C ends it."])
