"""What both stores of runs do."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from ichor_edgestore import EdgeStore, MemoryStore, RunEnded, RunFilter, RunNotFound, RunPlace, RunSummary
from ichor_models import (
    ActionCall,
    ActionError,
    ActionRecord,
    ActionState,
    EdgeReason,
    EdgeType,
    EntityEvent,
    ExecutionId,
    RuleId,
    RunRecord,
    RunStatus,
)

type Store = EdgeStore | MemoryStore
UNKNOWN = "11111111-2222-4333-8444-555555555555"
type NewCall = Callable[..., ActionCall]


async def test_a_run_goes_on_and_ends_once(store: Store, rule_id: RuleId, event: EntityEvent) -> None:
    run = (await store.pin_run(rule_id, event)).execution_id
    await store.run_started(run)
    await store.run_started(run)
    assert (await store.get_run(run)).status is RunStatus.RUNNING
    assert await store.run_ended(run, RunRecord(status=RunStatus.FAILED, error="It\0 broke", actions=(), order=()))
    assert not await store.run_ended(run, RunRecord(status=RunStatus.COMPLETED, actions=(), order=()))
    await store.run_started(run)
    view = await store.get_run(run)
    assert (view.status, (view.error or "")[-5:]) == (RunStatus.FAILED, "broke")
    assert view.duration_ms is not None
    assert view.started
    assert view.ended
    assert (await store.pin_run(rule_id, event)).status is RunStatus.FAILED


async def test_a_run_started_no_later_than_its_first_action(
    store: Store, rule_id: RuleId, event: EntityEvent, new_call: NewCall
) -> None:
    run = (await store.pin_run(rule_id, event)).execution_id
    await store.journal.started(new_call(run))
    await store.run_started(run)
    view = await store.get_run(run)
    assert view.started == view.actions[0].started
    earlier = datetime(2026, 1, 1, tzinfo=UTC)
    check = ActionRecord(key="c", name="check", type="delay", state=ActionState.COMPLETED, started=earlier)
    await store.run_ended(run, RunRecord(status=RunStatus.COMPLETED, actions=(check,), order=("check",)))
    view = await store.get_run(run)
    assert view.started == earlier
    assert view.duration_ms is not None
    assert view.duration_ms > 1000


async def test_a_run_can_end_before_it_started(store: Store, rule_id: RuleId, event: EntityEvent) -> None:
    run = (await store.pin_run(rule_id, event)).execution_id
    ended = RunRecord(status=RunStatus.FAILED, error="x", error_type="deadline", actions=(), order=())
    await store.run_ended(run, ended)
    view = await store.get_run(run)
    assert (view.status, view.error_type) == (RunStatus.FAILED, "deadline")


async def test_the_view_of_a_run_under_way_shows_what_started(
    store: Store, rule_id: RuleId, event: EntityEvent, new_call: NewCall
) -> None:
    pinned = await store.pin_run(rule_id, event)
    await store.journal.started(new_call(pinned.execution_id, "one"))
    for _ in range(3):
        await store.journal.started(new_call(pinned.execution_id, "two"))
    await store.journal.completed(new_call(pinned.execution_id, "two"), {"sent": 1})
    view = await store.get_run(pinned.workflow_id)
    assert [(action.state, action.attempts, action.result) for action in view.actions] == [
        ("running", 1, None),
        ("completed", 3, {"sent": 1}),
    ]
    assert view.trigger_data["total"] == 1500


async def test_the_view_of_an_ended_run_shows_every_action(
    store: Store, rule_id: RuleId, event: EntityEvent, new_call: NewCall
) -> None:
    pinned = await store.pin_run(rule_id, event)
    await store.journal.started(new_call(pinned.execution_id, "one"))
    await store.journal.completed(new_call(pinned.execution_id, "one"), {"sent": 1})
    for _ in range(2):
        await store.journal.started(new_call(pinned.execution_id, "two"))
    await store.journal.failed(new_call(pinned.execution_id, "two"), ActionError("No\0 mail", type="mail"))
    await store.run_ended(pinned.execution_id, _record())
    view = await store.get_run(pinned.execution_id)
    found = {action.name: action for action in view.actions}
    assert list(found) == ["check amount", "one", "two", "wait"]
    assert found["check amount"].result == {"output": "true"}
    assert found["one"].result == {"sent": 1}
    assert (found["two"].attempts, found["two"].result) == (2, None)
    assert (found["two"].error or {})["type"] == "mail"
    assert found["wait"].reason[0].because == "failed"
    assert found["one"].started


def _record() -> RunRecord:
    def action(name: str, state: ActionState, type_: str = "send_email") -> ActionRecord:
        return ActionRecord(key=name, name=name, type=type_, state=state)

    now = datetime.now(UTC)
    reason = EdgeReason(source="two", type=EdgeType.SEQUENCE, resolved="broken", because="failed")
    checked = action("check amount", ActionState.COMPLETED, "evaluate_condition").model_copy(
        update={"result": {"output": "true"}, "started": now, "ended": now}
    )
    return RunRecord(
        status=RunStatus.PARTIAL,
        actions=(
            action("wait", ActionState.BLOCKED, "delay").model_copy(update={"reason": (reason,)}),
            action("two", ActionState.FAILED),
            action("one", ActionState.COMPLETED),
            checked,
        ),
        order=("check amount", "one", "two"),
    )


async def test_pending_runs_are_found_again(
    store: Store, rule_id: RuleId, event: EntityEvent, another_event: EntityEvent
) -> None:
    first = await store.pin_run(rule_id, event)
    second = await store.pin_run(rule_id, another_event)
    assert await store.open_runs(RunStatus.PENDING, timedelta(hours=1)) == []
    waiting = await store.open_runs(RunStatus.PENDING, timedelta(0))
    assert [(run.workflow_id, run.status) for run in waiting] == [
        (first.workflow_id, RunStatus.PENDING),
        (second.workflow_id, RunStatus.PENDING),
    ]
    assert await store.open_runs(RunStatus.PENDING, timedelta(0), limit=1) == waiting[:1]
    assert await store.open_runs(RunStatus.PENDING, timedelta(0), after=waiting[0]) == waiting[1:]
    assert (await store.pinned_run(first.execution_id)).request == first.request
    await store.run_started(first.execution_id)
    assert await store.open_runs(RunStatus.PENDING, timedelta(0)) == waiting[1:]
    assert (await store.pinned_run(first.execution_id)).status is RunStatus.RUNNING


async def test_runs_are_listed_by_what_they_are(
    store: Store, rule_id: RuleId, event: EntityEvent, another_event: EntityEvent
) -> None:
    first = await store.pin_run(rule_id, event)
    second = await store.pin_run(rule_id, another_event, source="manual")
    await store.run_started(first.execution_id)

    async def listed(**wanted: object) -> list[str]:
        return [run.execution_id for run in await store.list_runs(RunFilter.model_validate(wanted))]

    assert await listed() == [second.execution_id, first.execution_id]
    assert await listed(limit=1) == [second.execution_id]
    assert await listed(statuses=["running", "failed"]) == [first.execution_id]
    assert await listed(rule_id=rule_id, entity_name="orders") == [second.execution_id, first.execution_id]
    assert await listed(rule_id=str(uuid4())) == []
    assert await listed(entity_name="customers") == []
    assert await listed(before=datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert len(await listed(since=datetime(2020, 1, 1, tzinfo=UTC))) == 2
    assert [run.source for run in await store.list_runs()] == ["manual", "automation"]


@pytest.mark.parametrize("wrong", ["no uuid", UNKNOWN])
async def test_a_run_that_is_not_there(store: Store, wrong: str) -> None:
    with pytest.raises(RunNotFound):
        await store.get_run(wrong)
    with pytest.raises(RunNotFound):
        await store.pinned_run(ExecutionId(wrong))
    with pytest.raises(RunNotFound):
        await store.run_started(ExecutionId(wrong))
    with pytest.raises(RunNotFound):
        await store.run_ended(ExecutionId(wrong), RunRecord(status=RunStatus.FAILED, actions=(), order=()))
    with pytest.raises(RunNotFound):
        await store.rerun(ExecutionId(wrong))


async def test_the_first_namespace_stays_the_home_of_the_runs(store: Store) -> None:
    first = await asyncio.gather(*(store.home_namespace("a") for _ in range(3)))
    assert [*first, await store.home_namespace("b"), await store.known_home()] == ["a"] * 5
    await store.forget_home()
    assert await store.known_home() is None
    assert await store.home_namespace("b") == "b"


async def test_rules_have_names(store: Store, rule_id: RuleId) -> None:
    assert await store.rule_names([rule_id, RuleId(UNKNOWN), RuleId("no uuid")]) == {rule_id: "Order approval"}
    assert await store.rule_names([]) == {}


async def test_runs_are_listed_page_by_page(store: Store, rule_id: RuleId, event: EntityEvent) -> None:
    for number in range(5):
        await store.pin_run(rule_id, event.model_copy(update={"event_id": f"e{number}"}))
    seen: list[RunSummary] = []
    while page := await store.list_runs(RunFilter(limit=2, after=_behind(seen))):
        seen += page
    assert [run.event_id for run in seen] == ["e4", "e3", "e2", "e1", "e0"]


def _behind(seen: list[RunSummary]) -> RunPlace | None:
    return RunPlace(created=seen[-1].created, execution_id=UUID(seen[-1].execution_id)) if seen else None


async def test_who_asks_first_that_a_run_be_cancelled_is_kept(
    store: Store, rule_id: RuleId, event: EntityEvent
) -> None:
    run = await store.pin_run(rule_id, event)
    assert (await store.get_run(run.execution_id)).cancellation is None
    asked = await store.request_cancel(run.workflow_id, "ada", "wrong customer\0")
    assert (asked.execution_id, asked.status) == (run.execution_id, RunStatus.PENDING)
    await store.run_started(run.execution_id)
    assert (await store.request_cancel(run.execution_id, "bob", None)).status is RunStatus.RUNNING
    cancellation = (await store.get_run(run.execution_id)).cancellation
    assert cancellation is not None
    assert (cancellation.by, cancellation.reason) == ("ada", "wrong customer\ufffd")


async def test_a_run_that_ended_or_is_unknown_cannot_be_cancelled(
    store: Store, rule_id: RuleId, event: EntityEvent
) -> None:
    run = await store.pin_run(rule_id, event)
    await store.run_ended(run.execution_id, RunRecord(status=RunStatus.COMPLETED, actions=(), order=()))
    with pytest.raises(RunEnded, match="it is completed"):
        await store.request_cancel(run.execution_id, "ada", None)
    assert (await store.get_run(run.execution_id)).cancellation is None
    with pytest.raises(RunNotFound):
        await store.request_cancel(UNKNOWN, "ada", None)
