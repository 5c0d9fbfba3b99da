"""What callers of the API asked for under keys of their own, so that a request sent again is not done twice."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue

from ichor_edgestore.database import Database
from ichor_edgestore.errors import KeyReused
from ichor_edgestore.query_file import load_queries

_QUERIES = load_queries("idempotency")


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """How a request was answered: the status of HTTP, and the body."""

    status: int
    body: JsonValue


class PostgresIdempotency:
    """Keys of requests, each of one caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, caller: str, key: str, request: str) -> KeptResponse | None:
        """Note a request under a key; return its response where it has one. `request` is a hash of all of it.

        Raises:
            KeyReused: the key stands for another request.
        """
        await self._database.execute(_QUERIES["claim"], caller, key, request)
        row = await self._database.row(_QUERIES["kept"], caller, key)
        if row is None:  # pruned at this very moment
            return await self.claim(caller, key, request)
        if row["request"] != request:
            raise KeyReused(f"The key {key} stands for another request of the same caller.")
        return None if row["status"] is None else KeptResponse(row["status"], row["response"])

    async def keep(self, caller: str, key: str, response: KeptResponse) -> None:
        """Note how a request was answered; the first answer stays."""
        await self._database.execute(_QUERIES["keep"], caller, key, response.status, response.body)

    async def prune(self, older_than: timedelta) -> int:
        """Forget the keys that are so old, and return how many they were."""
        return await self._database.execute(_QUERIES["prune"], older_than)
