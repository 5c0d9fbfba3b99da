"""What both stores do with votes on approvals, and what PostgreSQL keeps of them for other programs."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from ichor_edgestore import (
    ApprovalFilter,
    EdgeStore,
    InvalidRoleQuery,
    MemoryStore,
    StoreContended,
    StoreError,
    StoreUnavailable,
)
from ichor_models import (
    ActionCall,
    ActionError,
    Approval,
    Approvers,
    EntityEvent,
    ExecutionId,
    Person,
    Question,
    RunRecord,
    RunStatus,
    VoteVerdict,
    approval_result,
    parse_event,
    question_id,
)

type Store = EdgeStore | MemoryStore

ADA, BOB, EVE, MAX = (UUID(int=number) for number in range(1, 5))
ENDED = RunRecord(status=RunStatus.CANCELLED, actions=(), order=())


async def ask(store: Store, call: ActionCall, *users: UUID, **more: Any) -> UUID:
    """Ask users, and return the approval's id."""
    asked = Approval(approvers=Approvers(users=users, roles=more.pop("roles", ())), **more)
    await store.journal.started(call)
    async with store.journal.transaction(call) as transaction:
        late = approval_result(question_id(call), "timed_out")
        await transaction.ask(Question(timeout=timedelta(hours=2), approval=asked, on_timeout=late))
    return question_id(call)


async def vote(store: Store, id: UUID, user: UUID | str, *, yes: bool = True, **more: Any) -> tuple[str, str | None]:
    person = Person(id=str(user), name=more.pop("name", None), roles=more.pop("roles", ()))
    result = await store.vote(id, person, approves=yes, **more)
    return str(result.verdict), result.status


async def result_of(store: Store, run: ExecutionId) -> Any:
    (action,) = (await store.get_run(run)).actions
    return action.result


async def test_nobody_votes_on_what_failed_for_good(store: Store, run: ExecutionId, call: ActionCall) -> None:
    id = await ask(store, call, ADA)
    await store.journal.withdraw(call)
    assert await vote(store, id, ADA) == ("already_resolved", "expired")


async def test_what_another_program_writes_is_no_vote(
    pool: asyncpg.Pool, edge_store: EdgeStore, asked: ActionCall
) -> None:
    id = await ask(edge_store, asked, ADA)
    await pool.execute("UPDATE workflow.approval_requests SET status = 'approved', resolved_by = $1", BOB)
    assert await vote(edge_store, id, ADA, yes=False) == ("decided", "rejected")
    row = await pool.fetchrow("SELECT status, resolved_by FROM workflow.approval_requests")
    assert row is not None
    assert tuple(row) == ("rejected", ADA)


async def test_the_first_vote_of_any_decides(store: Store, run: ExecutionId, call: ActionCall) -> None:
    id = await ask(store, call, ADA, BOB)
    assert await vote(store, id, EVE) == ("not_an_approver", "pending")
    assert await vote(store, id, BOB, yes=False, name="Bob", reason="too dear") == ("decided", "rejected")
    expected = {
        "approval_id": str(id),
        "resolved_by": str(BOB),
        "resolved_by_name": "Bob",
        "reason": "too dear",
        "output": "rejected",
    }
    assert await result_of(store, run) == expected
    for user in (ADA, BOB, EVE):
        assert await vote(store, id, user) == ("already_resolved", "rejected")
    (reply,) = await store.take_undelivered(timedelta(0))
    assert (reply.id, reply.notice.action_key, reply.notice.reply.result) == (id, call.key, expected)


async def test_all_must_agree_and_each_votes_once(store: Store, run: ExecutionId, call: ActionCall) -> None:
    id = await ask(store, call, ADA, BOB, EVE, type="all")
    assert await vote(store, id, ADA) == ("counted", "pending")
    assert await vote(store, id, str(ADA).upper()) == ("counted", "pending")
    assert await vote(store, id, ADA, yes=False) == ("already_voted", "pending")
    assert await vote(store, id, BOB) == ("counted", "pending")
    assert await result_of(store, run) is None
    assert await vote(store, id, EVE) == ("decided", "approved")
    assert (await result_of(store, run))["resolved_by"] == str(EVE)


