"""Emitting an event from an application, in the application's own transaction."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast

from ichor_models.strict_json import check_json, parse_json
from ichor_models.text import shown

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
        ValueError: a value cannot be sent: a number that is none, infinite or too large, a text with U+0000 or half a
            character, or what is nested too deep. It names the place.
        TypeError: a value is of another type, or of one that has no JSON form. It names the place.
    """
    return await connection.fetchval(
        _EMIT,
        _text("event_type", event_type),
        _text("entity_name", entity_name),
        _text("entity_id", entity_id),
        _object("raw_data", raw_data),
        _object("field_changes", field_changes),
        _text("user_id", user_id),
        _text("event_id", event_id),
        _object("lineage", lineage),
    )


def _text(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} is of the type {type(value).__name__}; give text, like str(…).")
    with _placed(name):
        check_json(value)
    return str(value)


def _object(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is of the type {type(value).__name__}; give an object with a key for each field.")
    members = cast("Mapping[object, object]", value).items()
    return "{" + ",".join(_member(f"{name}.{key}", key, item) for key, item in members) + "}"


def _member(place: str, key: object, value: object) -> str:
    with _placed(place):
        text = encode_json({key: value})
        parse_json(text)
    return text[1:-1]


@contextmanager
def _placed(place: str) -> Generator[None]:
    """Say where a value stands that cannot be sent."""
    told = shown(place)
    try:
        yield
    except RecursionError:
        raise ValueError(f"{told} is nested too deep; give its inner part as text.") from None
    except ValueError as error:
        raise ValueError(f"{told} cannot be sent: {error}; leave that out, or give it as text.") from error
    except TypeError as error:
        raise TypeError(f"{told} cannot be sent: {error}; give it as text.") from error
