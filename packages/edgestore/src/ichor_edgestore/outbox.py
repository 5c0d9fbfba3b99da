"""The outbox, as the relay sees it: events that wait, taken in order per entity by any number of relays at once.

A batch is one transaction. It holds a lock on each entity whose events it took, so that no other relay has the later
ones meanwhile. Until it is committed nothing has changed: events of a relay that dies are taken again.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import asyncpg
from ichor_models import EntityEvent
from ichor_models.strict_json import storable

from ichor_edgestore.database import Database, Session
from ichor_edgestore.errors import EventTooLarge
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.signal import Signal

_QUERIES = load_queries("outbox")
_CHANNEL = "ichor_outbox"
_TO_LOOK_AT_ALL = 10
"""One of so many batches looks at all events first."""


class OutboxState(StrEnum):
    """Whether an event is still to be published; one that was published is gone."""

    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event that waits since `age`; `attempts` is how often the broker refused it, `body` what is published.

    `traceparent` is the trace that whoever wrote it gave it.
    """

    seq: int
    event_id: str
    entity_key: str
    routing_key: str
    attempts: int
    age: timedelta
    body: bytes
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that the broker refused: why, and in how long it is tried again, None where it is given up."""

    event: OutboxEvent
    error: str
    pause: timedelta | None

    @property
    def state(self) -> OutboxState:
        """Return what becomes of the event."""
        return OutboxState.FAILED if self.pause is None else OutboxState.PENDING


class OutboxBatch:
    """Events that are held for one relay; those of one entity are in their order, from its oldest on, none left out.

    `contended` says that another relay was about to let go of an entity that has more events.
    """

    def __init__(self, session: Session, events: Sequence[OutboxEvent], *, contended: bool) -> None:
        self._session = session
        self.events = events
        self.contended = contended

    async def settle(self, published: Iterable[OutboxEvent], refused: Iterable[Refusal]) -> None:
        """Note what became of events; it holds from the end of the batch on. The others wait as they did."""
        if gone := [event.seq for event in published]:
            await self._session.execute(_QUERIES["published"], gone)
        if rows := [_refused(item) for item in refused]:
            await self._session.execute(_QUERIES["refused"], rows)


class Outbox:
    """Events that wait to be published."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches = 0

    @asynccontextmanager
    async def batch(
        self, *, entities: int = 100, events: int = 500, size: int = 32 * 1024 * 1024
    ) -> AsyncGenerator[OutboxBatch]:
        """Hold events that are due, of up to so many entities, until they have `size` bytes together.

        Raises:
            StoreError: the database is away, or refuses; nothing was settled.
        """
        async with self._database.transaction() as session:
            await session.execute(_QUERIES["bound"])
            self._batches += 1
            # `hold` sees the beginning of each name only; what waits behind that has its turn where others never cease.
            first, then = ("hold", "hold_any") if self._batches % _TO_LOOK_AT_ALL else ("hold_any", "hold")
            heads = await session.rows(_QUERIES[first], entities) or await session.rows(_QUERIES[then], entities)
            keys = [row["entity_key"] for row in heads if row["is_held"]]
            rows = await session.rows(_QUERIES["take"], keys, events, size) if keys else []
            yield OutboxBatch(session, _in_order(rows), contended=len(keys) < len(heads))

    async def emit(self, event: EntityEvent, largest: int) -> None:
        """Write an event, in a transaction of its own; one whose id waits there already is not written again.

        Raises:
            Unstorable: something in it no trigger could use.
            EventTooLarge: it would be published with more bytes than `largest`.
        """
        document = event.model_dump(mode="json", exclude_none=True)
        async with self._database.transaction() as session:
            await session.execute(_QUERIES["emit"], [document])
            written = await session.row(_QUERIES["stamp"], event.event_id, document.get("timestamp"))
            if written and written["bytes"] > largest:
                raise EventTooLarge(f"The event has {written['bytes']} bytes; {largest} are allowed.")

    def listening(self) -> AbstractAsyncContextManager[Signal]:
        """Listen for new events for the length of the block, on a connection of its own.

        Raises:
            StoreUnavailable: the database is away.
        """
        return self._database.listening(_CHANNEL)


def _in_order(rows: Sequence[asyncpg.Record]) -> list[OutboxEvent]:
    """Return the events up to the first of each entity that is not due, or that somebody else holds."""
    reached: dict[str, int] = {}
    events: list[OutboxEvent] = []
    for row in rows:
        key = row["entity_key"]
        if row["is_due"] and row["place"] == reached.get(key, 0) + 1:
            reached[key] = row["place"]
            events.append(_event(row))
    return events


def _event(row: asyncpg.Record) -> OutboxEvent:
    return OutboxEvent(
        seq=row["seq"],
        event_id=row["event_id"],
        entity_key=row["entity_key"],
        routing_key=f"{row['entity_name']}.{row['event_type']}",
        attempts=row["attempts"],
        age=row["age"],
        body=row["body"].encode(),
        traceparent=row["traceparent"],
    )


def _refused(refusal: Refusal) -> dict[str, object]:
    return {
        "seq": refusal.event.seq,
        "attempts": refusal.event.attempts + 1,
        "error": storable(refusal.error),
        "state": refusal.state,
        "pause": refusal.pause.total_seconds() if refusal.pause else 0,
    }
