"""The rules of an event's entity: which listen to what happened, and why the others do not."""

from collections.abc import Sequence
from dataclasses import dataclass

from ichor_edgestore import Candidate, EdgeStore, RuleFilter, RuleSummary
from ichor_models import EntityEvent, EventType
from ichor_models.spelling import ended, meant

from ichor_cli.plain_text import plain

_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Deaf:
    """A rule that such an event cannot start, and why."""

    rule: RuleSummary
    because: str


@dataclass(frozen=True, slots=True)
class Listeners:
    """Those that listen, and those that do not; `spelling` is what may have been meant where no rule has the entity."""

    happened: str
    candidates: Sequence[Candidate]
    deaf: Sequence[Deaf]
    spelling: str | None

    @property
    def nobody(self) -> str:
        """Say in a sentence that no active rule listens."""
        return f"No active rule listens to {plain(self.happened)}{f'; {self.spelling}' if self.spelling else '.'}"

    @property
    def silence(self) -> str | None:
        """Say on one line that no active rule listens, and why; None where one does."""
        if self.candidates:
            return None
        told = [f"{plain(repr(one.rule.name))} {one.because}" for one in self.deaf[:_MOST_TOLD]]
        more = [f"--explain tells of {len(self.deaf) - _MOST_TOLD} more"] if len(self.deaf) > _MOST_TOLD else []
        return " ".join([self.nobody, *([ended("; ".join([*told, *more]))] if told else [])])


async def find_listeners(store: EdgeStore, event: EntityEvent) -> Listeners:
    """Look up all rules of the event's entity; the entities of other rules where it has none."""
    candidates = await store.candidates(event.entity_name, event.event_type)
    rules = await store.list_rules(RuleFilter(entity=event.entity_name))
    spelling = None
    if not rules:
        known = {rule.entity for rule in await store.list_rules() if rule.entity}
        spelling = ended(meant(event.entity_name, known) or "no rule names this entity: `ichor rules` lists them")
    listening = {candidate.rule_id for candidate in candidates}
    deaf = [Deaf(rule, _because(rule, event.event_type)) for rule in rules if rule.rule_id not in listening]
    return Listeners(f"{event.entity_name}.{event.event_type}", candidates, deaf, spelling)


def _because(rule: RuleSummary, happened: EventType) -> str:
    reasons = list[str]()
    if rule.event != happened:
        use = f" (use --type {rule.event})" if rule.event in set(EventType) else ""
        reasons.append(f"listens to {rule.event or 'no event'}{use}")
    if not rule.is_active:
        reasons.append(f"is inactive (`ichor rules activate {rule.rule_id}`)")
    return " and ".join(reasons) or "is of an entity that is inactive in workflow.entities"
