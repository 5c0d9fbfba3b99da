"""Rows written with values of JSON; what a column refuses is said with the column's name."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from ichor_models import Transaction
from pydantic import JsonValue

from ichor_activities.errors import InvalidValue
from ichor_activities.sql_failure import as_action_error, refusals
from ichor_activities.table import Table, document

type Values = Iterable[tuple[str, JsonValue]]


async def naming_refusals[T](
    transaction: Transaction, table: Table, values: Values, statement: Callable[[], Awaitable[T]]
) -> T:
    """Run a statement that hands values to columns; where one is refused, find out which.

    Raises:
        InvalidValue: a column does not take its value; or a constraint is violated.
    """
    await transaction.execute("SAVEPOINT ichor_values")
    try:
        return await statement()
    except Exception as error:
        if not isinstance(as_action_error(error), InvalidValue):
            raise
        await transaction.execute("ROLLBACK TO SAVEPOINT ichor_values")
        for column, value in values:
            await _check(transaction, table, column, value)
        raise


async def insert_row(
    transaction: Transaction, table: Table, values: Mapping[str, JsonValue], *, unless_there: bool = False
) -> None:
    """Insert a row; `unless_there` lets one be that has the value of a unique column already.

    Raises:
        InvalidValue: the database refuses a value.
    """
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    await transaction.execute(table.insert(tuple(values)) + conflict, document(values))


async def takes_uuid(transaction: Transaction, table: Table, column: str) -> bool:
    """Say whether a column can hold a UUID that we make: its type is uuid or a text."""
    rows = await transaction.fetch(
        "SELECT t.typname IN ('uuid', 'text', 'varchar', 'bpchar') AS holds_uuid FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = to_regclass($1) AND a.attname = $2",
        table.sql,
        column,
    )
    return not rows or bool(rows[0]["holds_uuid"])


async def takes_null(transaction: Transaction, table: Table, column: str) -> bool:
    """Say whether a column may be null."""
    rows = await transaction.fetch(
        "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2 AND attnotnull", table.sql, column
    )
    return not rows


async def _check(transaction: Transaction, table: Table, column: str, value: JsonValue) -> None:
    with refusals(f"{table.text}.{column} does not take this value"):
        await transaction.fetch(f"SELECT {table.typed(column, 1)} IS NULL", document({column: value}))
