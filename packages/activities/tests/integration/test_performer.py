"""One attempt, with the real journal."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from ichor_activities import ActionContext, Config, SecretFiles, Services, WebAccess, action
from ichor_activities.handler import AnyHandler
from ichor_activities.handlers import call_webhook
from ichor_activities.performer import Attempt, Performer
from ichor_models import ActionCall, ActionError, SecretPlace
from ichor_testing import free_port, start_http, until


class Charge(Config):
    amount: int
    token: str = ""


calls: list[str] = []


@action("charge_card", ports=("success", "declined"))
async def charge_card(config: Charge, run: ActionContext) -> dict[str, Any]:
    calls.append(run.idempotency_key)
    run.logger.info("charging with %s", config.token)
    if config.amount == 99:
        raise SystemExit(f"bad {config.token}")
    if config.amount < 0:
        raise RuntimeError(f"refused {config.token}")
    return {"token": config.token, "headers": {"auth": f"Bearer {config.token}"}}


@action("charge_slowly")
async def charge_slowly(config: Charge, run: ActionContext) -> dict[str, Any]:
    calls.append(run.idempotency_key)
    await asyncio.sleep(30)
    return {}


@action("write_twice", transactional=True)
async def write_twice(config: Charge, run: ActionContext) -> dict[str, Any]:
    await run.transaction.execute("INSERT INTO sales.statuses (name) VALUES ($1)", f"n{config.amount}")
    if config.amount < 0:
        raise ActionError("half done", type="half", retryable=True)
    return {"rows": await run.transaction.execute("UPDATE sales.statuses SET rank = $1", config.amount)}


@pytest.fixture(autouse=True)
def forget() -> None:
    calls.clear()


async def known(pool: asyncpg.Pool, call: ActionCall) -> ActionCall:
    await pool.execute(
        "INSERT INTO workflow.automation_executions (id, entity_type, trigger_data, status, executed_at)"
        " VALUES ($1, 'orders', '{}', 'running', now())",
        call.run.execution_id,
    )
    return call


def with_secret(make_call: Any, amount: int) -> ActionCall:
    place = SecretPlace(path=("token",), start=0, name="token")
    return make_call("charge_card", {"amount": amount, "token": "{{secret:token}}"}, secrets=[place])


async def _has_begun() -> bool:
    return bool(calls)


async def attempt(performer: Performer, handler: AnyHandler, call: ActionCall, seconds: float | None = None) -> Any:
    begun = await performer.begin(call)
    return begun.recorded or await performer.perform(handler, call, Attempt(begun.attempt, seconds))


async def journal(pool: asyncpg.Pool) -> dict[str, Any]:
    row = await pool.fetchrow("SELECT state, attempts, result, error FROM workflow.run_actions")
    assert row is not None
    return dict(row)


async def test_secrets_go_in_and_not_out(
    pool: asyncpg.Pool, performer: Performer, make_call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    call = await known(pool, with_secret(make_call, 5))
    with caplog.at_level(logging.INFO, "ichor.action"):
        result = await attempt(performer, charge_card, call)
    hidden = {"token": "{{secret:token}}", "headers": {"auth": "Bearer {{secret:token}}"}, "output": "success"}
    assert result == hidden
    assert await journal(pool) == {"state": "completed", "attempts": 1, "result": hidden, "error": None}
    assert [record.getMessage() for record in caplog.records] == ["charging with {{secret:token}}"]


async def test_no_library_logs_a_secret(
    pool: asyncpg.Pool, performer: Performer, make_call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    places = [SecretPlace(path=("url",), start=0, name="token"), SecretPlace(path=("body",), start=0, name="token")]
    async with start_http() as sink:
        opened = replace(performer, services=Services(web=WebAccess.parse("127.0.0.1")))
        config = {"url": "{{secret:token}}", "body": "{{secret:token}}"}
        secrets = SecretFiles(environment={"ICHOR_SECRET_TOKEN": f"{sink.url}/?key=hunter2"})
        call = await known(pool, make_call("call_webhook", config, secrets=places))
        with caplog.at_level(logging.DEBUG):
            result = await attempt(replace(opened, secrets=secrets), call_webhook, call)
        assert sink.requests[0].query == {"key": ["hunter2"]}
    assert result["output"] == "success"
    assert not [record for record in caplog.records if "hunter2" in record.getMessage()]


async def test_errors_hold_no_secret(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    call = await known(pool, with_secret(make_call, -1))
    with pytest.raises(ActionError):
        await attempt(performer, charge_card, call)
    with pytest.raises(ActionError) as raised:
        await attempt(performer, charge_card, call)
    error = {"message": "refused {{secret:token}}", "type": "RuntimeError", "retryable": True}
    assert raised.value.as_json() == error
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert await journal(pool) == {"state": "failed", "attempts": 2, "result": None, "error": error}


async def test_a_handler_that_exits_leaks_nothing(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    call = await known(pool, with_secret(make_call, 99))
    with pytest.raises(ActionError) as raised:
        await attempt(performer, charge_card, call)
    assert (raised.value.message, raised.value.type) == ("bad {{secret:token}}", "SystemExit")


async def test_what_is_done_is_not_done_again(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    call = await known(pool, make_call("charge_card", {"amount": 5}))
    first = await attempt(performer, charge_card, call)
    assert await attempt(performer, charge_card, call) == first
    assert len(calls) == 1


async def test_a_wrong_config_fails_before_anything_is_done(
    pool: asyncpg.Pool, performer: Performer, make_call: Any
) -> None:
    call = await known(pool, make_call("charge_card", {"amount": "much", "channels": []}))
    with pytest.raises(ActionError, match=r"amount.*channels") as error:
        await attempt(performer, charge_card, call)
    assert (error.value.type, error.value.retryable) == ("config", False)
    assert not calls


async def test_effects_and_result_are_one(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    half = await known(pool, make_call("write_twice", {"amount": -1}))
    with pytest.raises(ActionError, match="half"):
        await attempt(performer, write_twice, half)
    assert not await pool.fetchval("SELECT count(*) FROM sales.statuses")
    whole = await known(pool, make_call("write_twice", {"amount": 1}))
    result = await attempt(performer, write_twice, whole)
    assert result == await attempt(performer, write_twice, whole) == {"rows": 1, "output": "success"}
    assert await pool.fetchval("SELECT count(*) FROM sales.statuses") == 1


async def test_an_action_has_its_time(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    call = await known(pool, make_call("charge_slowly", {"amount": 1}))
    with pytest.raises(ActionError, match=r"longer than 0\.2 seconds") as error:
        await attempt(performer, charge_slowly, call, 0.2)
    assert (error.value.type, error.value.retryable) == ("timeout", True)
    assert (await journal(pool))["state"] == "failed"


async def test_cancelling_is_no_failure(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    call = await known(pool, make_call("charge_slowly", {"amount": 1}))
    task = asyncio.create_task(attempt(performer, charge_slowly, call, 20))
    await until(_has_begun, "the start of the action", pause=0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await journal(pool))["state"] == "running"


async def test_a_store_that_is_away_is_tried_again(performer: Performer, make_call: Any) -> None:
    pool = asyncpg.create_pool(f"postgresql://nobody@127.0.0.1:{free_port()}/x", min_size=0)
    from ichor_edgestore import EdgeStore

    away = Performer(EdgeStore(pool).journal, Services(), performer.secrets)
    with pytest.raises(ActionError) as error:
        await attempt(away, charge_card, make_call("charge_card", {"amount": 1}))
    assert error.value.retryable
    assert not calls
