"""Approvals over the API: who sees them, who votes, and for whom."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

type Ask = Callable[..., Awaitable[UUID]]
type ClientOf = Callable[..., httpx.AsyncClient]

MARY, PAUL = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


@pytest.fixture
def mary(client_of: ClientOf) -> httpx.AsyncClient:
    """A client that may read, and vote as herself."""
    return client_of(MARY)


async def vote(client: httpx.AsyncClient, approval: UUID, resolution: str = "approved", **more: Any) -> httpx.Response:
    headers = {"idempotency-key": more.pop("key")} if "key" in more else {}
    body = {"resolution": resolution, **more}
    return await client.post(f"/v1/approvals/{approval}/votes", json=body, headers=headers)


def told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_a_vote_is_the_callers(ask: Ask, mary: httpx.AsyncClient, ada: httpx.AsyncClient):
    approval = await ask(MARY, PAUL, type="all")
    assert told(await vote(ada, approval)) == (403, "not_an_approver")
    counted = await vote(mary, approval, reason="fine")
    assert (counted.status_code, counted.json()) == (200, {"verdict": "counted", "status": "pending"})
    assert told(await vote(mary, approval, "rejected")) == (409, "already_voted")
    seen = (await ada.get(f"/v1/approvals/{approval}")).json()
    assert (seen["status"], seen["approval"]["type"]) == ("pending", "all")
    (cast,) = seen["votes"]
    assert (cast["person"], cast["name"], cast["approves"], cast["reason"]) == (MARY, f"The {MARY}", True, "fine")


async def test_a_role_of_the_token_counts(ask: Ask, ada: httpx.AsyncClient, mary: httpx.AsyncClient):
    approval = await ask(roles=("boss",))
    assert told(await vote(mary, approval)) == (403, "not_an_approver")
    assert (await vote(ada, approval, "rejected")).json() == {"verdict": "decided", "status": "rejected"}
    assert told(await vote(ada, approval)) == (409, "already_resolved")


async def test_only_an_operator_votes_for_others(ask: Ask, mary: httpx.AsyncClient, otto: httpx.AsyncClient):
    approval = await ask(PAUL, MARY, type="all")
    assert told(await vote(mary, approval, user_id=PAUL)) == (403, "missing_scope")
    assert (await vote(mary, approval, user_id=MARY.upper())).json()["verdict"] == "counted"
    assert (await vote(otto, approval, user_id=PAUL)).json()["verdict"] == "decided"


async def test_a_token_without_the_scope_votes_on_nothing(ask: Ask, nina: httpx.AsyncClient):
    approval = await ask(MARY)
    assert told(await vote(nina, approval)) == (403, "missing_scope")
    assert told(await nina.get("/v1/approvals")) == (403, "missing_scope")


async def test_a_vote_that_is_sent_again_is_answered_as_before(ask: Ask, mary: httpx.AsyncClient):
    approval = await ask(MARY)
    first, second = [await vote(mary, approval, key="k") for _ in range(2)]
    assert first.json() == second.json() == {"verdict": "decided", "status": "approved"}
    assert (first.status_code, second.status_code) == (200, 200)
    assert "idempotency-replayed" in second.headers
    assert told(await vote(mary, approval, "rejected", key="k")) == (422, "idempotency_key_reused")


async def test_a_vote_whose_answer_was_lost_is_no_late_one(
    ask: Ask, mary: httpx.AsyncClient, otto: httpx.AsyncClient, pool: asyncpg.Pool
):
    approval = await ask(MARY, PAUL, type="all")
    votes = ((mary, MARY), (otto, PAUL))
    answers = [(await vote(client, approval, user_id=user, key="k")).json() for client, user in votes]
    # As after a crash between the vote and its answer.
    await pool.execute("UPDATE workflow.idempotency_keys SET status = NULL, response = NULL")
    again = [await vote(client, approval, user_id=user, key="k") for client, user in votes]
    assert [response.json()["verdict"] for response in again] == [answer["verdict"] for answer in answers]
    assert [response.json()["status"] for response in again] == ["approved", "approved"]
    assert told(await vote(mary, approval, "rejected")) == (409, "already_resolved")


async def test_lists(ask: Ask, mary: httpx.AsyncClient, pool: asyncpg.Pool):
    for user in (MARY, PAUL, MARY):
        await ask(user)
    answered = (await mary.get("/v1/approvals", params={"mine": True, "limit": 1})).json()
    (newest,) = answered["approvals"]
    rest = (await mary.get("/v1/approvals", params={"mine": True, "cursor": answered["next"]})).json()
    assert [item["approval"]["approvers"]["users"] for item in rest["approvals"]] == [[MARY]]
    assert rest["next"] is None
    assert (await mary.get("/v1/approvals", params={"run": newest["execution_id"]})).json()["approvals"] == [newest]
    assert len((await mary.get("/v1/approvals")).json()["approvals"]) == 3
    await vote(mary, UUID(newest["approval_id"]))
    waiting = (await mary.get("/v1/approvals", params={"status": "pending", "mine": True})).json()
    assert newest["approval_id"] not in [item["approval_id"] for item in waiting["approvals"]]
    (reply,) = await pool.fetch("SELECT id FROM workflow.questions WHERE state = 'answered'")
    assert str(reply["id"]) == newest["approval_id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"resolution": "maybe"}, 422), ({"resolution": "approved", "reason": "x" * 2001}, 422)],
)
async def test_a_vote_that_cannot_be_read(ask: Ask, mary: httpx.AsyncClient, body: dict[str, Any], status: int):
    approval = await ask(MARY)
    response = await mary.post(f"/v1/approvals/{approval}/votes", json=body)
    assert told(response) == (status, "invalid_request")


async def test_an_approval_that_is_not_there(mary: httpx.AsyncClient):
    assert told(await mary.get(f"/v1/approvals/{uuid4()}")) == (404, "approval_not_found")
    assert told(await vote(mary, uuid4())) == (404, "approval_not_found")
    assert told(await mary.get("/v1/approvals/x")) == (422, "invalid_request")


async def test_a_misspelt_filter_lists_nothing(mary: httpx.AsyncClient):
    refused = await mary.get("/v1/approvals", params={"staus": "pending"})
    assert told(refused) == (422, "invalid_request")
    assert "query.staus" in refused.json()["error"]["message"]
    assert "status" in refused.json()["error"]["mend"]
