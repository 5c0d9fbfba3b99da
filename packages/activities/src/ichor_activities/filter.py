"""Which rows of an entity an action means: conditions as SQL, every value a parameter.

As in SQL, a null in the column or in the value matches nothing but `is_null` and `is_not_null`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ichor_models import ConfigError
from pydantic import Field, JsonValue

from ichor_activities.config import Config
from ichor_activities.entity import Entity
from ichor_activities.identifier import quote_identifier
from ichor_activities.table import document


class RowOperator(StrEnum):
    """How a column is compared."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    CONTAINS = "contains"
    IN = "in"
    NOT_IN = "not_in"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"


_COMPARISON: Mapping[RowOperator, str] = {
    RowOperator.EQUALS: "=",
    RowOperator.NOT_EQUALS: "<>",
    RowOperator.GREATER_THAN: ">",
    RowOperator.LESS_THAN: "<",
}
_LISTS = (RowOperator.IN, RowOperator.NOT_IN)
_NULL: Mapping[RowOperator, str] = {RowOperator.IS_NULL: "IS NULL", RowOperator.IS_NOT_NULL: "IS NOT NULL"}


class RowCondition(Config):
    """One comparison of a column; `previous_value` is what old editors write and means nothing here."""

    field_name: str = Field(min_length=1, description="a column that may be read")
    operator: RowOperator = Field(description="how the column is compared")
    value: JsonValue = Field(
        default=None, description="what with: a list for `in` and `not_in`, nothing for `is_null` and `is_not_null`"
    )
    previous_value: JsonValue = Field(default=None, description="means nothing here; old editors write it")


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Conditions that must all hold, on columns that may be read."""

    entity: Entity
    conditions: tuple[tuple[str, RowOperator, JsonValue], ...]

    @classmethod
    def of(cls, entity: Entity, conditions: Iterable[RowCondition]) -> "RowFilter":
        """Check the columns.

        Raises:
            NotAllowed: one may not be read.
            ConfigError: `in` or `not_in` without a list.
        """
        return cls(entity, tuple(_checked(entity, item) for item in conditions))

    @classmethod
    def equal(cls, entity: Entity, values: Mapping[str, JsonValue]) -> "RowFilter":
        """Mean the rows that have these values."""
        pairs = ((entity.column_to_read(name), value) for name, value in values.items())
        return cls(entity, tuple((column, RowOperator.EQUALS, value) for column, value in pairs))

    @classmethod
    def by_id(cls, entity: Entity, id: JsonValue) -> "RowFilter":
        """Mean one row."""
        return cls(entity, ((entity.id_column, RowOperator.EQUALS, id),))

    @classmethod
    def by_ids(cls, entity: Entity, ids: list[JsonValue]) -> "RowFilter":
        """Mean the rows of these ids."""
        return cls(entity, ((entity.id_column, RowOperator.IN, ids),))

    @property
    def single_id(self) -> JsonValue:
        """Return the id of the one row that is meant, None where the conditions are wider."""
        match self.conditions:
            case ((column, RowOperator.EQUALS, value),) if column == self.entity.id_column:
                return value
            case _:
                return None

    def sql(self, first_parameter: int) -> str:
        """Return what follows WHERE."""
        written = (self._written(item, first_parameter + index) for index, item in enumerate(self._compared()))
        nulls = (f"{quote_identifier(item[0])} {_NULL[item[1]]}" for item in self.conditions if item[1] in _NULL)
        return " AND ".join([*written, *nulls])

    def parameters(self) -> list[str]:
        """Return the values, in the order of their numbers."""
        return [_parameter(*item) for item in self._compared()]

    def values(self) -> Iterator[tuple[str, JsonValue]]:
        """Yield the columns with the values that they are compared with as their type."""
        for column, operator, value in self._compared():
            if operator in _LISTS and isinstance(value, list):
                yield from ((column, item) for item in value)
            elif operator is not RowOperator.CONTAINS:
                yield column, value

    def _compared(self) -> list[tuple[str, RowOperator, JsonValue]]:
        return [item for item in self.conditions if item[1] not in _NULL]

    def _written(self, condition: tuple[str, RowOperator, JsonValue], parameter: int) -> str:
        column, operator, _ = condition
        name, table = quote_identifier(column), self.entity.table
        match operator:
            case RowOperator.CONTAINS:
                return f"strpos({name}::text, ${parameter}::text::jsonb ->> {_literal(column)}) > 0"
            case RowOperator.IN:
                return f"{name} = ANY({table.typed_list(column, parameter)})"
            case RowOperator.NOT_IN:
                return f"{name} <> ALL({table.typed_list(column, parameter)})"
            case _:
                return f"{name} {_COMPARISON[operator]} {table.typed(column, parameter)}"


def _checked(entity: Entity, condition: RowCondition) -> tuple[str, RowOperator, JsonValue]:
    if condition.operator in _LISTS and not isinstance(condition.value, list):
        raise ConfigError(f"The condition on {condition.field_name} asks {condition.operator} and needs a list.")
    return entity.column_to_read(condition.field_name), condition.operator, condition.value


def _parameter(column: str, operator: RowOperator, value: JsonValue) -> str:
    if operator in _LISTS and isinstance(value, list):
        return document([{column: item} for item in value])
    return document({column: value})


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
