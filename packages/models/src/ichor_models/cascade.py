"""Cascades: runs cause events that start runs. Each event carries its way, so that a cascade cannot go on for ever.

The way is a `Lineage`: the first event, how many runs ago that was, and what ran for which row since.
"""

from collections.abc import Mapping

from ichor_models.action_call import RunHeader
from ichor_models.event import MOST_VISITS, EntityEvent, Lineage
from ichor_models.ids import RuleId

DEEPEST = 16
"""How many runs after its first event a cascade may still start others (events.md)."""

_MOST_SHOWN = DEEPEST + 1


def visit(rule: RuleId, entity_id: str | None) -> str:
    """Return how a lineage notes that a rule ran for an entity."""
    return f"{rule}:{entity_id or ''}"


def next_lineage(run: RunHeader) -> Lineage:
    """Return the lineage of what a run causes; of a way that is too long, the end."""
    own = run.event.lineage or Lineage(root=run.event.event_id, depth=0)
    here = visit(run.rule_id, run.event.entity_id)
    return Lineage(root=own.root, depth=own.depth + 1, visited=(*own.visited, here)[-MOST_VISITS:])


def rules_on_the_way(event: EntityEvent) -> frozenset[RuleId]:
    """Return the rules whose runs led to an event."""
    visited = event.lineage.visited if event.lineage else ()
    return frozenset(RuleId(item.partition(":")[0]) for item in visited[-_MOST_SHOWN:])


def spell_chain(lineage: Lineage, names: Mapping[RuleId, str]) -> str:
    """Return the way to an event for people: which rule ran for which entity; without its name a rule is its id."""
    shown = [_spell(item, names) for item in lineage.visited[-_MOST_SHOWN:]]
    left_out = ["…"] if len(lineage.visited) > _MOST_SHOWN else []
    return " -> ".join([f"event {lineage.root}", *left_out, *shown])


def _spell(item: str, names: Mapping[RuleId, str]) -> str:
    rule, entity = item.partition(":")[::2]
    name = names.get(RuleId(rule))
    return f"{name!r} ({rule}) for {entity or 'no entity'}" if name else f"{rule} for {entity or 'no entity'}"
