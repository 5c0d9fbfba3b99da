"""Rules that can start each other in a circle, found from what their actions write and what starts them.

| an action of the type | tells | with the fields |
|---|---|---|
| `update_field` | `on_update` of `target_entity` | `target_field` |
| | `on_create` of the `reference_table` that `allow_create` fills | `lookup_field` and those of `create_config` |
| `transition_status` | `on_update` of `target_entity` | `status_field` |
| `create_entity` | `on_create` of `target_entity` | those of `fields` |
| `seek_approval` | `on_create` and `on_update` of `approval_requests` | `status`, `reminders`, `escalated` |
| `resolve_approval_request` | `on_update` of `approval_requests` | `status` |

It may start an active rule of that entity and event unless a condition cannot hold: on the change of a field that is
not written, or on the value of one that is. What a template makes is not known, so it may be anything; where it
makes the entity's name, nothing is said. Names count without quotes and in lower case, as actions read them.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from ichor_models.approval import APPROVALS
from ichor_models.condition import Condition, Operator, equal
from ichor_models.event import EntityEvent, EventType
from ichor_models.graph import Action
from ichor_models.ids import RuleId
from ichor_models.path import Path
from ichor_models.problem import Problem


@dataclass(frozen=True, slots=True)
class Write:
    """What an action tells of: `fields` are the columns with what they are set to, text with a template included."""

    entity: str
    event: EventType
    fields: Mapping[str, JsonValue]


_FIELDS: Mapping[str, tuple[str, str]] = {
    "update_field": ("target_field", "new_value"),
    "transition_status": ("status_field", "to_status"),
}
_CREATE = "create_entity"
_UNKNOWN: JsonValue = "{{}}"
_NOT_OF_THE_ROW = frozenset({"rule_id", "rule_name", "execution_id", *EntityEvent.model_fields})
"""What a condition reads of the event or the rule, also where a column has that name."""
_FIXED: Mapping[str, tuple[Write, ...]] = {
    "seek_approval": (
        Write(APPROVALS, EventType.ON_CREATE, {}),
        Write(APPROVALS, EventType.ON_UPDATE, dict.fromkeys(("status", "reminders", "escalated"), _UNKNOWN)),
    ),
    "resolve_approval_request": (Write(APPROVALS, EventType.ON_UPDATE, {"status": _UNKNOWN}),),
}
WRITERS = (*_FIELDS, _CREATE, *_FIXED)
"""The types of actions whose writes start rules."""


@dataclass(frozen=True, slots=True)
class Link:
    """A rule as others see it: what starts it, and what it writes."""

    rule_id: RuleId
    name: str
    entity: str | None
    event: str | None
    conditions: tuple[Condition, ...]
    writes: tuple[Write, ...]


def writes(actions: Iterable[Action]) -> tuple[Write, ...]:
    """Return what the actions of a rule write, as far as that is known before it runs."""
    return tuple(write for action in actions if action.is_active for write in _writes(action))


def circle_warnings(rule: Link, others: Iterable[Link]) -> tuple[Problem, ...]:
    """Warn where a rule can start itself again, by the shortest way."""
    circle = _circle(rule, [other for other in others if other.rule_id != rule.rule_id])
    if circle is None:
        return ()
    way = " -> ".join(repr(link.name) for link in circle)
    message = (
        f"The rule can start itself again: {way}. A cascade stops where a rule would run twice for one row; "
        "narrow a trigger, for example by changed_to a value that no rule on this way writes, if this is not meant."
    )
    return (Problem(code="circle", where="trigger", message=message),)


def _writes(action: Action) -> Iterator[Write]:
    yield from _FIXED.get(action.type, ())
    if action.type == _CREATE:
        yield from _write(action.config.get("target_entity"), EventType.ON_CREATE, action.config.get("fields"))
    elif action.type in _FIELDS:
        field, value = (action.config.get(key) for key in _FIELDS[action.type])
        is_reference = action.config.get("field_type") == "foreign_key"
        if isinstance(field, str):
            written = {field: _UNKNOWN if is_reference else value}
            yield from _write(action.config.get("target_entity"), EventType.ON_UPDATE, written)
        if is_reference:
            yield from _reference(action.config.get("foreign_key_config"), value)


def _reference(config: JsonValue, value: JsonValue) -> Iterator[Write]:
    """Yield the row that is made where a value stands for none."""
    if (
        isinstance(config, dict)
        and config.get("allow_create")
        and isinstance(made := config.get("create_config"), dict)
    ):
        fields = {**made, str(config.get("lookup_field")): value}
        yield from _write(config.get("reference_table"), EventType.ON_CREATE, fields)


def _write(entity: JsonValue, event: EventType, fields: JsonValue) -> Iterator[Write]:
    if isinstance(entity, str) and "{{" not in entity:
        named = fields if isinstance(fields, dict) else {}
        yield Write(_table(entity), event, {_plain(name): value for name, value in named.items()})


def _table(name: str) -> str:
    return _plain(name.rpartition(".")[2])


def _plain(name: str) -> str:
    """Return a name as actions read it."""
    return name.strip().strip('"').strip().casefold()


def _may_hold(condition: Condition, write: Write) -> bool:
    field = _plain(condition.field_name)
    if condition.operator in (Operator.CHANGED_FROM, Operator.CHANGED_TO):
        return write.event is EventType.ON_UPDATE and field in write.fields and _may_change(condition, write)
    if field in _NOT_OF_THE_ROW or field not in write.fields or _is_open(write.fields[field]):
        return True
    value = write.fields[field]

    def lookup(_: Path) -> JsonValue:
        return value

    return condition.holds(lookup)


def _may_change(condition: Condition, write: Write) -> bool:
    value = write.fields[_plain(condition.field_name)]
    if _is_open(value):
        return True
    if condition.operator is Operator.CHANGED_TO:
        return equal(value, condition.value)
    left = condition.value if condition.previous_value is None else condition.previous_value
    return not equal(value, left)


def _is_open(value: JsonValue) -> bool:
    """Say whether a value is made by a template, or may come back from the database in another form."""
    return isinstance(value, (list, dict)) or (isinstance(value, str) and "{{" in value)


def _circle(rule: Link, others: Sequence[Link]) -> list[Link] | None:
    """Return the shortest way from a rule back to itself, both ends included."""
    listening = _by_trigger([rule, *others])
    came_from: dict[RuleId, Link] = {}
    waiting = deque([rule])
    while waiting:
        link = waiting.popleft()
        for write in link.writes:
            for other in listening.get((write.entity, write.event), ()):
                if other.rule_id not in came_from and all(_may_hold(item, write) for item in other.conditions):
                    came_from[other.rule_id] = link
                    waiting.append(other)
        if rule.rule_id in came_from:
            return [*_way(rule, link, came_from), rule]
    return None


def _by_trigger(links: Iterable[Link]) -> Mapping[tuple[str, str], Sequence[Link]]:
    listening: defaultdict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in links:
        if link.entity is not None and link.event is not None:
            listening[_table(link.entity), link.event].append(link)
    return listening


def _way(start: Link, end: Link, came_from: Mapping[RuleId, Link]) -> list[Link]:
    way = [end]
    while way[-1].rule_id != start.rule_id:
        way.append(came_from[way[-1].rule_id])
    return way[::-1]
