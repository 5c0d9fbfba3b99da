"""The program `ichor-trigger`: events, schedules and calls of the API in, runs started; the outbox's events out."""

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from ichor_service import (
    Health,
    Part,
    Probe,
    Program,
    Reader,
    Settings,
    Stop,
    new_registry,
    serving,
    side_by_side,
    store_link,
    temporal_link,
)

from ichor_trigger.events import events
from ichor_trigger.links import Links
from ichor_trigger.metrics import metrics
from ichor_trigger.reaper import reaper
from ichor_trigger.relay import relay
from ichor_trigger.schedules import schedules


def _api(links: Links) -> Part:
    # FastAPI takes long to import, and the other parts do without it.
    from ichor_trigger.api import api

    return api(links)


PARTS: Mapping[str, Callable[[Links], Part]] = {
    "events": events,
    "relay": relay,
    "schedules": schedules,
    "reaper": reaper,
    "api": _api,
}
PROGRAM = Program(
    reader=Reader.TRIGGER,
    summary="Starts the runs of rules, each exactly once, relays events from the outbox, and serves the API.",
    http_port=8080,
    parts=tuple(PARTS),
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program."""
    PROGRAM.start(run, arguments)


async def run(settings: Settings, stop: Stop, wanted: Sequence[str]) -> None:
    """Put the wanted parts together and let them work until told to stop."""
    registry = new_registry()
    store = store_link(settings, PROGRAM.name, registry=registry)
    links = Links(settings, temporal_link(settings, lambda: store.opened.values, registry), store, registry)
    parts = [metrics(links), *(PARTS[name](links) for name in wanted)]
    probes: dict[str, Probe] = {}
    for part in parts:
        probes |= part.probes
    app = next((part.app for part in parts if part.app), None)
    async with links.store, serving(settings, Health(probes, stop), links.registry, app):
        await side_by_side(parts, stop)
