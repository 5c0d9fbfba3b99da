"""`ichor approve` where roles are asked: what it says of roles that are missing, or that do not count."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from subprocess import CompletedProcess
from typing import Any
from uuid import UUID

import pytest
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected
from ichor_models import ActionCall, Approval, Approvers, EntityEvent, Question, Rule, question_id
from ichor_testing import Database

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]

USER = str(UUID(int=1))


@pytest.fixture
async def approval(database: Database, rule: dict[str, Any]) -> str:
    """Return the id of an approval that the role boss is asked."""
    event = EntityEvent.model_validate({"event_id": "e1", "event_type": "on_create", "entity_name": "orders"})
    async with connected(database.url, max_size=1) as pool:
        store = EdgeStore(pool)
        saved = await store.save_rule(Rule.model_validate(rule), catalogue=discover().catalogue)
        run = (await store.pin_run(saved.rule_id, event)).request.run
        call = ActionCall(run=run, key="k", name="ask", type="seek_approval", config={})
        await store.journal.started(call)
        asked = Approval(approvers=Approvers(roles=("boss",)))
        async with store.journal.transaction(call) as transaction:
            await transaction.ask(Question(timeout=timedelta(hours=1), approval=asked))
        return str(question_id(call))


async def test_a_role_that_nobody_gave_is_asked_for(ichor: Ichor, approval: str) -> None:
    told = await ichor("approve", approval, "--as", USER)
    assert (told.returncode, "where that is a role, give --role" in told.stderr) == (1, True)
    voted = await ichor("approve", approval, "--as", USER, "--role", "boss", "--json")
    assert (voted.returncode, json.loads(voted.stdout)["status"], voted.stderr) == (0, "approved", "")


async def test_a_role_that_does_not_count_is_told(ichor: Ichor, approval: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICHOR_ROLES_SQL", "SELECT 'clerk' WHERE $1 <> ''")
    told = await ichor("approve", approval, "--as", USER, "--role", "boss")
    assert told.returncode == 1
    assert "--role is ignored: ICHOR_ROLES_SQL says who has a role." in told.stderr
    assert "give --role" not in told.stderr
    listed = await ichor("approvals", "--as", USER, "--role", "boss", "--json")
    assert (json.loads(listed.stdout)["approvals"], "--role is ignored" in listed.stderr) == ([], True)