async def test_the_same_vote_again_is_answered_as_before(store: Store, call: ActionCall) -> None:
    id = await ask(store, call, ADA, BOB, EVE, required=2)

    async def again(user: UUID) -> tuple[str, str | None, bool]:
        result = await store.vote(id, Person(id=str(user)), approves=True)
        return str(result.verdict), result.status, result.repeated

    assert [await again(ADA), await again(ADA)] == [("counted", "pending", False), ("counted", "pending", True)]
    assert [await again(BOB), await again(BOB)] == [("decided", "approved", False), ("decided", "approved", True)]
    assert await again(ADA) == ("counted", "approved", True)
    assert await again(EVE) == ("already_resolved", "approved", False)


async def test_roles_count(store: Store, call: ActionCall) -> None:
    id = await ask(store, call, roles=("boss",), required=2)
    assert await vote(store, id, "sso|1", roles=("clerk",)) == ("not_an_approver", "pending")
    assert await vote(store, id, "sso|1", roles=("clerk", "boss")) == ("counted", "pending")
    assert await vote(store, id, "sso|2", roles=("boss",)) == ("decided", "approved")


@pytest.mark.parametrize(
    ("after", "said"),
    [(timedelta(microseconds=1), ("decided", "approved")), (timedelta(hours=1), ("not_an_approver", "pending"))],
)
async def test_whom_an_escalation_adds_decides_alone(
    store: Store, call: ActionCall, after: timedelta, said: tuple[str, str]
) -> None:
    id = await ask(store, call, ADA, BOB, type="all", escalation={"after": after, "approvers": {"users": [MAX]}})
    if isinstance(store, EdgeStore):
        await store.remind_approvers()
    assert await vote(store, id, MAX) == said


async def test_nobody_votes_when_the_time_is_over(store: Store, run: ExecutionId, call: ActionCall) -> None:
    id = await ask(store, call, ADA)
    assert await store.close_question(run, call.key, 1) is None
    assert await vote(store, id, ADA) == ("already_resolved", "timed_out")
    assert await result_of(store, run) == approval_result(id, "timed_out")


async def test_nobody_votes_when_the_run_has_ended(store: Store, run: ExecutionId, call: ActionCall) -> None:
    id = await ask(store, call, ADA)
    await store.run_ended(run, ENDED)
    assert await vote(store, id, ADA) == ("already_resolved", "expired")


async def test_a_run_that_has_ended_asks_nobody(store: Store, run: ExecutionId, call: ActionCall) -> None:
    await store.run_ended(run, ENDED)
    with pytest.raises(ActionError) as error:
        await ask(store, call, ADA)
    assert (error.value.type, error.value.retryable) == ("run_ended", False)
    assert await vote(store, question_id(call), ADA) == ("not_found", None)


async def test_who_votes_on_nothing(store: Store, call: ActionCall) -> None:
    assert await vote(store, uuid4(), ADA) == ("not_found", None)
    await store.journal.started(call)
    async with store.journal.transaction(call) as transaction:
        await transaction.ask(Question(timeout=timedelta(hours=1)))
    assert await vote(store, question_id(call), ADA) == ("not_found", None)


async def test_an_action_votes_together_with_its_effects(
    store: Store, run: ExecutionId, new_call: Callable[..., ActionCall]
) -> None:
    id, other = await ask(store, new_call(run), ADA), new_call(run, key="other")
    await store.journal.started(other)
    async with store.journal.transaction(other) as transaction:
        said = await transaction.vote(id, Person(id=str(ADA)), approves=True, reason=None)
        await transaction.record({"output": "success"})
    assert (said.verdict, said.repeated) == (VoteVerdict.DECIDED, False)
    assert await vote(store, id, ADA, yes=False) == ("already_resolved", "approved")


async def events(store: EdgeStore) -> list[EntityEvent]:
    async with store.outbox.batch() as batch:
        return [parse_event(item.body) for item in batch.events]


