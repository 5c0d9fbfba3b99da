"""What both stores do for schedules, and for what keeps records in step with Temporal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, MemoryStore, ScheduledRule
from ichor_models import ActionCall, Catalogue, EntityEvent, Firing, Graph, Problem, Rule, RuleId, RunRecord, RunStatus
from pydantic import JsonValue

type Store = EdgeStore | MemoryStore
SCHEDULE = {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}
STORED: JsonValue = {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "catchup_window": "1h0m0s", "overlap": "skip"}


@pytest.fixture
def daily(approval: Rule) -> Rule:
    """A rule that fires every day."""
    trigger = {"event": "scheduled", "schedule": SCHEDULE, "entity": "orders"}
    return Rule.model_validate(approval.model_dump() | {"name": "Daily", "trigger": trigger})


def firing(rule_id: RuleId, time: str = "2026-11-24T06:00:00Z") -> Firing:
    return Firing(rule_id=rule_id, workflow_id=f"rule-{rule_id}-{time}", started=datetime.now(UTC))


async def test_the_rules_that_a_schedule_starts_are_those_that_are_active(
    store: Store, daily: Rule, approval: Rule, catalogue: Catalogue
) -> None:
    rule_id = (await store.save_rule(daily, catalogue=catalogue)).rule_id
    await store.save_rule(approval, catalogue=catalogue)
    assert await store.scheduled_rules() == [ScheduledRule(rule_id, "Daily", "orders", STORED)]
    await store.deactivate_rule(rule_id)
    assert await store.scheduled_rules() == []


async def test_an_unreadable_schedule_harms_no_other(
    edge_store: EdgeStore, pool: asyncpg.Pool, daily: Rule, catalogue: Catalogue
) -> None:
    await edge_store.save_rule(daily, catalogue=catalogue)
    other = (await edge_store.save_rule(daily.model_copy(update={"name": "Other"}), catalogue=catalogue)).rule_id
    await pool.execute("UPDATE workflow.automation_rules SET schedule = NULL WHERE id = $1", other)
    assert [rule.schedule for rule in await edge_store.scheduled_rules()] == [STORED, None]


async def test_a_firing_is_one_run_of_the_version_at_that_time(store: Store, daily: Rule, catalogue: Catalogue) -> None:
    rule_id = (await store.save_rule(daily, catalogue=catalogue)).rule_id
    first = await store.pin_firing(firing(rule_id))
    small = daily.model_copy(update={"actions": daily.actions[:1], "edges": daily.edges[:1]})
    saved = await store.save_rule(small, catalogue=catalogue)
    again = await store.pin_firing(firing(rule_id))
    later = await store.pin_firing(firing(rule_id, "2026-11-25T06:00:00Z"))
    assert first is not None
    assert again is not None
    assert later is not None
    assert (first.created, again.created, later.created) == (True, False, True)
    assert again.request == first.request
    assert later.request.graph.version == saved.version != first.request.graph.version
    assert first.request.trigger_data == {
        "event_id": "2026-11-24T06:00:00Z",
        "event_type": "scheduled",
        "entity_name": "orders",
        "timestamp": "2026-11-24T06:00:00Z",
    }
    run = await store.get_run(f"rule-{rule_id}-2026-11-24T06:00:00Z")
    assert (run.event_id, run.source, run.status) == ("2026-11-24T06:00:00Z", "automation", RunStatus.PENDING)


async def test_a_rule_that_does_not_fire_any_more_pins_nothing_new(
    store: Store, daily: Rule, approval: Rule, catalogue: Catalogue
) -> None:
    rule_id = (await store.save_rule(daily, catalogue=catalogue)).rule_id
    other = (await store.save_rule(approval, catalogue=catalogue)).rule_id
    pinned = await store.pin_firing(firing(rule_id))
    await store.deactivate_rule(rule_id)
    gone = RuleId("11111111-2222-4333-8444-555555555555")
    assert pinned is not None
    assert (await store.pin_firing(firing(rule_id))) is not None
    for due in (firing(rule_id, "2026-11-25T06:00:00Z"), firing(gone), firing(other), firing(RuleId("no id"))):
        assert await store.pin_firing(due) is None
    assert len(await store.list_runs()) == 1


async def test_a_firing_of_a_broken_graph_has_failed_and_says_so_each_time(
    store: Store, daily: Rule, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(graph: Graph) -> list[Problem]:
        return [Problem(code="cycle", where="edges", message="The graph has a cycle: a -> a.")]

    rule_id = (await store.save_rule(daily, catalogue=catalogue)).rule_id
    monkeypatch.setattr(store, "_check_structure", broken)
    for _ in range(2):
        pinned = await store.pin_firing(firing(rule_id))
        assert pinned is not None
        assert (pinned.status, pinned.error_type) == (RunStatus.FAILED, "invalid_graph")
        assert "a cycle" in (pinned.error or "")


async def test_runs_under_way_are_listed_part_by_part(
    store: Store, approval: Rule, event: EntityEvent, catalogue: Catalogue
) -> None:
    rule_id = (await store.save_rule(approval, catalogue=catalogue)).rule_id
    runs = [
        await store.pin_run(rule_id, event.model_copy(update={"event_id": f"event-{number}"})) for number in range(5)
    ]
    for run in runs[1:]:
        await store.run_started(run.execution_id)
    await store.run_ended(runs[2].execution_id, RunRecord(status=RunStatus.COMPLETED, actions=(), order=()))
    first = await store.open_runs(RunStatus.RUNNING, timedelta(0), limit=2)
    rest = await store.open_runs(RunStatus.RUNNING, timedelta(0), after=first[-1], limit=2)
    assert [run.workflow_id for run in (*first, *rest)] == [run.workflow_id for run in (runs[1], runs[3], runs[4])]
    assert await store.open_runs(RunStatus.RUNNING, timedelta(hours=1)) == []


async def test_a_run_that_cannot_say_how_it_ended_is_recorded_with_what_the_journal_knows(
    store: Store, approval: Rule, event: EntityEvent, catalogue: Catalogue, new_call: Callable[..., ActionCall]
) -> None:
    rule_id = (await store.save_rule(approval, catalogue=catalogue)).rule_id
    run = (await store.pin_run(rule_id, event)).execution_id
    for key in ("one", "two"):
        await store.journal.started(new_call(run, key, name=key))
    await store.journal.completed(new_call(run, "one", name="one"), {"sent": 1})
    await store.run_ended(run, RunRecord(status=RunStatus.FAILED, error="Terminated.", actions=(), order=()))
    view = await store.get_run(run)
    assert [(action.name, str(action.state)) for action in view.actions] == [("one", "completed"), ("two", "cancelled")]
