"""A rule as a link of a circle: what starts it, and what it writes that may start others."""

import asyncpg
from ichor_models import Action, Rule, RuleId
from ichor_models.circles import Link, writes
from ichor_models.matching import read_conditions

from ichor_edgestore.entity_name import bare
from ichor_edgestore.stored_rule import read_json


def as_link(rule: Rule, rule_id: RuleId) -> Link:
    """Return a rule that is being saved, or is kept in memory."""
    entity = bare(rule.trigger.entity) if rule.trigger.entity else None
    return Link(rule_id, rule.name, entity, rule.trigger.event, rule.trigger.conditions, writes(rule.actions))


def stored_links(rows: list[asyncpg.Record]) -> list[Link]:
    """Return what the statement `writers` selects; a rule whose conditions cannot be read never starts."""
    return [link for row in rows if (link := _stored_link(row))]


def _stored_link(row: asyncpg.Record) -> Link | None:
    try:
        conditions = read_conditions(row["conditions"])
    except ValueError:
        return None
    pairs = zip(row["types"], row["configs"], strict=True)
    actions = [
        Action(name="", type=type_, config=config)
        for type_, text in pairs
        if isinstance(config := read_json(text), dict)
    ]
    return Link(RuleId(str(row["id"])), row["name"], row["entity"], row["event"], conditions, writes(actions))
