"""The API keeps to what it says of itself, whatever it is sent."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from ichor_edgestore import EdgeStore
from ichor_models import ActionCall, EntityEvent, RuleId
from ichor_testing.ports import LOOPBACK
from ichor_trigger.api.application import application
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.guard import Limits
from ichor_trigger.api.token_file import TokenFile
from ichor_trigger.links import Links
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks
from starlette.types import ASGIApp

type Serve = Callable[[ASGIApp], AbstractAsyncContextManager[int]]
type SaveRule = Callable[[object], Awaitable[RuleId]]

RULE = {
    "name": "By hand",
    "trigger": {"entity": "orders", "event": "manual"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}
EXAMPLES = settings(
    max_examples=10,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest_asyncio.fixture(loop_scope="session")
async def address(temporal_links: Links, tokens: TokenFile, serve: Serve) -> AsyncGenerator[str]:
    """Where the API is served, over a real port."""
    async with serve(application(temporal_links, Authenticator(tokens, None), Limits(body=20_000))) as port:
        yield f"http://{LOOPBACK}:{port}"


async def test_no_path_is_open(address: str):
    async with httpx.AsyncClient(base_url=address) as stranger:
        for path in ("/", "//", "/v1", "/v1/runs/", "/%0A", "/v1/rules%0A", "/healthz", "/docs"):
            response = await stranger.get(path)
            assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized"), path


async def test_whatever_is_sent_is_answered_as_declared(
    address: str,
    ada: httpx.AsyncClient,
    save_rule: SaveRule,
    ask: Callable[..., Awaitable[UUID]],
    pool: asyncpg.Pool,
):
    rule_id = await save_rule(RULE)
    event = EntityEvent.model_validate({"event_id": "e1", "event_type": "manual", "entity_name": "orders"})
    run = await EdgeStore(pool).pin_run(rule_id, event)
    call = ActionCall(run=run.request.run, key="k", name="wait", type="delay", config={})
    await EdgeStore(pool).journal.completed(call, {"waited": True})
    document = (await ada.get("/openapi.json")).json()
    approval = await ask(roles=("boss",))
    known: dict[str, str] = {
        "rule_id": rule_id,
        "run": run.execution_id,
        "approval_id": str(approval),
        "action": "wait",
    }
    explorer = Explorer(address, ada.headers["authorization"], known)
    answered = await asyncio.to_thread(explorer.explore, document)
    assert len(answered) == 12
    assert all(statuses & {200, 202} for statuses in answered.values()), answered
    assert all(statuses & {400, 404, 422} for statuses in answered.values()), answered


@dataclass
class Explorer:
    """Sends generated requests to the API at an address; half of the good ones name what exists.

    Each answer is checked: no error of the server, status, headers and body as declared, bad data and methods refused,
    and the same request without the token, or with another, too.
    """

    address: str
    token: str
    known: dict[str, str]

    def explore(self, document: dict[str, Any]) -> dict[str, set[int]]:
        """Return the statuses that each operation answered with."""
        load_all_checks()
        schema: Any = schemathesis.openapi.from_dict(document)
        with requests.Session() as session:
            return {found.ok().label: self._operation(found.ok(), session) for found in schema.get_all_operations()}

    def _operation(self, operation: Any, session: requests.Session) -> set[int]:
        answered: set[int] = set()
        may_be_refused: Any = vars(checks)["positive_data_acceptance"]

        def send(case: Any, excluded: list[Any]) -> None:
            headers = {"Authorization": self.token}
            response = case.call(base_url=self.address, session=session, headers=headers)
            answered.add(response.status_code)
            case.validate_response(response, excluded_checks=excluded, headers=headers)

        @EXAMPLES
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), known=booleans())
        def good(case: Case[Any], known: bool) -> None:
            if known:
                for given in (case.path_parameters, case.query):
                    given.update({name: value for name, value in self.known.items() if name in given})
            send(case, [may_be_refused])

        @EXAMPLES
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def bad(case: Case[Any]) -> None:
            send(case, [])

        good()
        bad()
        return answered
