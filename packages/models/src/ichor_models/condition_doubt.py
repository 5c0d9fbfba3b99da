"""Conditions that can be read, and say something else than their author means (semantics.md, Warnings)."""

from collections.abc import Iterator

from pydantic import ValidationError

from ichor_models.condition import Condition, Operator
from ichor_models.control import CONDITION
from ichor_models.problem import Problem
from ichor_models.rule import Rule

_ORDER = (Operator.GREATER_THAN, Operator.LESS_THAN)
_CHANGES = (Operator.CHANGED_FROM, Operator.CHANGED_TO)


def condition_doubts(rule: Rule) -> Iterator[Problem]:
    """Warn of conditions of the trigger and of actions that never hold, or lack the value that they seem to need."""
    for index, condition in enumerate(rule.trigger.conditions):
        yield from _doubts(condition, f"trigger.conditions.{index}")
    for action in rule.actions:
        listed = action.config.get("conditions") if action.type == CONDITION else None
        for index, item in enumerate(listed if isinstance(listed, list) else ()):
            try:
                condition = Condition.model_validate(item)
            except ValidationError:
                continue
            if not (isinstance(condition.value, str) and "{{" in condition.value):
                yield from _doubts(condition, f"actions.{action.name}.config.conditions.{index}")


def _doubts(condition: Condition, where: str) -> Iterator[Problem]:
    operator, value = condition.operator, condition.value
    if operator is Operator.IN and not (isinstance(value, list) and value):
        message = "in never holds without a list of values; write one, like [open, held], or use equals."
        yield Problem(code="never_holds", where=f"{where}.value", message=message)
    if operator in _ORDER and (value is None or isinstance(value, (bool, list, dict))):
        message = f"{operator} never holds unless its value is a number or text; write one."
        yield Problem(code="never_holds", where=f"{where}.value", message=message)
    if operator in _CHANGES and not condition.model_fields_set & {"value", "previous_value"}:
        when = "was" if operator is Operator.CHANGED_FROM else "becomes"
        message = f"{operator} without a value holds where the field {when} null; write the value, null if it is meant."
        yield Problem(code="value_missing", where=f"{where}.value", message=message)
