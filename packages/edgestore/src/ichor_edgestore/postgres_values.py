"""The values of runs that are too large to travel, in PostgreSQL, compressed."""

import asyncio
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ichor_edgestore.database import Database, Session
from ichor_edgestore.errors import ValueGone
from ichor_edgestore.failure import action_errors
from ichor_edgestore.query_file import load_queries

_QUERIES = load_queries("values")
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class EndedValues:
    """The values of a run that is long over: its id, or that of its workflow, and the keys that its row refers to."""

    run: str
    keep: Sequence[str]


class PostgresValues:
    """Implements `ichor_models.ValueStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, run: str, bodies: Mapping[str, bytes]) -> None:
        """Keep values of a run, given by their keys, in one statement; those that are there stay as they are."""
        with action_errors():
            await put_in(self._database, run, bodies)

    async def get(self, run: str, key: str) -> bytes:
        """Return a value of a run.

        Raises:
            ActionError: [value_gone] it is not there.
        """
        with action_errors():
            row = await self._database.row(_QUERIES["get"], run, key)
            if row is None:
                raise gone(run, key)
        return await asyncio.to_thread(zlib.decompress, row["body"])

    async def forget(self, run: str, keep: Collection[str] = ()) -> None:
        """Delete the values of a run that has ended; those of these keys go with the run's row."""
        with action_errors():
            async with self._database.transaction() as session:
                await session.execute(_QUERIES["keep"], run, list(keep))
                await session.execute(_QUERIES["delete"], run, list(keep))

    async def over(self, older_than: timedelta, *, limit: int = 100) -> Sequence[EndedValues]:
        """Return what is to be forgotten of runs that ended so long ago, or have no row."""
        rows = await self._database.rows(_QUERIES["over"], older_than, limit)
        return [EndedValues(row["run"], row["keep"]) for row in rows]


async def put_in(session: Database | Session, run: str, bodies: Mapping[str, bytes]) -> None:
    """Keep values of a run, within a transaction that does more."""
    if bodies:
        compressed = [await asyncio.to_thread(zlib.compress, body, _LEVEL) for body in bodies.values()]
        sizes = [len(body) for body in bodies.values()]
        await session.execute(_QUERIES["put"], run, list(bodies), compressed, sizes)


def gone(run: str, key: str) -> ValueGone:
    """Return the error of a value that is not there."""
    return ValueGone(
        f"The large value {key[:12]}… of {run} is not in the database: it was deleted long after its run, or by hand."
    )
