"""The program `ichor-trigger`: events in, runs started."""

from collections.abc import Sequence
from typing import NoReturn

from ichor_service import (
    EVENTS,
    Broker,
    Health,
    Inbox,
    Letter,
    Program,
    Settings,
    Stop,
    serving,
    store_link,
    temporal_link,
)
from pydantic import SecretStr
from structlog.contextvars import bound_contextvars

from ichor_trigger.event_queue import read_event
from ichor_trigger.launcher import Launcher
from ichor_trigger.run_starter import RunStarter

PROGRAM = Program(
    name="ichor-trigger",
    summary="Takes entity events from RabbitMQ and starts the runs of the rules that match, each exactly once.",
    http_port=8080,
    needs=("database_url", "rabbitmq_url", "temporal_address"),
    uses=("temporal_namespace", "task_queue", "http_host", "http_port", "max_event_bytes", "shutdown_grace"),
    parts=("events",),
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program."""
    PROGRAM.start(run, arguments)


async def run(settings: Settings, stop: Stop) -> None:
    """Put the parts together and work until told to stop."""
    temporal, store = temporal_link(settings), store_link(settings, PROGRAM.name)
    broker = Broker(settings.rabbitmq_url or SecretStr(""), PROGRAM.name)
    launcher = Launcher(temporal, settings.task_queue)

    async def handle(letter: Letter) -> None:
        event = read_event(letter, settings.max_event_bytes)
        with bound_contextvars(event_id=event.event_id, entity=event.entity_name, entity_id=event.entity_id):
            await RunStarter(store.opened, launcher).start(event)

    inbox = Inbox(broker, EVENTS, handle, {"Temporal": temporal, "PostgreSQL": store})
    probes = {"temporal": temporal.probe, "database": store.probe, "broker": broker.probe, "consumer": inbox.probe}
    async with store, serving(settings, Health(probes, stop)):
        await inbox.run(stop)
