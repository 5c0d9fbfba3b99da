"""What a store of rules does; `EdgeStore` and `MemoryStore` do it alike."""

from collections.abc import Sequence
from typing import Protocol

from ichor_models import Catalogue, Rule, RuleId

from ichor_edgestore.candidate import Candidate
from ichor_edgestore.rule_summary import RuleSummary
from ichor_edgestore.saved_rule import SavedRule


class RuleStore(Protocol):
    """Saves, loads and finds rules; `PostgresRules` says what each method raises."""

    async def save_rule(self, rule: Rule, *, catalogue: Catalogue, user_id: str | None = None) -> SavedRule: ...

    async def load_rule(self, rule_id: RuleId) -> Rule: ...

    async def find_rule(self, id_or_name: str) -> RuleId: ...

    async def list_rules(self) -> Sequence[RuleSummary]: ...

    async def activate_rule(self, rule_id: RuleId, *, user_id: str | None = None) -> None: ...

    async def deactivate_rule(self, rule_id: RuleId, *, user_id: str | None = None) -> None: ...

    async def candidates(self, entity_name: str, event_type: str) -> Sequence[Candidate]: ...

    async def known_entity(self, name: str) -> bool: ...
