"""The part `events`: takes entity events from RabbitMQ and starts the runs of the rules that match."""

from ichor_service import EVENTS, Inbox, Letter, Part
from structlog.contextvars import bound_contextvars

from ichor_trigger.event_queue import read_event
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links
from ichor_trigger.run_starter import RunStarter


def events(links: Links) -> Part:
    """Return the part."""
    launcher = Launcher(links.temporal, links.settings.task_queue)
    broker = links.broker("events")

    async def handle(letter: Letter) -> str:
        event = read_event(letter, links.settings.max_event_bytes)
        with bound_contextvars(event_id=event.event_id, entity=event.entity_name, entity_id=event.entity_id):
            return "started" if await RunStarter(links.store.opened, launcher).start(event) else "none"

    needs = {"Temporal": links.temporal, "PostgreSQL": links.store}
    inbox = Inbox(broker, EVENTS, handle, needs, links.registry)
    servers = {"temporal": links.temporal.probe, "database": links.store.probe}
    return Part(inbox.run, {**servers, "broker": broker.probe, "consumer": inbox.probe})
