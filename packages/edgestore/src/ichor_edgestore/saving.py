"""What saving a rule writes: pure decisions about ids, templates and configs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from ichor_models import APPROVALS, Action, Catalogue, Condition, Edge, InvalidRule, Problem, Report, Rule
from pydantic import JsonValue

from ichor_edgestore.entity_name import bare
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.stored_action import ACTION_TYPE, OPTIONS, RESERVED
from ichor_edgestore.stored_graph import distinct_names

type Analyze = Callable[[Rule, Catalogue], Report]
"""What refuses a rule before it is saved."""


@dataclass(frozen=True, slots=True)
class KnownAction:
    """An action that the rule has in the store; one that is not `in_graph` was removed from it earlier."""

    id: UUID
    name: str
    template_id: UUID | None = None
    template_type: str | None = None
    in_graph: bool = True


def accepted(rule: Rule, report: Report) -> Report:
    """Return the analyzer's report on a rule that may be saved.

    Raises:
        InvalidRule: it may not.
    """
    problems = (*report.problems, *storage_problems(rule))
    if problems:
        raise InvalidRule(problems)
    return report


def storage_problems(rule: Rule) -> tuple[Problem, ...]:
    """Return what keeps a rule from being stored, whatever the analyzer says of it."""
    return tuple(_storage_problems(rule))


def entity_warnings(name: str, *, is_new: bool, is_active: bool) -> tuple[Problem, ...]:
    """Return what to warn of when a rule names an entity; that of approvals is the engine's own."""
    if is_new and bare(name) != APPROVALS:
        message = f"The entity {name!r} was not known and is registered now; check how it is spelt."
        return (Problem(code="unknown_entity", where="trigger.entity", message=message),)
    if not is_active:
        message = f"The entity {name!r} is inactive: its events start no rule."
        return (Problem(code="inactive_entity", where="trigger.entity", message=message),)
    return ()


def assign_ids(
    actions: Sequence[Action], known: Sequence[KnownAction], foreign: Iterable[UUID] = ()
) -> dict[str, UUID]:
    """Give each action, by name, its id: its own where the rule has it, else that of its name, else a new one.

    An id of its own that no rule has is taken over; one that is `foreign`, another rule's, is not.
    """
    own = {item.id for item in known}
    ids = {action.name: id_ for action in actions if (id_ := as_uuid(action.id)) in own and id_ is not None}
    taken = set(ids.values()) | set(foreign)
    by_name = _ids_by_name(known)
    for action in actions:
        if action.name not in ids:
            ids[action.name] = _free_id(taken, by_name.get(action.name), as_uuid(action.id))
            taken.add(ids[action.name])
    return ids


def action_rows(
    rule: Rule, ids: Mapping[str, UUID], known: Sequence[KnownAction], templates: Mapping[str, UUID]
) -> list[dict[str, JsonValue]]:
    """Return the rows of a rule's actions; a template of an action's type is referred to, its own before others."""
    before = {item.id: item for item in known}
    rows: list[dict[str, JsonValue]] = []
    for position, action in enumerate(rule.actions):
        id_ = ids[action.name]
        template = _template(action, before.get(id_), templates)
        rows.append(
            {
                "id": str(id_),
                "name": action.name,
                "description": action.description,
                "config": stored_config(action, has_template=template is not None),
                "is_active": action.is_active,
                "template_id": str(template) if template else None,
                "position": position,
            }
        )
    return rows


def edge_rows(edges: Iterable[Edge], ids: Mapping[str, UUID]) -> list[dict[str, JsonValue]]:
    """Return the rows of a rule's edges."""
    return [
        {
            "source": str(ids[edge.source]) if edge.source is not None else None,
            "target": str(ids[edge.target]),
            "type": edge.type,
            "source_output": edge.source_output,
            "edge_order": edge.order,
            "position": position,
        }
        for position, edge in enumerate(edges)
    ]


def stored_config(action: Action, *, has_template: bool) -> dict[str, JsonValue]:
    """Return an action's config with the keys that the engine adds to it."""
    added: dict[str, JsonValue] = {} if has_template else {ACTION_TYPE: action.type}
    options = action.options.model_dump(mode="json", exclude_none=True)
    return {**action.config, **added, **({OPTIONS: options} if options else {})}


def stored_conditions(rule: Rule) -> dict[str, JsonValue]:
    """Return the conditions of a rule's trigger as `trigger_conditions` holds them."""
    return {"field_conditions": [_stored_condition(item) for item in rule.trigger.conditions]}


def stored_options(rule: Rule) -> dict[str, JsonValue] | None:
    """Return a rule's limits, None where they are the usual ones."""
    return rule.options.model_dump(mode="json", exclude_defaults=True) or None


def stored_schedule(rule: Rule) -> dict[str, JsonValue] | None:
    """Return a rule's schedule, None where it has none."""
    schedule = rule.trigger.schedule
    return schedule.model_dump(mode="json", exclude_none=True) if schedule else None


def _stored_condition(condition: Condition) -> JsonValue:
    without = {"previous_value"} if condition.previous_value is None else set[str]()
    return condition.model_dump(mode="json", exclude=without)


def _storage_problems(rule: Rule) -> Iterable[Problem]:
    if rule.id and as_uuid(rule.id) is None:
        yield Problem(code="invalid_id", where="id", message="The id of a stored rule is a UUID; leave it out.")
    for action in rule.actions:
        where = f"actions.{action.name}"
        if action.id and as_uuid(action.id) is None:
            message = "The id of a stored action is a UUID; leave it out."
            yield Problem(code="invalid_id", where=f"{where}.id", message=message)
        for key in RESERVED:
            if key in action.config:
                message = f"The key `{key}` of a stored config is the engine's own; give it another name."
                yield Problem(code="reserved_key", where=f"{where}.config.{key}", message=message)


def _ids_by_name(known: Sequence[KnownAction]) -> dict[str, UUID]:
    """Return the ids by the names of the graph; those of removed actions where no other has their name."""
    present = [item for item in known if item.in_graph]
    removed = {item.name: item.id for item in known if not item.in_graph}
    names = distinct_names([item.name or str(item.id) for item in present])
    return removed | {name: item.id for name, item in zip(names, present, strict=True)}


def _free_id(taken: set[UUID], *wished: UUID | None) -> UUID:
    return next((id_ for id_ in wished if id_ is not None and id_ not in taken), None) or uuid4()


def _template(action: Action, known: KnownAction | None, templates: Mapping[str, UUID]) -> UUID | None:
    if known is not None and known.template_type == action.type:
        return known.template_id
    return templates.get(action.type)
