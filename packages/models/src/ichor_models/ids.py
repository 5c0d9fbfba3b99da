"""Identities, so that one kind of id is never passed for another."""

from typing import Annotated, NewType

from pydantic import BeforeValidator, Field

LONGEST_ID = 200
"""How many characters an id from outside may have."""


def _whole_number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


type ApplicationId = Annotated[str, BeforeValidator(_whole_number_as_text), Field(max_length=LONGEST_ID)]
"""An id that the application gave to a row or a user: text, or a whole number, which is read as text."""

RuleId = NewType("RuleId", str)
"""A rule's UUID text."""

ActionId = NewType("ActionId", str)
"""An action's UUID text; the action's name where a graph comes from a file without ids."""

ExecutionId = NewType("ExecutionId", str)
"""The UUID text of a run's row in `automation_executions`."""

EventId = NewType("EventId", str)
"""What makes two deliveries the same event; up to 200 characters."""

VersionHash = NewType("VersionHash", str)
"""The SHA-256 of a graph's canonical JSON, in hex."""


def workflow_id(rule: RuleId, event: EventId, rerun: int = 0) -> str:
    """Return the Temporal workflow id of one rule and event; `rerun` counts deliberate repeats from 1."""
    return f"rule-{rule}-{event}" + (f".{rerun}" if rerun else "")
