"""The outbox `cascade_outbox` of an existing Ichor: its events move into ours, whose relay sends them.

They keep their ids, so that the same row is the same event, and their order: where somebody else has a row locked, the
later ones of the same entity name wait. Moving is one transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from ichor_models.strict_json import storable

from ichor_edgestore.database import Database, Session
from ichor_edgestore.errors import SchemaMissing, Unstorable
from ichor_edgestore.legacy_event import legacy_event
from ichor_edgestore.query_file import load_queries

_QUERIES = load_queries("legacy_outbox")
_EMIT = load_queries("outbox")["emit"]


@dataclass(frozen=True, slots=True)
class Adoption:
    """How many events moved, and which rows cannot be read, with the reason; those stay there, as dead."""

    moved: int
    dead: Mapping[str, str]


class LegacyOutbox:
    """Rows that wait in `cascade_outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def require(self) -> None:
        """Check that the table is there.

        Raises:
            SchemaMissing: it is not.
        """
        row = await self._database.row(_QUERIES["is_there"])
        if row is None or not row["is_there"]:
            raise SchemaMissing("The database has no table workflow.cascade_outbox.")

    async def adopt(self, limit: int = 100) -> Adoption:
        """Move up to so many events, the oldest first; another one that does the same leaves nothing to do."""
        moved: list[str] = []
        dead: dict[str, str] = {}
        async with self._database.transaction() as session:
            held = await session.row(_QUERIES["hold"])
            rows = await session.rows(_QUERIES["take"], limit) if held and held["is_held"] else ()
            for row in _in_order(rows):
                error = await _emit(session, row)
                if error is None:
                    moved.append(row["id"])
                else:
                    dead[row["id"]] = error
                    await session.execute(_QUERIES["bury"], row["id"], storable(error))
            await session.execute(_QUERIES["adopted"], moved)
        return Adoption(len(moved), dead)


def _in_order(rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Return the rows up to the first of each entity name that somebody else holds."""
    reached = Counter[str]()
    taken: list[asyncpg.Record] = []
    for row in rows:
        name = row["entity_name"]
        if row["place"] == reached[name] + 1:
            reached[name] += 1
            taken.append(row)
    return taken


async def _emit(session: Session, row: asyncpg.Record) -> str | None:
    """Write one event into our outbox; return why that cannot be done."""
    try:
        async with session.savepoint():
            await session.execute(_EMIT, [dict(legacy_event(*list(row.values())[:-1]))])
    except (ValueError, Unstorable) as error:
        return str(error)
    return None
