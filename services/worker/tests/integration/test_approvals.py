"""People decide, on real servers: the runs that wait go on, whoever and whatever brings the decision."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from ichor_edgestore import ApprovalFilter, ApprovalView, EdgeStore, PinnedRun, RunView
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, ExecutionId, Person, RuleId
from ichor_testing import until
from ichor_testing.engine_program import start_program
from temporalio.client import Client, WorkflowExecution

type SaveRule = Callable[[object], Awaitable[RuleId]]

ADA, BOB = (UUID(int=number) for number in (1, 2))


def asking(**config: Any) -> dict[str, Any]:
    """Return a rule that asks Ada and Bob, and logs what they decide."""
    ports = ("approved", "rejected", "timed_out")
    asked = {"approvers": [str(ADA), str(BOB)], **config}
    note = "{{ ask.resolved_by_name }}: {{ ask.reason }}"
    return {
        "name": "Ask",
        "trigger": {"entity": "orders", "event": "on_create"},
        "actions": [
            {"name": "ask", "type": "seek_approval", "config": asked},
            *({"name": port, "type": "log_audit_entry", "config": {"message": note}} for port in ports),
        ],
        "edges": [
            {"source": None, "target": "ask", "type": "start"},
            *({"source": "ask", "target": port, "type": "sequence", "source_output": port} for port in ports),
        ],
    }


VOTING = {
    "name": "Vote",
    "trigger": {"entity": "mails", "event": "on_create"},
    "actions": [
        {
            "name": "vote",
            "type": "resolve_approval_request",
            "config": {"approval_request_id": "{{ approval }}", "resolution": "{{ said }}", "reason": "by mail"},
        }
    ],
    "edges": [{"source": None, "target": "vote", "type": "start"}],
}


class Bench:
    """Starts runs and finds what they ask."""

    def __init__(self, pool: asyncpg.Pool, temporal: Client, task_queue: str) -> None:
        self.store = EdgeStore(pool)
        self._temporal = temporal
        self._task_queue = task_queue

    async def begin(self, rule_id: RuleId, **event: Any) -> ExecutionId:
        document = {"event_id": str(uuid4()), "event_type": "on_create", "entity_name": "orders", **event}
        return await self.start(await self.store.pin_run(rule_id, EntityEvent.model_validate(document)))

    async def start(self, pinned: PinnedRun, **changes: Any) -> ExecutionId:
        request = pinned.request.model_copy(update=changes)
        await start_run(self._temporal, request, workflow_id=pinned.workflow_id, task_queue=self._task_queue)
        return pinned.execution_id

    async def before_it_was_continued(self, run: ExecutionId) -> list[str]:
        """Return the activities of a run before it was first continued as new, once that is listed."""
        workflow_id = (await self.store.get_run(run)).workflow_id
        query, found = f"WorkflowId = '{workflow_id}' AND ExecutionStatus = 'ContinuedAsNew'", list[WorkflowExecution]()

        async def is_listed() -> bool:
            found.extend([workflow async for workflow in self._temporal.list_workflows(query)])
            return bool(found)

        await until(is_listed, "a continuation", seconds=60)
        first = min(found, key=lambda workflow: workflow.start_time)
        history = await self._temporal.get_workflow_handle(workflow_id, run_id=first.run_id).fetch_history()
        scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
        return [each.activity_type.name for each in scheduled if each.activity_type.name]

    async def asked(self, run: ExecutionId) -> ApprovalView:
        wanted, found = ApprovalFilter(execution_id=UUID(run)), list[ApprovalView]()

        async def is_there() -> bool:
            found.extend(await self.store.list_approvals(wanted))
            return bool(found)

        await until(is_there, "an approval", seconds=60)
        return found[0]

    async def ended(self, run: ExecutionId) -> RunView:
        async def has_ended() -> bool:
            return (await self.store.get_run(run)).status.ended

        await until(has_ended, "the end of the run", seconds=60)
        return await self.store.get_run(run)


@pytest.fixture
def bench(pool: asyncpg.Pool, temporal_client: Client, temporal_task_queue: str) -> Bench:
    return Bench(pool, temporal_client, temporal_task_queue)


def completed(view: RunView) -> set[str]:
    return {action.name for action in view.actions if action.state == "completed"}


async def test_the_run_goes_on_by_what_people_decide(
    bench: Bench, save_rule: SaveRule, environment: dict[str, str], pool: asyncpg.Pool
) -> None:
    rule_id = await save_rule(asking(approval_type="all", approval_message="Order {{ entity_id }}?"))
    async with start_program("ichor_worker", environment):
        run, other = await bench.begin(rule_id, entity_id="o1"), await bench.begin(rule_id, entity_id="o2")
        first, second = await bench.asked(run), await bench.asked(other)
        assert first.message == "Order o1?"
        for person in (Person(id=str(ADA)), Person(id=str(BOB), name="Bob")):
            await bench.store.vote(first.approval_id, person, approves=True, reason="fine")
        await bench.store.vote(second.approval_id, Person(id=str(ADA)), approves=False, reason="no")
        approved, rejected = await bench.ended(run), await bench.ended(other)
    assert (approved.status, completed(approved)) == ("completed", {"ask", "approved"})
    assert (rejected.status, completed(rejected)) == ("completed", {"ask", "rejected"})
    notes = await pool.fetch("SELECT message FROM workflow.audit_log ORDER BY message")
    assert [row[0] for row in notes] == [f"{ADA}: no", "Bob: fine"]


async def test_nobody_decides_in_time(bench: Bench, save_rule: SaveRule, environment: dict[str, str]) -> None:
    rule_id = await save_rule(asking(timeout="10s", reminder="1s"))
    async with start_program("ichor_worker", environment):
        run = await bench.begin(rule_id)
        view = await bench.ended(run)
    assert completed(view) == {"ask", "timed_out"}
    (approval,) = await bench.store.list_approvals()
    assert approval.status == "timed_out"
    assert approval.reminders >= 1


async def test_a_worker_that_was_away_learns_of_the_decision(
    bench: Bench, save_rule: SaveRule, environment: dict[str, str]
) -> None:
    rule_id = await save_rule(asking())
    async with start_program("ichor_worker", environment) as worker:
        run = await bench.begin(rule_id)
        approval = await bench.asked(run)
        await worker.kill()
    await bench.store.vote(approval.approval_id, Person(id=str(BOB)), approves=True)
    async with start_program("ichor_worker", environment):
        assert completed(await bench.ended(run)) == {"ask", "approved"}


async def test_another_rule_brings_the_decision(bench: Bench, save_rule: SaveRule, environment: dict[str, str]) -> None:
    rule_id, voting = await save_rule(asking()), await save_rule(VOTING)
    async with start_program("ichor_worker", environment):
        run = await bench.begin(rule_id)
        approval = await bench.asked(run)
        mail: dict[str, Any] = {"approval": str(approval.approval_id), "said": "approved"}
        stranger = await bench.begin(voting, entity_name="mails", user_id=str(uuid4()), raw_data=mail)
        assert (await bench.ended(stranger)).status == "failed"
        known = await bench.begin(voting, entity_name="mails", user_id=str(ADA), raw_data=mail)
        voted, view = await bench.ended(known), await bench.ended(run)
    (vote,) = voted.actions
    assert vote.result
    assert vote.result["output"] == "resolved_approved"
    (asked,) = [action for action in view.actions if action.name == "ask"]
    assert asked.result
    assert (asked.result["resolved_by"], asked.result["reason"]) == (str(ADA), "by mail")


async def test_a_run_asks_after_it_was_continued_and_again_where_it_is_repeated(
    bench: Bench, save_rule: SaveRule, environment: dict[str, str]
) -> None:
    rule, before = asking(), ("first", "second")
    logging = [{"name": name, "type": "log_audit_entry", "config": {"message": name}} for name in before]
    way = pairwise((None, *before, "ask"))
    edges = [{"source": source, "target": to, "type": "sequence" if source else "start"} for source, to in way]
    rule |= {"actions": [*logging, *rule["actions"]], "edges": [*edges, *rule["edges"][1:]]}
    event = {"event_id": str(uuid4()), "event_type": "on_create", "entity_name": "orders"}
    pinned = await bench.store.pin_run(await save_rule(rule), EntityEvent.model_validate(event))
    async with start_program("ichor_worker", environment):
        run = await bench.start(pinned, events_per_run=8)
        approval = await bench.asked(run)
        activities = await bench.before_it_was_continued(run)
        assert ("log_audit_entry" in activities, "seek_approval" in activities) == (True, False)
        await bench.store.vote(approval.approval_id, Person(id=str(ADA)), approves=True)
        assert completed(await bench.ended(run)) == {*before, "ask", "approved"}

        repeated = await bench.start(await bench.store.rerun(run), events_per_run=8)
        again = await bench.asked(repeated)
        assert "seek_approval" not in await bench.before_it_was_continued(repeated)
        late = await bench.store.vote(approval.approval_id, Person(id=str(BOB)), approves=True)
        assert late.verdict == "already_resolved"
        assert (again.approval_id != approval.approval_id, again.status) == (True, "pending")
        await bench.store.vote(again.approval_id, Person(id=str(BOB)), approves=False)
        assert completed(await bench.ended(repeated)) == {*before, "ask", "rejected"}
