"""One column of some rows set to one value; each row that this changed is told to other rules."""

from collections.abc import Sequence
from itertools import batched

from ichor_models import EventType, FieldChange, RowChange, Transaction
from pydantic import JsonValue

from ichor_activities.entity import Entity
from ichor_activities.filter import RowFilter
from ichor_activities.identifier import quote_identifier
from ichor_activities.row import naming_refusals
from ichor_activities.rows_as_json import fetch_json
from ichor_activities.shown_row import Row, row_change, shown_columns
from ichor_activities.table import document

_AT_ONCE = 500
"""Of how many rows all columns, and the events, are in memory at a time."""


async def update_column(transaction: Transaction, rows: RowFilter, column: str, value: JsonValue) -> int:
    """Lock the rows, set the column, and return of how many.

    Raises:
        InvalidValue: a column does not take its value, or a constraint refuses it.
    """
    entity = rows.entity
    affected = 0
    for before in batched(await _lock(transaction, rows, column), _AT_ONCE, strict=False):
        after = await _set(transaction, RowFilter.by_ids(entity, [row["id"] for row in before]), column, value)
        if told := _changes(entity, column, before, after):
            await transaction.emit(*told)
        affected += len(after)
    return affected


def _changes(entity: Entity, column: str, before: Sequence[Row], after: Sequence[Row]) -> list[RowChange]:
    """Return what to tell of the rows that differ now, in the order in which they were locked."""
    now = {str(row[entity.id_column]): row for row in after}
    pairs = [(now[str(row["id"])], row["old"]) for row in before if str(row["id"]) in now]
    return [
        row_change(entity, EventType.ON_UPDATE, row, {column: FieldChange(old_value=old, new_value=row[column])})
        for row, old in pairs
        if row[column] != old
    ]


async def _lock(transaction: Transaction, rows: RowFilter, column: str) -> list[dict[str, JsonValue]]:
    """Return the ids of the rows, in their order, and what the column held."""
    table, id = rows.entity.table, quote_identifier(rows.entity.id_column)
    query = (
        f"SELECT {id} AS id, {quote_identifier(column)} AS old FROM {table.sql}"
        f" WHERE {rows.sql(1)} ORDER BY {id} FOR UPDATE"
    )
    return await naming_refusals(
        transaction, table, rows.values(), lambda: fetch_json(transaction, query, *rows.parameters())
    )


async def _set(transaction: Transaction, rows: RowFilter, column: str, value: JsonValue) -> list[dict[str, JsonValue]]:
    """Return the rows as they are then."""
    table = rows.entity.table
    update = (
        f"UPDATE {table.sql} SET {quote_identifier(column)} = {table.typed(column, 1)} WHERE {rows.sql(2)}"
        f" RETURNING {await shown_columns(transaction, rows.entity)}"
    )
    return await naming_refusals(
        transaction,
        table,
        [(column, value)],
        lambda: fetch_json(transaction, update, document({column: value}), *rows.parameters()),
    )
