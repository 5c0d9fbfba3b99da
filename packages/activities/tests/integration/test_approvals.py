"""Asking people, voting from another rule, and telling people."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from ichor_edgestore import EdgeStore
from ichor_models import ActionError, Asked, Reply, ReplyError, question_id

ADA, BOB, EVE = (str(UUID(int=number)) for number in (1, 2, 3))


async def ask(perform: Any, make_call: Any, **config: Any) -> str:
    """Ask Ada and Bob, and return the approval's id."""
    call = make_call("seek_approval", {"approvers": [ADA, BOB], **config})
    await perform(call)
    return str(question_id(call))


async def test_people_are_asked_once(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    call = make_call("seek_approval", {"approvers": [ADA], "timeout_hours": 5, "approval_message": "May we?"})
    answer = Asked.of(await perform(call))
    again = Asked.of(await perform(call, attempt=2))
    assert answer == again
    assert answer
    assert answer.on_timeout == {
        "approval_id": str(question_id(call)),
        "resolved_by": None,
        "resolved_by_name": None,
        "reason": None,
        "output": "timed_out",
    }
    row = await pool.fetchrow("SELECT * FROM workflow.approval_requests")
    assert row is not None
    assert (row["approval_request_id"], str(row["execution_id"])) == (question_id(call), call.run.execution_id)
    assert (row["approvers"], row["approval_type"], row["required"]) == ([UUID(ADA)], "any", 1)
    assert (row["timeout_hours"], row["approval_message"], row["status"]) == (5, "May we?", "pending")
    assert await pool.fetchval("SELECT count(*) FROM workflow.alerts") == 1


async def test_a_later_attempt_fails_as_the_reply_says(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    call = make_call("seek_approval", {"approvers": [ADA]})
    await perform(call)
    await EdgeStore(pool).claim_question(question_id(call), Reply(error=ReplyError(message="gone", type="lost")))
    with pytest.raises(ActionError, match="gone"):
        await perform(call, attempt=2)
    row = await pool.fetchrow("SELECT state, error ->> 'type' FROM workflow.run_actions")
    assert row is not None
    assert tuple(row) == ("failed", "lost")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"approvers": []}, "name at least one user or role"),
        ({"approvers": ["ada"]}, "must be a UUID"),
        ({"required": 3}, "only 2 are asked"),
        ({"approvers": {"roles": ["boss"]}, "approval_type": "all"}, "users only"),
        ({"timeout": "1h", "escalation": {"after": "60m", "approvers": [ADA]}}, "it never would"),
        ({"timeout": "1h", "timeout_hours": 1}, "leave out one"),
        ({"timeout": "1m", "reminder": "1m"}, "it never would"),
        ({"reminder": "10ms"}, "reminder must be 1 second or more"),
        ({"timeout": "0s"}, "must be above zero"),
    ],
)
async def test_what_cannot_be_asked(perform: Any, make_call: Any, config: dict[str, Any], said: str) -> None:
    with pytest.raises(ActionError, match=said):
        await ask(perform, make_call, **config)


def resolve(make_call: Any, approval: str, resolution: str = "approved", user: str | None = ADA) -> Any:
    config = {"approval_request_id": approval, "resolution": resolution, "reason": "so"}
    return make_call("resolve_approval_request", config, event={"user_id": user})


async def test_a_rule_votes_for_the_user_of_its_event(perform: Any, make_call: Any) -> None:
    approval = await ask(perform, make_call, approval_type="all")
    first = resolve(make_call, approval)
    result = await perform(first)
    assert result == {
        "output": "counted",
        "approval_request_id": approval,
        "resolution": "approved",
        "current_status": "pending",
    }
    assert await perform(first, attempt=2) == result
    second = await perform(resolve(make_call, approval, "rejected", BOB))
    assert (second["output"], second["current_status"]) == ("resolved_rejected", "rejected")
    for user, said in ((BOB, "approved"), (BOB, "rejected"), (ADA, "approved")):
        late = await perform(resolve(make_call, approval, said, user))
        assert (late["output"], late["current_status"]) == ("already_resolved", "rejected")
    fourth = await perform(resolve(make_call, str(uuid4())))
    assert (fourth["output"], fourth["current_status"]) == ("not_found", None)


@pytest.mark.parametrize(("user", "type"), [(EVE, "not_an_approver"), (None, "no_user"), ("", "no_user")])
async def test_nobody_else_votes(perform: Any, make_call: Any, user: str | None, type: str) -> None:
    approval = await ask(perform, make_call)
    with pytest.raises(ActionError) as caught:
        await perform(resolve(make_call, approval, user=user))
    assert (caught.value.type, caught.value.retryable) == (type, False)


async def test_nobody_votes_twice(perform: Any, make_call: Any) -> None:
    approval = await ask(perform, make_call, approval_type="all")
    await perform(resolve(make_call, approval))
    with pytest.raises(ActionError, match="has voted otherwise before"):
        await perform(resolve(make_call, approval, "rejected"))


async def test_notification(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    call = make_call("send_notification", {"recipients": [ADA, BOB, ADA], "message": "m", "title": "t"})
    result = await perform(call)
    assert await perform(call, attempt=2) == result
    row = await pool.fetchrow("SELECT id, alert_type, severity, title, message FROM workflow.alerts")
    assert row is not None
    assert [str(value) for value in row.values()] == [result["notification_id"], "notification", "low", "t", "m"]
    assert await pool.fetchval("SELECT count(*) FROM workflow.alert_recipients") == 2
    assert (result["status"], result["recipients"], result["output"]) == ("sent", 2, "success")
