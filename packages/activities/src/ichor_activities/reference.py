"""A value that stands for a row of another table, and the id of that row."""

from uuid import UUID

from pydantic import Field, JsonValue

from ichor_activities.config import Config
from ichor_activities.context import ActionContext
from ichor_activities.entity import Entity
from ichor_activities.errors import InvalidValue
from ichor_activities.filter import RowFilter
from ichor_activities.identifier import quote_identifier
from ichor_activities.row import naming_refusals
from ichor_activities.row_creation import create_row
from ichor_activities.rows_as_json import fetch_json


class Reference(Config):
    """Where such a row is found, and how it is made where it is missing and may be."""

    reference_table: str = Field(min_length=1, description="the other entity, by its name in `ICHOR_ENTITIES`")
    lookup_field: str = Field(
        min_length=1, description="its column that holds the value; a UUID that is the id of a row is taken as that"
    )
    id_field: str = Field(default="", description="its column that holds what to set; empty means its id")
    allow_create: bool = Field(default=False, description="whether a missing row is made, from `create_config`")
    create_config: dict[str, JsonValue] | None = Field(
        default=None, description="the values of a row that is made, by column; null makes none"
    )


async def resolve_reference(reference: Reference, value: JsonValue, run: ActionContext) -> tuple[JsonValue, list[str]]:
    """Return the id of the row that a value stands for, with warnings.

    A UUID that is some row's id is taken as it is. A row that is made is part of the action's transaction.

    Raises:
        InvalidValue: there is no such row, and none may be made.
    """
    entity = run.services.entities.entity(reference.reference_table)
    id_column = entity.column_to_read(reference.id_field or entity.id_column)
    if _is_uuid(value) and await _find(run, entity, id_column, {id_column: value}):
        return value, []
    for _ in range(2):
        found = await _find(run, entity, id_column, {reference.lookup_field: value})
        if found:
            return found[0], _warnings(reference, found)
        await _create(reference, entity, id_column, value, run)
    raise InvalidValue(f"No row of {entity.name} has this {reference.lookup_field}, although one was made.")


async def _find(run: ActionContext, entity: Entity, id_column: str, values: dict[str, JsonValue]) -> list[JsonValue]:
    rows = RowFilter.equal(entity, values)
    name = quote_identifier(id_column)
    query = f"SELECT {name} FROM {entity.table.sql} WHERE {rows.sql(1)} ORDER BY {name} LIMIT 2"
    found = await naming_refusals(
        run.transaction,
        entity.table,
        rows.values(),
        lambda: fetch_json(run.transaction, query, *rows.parameters()),
    )
    return [row[id_column] for row in found]


async def _create(reference: Reference, entity: Entity, id_column: str, value: JsonValue, run: ActionContext) -> None:
    if not reference.allow_create or reference.create_config is None or value in (None, ""):
        raise InvalidValue(
            f"No row of {entity.name} has the {reference.lookup_field} {value!r}; "
            "add it, or let the action make it with allow_create and create_config."
        )
    given = {**reference.create_config, reference.lookup_field: value}
    row = {entity.column_to_write(name): item for name, item in given.items()}
    if id_column == entity.id_column:
        row.setdefault(id_column, str(run.new_id("reference")))
    await create_row(run.transaction, entity, row, unless_there=True)


def _warnings(reference: Reference, found: list[JsonValue]) -> list[str]:
    if len(found) == 1:
        return []
    return [f"Several rows of {reference.reference_table} have this {reference.lookup_field}; the first id was taken."]


def _is_uuid(value: JsonValue) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
