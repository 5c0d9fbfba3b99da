"""Conditions: what a rule or an `evaluate_condition` action asks of the data. Nothing crashes a condition.

Comparison (semantics.md): two texts as text, a number and plain decimal text as numbers, true and false also with their
own text; order: numbers or numeric texts as numbers, else two texts as text, else false.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from ichor_models.expression import Lookup
from ichor_models.model import Model
from ichor_models.number import as_decimal
from ichor_models.path import Path


class Operator(StrEnum):
    """How a condition compares."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    CONTAINS = "contains"
    IN = "in"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"
    CHANGED_FROM = "changed_from"
    CHANGED_TO = "changed_to"


type LogicType = Literal["and", "or"]


class Condition(Model):
    """One comparison of the value at a template path. `previous_value` is for `changed_from` and `changed_to`."""

    field_name: str = Field(min_length=1, description="a template path: a key of the trigger data, or `action.key`")
    operator: Operator = Field(description="how its value is compared")
    value: JsonValue = Field(
        default=None, description="what with: a list for `in`, nothing for `is_null` and `is_not_null`"
    )
    previous_value: JsonValue = Field(
        default=None, description="for `changed_from` and `changed_to`: the value before, where it counts"
    )

    def holds(self, lookup: Lookup) -> bool:
        """Say whether it is true of the data."""
        seen = lookup(self._path)
        return self._changed(seen) if self._asks_of_a_change else _compare(self.operator, seen, self.value)

    def sees_value(self, lookup: Lookup) -> bool:
        """Say whether what it compares is there: a value other than null, or a change of the field."""
        return lookup(self._path) is not None

    @property
    def _asks_of_a_change(self) -> bool:
        return self.operator in (Operator.CHANGED_FROM, Operator.CHANGED_TO)

    @property
    def _path(self) -> Path:
        return (Path.of_change if self._asks_of_a_change else Path.of)(self.field_name)

    def _changed(self, change: JsonValue) -> bool:
        if not isinstance(change, dict):
            return False
        old, new = change.get("old_value"), change.get("new_value")
        if equal(old, new):
            return False
        if self.operator is Operator.CHANGED_FROM:
            return equal(old, self.value if self.previous_value is None else self.previous_value)
        return equal(new, self.value) and (self.previous_value is None or equal(old, self.previous_value))


def all_hold(conditions: Sequence[Condition], logic: LogicType, lookup: Lookup) -> bool:
    """Combine conditions; an empty list holds."""
    if logic == "or" and conditions:
        return any(condition.holds(lookup) for condition in conditions)
    return all(condition.holds(lookup) for condition in conditions)


def equal(left: JsonValue, right: JsonValue) -> bool:
    """Compare two values of JSON by the rules at the head of this page."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return _boolean(left) is not None and _boolean(left) == _boolean(right)
    first, second = as_decimal(left), as_decimal(right)
    if first is not None or second is not None:
        return first == second
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return left is None and right is None


def _boolean(value: JsonValue) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _compare(operator: Operator, actual: JsonValue, expected: JsonValue) -> bool:
    match operator:
        case Operator.EQUALS:
            return equal(actual, expected)
        case Operator.NOT_EQUALS:
            return not equal(actual, expected)
        case Operator.GREATER_THAN:
            return _less(expected, actual)
        case Operator.LESS_THAN:
            return _less(actual, expected)
        case Operator.CONTAINS:
            return _contains(actual, expected)
        case Operator.IN:
            return isinstance(expected, list) and _contains(expected, actual)
        case Operator.IS_NULL:
            return actual is None
        case _:
            return actual is not None


def _less(left: JsonValue, right: JsonValue) -> bool:
    first, second = as_decimal(left), as_decimal(right)
    if first is not None and second is not None:
        return first < second
    return isinstance(left, str) and isinstance(right, str) and left < right


def _contains(container: JsonValue, value: JsonValue) -> bool:
    if isinstance(container, list):
        return any(equal(item, value) for item in container)
    return isinstance(container, str) and isinstance(value, str) and value in container
