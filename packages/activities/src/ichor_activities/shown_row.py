"""A row of the application as events show it: the columns that actions may read, and the change that was made to it."""

from collections.abc import Mapping

from ichor_models import EventType, FieldChange, RowChange, Transaction
from pydantic import JsonValue

from ichor_activities.entity import Entity
from ichor_activities.identifier import quote_identifier

type Row = Mapping[str, JsonValue]


async def shown_columns(transaction: Transaction, entity: Entity) -> str:
    """Return SQL for the id and the columns that are there and open, for SELECT or RETURNING."""
    rows = await transaction.fetch(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        entity.table.sql,
    )
    there = [str(row["attname"]) for row in rows]
    names = dict.fromkeys([entity.id_column, *(name for name in there if entity.shows(name))])
    return ", ".join(quote_identifier(name) for name in names)


def row_change(
    entity: Entity, event_type: EventType, row: Row, changes: Mapping[str, FieldChange] | None = None
) -> RowChange:
    """Return what happened to a row, as other rules are told."""
    return RowChange(
        event_type=event_type,
        entity_name=entity.table.name,
        entity_id=str(row[entity.id_column]),
        raw_data=dict(row),
        field_changes=None if changes is None else dict(changes),
    )
