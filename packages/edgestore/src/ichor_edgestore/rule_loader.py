"""Reads a rule with its whole graph: one statement, one round trip, one snapshot, whatever its size."""

from typing import Any, Protocol

import asyncpg
from ichor_models import RuleId

from ichor_edgestore.errors import RuleNotFound
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.stored_rule import StoredRule

_STAMP = load_queries("rules")["stamp"]


def with_stamp(query: str) -> str:
    """Return a query of `rules r` with the stamp in the place of `:stamp`."""
    return query.replace(":stamp", _STAMP)


_LOAD = with_stamp(load_queries("rules")["load"])


class Reader(Protocol):
    """Where one row can be asked for: the database, or a transaction."""

    async def row(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Run a query and return its first row."""
        ...


async def load_stored_rule(reader: Reader, rule_id: RuleId) -> StoredRule:
    """Return a rule as it is stored.

    Raises:
        RuleNotFound: there is none of this id.
    """
    key = as_uuid(rule_id)
    row = await reader.row(_LOAD, key) if key else None
    if row is None:
        raise RuleNotFound(f"There is no rule with the id {rule_id}.")
    return StoredRule.of(row)
