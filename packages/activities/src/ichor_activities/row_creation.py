"""A new row of the application, told to other rules."""

from collections.abc import Mapping

from ichor_models import EventType, Transaction
from pydantic import JsonValue

from ichor_activities.entity import Entity
from ichor_activities.row import naming_refusals
from ichor_activities.rows_as_json import fetch_json
from ichor_activities.shown_row import row_change, shown_columns
from ichor_activities.table import document


async def create_row(
    transaction: Transaction, entity: Entity, values: Mapping[str, JsonValue], *, unless_there: bool = False
) -> JsonValue:
    """Insert a row and return its id; `unless_there` lets one be that has the value of a unique column: None.

    Raises:
        InvalidValue: a column does not take its value, or a constraint refuses it.
    """
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    shown = await shown_columns(transaction, entity)
    insert = f"{entity.table.insert(tuple(values))}{conflict} RETURNING {shown}"
    created = await naming_refusals(
        transaction, entity.table, values.items(), lambda: fetch_json(transaction, insert, document(values))
    )
    if not created:
        return None
    await transaction.emit(row_change(entity, EventType.ON_CREATE, created[0]))
    return created[0][entity.id_column]
