"""Rules in memory, for tests and for trying things out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from ichor_models import Catalogue, EventType, Problem, Rule, RuleId
from ichor_models.circles import circle_warnings

from ichor_edgestore import saving
from ichor_edgestore.candidate import Candidate
from ichor_edgestore.entity_name import bare
from ichor_edgestore.errors import AmbiguousRule, RuleNotFound
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.rule_filter import ALL_RULES, RuleFilter
from ichor_edgestore.rule_summary import RuleSummary
from ichor_edgestore.saved_rule import SavedRule
from ichor_edgestore.saving import Analyze, KnownAction
from ichor_edgestore.scheduled_rule import ScheduledRule
from ichor_edgestore.writing_rule import as_link


@dataclass(slots=True)
class _Kept:
    rule: Rule
    known: list[KnownAction]
    updated: datetime


class MemoryRules:
    """Saves, loads and finds rules, as `PostgresRules` does."""

    def __init__(self, analyze: Analyze) -> None:
        self._analyze = analyze
        self._rules: dict[RuleId, _Kept] = {}
        self._entities: set[str] = set()

    async def save_rule(self, rule: Rule, *, catalogue: Catalogue, user_id: str | None = None) -> SavedRule:
        report = saving.accepted(rule, self._analyze(rule, catalogue))
        found = self._match(rule.id, rule.name)
        rule_id = found or RuleId(str(as_uuid(rule.id) or uuid4()))
        known = self._rules[rule_id].known if found else []
        ids = saving.assign_ids(rule.actions, known, self._foreign(rule_id))
        warnings = self._register(rule.trigger.entity)
        self._rules[rule_id] = _Kept(_stored(rule, rule_id, ids), _known(rule, ids, known), datetime.now(UTC))
        version = self._rules[rule_id].rule.graph.version
        circles = self._circles(rule_id) if rule.is_active else ()
        return SavedRule(rule_id, version, found is None, (*report.warnings, *warnings, *circles))

    async def load_rule(self, rule_id: RuleId) -> Rule:
        return self._stored_rule(rule_id).rule

    async def find_rule(self, id_or_name: str) -> RuleId:
        found = self._match(id_or_name, id_or_name)
        if found is None:
            raise RuleNotFound(f"There is no rule with the id or name {id_or_name!r}.")
        return found

    async def list_rules(self, wanted: RuleFilter = ALL_RULES) -> Sequence[RuleSummary]:
        ordered = sorted(self._rules.items(), key=lambda item: (item[1].rule.name, item[0]))
        summaries = [_summary(rule_id, kept) for rule_id, kept in ordered]
        return [summary for summary in summaries if wanted.holds(summary)][: wanted.limit]

    async def activate_rule(self, rule_id: RuleId, *, user_id: str | None = None) -> None:
        self._set_active(rule_id, True)

    async def deactivate_rule(self, rule_id: RuleId, *, user_id: str | None = None) -> None:
        self._set_active(rule_id, False)

    async def candidates(self, entity_name: str, event_type: str) -> Sequence[Candidate]:
        listening = [
            (kept.rule.name, rule_id, kept.rule)
            for rule_id, kept in self._rules.items()
            if kept.rule.is_active
            and kept.rule.trigger.entity == bare(entity_name)
            and kept.rule.trigger.event == event_type
        ]
        ordered = sorted(listening, key=lambda item: item[:2])
        return [Candidate(rule_id, name, saving.stored_conditions(rule)) for name, rule_id, rule in ordered]

    async def rule_names(self, rule_ids: Iterable[RuleId]) -> Mapping[RuleId, str]:
        return {rule_id: self._rules[rule_id].rule.name for rule_id in rule_ids if rule_id in self._rules}

    async def scheduled_rules(self) -> Sequence[ScheduledRule]:
        rules = sorted(
            ((kept.rule.name, rule_id, kept.rule) for rule_id, kept in self._rules.items()), key=lambda item: item[:2]
        )
        return [
            ScheduledRule(rule_id, name, rule.trigger.entity, saving.stored_schedule(rule))
            for name, rule_id, rule in rules
            if rule.is_active and rule.trigger.event is EventType.SCHEDULED
        ]

    def _circles(self, rule_id: RuleId) -> tuple[Problem, ...]:
        links = [as_link(kept.rule, other) for other, kept in self._rules.items() if kept.rule.is_active]
        return circle_warnings(as_link(self._rules[rule_id].rule, rule_id), links)

    def _stored_rule(self, rule_id: RuleId) -> _Kept:
        kept = self._rules.get(RuleId(str(as_uuid(rule_id))))
        if kept is None:
            raise RuleNotFound(f"There is no rule with the id {rule_id}.")
        return kept

    def _match(self, rule_id: str | None, name: str) -> RuleId | None:
        key = RuleId(str(as_uuid(rule_id)))
        if key in self._rules:
            return key
        named = [found for found, kept in self._rules.items() if kept.rule.name == name]
        if len(named) > 1:
            raise AmbiguousRule(f"{len(named)} rules are named {name!r}; say which by id: {', '.join(named)}.")
        return named[0] if named else None

    def _foreign(self, rule_id: RuleId) -> set[UUID]:
        return {item.id for other, kept in self._rules.items() if other != rule_id for item in kept.known}

    def _register(self, entity: str | None) -> tuple[Problem, ...]:
        if entity is None:
            return ()
        is_new = bare(entity) not in self._entities
        self._entities.add(bare(entity))
        return saving.entity_warnings(entity, is_new=is_new, is_active=True)

    def _set_active(self, rule_id: RuleId, active: bool) -> None:
        kept = self._stored_rule(rule_id)
        kept.rule = kept.rule.model_copy(update={"is_active": active})


def _stored(rule: Rule, rule_id: RuleId, ids: dict[str, UUID]) -> Rule:
    """Return a rule as it would be loaded: with its ids, its entity without a schema, no name repeated."""
    entity = bare(rule.trigger.entity) if rule.trigger.entity else None
    actions = [item.model_copy(update={"id": str(ids[item.name]), "repeated": False}) for item in rule.actions]
    trigger = rule.trigger.model_copy(update={"entity": entity})
    return rule.model_copy(update={"id": rule_id, "trigger": trigger, "actions": tuple(actions)})


def _known(rule: Rule, ids: dict[str, UUID], before: list[KnownAction]) -> list[KnownAction]:
    present = [KnownAction(ids[action.name], action.name) for action in rule.actions]
    kept = set(ids.values())
    removed = [KnownAction(item.id, item.name, in_graph=False) for item in before if item.id not in kept]
    return present + removed


def _summary(rule_id: RuleId, kept: _Kept) -> RuleSummary:
    rule = kept.rule
    return RuleSummary(
        rule_id=rule_id,
        name=rule.name,
        description=rule.description,
        is_active=rule.is_active,
        entity=rule.trigger.entity,
        event=rule.trigger.event,
        updated=kept.updated,
    )
