"""The roles of people, by a query of the deployment's own."""

from ichor_models import Person

from ichor_edgestore.database import Session
from ichor_edgestore.errors import Unstorable


class RoleQuery:
    """A query: its `$1` is a user's id, its first column a role. Without it people have the roles they bring."""

    def __init__(self, sql: str | None = None) -> None:
        self._sql = (
            # On lines of its own, since it may end in a comment.
            f"SELECT granted.role::text AS role FROM (\n{sql.strip().rstrip(';')}\n) AS granted (role)" if sql else None
        )

    async def resolve(self, session: Session, person: Person) -> Person:
        """Return a person with the roles that count.

        Raises:
            StoreError: the query cannot be run.
        """
        if self._sql is None:
            return person
        try:
            async with session.savepoint():
                rows = await session.rows(self._sql, person.id)
        except Unstorable:
            rows = []  # the id is none of this database's, such as text where users have UUIDs
        return person.model_copy(update={"roles": tuple(row["role"] for row in rows if row["role"] is not None)})
