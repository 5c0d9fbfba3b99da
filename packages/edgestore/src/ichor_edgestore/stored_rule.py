"""A rule as its rows hold it, and the rule that they mean."""

import json
from dataclasses import dataclass
from typing import Self

import asyncpg
from ichor_models import Condition, Graph, InvalidRule, Problem, Rule, RuleId, RunOptions, read_conditions
from ichor_models.wording import sentence
from pydantic import JsonValue, ValidationError

from ichor_edgestore.stored_graph import GraphColumns, read_graph

_COLUMNS = (
    *("action_ids", "action_names", "descriptions", "actives", "template_types", "configs"),
    *("sources", "targets", "edge_types", "source_outputs", "edge_orders"),
)


@dataclass(frozen=True)
class StoredRule:
    """The columns of a rule; what is JSON in them is still text, so that a run does not need what it does not use.

    The `stamp` is another one as soon as one of its rows is.
    """

    rule_id: RuleId
    name: str
    description: str | None
    is_active: bool
    entity: str | None
    event: str | None
    conditions: str | None
    schedule: str | None
    options_text: str | None
    graph: Graph
    stamp: str

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """Read what the statement `load` selects."""
        return cls(
            rule_id=RuleId(str(row["id"])),
            name=row["name"],
            description=row["description"],
            is_active=row["is_active"],
            entity=row["entity"],
            event=row["event"],
            conditions=row["conditions"],
            schedule=row["schedule"],
            options_text=row["options"],
            stamp=row["stamp"],
            graph=read_graph(GraphColumns(*(tuple(row[name] or ()) for name in _COLUMNS))),
        )

    def limits(self) -> tuple[RunOptions, tuple[Problem, ...]]:
        """Return the limits of a run, and what is wrong with them: the usual ones stand for those."""
        try:
            return RunOptions.model_validate(read_json(self.options_text) or {}), ()
        except ValidationError as error:
            return RunOptions(), _problems(error, "options")

    def rule(self) -> Rule:
        """Return the rule as a workflow file holds it.

        Raises:
            InvalidRule: what starts it, or its limits, cannot be read; all places are named.
        """
        document = {
            "id": self.rule_id,
            "name": self.name,
            "description": self.description,
            "is_active": self.is_active,
            "trigger": {
                "entity": self.entity,
                "event": self.event,
                "conditions": self._conditions(),
                "schedule": read_json(self.schedule),
            },
            "options": read_json(self.options_text) or {},
            "actions": self.graph.actions,
            "edges": self.graph.edges,
        }
        try:
            return Rule.model_validate(document)
        except ValidationError as error:
            raise InvalidRule(_problems(error)) from error

    def _conditions(self) -> tuple[Condition, ...]:
        try:
            return read_conditions(self.conditions)
        except ValueError as error:
            message = f"The stored rule's conditions cannot be read: {error}."
            raise InvalidRule((Problem(code="unreadable", where="trigger.conditions", message=message),)) from error


def read_json(text: str | None) -> JsonValue:
    """Read a JSON column; one that the reader cannot take is kept as text, which no field accepts."""
    try:
        return json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return text


def _problems(error: ValidationError, *place: str) -> tuple[Problem, ...]:
    found = error.errors(include_url=False)
    return tuple(
        Problem(
            code="unreadable",
            where=".".join((*place, *map(str, item["loc"]))),
            message=f"The stored rule cannot be read here: {sentence(item)}",
        )
        for item in found
    )
