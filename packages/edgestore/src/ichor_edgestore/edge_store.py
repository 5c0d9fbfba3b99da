"""The store on PostgreSQL."""

import asyncio
from collections.abc import Collection

import asyncpg
from ichor_models import DEFAULT_LIMIT, ValueLimit, analyze_rule
from ichor_models.structure import fatal_problems

from ichor_edgestore.backlog import Backlog
from ichor_edgestore.database import Database
from ichor_edgestore.journal import Journal
from ichor_edgestore.legacy_outbox import LegacyOutbox
from ichor_edgestore.outbox import Outbox
from ichor_edgestore.pinned_run import CheckStructure, Ended
from ichor_edgestore.postgres_approvals import PostgresApprovals
from ichor_edgestore.postgres_idempotency import PostgresIdempotency
from ichor_edgestore.postgres_pinned_runs import PostgresPinnedRuns
from ichor_edgestore.postgres_questions import PostgresQuestions
from ichor_edgestore.postgres_rules import PostgresRules
from ichor_edgestore.postgres_runs import PostgresRuns
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.role_query import RoleQuery
from ichor_edgestore.saving import Analyze

_BACKLOG = load_queries("backlog")["backlog"]
_ENCRYPTION = load_queries("encryption")
_CLOSE_SECONDS = 1.0


class EdgeStore(PostgresRules, PostgresPinnedRuns, PostgresRuns, PostgresQuestions, PostgresApprovals):
    """Rules, graphs, runs, questions, approvals; actions write to `journal`, a relay reads the outboxes.

    `roles_sql` gives the roles of the user whose id is its `$1`; `idempotency` remembers the requests to the API;
    `values` keeps what is too large to travel, and replies are above `limit`. `ended` hears of runs as they end.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        analyze: Analyze = analyze_rule,
        check_structure: CheckStructure = fatal_problems,
        roles_sql: str | None = None,
        limit: ValueLimit = DEFAULT_LIMIT,
        ended: Ended = lambda rule, status: None,
    ) -> None:
        self._pool = pool
        database, roles = Database(pool), RoleQuery(roles_sql)
        PostgresRules.__init__(self, database, analyze)
        PostgresPinnedRuns.__init__(self, database, check_structure, ended)
        PostgresRuns.__init__(self, database, ended)
        PostgresQuestions.__init__(self, database, limit)
        PostgresApprovals.__init__(self, database, roles)
        self.journal = Journal(database, roles)
        self.values = self.journal.values
        self.outbox = Outbox(database)
        self.legacy_outbox = LegacyOutbox(database)
        self.idempotency = PostgresIdempotency(database)

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StoreUnavailable: there is none.
        """
        await self._database.row("SELECT 1")

    async def backlog(self) -> Backlog:
        """Return how much waits in the database.

        Raises:
            StoreError: the database does not say.
        """
        (row,) = await self._database.rows(_BACKLOG)
        return Backlog(**row)

    async def encryption_key(self) -> str | None:
        """Return the id of the key that encrypts what is sent to Temporal, None where that is readable."""
        row = await self._database.row(_ENCRYPTION["key"])
        return row["key_id"] if row else None

    async def note_encryption_key(self, key_id: str | None, known: Collection[str]) -> None:
        """Note which key encrypts what is sent to Temporal, None where that is readable from now on.

        Nothing is noted where a key that is not among the `known` ones encrypts at that moment.
        """
        if key_id is None:
            await self._database.execute(_ENCRYPTION["forget"], list(known))
        else:
            await self._database.execute(_ENCRYPTION["note"], key_id, list(known))

    async def close(self) -> None:
        """Close the connections, by force where they are still in use."""
        try:
            await asyncio.wait_for(self._pool.close(), _CLOSE_SECONDS)
        except TimeoutError:
            self._pool.terminate()
