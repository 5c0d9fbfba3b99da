"""A table in SQL: every value is a parameter, and PostgreSQL itself turns JSON into the column's type.

`jsonb_populate_record` reads a value as the type's own input does, so text, numbers, booleans, null, lists and objects
all reach numbers, texts, uuids, timestamps, enums, arrays and json alike, and a text that is too long is refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import JsonValue

from ichor_activities.identifier import quote_identifier


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its real name."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """Return its quoted name."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"

    @property
    def text(self) -> str:
        """Return its name for people."""
        return f"{self.schema}.{self.name}"

    def typed(self, column: str, parameter: int) -> str:
        """Return SQL for the value of one column, from the parameter that holds `document({column: value})`."""
        return f"({self._record(parameter)}).{quote_identifier(column)}"

    def typed_list(self, column: str, parameter: int) -> str:
        """Return SQL for an array of values of one column, from the parameter that holds a list of documents."""
        name = quote_identifier(column)
        records = f"jsonb_populate_recordset(NULL::{self.sql}, ${parameter}::text::jsonb)"
        return f"ARRAY(SELECT r.{name} FROM {records} AS r)"

    def insert(self, columns: tuple[str, ...]) -> str:
        """Return an INSERT of one row whose document is `$1`."""
        names = [quote_identifier(column) for column in columns]
        values = ", ".join(f"r.{name}" for name in names)
        return f"INSERT INTO {self.sql} ({', '.join(names)}) SELECT {values} FROM {self._record(1)} AS r"

    def _record(self, parameter: int) -> str:
        return f"jsonb_populate_record(NULL::{self.sql}, ${parameter}::text::jsonb)"


def document(values: Mapping[str, JsonValue] | list[dict[str, JsonValue]]) -> str:
    """Write values as the JSON that `Table` reads; whole numbers lose their `.0`, so that integer columns take them."""
    return json.dumps(_whole(values if isinstance(values, list) else dict(values)), ensure_ascii=False)


def _whole(value: Any) -> JsonValue:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            items = cast(dict[str, Any], value)
            return {key: _whole(item) for key, item in items.items()}
        case list():
            return [_whole(item) for item in cast(list[Any], value)]
        case _:
            return value
