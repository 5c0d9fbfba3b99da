"""Emitting an event from an application, in the application's own transaction."""

from collections.abc import Mapping
from typing import Any, Protocol

from ichor_edgestore.pool import encode_json

_EMIT = "SELECT workflow.emit_event($1, $2, $3, $4::text::jsonb, $5::text::jsonb, $6, $7, $8::text::jsonb)"


class Connection(Protocol):
    """An open connection of asyncpg, of a pool or not."""

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        """Run a query and return the first value of its first row."""
        ...


async def emit_event(
    connection: Connection,
    event_type: str,
    entity_name: str,
    entity_id: str | None = None,
    *,
    raw_data: Mapping[str, object] | None = None,
    field_changes: Mapping[str, object] | None = None,
    user_id: str | None = None,
    event_id: str | None = None,
    lineage: Mapping[str, object] | None = None,
) -> str:
    """Write an event into the outbox and return its id; it is sent if the connection's transaction is committed.

    Values may be Decimals, UUIDs, dates and times, too. An event whose id waits there already is not written again.

    Raises:
        asyncpg.InvalidParameterValueError: something in it no trigger could use; its `hint` says what to give.
        asyncpg.DataError: a text holds what PostgreSQL does not: U+0000, or half a character.
        ValueError: a value is no JSON: a number that is none, infinite or too large, or what is nested too deep.
        TypeError: a value is of a type that has no JSON form.
    """
    return await connection.fetchval(
        _EMIT,
        str(event_type),
        entity_name,
        entity_id,
        _json("raw_data", raw_data or {}),
        _json("field_changes", field_changes),
        user_id,
        event_id,
        _json("lineage", lineage),
    )


def _json(name: str, value: Mapping[str, object] | None) -> str | None:
    if value is None:
        return None
    try:
        return encode_json(dict(value))
    except RecursionError:
        raise ValueError(f"{name} is nested too deep; give its inner part as text.") from None
    except ValueError as error:
        raise ValueError(f"{name} has a value that is no JSON; give it as text: {error}.") from error