async def recipients(pool: asyncpg.Pool, id: UUID) -> list[tuple[str, UUID]]:
    rows = await pool.fetch(
        "SELECT recipient_type, recipient_id FROM workflow.alert_recipients WHERE alert_id = $1 ORDER BY 1, 2", id
    )
    return [tuple(row) for row in rows]


async def test_of_many_votes_at_once_one_decides(edge_store: EdgeStore, asked: ActionCall) -> None:
    users = [uuid4() for _ in range(8)]
    id = await ask(edge_store, asked, *users, required=3)
    said = await asyncio.gather(*(vote(edge_store, id, user, yes=place % 2 == 0) for place, user in enumerate(users)))
    assert sum(verdict == "decided" for verdict, _ in said) == 1
    found = await edge_store.find_approval(id)
    assert found
    assert found.status == "approved"
    assert sum(item.approves for item in found.votes) == 3
    assert len(await edge_store.take_undelivered(timedelta(0))) == 1


@pytest.mark.parametrize(("row", "uuid"), [("17", None), (str(ADA), ADA)])
async def test_the_alert_names_the_row(
    pool: asyncpg.Pool, edge_store: EdgeStore, asked: ActionCall, row: str, uuid: UUID | None
) -> None:
    event = asked.run.event.model_copy(update={"entity_id": row})
    id = await ask(edge_store, asked.model_copy(update={"run": asked.run.model_copy(update={"event": event})}), ADA)
    alert = await pool.fetchrow("SELECT source_entity_id, source_row_id FROM workflow.alerts WHERE id = $1", id)
    assert alert
    assert tuple(alert) == (uuid, row)


async def test_each_step_is_told(pool: asyncpg.Pool, edge_store: EdgeStore, asked: ActionCall) -> None:
    role = uuid4()
    id = await ask(edge_store, asked, BOB, ADA, roles=("boss", str(role)), message="May we?")
    assert await recipients(pool, id) == [("role", role), ("user", ADA), ("user", BOB)]
    alert = await pool.fetchrow("SELECT alert_type, severity, message, status FROM workflow.alerts WHERE id = $1", id)
    assert alert
    assert tuple(alert) == ("approval_request", "high", "May we?", "active")
    await vote(edge_store, id, ADA)
    assert await pool.fetchval("SELECT status FROM workflow.alerts WHERE id = $1", id) == "resolved"
    created, resolved = await events(edge_store)
    assert (created.event_type, created.entity_name, created.entity_id) == ("on_create", "approval_requests", str(id))
    assert created.raw_data["approvers"] == [str(BOB), str(ADA)]
    assert created.lineage
    assert created.lineage.depth == 1
    assert "task_token" not in created.raw_data
    assert resolved.field_changes
    assert resolved.field_changes["status"].new_value == "approved"
    assert (resolved.user_id, resolved.lineage) == (str(ADA), created.lineage)


async def test_what_is_asked_while_the_run_ends_ends_with_it(edge_store: EdgeStore, asked: ActionCall) -> None:
    asking = Question(timeout=timedelta(hours=1), approval=Approval(approvers=Approvers(users=(ADA,))))
    await edge_store.journal.started(asked)
    async with edge_store.journal.transaction(asked) as transaction:
        await transaction.ask(asking)
        ending = asyncio.create_task(edge_store.run_ended(asked.run.execution_id, ENDED))
        await asyncio.wait((ending,), timeout=0.2)
        assert not ending.done()
    assert await ending
    found = await edge_store.find_approval(question_id(asked))
    assert found
    assert found.status == "expired"
    _, resolved = await events(edge_store)
    assert resolved.field_changes
    assert resolved.field_changes["status"].new_value == "expired"


