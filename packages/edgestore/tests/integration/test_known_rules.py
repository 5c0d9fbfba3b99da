"""A rule is read once for many runs, and again as soon as somebody changed any row of it."""

from uuid import UUID

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, RuleNotFound
from ichor_models import Catalogue, EntityEvent, Rule, RuleId


@pytest.fixture
async def rule_id(edge_store: EdgeStore, approval: Rule, catalogue: Catalogue) -> RuleId:
    return (await edge_store.save_rule(approval, catalogue=catalogue)).rule_id


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE workflow.automation_rules SET name = 'Renamed' WHERE id = $1",
        "UPDATE workflow.automation_rules SET options = '{\"max_in_flight\": 3}' WHERE id = $1",
        "UPDATE workflow.rule_actions SET name = name || '!' WHERE automation_rules_id = $1",
        "DELETE FROM workflow.action_edges WHERE rule_id = $1",
        "UPDATE workflow.action_edges SET edge_order = 7 WHERE rule_id = $1",
    ],
)
async def test_a_rule_that_somebody_changed_by_hand_is_read_again(
    edge_store: EdgeStore, pool: asyncpg.Pool, rule_id: RuleId, event: EntityEvent, change: str
) -> None:
    def of(number: int) -> EntityEvent:
        return event.model_copy(update={"event_id": f"e{number}"})

    before = [(await edge_store.pin_run(rule_id, of(number))).request for number in range(2)]
    await pool.execute(change, UUID(rule_id))
    after = [(await edge_store.pin_run(rule_id, of(number))).request for number in range(2, 4)]
    fresh = (await EdgeStore(pool).pin_run(rule_id, of(4))).request
    told = [(request.graph, request.options, request.run.rule_name) for request in (*before, *after, fresh)]
    assert told[0] == told[1] != told[2] == told[3] == told[4]


async def test_a_rule_that_is_known_is_deleted(
    edge_store: EdgeStore, rule_id: RuleId, event: EntityEvent, pool: asyncpg.Pool
) -> None:
    await edge_store.pin_run(rule_id, event)
    await pool.execute("DELETE FROM workflow.automation_executions")
    await pool.execute("DELETE FROM workflow.action_edges")
    await pool.execute("DELETE FROM workflow.rule_actions")
    await pool.execute("DELETE FROM workflow.automation_rules WHERE id = $1", UUID(rule_id))
    with pytest.raises(RuleNotFound):
        await edge_store.pin_run(rule_id, event.model_copy(update={"event_id": "another"}))
