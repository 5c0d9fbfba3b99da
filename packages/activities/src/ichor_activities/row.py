"""Rows written with values of JSON; what a column refuses is said with the column's name."""

from collections.abc import Mapping

from ichor_models import Transaction
from pydantic import JsonValue

from ichor_activities.sql_failure import refusals
from ichor_activities.table import Table, document


async def check_value(transaction: Transaction, table: Table, column: str, value: JsonValue) -> None:
    """Ask PostgreSQL whether a column takes a value.

    Raises:
        InvalidValue: it does not.
    """
    with refusals(f"{table.text}.{column} does not take this value"):
        await transaction.fetch(f"SELECT {table.typed(column, 1)} IS NULL", document({column: value}))


async def insert_row(
    transaction: Transaction, table: Table, values: Mapping[str, JsonValue], *, unless_there: bool = False
) -> int:
    """Insert a row and return how many that made: none where `unless_there` and a unique column has the value already.

    Raises:
        InvalidValue: a column does not take its value.
    """
    for column, value in values.items():
        await check_value(transaction, table, column, value)
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    return await transaction.execute(table.insert(tuple(values)) + conflict, document(values))


async def takes_uuid(transaction: Transaction, table: Table, column: str) -> bool:
    """Say whether a column can hold a UUID that we make: its type is uuid or a text."""
    rows = await transaction.fetch(
        "SELECT t.typname IN ('uuid', 'text', 'varchar', 'bpchar') AS holds_uuid FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = to_regclass($1) AND a.attname = $2",
        table.sql,
        column,
    )
    return not rows or bool(rows[0]["holds_uuid"])