async def test_nothing_is_told_of_what_was_rolled_back(
    pool: asyncpg.Pool, edge_store: EdgeStore, asked: ActionCall
) -> None:
    asking = Question(timeout=timedelta(hours=1), approval=Approval(approvers=Approvers(users=(ADA,))))

    async def ask_and_fail() -> None:
        async with edge_store.journal.transaction(asked) as transaction:
            await transaction.ask(asking)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await ask_and_fail()
    assert await events(edge_store) == []
    assert await pool.fetchval("SELECT count(*) FROM workflow.approval_requests") == 0


async def test_people_are_reminded_and_others_are_added(
    pool: asyncpg.Pool, edge_store: EdgeStore, asked: ActionCall
) -> None:
    escalation = {"after": timedelta(hours=1), "approvers": {"users": [MAX]}}
    id = await ask(edge_store, asked, ADA, BOB, type="all", remind_every=timedelta(minutes=20), escalation=escalation)
    await pool.execute(
        "INSERT INTO workflow.alert_acknowledgments (alert_id, acknowledged_by) VALUES ($1, $2)", id, ADA
    )
    await pool.execute("UPDATE workflow.alerts SET status = 'acknowledged'")
    assert await edge_store.remind_approvers() == 0
    await age(pool, "20 minutes")
    both = await asyncio.gather(*(edge_store.remind_approvers() for _ in range(4)))
    assert sum(both) == 1
    assert await edge_store.remind_approvers() == 0
    assert await pool.fetchval("SELECT status FROM workflow.alerts WHERE id = $1", id) == "active"
    assert await pool.fetchval("SELECT count(*) FROM workflow.alert_acknowledgments") == 0
    assert await vote(edge_store, id, MAX) == ("not_an_approver", "pending")
    await age(pool, "1 hour")
    assert await edge_store.remind_approvers() == 1
    assert await recipients(pool, id) == [("user", ADA), ("user", BOB), ("user", MAX)]
    told = [next(iter(event.field_changes or {"": 0})) for event in await events(edge_store)]
    assert told == ["", "reminders", "reminders", "escalated"]
    assert await vote(edge_store, id, MAX, yes=False) == ("decided", "rejected")
    await age(pool, "1 day")
    assert await edge_store.remind_approvers() == 0


async def test_a_reminder_that_fails_holds_up_no_other(
    pool: asyncpg.Pool, edge_store: EdgeStore, asked: ActionCall, new_call: Callable[..., ActionCall]
) -> None:
    often: dict[str, Any] = {"remind_every": timedelta(minutes=1)}
    broken = await ask(edge_store, asked, ADA, **often)
    other = await ask(edge_store, new_call(asked.run.execution_id, key="other"), ADA, **often)
    await pool.execute("ALTER TABLE workflow.alerts ADD CHECK (message <> 'x' OR status <> 'active') NOT VALID")
    await pool.execute("UPDATE workflow.alerts SET message = 'x', status = 'resolved' WHERE id = $1", broken)
    await age(pool, "2 minutes")
    with pytest.raises(StoreError):
        await edge_store.remind_approvers()
    assert await reminders(pool, broken, other) == [0, 1]


async def test_an_alert_that_somebody_has_locked_holds_up_no_other_approval(
    pool: asyncpg.Pool, edge_store: EdgeStore, asked: ActionCall, new_call: Callable[..., ActionCall]
) -> None:
    often: dict[str, Any] = {"remind_every": timedelta(minutes=1)}
    locked = await ask(edge_store, asked, ADA, **often)
    other = await ask(edge_store, new_call(asked.run.execution_id, key="other"), ADA, **often)
    await age(pool, "2 minutes")
    async with pool.acquire() as application, application.transaction(), asyncio.timeout(30):
        await application.execute("UPDATE workflow.alerts SET severity = 'low' WHERE id = $1", locked)
        with pytest.raises(StoreContended):
            await edge_store.remind_approvers()
        assert await reminders(pool, locked, other) == [0, 1]
        assert await vote(edge_store, other, ADA) == ("decided", "approved")
    assert await edge_store.remind_approvers() == 1
    assert await reminders(pool, locked, other) == [1, 1]


async def reminders(pool: asyncpg.Pool, *ids: UUID) -> list[int]:
    query = "SELECT reminders FROM workflow.approval_requests WHERE approval_request_id = $1"
    return [await pool.fetchval(query, id) for id in ids]


