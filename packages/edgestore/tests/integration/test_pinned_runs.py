"""How both stores pin runs."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from ichor_edgestore import EdgeStore, MemoryStore, RuleInactive, RuleNotFound
from ichor_models import (
    Catalogue,
    Decision,
    EntityEvent,
    EventId,
    Graph,
    ManualStart,
    Match,
    Problem,
    Rule,
    RuleId,
    RunOptions,
    RunStatus,
    event_header,
)

type Store = EdgeStore | MemoryStore
UNKNOWN = "11111111-2222-4333-8444-555555555555"


async def test_a_run_is_pinned_once(store: Store, rule_id: RuleId, event: EntityEvent) -> None:
    first = await store.pin_run(rule_id, event)
    again = await store.pin_run(rule_id, event)
    assert (first.created, first.status, first.workflow_id) == (True, RunStatus.PENDING, f"rule-{rule_id}-event-1")
    assert (again.created, again.request) == (False, first.request)
    assert first.request.run.event == event_header(event)
    assert first.request.run.event.user_id is None
    assert first.request.run.rule_name == "Order approval"
    assert first.request.trigger_data == event.trigger_data()
    assert first.request.options.max_in_flight == 7
    assert first.request.graph == (await store.load_rule(rule_id)).graph


async def test_triggers_at_once_pin_one_run(store: Store, rule_id: RuleId, event: EntityEvent) -> None:
    pinned = await asyncio.gather(*(store.pin_run(rule_id, event) for _ in range(8)))
    assert sum(run.created for run in pinned) == 1
    assert len({run.execution_id for run in pinned}) == 1
    assert len(await store.list_runs()) == 1


async def test_a_run_keeps_its_limits_after_an_edit(
    store: Store, rule_id: RuleId, approval: Rule, event: EntityEvent, catalogue: Catalogue
) -> None:
    pinned = await store.pin_run(rule_id, event)
    await store.save_rule(approval.model_copy(update={"options": RunOptions()}), catalogue=catalogue)
    assert (await store.pin_run(rule_id, event)).request.options == approval.options
    assert (await store.pinned_run(pinned.execution_id)).request.options == approval.options


async def test_a_run_keeps_its_graph_after_an_edit(
    store: Store, rule_id: RuleId, event: EntityEvent, approval: Rule, catalogue: Catalogue
) -> None:
    first = await store.pin_run(rule_id, event)
    small = approval.model_copy(update={"actions": approval.actions[:1], "edges": approval.edges[:1]})
    saved = await store.save_rule(small, catalogue=catalogue)
    assert (await store.pin_run(rule_id, event)).request.graph == first.request.graph
    assert (await store.get_run(first.execution_id)).graph == first.request.graph
    repeated = await store.rerun(first.execution_id)
    assert repeated.request.graph.version == saved.version != first.request.graph.version


async def test_reruns_are_counted(store: Store, rule_id: RuleId, event: EntityEvent) -> None:
    first = await store.pin_run(rule_id, event)
    second = await store.rerun(first.execution_id)
    third = await store.rerun(second.execution_id)
    assert [run.workflow_id for run in (second, third)] == [f"{first.workflow_id}.1", f"{first.workflow_id}.2"]
    assert second.created
    assert second.request.trigger_data == first.request.trigger_data
    assert second.request.run.event == first.request.run.event
    assert (await store.pin_run(rule_id, event)).execution_id == first.execution_id
    assert [run.rerun for run in await store.list_runs()] == [2, 1, 0]


async def test_reruns_at_once_are_all_made(store: Store, rule_id: RuleId, event: EntityEvent) -> None:
    first = await store.pin_run(rule_id, event)
    repeats = await asyncio.gather(*(store.rerun(first.execution_id) for _ in range(4)))
    assert len({run.workflow_id for run in repeats}) == 4


async def test_a_broken_graph_fails_its_run(
    store: Store, rule_id: RuleId, event: EntityEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(graph: Graph) -> list[Problem]:
        return [Problem(code="cycle", where="edges", message="The graph has a cycle: a -> a.")]

    monkeypatch.setattr(store, "_check_structure", broken)
    run = await store.pin_run(rule_id, event)
    view = await store.get_run(run.workflow_id)
    assert (run.created, run.status, view.status, view.error_type) == (
        True,
        RunStatus.FAILED,
        RunStatus.FAILED,
        "invalid_graph",
    )
    assert "The graph has a cycle: a -> a." in (view.error or "")


async def test_a_cascade_that_stops_at_a_rule_is_a_cancelled_run(
    store: Store, rule_id: RuleId, event: EntityEvent, another_event: EntityEvent
) -> None:
    match = Match(rule_id, "Order approval", Decision.VISITED, "this cascade ran the rule already: a -> b")
    stopped = [await store.stop_run(match, event) for _ in range(2)]
    assert [run.created for run in stopped] == [True, False]
    view = await store.get_run(stopped[0].workflow_id)
    assert (view.status, view.error_type) == (RunStatus.CANCELLED, "loop")
    assert view.error == "Not started: this cascade ran the rule already: a -> b."
    assert view.ended
    assert not view.started
    assert (await store.pin_run(rule_id, event)).status is RunStatus.CANCELLED
    assert await store.open_runs(RunStatus.PENDING, timedelta(0)) == []
    assert [run.error_type for run in await store.list_runs()] == ["loop"]
    pinned = await store.pin_run(rule_id, another_event)
    assert (await store.stop_run(match, another_event)).execution_id == pinned.execution_id
    assert (await store.rerun(stopped[0].execution_id)).status is RunStatus.PENDING


def _start(rule_id: RuleId) -> ManualStart:
    moment = datetime(2026, 11, 23, 20, tzinfo=UTC)
    return ManualStart(
        rule_id=rule_id,
        event_id=EventId("by hand"),
        user_id="ada",
        timestamp=moment,
        entity_id="17",
        data={"total": 5, "user_id": "eve"},
    )


async def test_a_start_by_hand_is_pinned_once(store: Store, rule_id: RuleId) -> None:
    first, again = [await store.pin_start(_start(rule_id)) for _ in range(2)]
    assert (first.created, again.created) == (True, False)
    assert again.request == first.request
    assert first.status is RunStatus.PENDING
    assert first.request.trigger_data == {
        "total": 5,
        "event_id": "by hand",
        "event_type": "manual",
        "entity_name": "orders",
        "entity_id": "17",
        "user_id": "ada",
        "timestamp": "2026-11-23T20:00:00Z",
    }
    (run,) = await store.list_runs()
    assert (run.source, run.entity_name) == ("manual", "orders")


async def test_only_a_start_that_is_there_outlives_the_rule_being_active(store: Store, rule_id: RuleId) -> None:
    first = await store.pin_start(_start(rule_id))
    await store.deactivate_rule(rule_id)
    assert (await store.pin_start(_start(rule_id))).execution_id == first.execution_id
    with pytest.raises(RuleInactive, match="is not active"):
        await store.pin_start(_start(rule_id).model_copy(update={"event_id": "another"}))
    with pytest.raises(RuleNotFound):
        await store.pin_start(_start(RuleId(UNKNOWN)))
