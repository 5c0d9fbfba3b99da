"""The roles of people, by a query of the deployment's own."""

import asyncpg
from ichor_models import Person

from ichor_edgestore.database import Session
from ichor_edgestore.errors import InvalidRoleQuery, StoreError

_SECONDS = 3.0
"""How long the query may take: a vote waits for it, and holds a connection."""


class RoleQuery:
    """A query: its `$1` is a user's id, its first column a role. Without it people have the roles they bring."""

    def __init__(self, sql: str | None = None) -> None:
        """Take the query.

        Raises:
            InvalidRoleQuery: it does not say where the user's id goes.
        """
        if sql and "$1" not in sql:
            raise InvalidRoleQuery("ICHOR_ROLES_SQL holds no $1, which stands for the id of the user.")
        self._sql = (
            # That $1 is text is said first, or a query that compares it with a number would have it one. The query
            # stands on lines of its own, since it may end in a comment.
            "WITH asked AS (SELECT $1::text)\n"
            f"SELECT granted.role::text AS role FROM (\n{sql.strip().rstrip(';')}\n) AS granted (role)"
            if sql
            else None
        )

    async def resolve(self, session: Session, person: Person) -> Person:
        """Return a person with the roles that count.

        Raises:
            InvalidRoleQuery: the query cannot be run.
            StoreError: the database is away.
        """
        if self._sql is None:
            return person
        try:
            async with session.savepoint():
                rows = await session.rows(self._sql, person.id, within=_SECONDS)
        except StoreError as error:
            if error.retryable:
                raise
            if isinstance(error.__cause__, asyncpg.InvalidTextRepresentationError):
                # A text is no id of this database, such as a name where users have UUIDs.
                return person.model_copy(update={"roles": ()})
            why = str(error.__cause__ or error).splitlines()[0]
            raise InvalidRoleQuery(f"ICHOR_ROLES_SQL cannot be run: {why}.") from error
        return person.model_copy(update={"roles": tuple(row["role"] for row in rows if row["role"] is not None)})