async def age(pool: asyncpg.Pool, by: str) -> None:
    """Let time pass for approvals."""
    await pool.execute(
        f"UPDATE workflow.approval_requests SET remind_at = remind_at - interval '{by}',"
        f" escalate_at = escalate_at - interval '{by}'"
    )


async def test_lists(edge_store: EdgeStore, asked: ActionCall, new_call: Callable[..., ActionCall]) -> None:
    first = await ask(edge_store, asked, ADA, BOB, required=2)
    second = await ask(edge_store, new_call(asked.run.execution_id, key="other"), EVE, roles=("boss",))
    await vote(edge_store, first, BOB, name="Bob", reason="why not")

    async def ids(**wanted: Any) -> set[UUID]:
        return {item.approval_id for item in await edge_store.list_approvals(ApprovalFilter(**wanted))}

    assert (
        await ids() == await ids(status="pending") == await ids(execution_id=asked.run.execution_id) == {first, second}
    )
    assert await ids(asked=Person(id=str(ADA))) == {first}
    assert await ids(asked=Person(id="x", roles=("boss",))) == {second}
    assert await ids(asked=Person(id="x")) == await ids(status="approved") == await ids(execution_id=uuid4()) == set()
    found = await edge_store.find_approval(first)
    assert found
    assert (found.rule_name, found.action_name, found.approval.needed) == ("Order approval", "tell", 2)
    (counted,) = found.votes
    assert (counted.person, counted.name, counted.approves, counted.reason) == (str(BOB), "Bob", True, "why not")
    assert await edge_store.find_approval(uuid4()) is None


ROLES = "SELECT r.role FROM app_roles r WHERE r.user_id = $1::uuid AND r.role <> 'none' ORDER BY 1; "


@pytest.mark.parametrize("query", [ROLES, f"{ROLES.rstrip('; ')} -- the usual ones"])
async def test_roles_come_from_the_database_where_it_is_asked(
    pool: asyncpg.Pool, asked: ActionCall, query: str
) -> None:
    await pool.execute("CREATE TABLE app_roles (user_id uuid, role text)")
    await pool.execute("INSERT INTO app_roles VALUES ($1, 'boss'), ($1, NULL), ($2, 'clerk')", ADA, BOB)
    store = EdgeStore(pool, roles_sql=query)
    id = await ask(store, asked, roles=("boss",))
    assert await store.roles_of(Person(id=str(ADA))) == ("boss",)
    assert await vote(store, id, BOB, roles=("boss",)) == ("not_an_approver", "pending")
    assert await vote(store, id, "no uuid", roles=("boss",)) == ("not_an_approver", "pending")
    assert await vote(store, id, ADA) == ("decided", "approved")


@pytest.mark.parametrize("query", ["SELECT role FROM nowhere WHERE id = $1", "not SQL $1", "SELECT $1 ="])
async def test_a_query_of_roles_that_cannot_be_run_is_no_vote(
    pool: asyncpg.Pool, asked: ActionCall, query: str
) -> None:
    store = EdgeStore(pool, roles_sql=query)
    id = await ask(store, asked, ADA)
    with pytest.raises(InvalidRoleQuery, match=r"ICHOR_ROLES_SQL cannot be run: [^;]*$"):
        await vote(store, id, ADA)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("SELECT (1 / (length($1) - length($1)))::text", InvalidRoleQuery),
        ("SELECT pg_sleep(60)::text || $1", StoreUnavailable),
    ],
)
async def test_a_query_of_roles_that_fails_is_not_taken_for_no_roles(
    pool: asyncpg.Pool, asked: ActionCall, query: str, error: type[StoreError]
) -> None:
    store = EdgeStore(pool, roles_sql=query)
    id = await ask(store, asked, roles=("boss",))
    with pytest.raises(error):
        await vote(store, id, ADA, roles=("boss",))
    found = await store.find_approval(id)
    assert found
    assert found.votes == ()
