"""An Ichor database whose rows are as they really are."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from ichor_edgestore import ConstraintViolated, EdgeStore, NotRerunnable, migrate
from ichor_models import (
    ActionOptions,
    Catalogue,
    EdgeType,
    EntityEvent,
    ExecutionId,
    InvalidRule,
    Rule,
    RuleId,
    RunStatus,
    Trigger,
)
from ichor_models.structure import structure_problems

HERE = Path(__file__).parent
ADMIN = "10000000-0000-4000-8000-000000000001"


def rule(number: int) -> RuleId:
    """Return the id of a rule of `ichor_rows.sql`."""
    return RuleId(f"20000000-0000-4000-8000-{number:012}")


def action(number: int) -> str:
    """Return the id of an action of `ichor_rows.sql`."""
    return f"40000000-0000-4000-8000-{number:012}"


def execution(number: int) -> ExecutionId:
    """Return the id of a run of `ichor_rows.sql`."""
    return ExecutionId(f"50000000-0000-4000-8000-{number:012}")


@pytest.fixture
async def ichor(empty_pool: asyncpg.Pool) -> EdgeStore:
    """The store on an Ichor database that was migrated."""
    for name in ("ichor_schema.sql", "ichor_rows.sql"):
        await empty_pool.execute((HERE / name).read_text(encoding="utf-8"))
    await migrate(empty_pool)
    return EdgeStore(empty_pool)


async def test_a_graph_is_read_as_its_rows_mean_it(ichor: EdgeStore) -> None:
    loaded = await ichor.load_rule(rule(1))
    assert [(item.name, item.type, item.is_active, item.repeated) for item in loaded.actions] == [
        ("Check amount", "evaluate_condition", True, False),
        ("Notify", "send_email", True, True),
        ("Notify#2", "send_email", True, True),
        ("Hold the order", "update_field", False, False),
    ]
    assert loaded.actions[1].config == {"recipients": ["a@example.com"], "subject": "Large", "timeout_ms": 5}
    assert "action_type" not in loaded.actions[0].config
    assert [(edge.source, edge.target, edge.type, edge.source_output) for edge in loaded.edges] == [
        (None, "Check amount", EdgeType.START, None),
        ("Check amount", "Notify", EdgeType.SEQUENCE, "true"),
        ("Check amount", "Notify#2", EdgeType.SEQUENCE, "false"),
        ("Notify", "Hold the order", EdgeType.ALWAYS, None),
    ]
    assert loaded.trigger.conditions[0].value == 1000


async def test_broken_actions_are_part_of_the_graph(ichor: EdgeStore) -> None:
    loaded = await ichor.load_rule(rule(2))
    problems = [item.problem for item in loaded.actions]
    assert "no JSON object" in (problems[0] or "")
    assert "no type" in (problems[1] or "")
    assert "options.timeout" in (problems[2] or "")
    assert problems[3] is None
    assert loaded.actions[2].options == ActionOptions()
    ports = {edge.source: (edge.source_output, edge.order) for edge in loaded.edges}
    assert ports["A list"] == (None, 1)
    assert ports["No type"] == (None, 0)
    assert loaded.edges[-1].target == action(1)


async def test_a_broken_graph_is_a_failed_run(ichor: EdgeStore, empty_pool: asyncpg.Pool, event: EntityEvent) -> None:
    checked = EdgeStore(empty_pool, check_structure=structure_problems)
    run = await checked.pin_run(rule(2), event)
    view = await checked.get_run(run.execution_id)
    assert view.status == "failed"
    assert action(1) in (view.error or "")


@pytest.mark.parametrize(("number", "where"), [(3, "trigger.conditions"), (4, "trigger"), (7, "trigger.conditions")])
async def test_a_trigger_that_cannot_be_read_says_where(ichor: EdgeStore, number: int, where: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        await ichor.load_rule(rule(number))
    assert refused.value.problems[0].where == where
    assert len(await ichor.list_rules()) == 8


async def test_a_run_does_not_need_a_readable_trigger(ichor: EdgeStore, event: EntityEvent) -> None:
    assert (await ichor.pin_run(rule(3), event)).created


async def test_a_database_that_wants_every_column(
    ichor: EdgeStore, empty_pool: asyncpg.Pool, event: EntityEvent
) -> None:
    await empty_pool.execute("DELETE FROM workflow.automation_executions")
    for column in ("trigger_data", "actions_executed"):
        await empty_pool.execute(f"ALTER TABLE workflow.automation_executions ALTER COLUMN {column} SET NOT NULL")
    assert (await ichor.pin_run(rule(1), event)).created


async def test_limits_that_cannot_be_read_fail_the_run_only(
    ichor: EdgeStore, empty_pool: asyncpg.Pool, event: EntityEvent
) -> None:
    await empty_pool.execute(
        "UPDATE workflow.automation_rules SET options = $2 WHERE id = $1", rule(1), {"deadline": "soon"}
    )
    run = await ichor.pin_run(rule(1), event)
    view = await ichor.get_run(run.execution_id)
    assert (view.status, view.error_type) == ("failed", "invalid_graph")
    assert "options.deadline" in (view.error or "")
    assert (await ichor.pin_run(rule(1), event)).status == "failed"


async def test_candidates_of_existing_rules(ichor: EdgeStore) -> None:
    found = {candidate.name: candidate.conditions for candidate in await ichor.candidates("sales.orders", "on_create")}
    assert list(found) == ["Broken actions", "Order approval", "Unknown operator"]
    assert found["Broken actions"] is None
    assert await ichor.candidates("retired", "on_create") == []
    assert len(await ichor.candidates("customers", "on_update")) == 2


async def test_old_runs_are_not_ours(ichor: EdgeStore) -> None:
    assert await ichor.list_runs() == []
    for status in (RunStatus.PENDING, RunStatus.RUNNING):
        assert await ichor.open_runs(status, timedelta(0)) == []


async def test_an_old_run_can_be_repeated(ichor: EdgeStore) -> None:
    run = await ichor.rerun(execution(1))
    header = run.request.run.event
    assert run.workflow_id == f"rule-{rule(1)}-{execution(1)}.1"
    assert (header.event_type, header.entity_name, header.entity_id, header.user_id) == (
        "on_create",
        "orders",
        "e1",
        "5",
    )
    assert header.timestamp
    assert run.request.trigger_data["total"] == 7
    for number in (2, 3):
        with pytest.raises(NotRerunnable):
            await ichor.rerun(execution(number))


async def test_an_existing_rule_is_saved_over_in_place(
    ichor: EdgeStore, empty_pool: asyncpg.Pool, catalogue: Catalogue, approval: Rule
) -> None:
    actions = tuple(
        item.model_copy(update={"name": name})
        for item, name in zip(approval.actions, ("Check amount", "Notify", "Removed long ago"), strict=True)
    )
    names = dict(zip((item.name for item in approval.actions), (item.name for item in actions), strict=True))
    edges = tuple(
        edge.model_copy(update={"source": names.get(edge.source or ""), "target": names[edge.target]})
        for edge in approval.edges
    )
    changed = approval.model_copy(update={"actions": actions, "edges": edges})
    saved = await ichor.save_rule(changed, catalogue=catalogue)
    loaded = await ichor.load_rule(saved.rule_id)
    assert (saved.rule_id, saved.created) == (rule(1), False)
    assert [item.id for item in loaded.actions] == [action(1), action(2), action(5)]
    rows = await empty_pool.fetch(
        "SELECT id::text, is_active, template_id FROM workflow.rule_actions WHERE automation_rules_id = $1", rule(1)
    )
    kept = {row["id"]: row for row in rows}
    assert not kept[action(3)]["is_active"]
    assert not kept[action(4)]["is_active"]
    assert kept[action(2)]["template_id"]
    assert await empty_pool.fetchval("SELECT created_by::text FROM workflow.automation_rules WHERE id = $1", rule(1))


async def test_a_new_rule_needs_its_author_where_the_database_asks(
    ichor: EdgeStore, catalogue: Catalogue, approval: Rule
) -> None:
    new = approval.model_copy(update={"name": "New"})
    with pytest.raises(ConstraintViolated, match="created_by"):
        await ichor.save_rule(new, catalogue=catalogue)
    with pytest.raises(ConstraintViolated):
        await ichor.save_rule(new, catalogue=catalogue, user_id="99999999-0000-4000-8000-000000000001")
    saved = await ichor.save_rule(new, catalogue=catalogue, user_id=ADMIN)
    manual = new.model_copy(update={"name": "By hand", "trigger": Trigger.model_validate({"event": "manual"})})
    await ichor.save_rule(manual, catalogue=catalogue, user_id=ADMIN)
    assert (await ichor.load_rule(saved.rule_id)).name == "New"


async def test_a_long_entity_name_is_no_obstacle(ichor: EdgeStore, event: EntityEvent) -> None:
    long = event.model_copy(update={"entity_name": "o" * 200})
    run = await ichor.pin_run(rule(1), long)
    again = await ichor.pin_run(rule(1), long)
    assert again.request.run.event.entity_name == "o" * 200 == run.request.run.event.entity_name


async def test_an_edit_in_the_tables_is_the_next_runs_version(
    ichor: EdgeStore, empty_pool: asyncpg.Pool, event: EntityEvent, another_event: EntityEvent
) -> None:
    first = await ichor.pin_run(rule(1), event)
    await empty_pool.execute(
        'UPDATE workflow.rule_actions SET action_config = action_config || \'{"subject": "Huge"}\' WHERE id = $1',
        action(2),
    )
    second = await ichor.pin_run(rule(1), another_event)
    assert first.request.graph.version != second.request.graph.version
    assert (await ichor.pin_run(rule(1), event)).request.graph == first.request.graph
    assert await empty_pool.fetchval("SELECT count(*) FROM workflow.graph_versions") == 2
