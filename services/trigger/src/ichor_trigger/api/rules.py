"""Rules, to look at."""

from fastapi import APIRouter
from ichor_edgestore import RuleFilter, RulePlace, RuleSummary
from ichor_models import EventType, RuleId, rule_document
from ichor_models.model import Model
from pydantic import JsonValue

from ichor_trigger.api.access import Reader, Store
from ichor_trigger.api.page import Cursor, Limit, cut, place_of

router = APIRouter(tags=["rules"])


class RulePage(Model):
    """Rules by name; `next` is the cursor of the next page, null on the last."""

    rules: tuple[RuleSummary, ...]
    next: str | None


@router.get("/rules", summary="List rules")
async def list_rules(
    _: Reader,
    store: Store,
    entity: str | None = None,
    event: EventType | None = None,
    active: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RulePage:
    """Return rules by name, those included that cannot be read."""
    after = place_of(cursor, RulePlace)
    wanted = RuleFilter(entity=entity, event=event, is_active=active, after=after, limit=limit + 1)
    rules, following = cut(await store.list_rules(wanted), limit, RulePlace)
    return RulePage(rules=rules, next=following)


@router.get("/rules/{rule_id}", summary="Get a rule")
async def get_rule(_: Reader, store: Store, rule_id: str) -> dict[str, JsonValue]:
    """Return a rule as a workflow file holds it (docs/schema/workflow.schema.json)."""
    return rule_document(await store.load_rule(RuleId(rule_id)))
