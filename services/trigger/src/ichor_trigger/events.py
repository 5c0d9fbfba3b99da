"""The part `events`: takes entity events from RabbitMQ and starts the runs of the rules that match.

Entities whose events come in bursts leave a share of the places free; what is beyond moves to a queue of its own,
which is worked on beside, so that the events of other entities are taken as they come.
"""

from ichor_models import EntityEvent
from ichor_service import EVENTS, Inbox, InboxMetrics, InboxOptions, Letter, Part, Stop, side_by_side
from prometheus_client import Histogram
from structlog.contextvars import bound_contextvars

from ichor_trigger.event_queue import read_event
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links
from ichor_trigger.run_starter import RunStarter
from ichor_trigger.shares import Shares

_PLACES = InboxOptions(prefetch=50)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PLACES_OF_BURSTS = InboxOptions(prefetch=25)


def events(links: Links) -> Part:
    """Return the part."""
    launcher = Launcher(links)
    launcher_of_bursts = Launcher(links, in_burst=True)
    shares = Shares(_PLACES.prefetch)
    matching = Histogram(
        "ichor_matching_seconds",
        "How long it took to find the rules of an event that match",
        registry=links.registry,
        buckets=_SECONDS,
    )

    def read(letter: Letter) -> EntityEvent:
        return read_event(letter, links.settings.max_event_bytes)

    async def start(event: EntityEvent, launcher: Launcher) -> str:
        with bound_contextvars(event_id=event.event_id, entity=event.entity_name, entity_id=event.entity_id):
            return "started" if await RunStarter(links.store.opened, launcher, matching.time).start(event) else "none"

    async def handle(letter: Letter) -> str:
        event = read(letter)
        with shares.place(event.entity_name):
            return await start(event, launcher)

    async def handle_burst(letter: Letter) -> str:
        return await start(read(letter), launcher_of_bursts)

    needs = {"Temporal": links.temporal, "PostgreSQL": links.store}
    metrics = InboxMetrics(links.registry)
    broker, broker_of_bursts = links.broker("events"), links.broker("bursts of events")
    inbox = Inbox(broker, EVENTS, handle, needs, metrics, _PLACES)
    bursts = Inbox(broker_of_bursts, EVENTS.of_bulk, handle_burst, needs, metrics, _PLACES_OF_BURSTS)

    async def work(stop: Stop) -> None:
        await side_by_side([Part(inbox.run), Part(bursts.run)], stop)

    async def consuming() -> None:
        await inbox.probe()
        await bursts.probe()

    servers = {"temporal": links.temporal.probe, "database": links.store.probe, "broker": broker.probe}
    return Part(work, {**servers, "consumer": consuming})
