"""The part `events`: takes entity events from RabbitMQ and starts the runs of the rules that match.

Entities whose events come too fast leave a share of the places free, so that the events of others are taken as they
come. What is beyond moves to other queues, which are worked on beside, as in a multilevel feedback queue: a spurt need
not wait for the burst of another entity. What must be tried again has a queue of its own, too.
"""

from dataclasses import dataclass
from functools import partial

from ichor_models import EntityEvent
from ichor_service import (
    BURSTS,
    EVENTS,
    RETRIES,
    SPURTS,
    Broker,
    Crowded,
    Handle,
    Inbox,
    InboxMetrics,
    InboxOptions,
    Letter,
    Part,
    Stop,
    Topology,
    side_by_side,
)
from prometheus_client import Histogram
from structlog.contextvars import bound_contextvars

from ichor_trigger.allowance import Allowance
from ichor_trigger.event_queue import read_event
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links
from ichor_trigger.run_starter import RunStarter
from ichor_trigger.shares import Shares

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class EventsOptions:
    """`places` bounds the events in hand, `places_behind` those of each queue behind.

    So many events of an entity that come too fast are a `spurt`, of which so many are forgotten `per_second`; what is
    beyond is a burst.
    """

    places: int = 50
    places_behind: int = 25
    spurt: int = 200
    per_second: float = 10.0


def events(links: Links, options: EventsOptions | None = None) -> Part:
    """Return the part."""
    options = options or EventsOptions()
    starter = _EventStarter(links, options)
    needs = {"Temporal": links.temporal, "PostgreSQL": links.store}
    metrics = InboxMetrics(links.registry)
    broker = links.broker("events")

    def inbox(broker: Broker, topology: Topology, handle: Handle, places: int) -> Inbox:
        return Inbox(broker, topology, handle, needs, metrics, InboxOptions(prefetch=places))

    inboxes = [inbox(broker, EVENTS, partial(starter.start_in_turn, Launcher(links)), options.places)]
    for queue, behind in ((SPURTS, 1), (BURSTS, 2), (RETRIES, 2)):
        handle = partial(starter.start, Launcher(links, behind))
        inboxes.append(inbox(links.broker(queue), EVENTS.of(queue), handle, options.places_behind))

    async def work(stop: Stop) -> None:
        await side_by_side([Part(inbox.run) for inbox in inboxes], stop)

    async def consuming() -> None:
        for inbox in inboxes:
            await inbox.probe()

    servers = {"temporal": links.temporal.probe, "database": links.store.probe, "broker": broker.probe}
    return Part(work, {**servers, "consumer": consuming})


class _EventStarter:
    """Starts what the event of a letter asks for; `launcher` says how far its runs are behind others."""

    def __init__(self, links: Links, options: EventsOptions) -> None:
        self._links = links
        self._shares = Shares(options.places)
        self._spurts = Allowance(options.spurt, options.per_second)
        self._matching = Histogram(
            "ichor_matching_seconds",
            "How long it took to find the rules of an event that match",
            registry=links.registry,
            buckets=_SECONDS,
        )

    async def start_in_turn(self, launcher: Launcher, letter: Letter) -> str:
        """Start it unless its entity has its share of the places.

        Raises:
            Crowded: it has.
        """
        event = self._read(letter)
        kind = event.entity_name
        if not self._shares.has_place(kind):
            raise Crowded(SPURTS if self._spurts.take(kind) else BURSTS)
        with self._shares.place(kind):
            return await self._start(launcher, event)

    async def start(self, launcher: Launcher, letter: Letter) -> str:
        return await self._start(launcher, self._read(letter))

    def _read(self, letter: Letter) -> EntityEvent:
        return read_event(letter, self._links.settings.max_event_bytes)

    async def _start(self, launcher: Launcher, event: EntityEvent) -> str:
        with bound_contextvars(event_id=event.event_id, entity=event.entity_name, entity_id=event.entity_id):
            runs = RunStarter(self._links.store.opened, launcher, self._matching.time)
            return "started" if await runs.start(event) else "none"
