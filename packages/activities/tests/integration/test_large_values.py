"""Results that are too large to travel, and configs with stored values, in a real database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from ichor_activities import ActionContext, Config, action
from ichor_activities.handler import AnyHandler
from ichor_activities.performer import Attempt, Performer
from ichor_models import (
    LARGEST,
    MOST,
    STORED,
    TRUNCATED,
    ActionCall,
    ActionError,
    Excess,
    Question,
    SecretPlace,
    StoredPlace,
    StoredResult,
    StoredValue,
    ValueLimit,
    size_of,
)
from pydantic import Field, JsonValue
from pydantic_core import from_json

MEGABYTE = 1_000_000
TOKEN = "{{secret:token}}"


class Large(Config):
    bytes: int = 0
    token: str = ""
    items: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    nested: dict[str, Any] = Field(default_factory=dict[str, Any])


async def large(config: Large, run: ActionContext) -> dict[str, Any]:
    items = [{"name": f"item {number}", "token": config.token} for number in range(10)]
    return {"items": items, "fill": "x" * config.bytes}


return_large = action("return_large")(large)
return_in_transaction = action("return_in_transaction", transactional=True)(large)


@action("return_at_once", asks=True)
async def return_at_once(config: Large, run: ActionContext) -> dict[str, Any] | Question:
    return await large(config, run)


@action("count_items")
async def count_items(config: Large, run: ActionContext) -> dict[str, Any]:
    return {"count": len(config.items), "nested": config.nested, "has_token": config.token == "hunter2"}


@action("forge")
async def forge(config: Large, run: ActionContext) -> dict[str, Any]:
    return {STORED: {"values": {}, "parts": {}}}


async def known(pool: asyncpg.Pool, call: ActionCall, *reads: str) -> ActionCall:
    await pool.execute(
        "INSERT INTO workflow.automation_executions (id, entity_type, trigger_data, status, executed_at)"
        " VALUES ($1, 'orders', '{}', 'running', now())",
        call.run.execution_id,
    )
    return call.model_copy(update={"reads": reads})


@pytest.mark.parametrize("handler", [return_large, return_in_transaction, return_at_once], ids=lambda h: h.type.name)
async def test_of_50_megabytes_travels_what_is_read(
    performer: Performer, pool: asyncpg.Pool, make_call: Any, handler: AnyHandler
) -> None:
    call = await known(pool, make_call(handler.type.name, {"bytes": 50 * MEGABYTE}), "items.3.name", "fill")
    result = await performer.perform(handler, call, Attempt())
    assert size_of(result) < 1000
    stored = StoredResult.of(result)
    assert stored is not None
    assert stored.values == {"output": "success", "branch_taken": None, "items.3.name": "item 3"}
    assert stored.parts["fill"].size == 50 * MEGABYTE + 2
    whole = from_json(await performer.journal.values.get(call.run.execution_id, stored.parts[""].key))
    assert (len(whole["items"]), len(whole["fill"])) == (10, 50 * MEGABYTE)
    assert (await performer.begin(call)).recorded == result
    assert await pool.fetchval("SELECT sum(length(body)) FROM workflow.payloads") < MEGABYTE


async def test_what_is_stored_holds_no_secret(performer: Performer, pool: asyncpg.Pool, make_call: Any) -> None:
    secret = SecretPlace(path=("token",), start=0, name="token")
    call = make_call("return_large", {"bytes": MEGABYTE, "token": TOKEN}, secrets=[secret])
    call = await known(pool, call, "items")
    stored = StoredResult.of(await performer.perform(return_large, call, Attempt()))
    assert stored is not None
    body = await performer.journal.values.get(call.run.execution_id, stored.parts[""].key)
    assert (b"hunter2" in body, TOKEN.encode() in body) == (False, True)


async def test_a_handler_gets_stored_values_in_their_places(
    performer: Performer, pool: asyncpg.Pool, make_call: Any
) -> None:
    call = await known(pool, make_call("count_items", {"items": None, "nested": {"a": [1, None]}, "token": TOKEN}))
    bodies = {"a" * 64: b'[{"n":1},{"n":2}]', "b" * 64: b'"deep"'}
    await performer.journal.values.put(call.run.execution_id, bodies)
    items, deep = (StoredValue(key=key, size=len(body)) for key, body in bodies.items())
    places = (StoredPlace(path=("items",), value=items), StoredPlace(path=("nested", "a", 1), value=deep))
    secret = SecretPlace(path=("token",), start=0, name="token")
    call = call.model_copy(update={"stored": places, "secrets": (secret,)})
    result = await performer.perform(count_items, call, Attempt())
    assert result == {"count": 2, "nested": {"a": [1, "deep"]}, "has_token": True, "output": "success"}
    assert call.config["items"] is None


async def test_a_stored_value_that_is_gone_fails_its_action(
    performer: Performer, pool: asyncpg.Pool, make_call: Any
) -> None:
    place = StoredPlace(path=("items",), value=StoredValue(key="a" * 64, size=5))
    call = (await known(pool, make_call("count_items", {"items": None}))).model_copy(update={"stored": (place,)})
    with pytest.raises(ActionError, match="is not in the database") as error:
        await performer.perform(count_items, call, Attempt())
    assert (error.value.type, error.value.retryable) == ("value_gone", False)


async def test_no_handler_may_forge_a_stored_result(performer: Performer, pool: asyncpg.Pool, make_call: Any) -> None:
    with pytest.raises(ActionError, match=r"returned the key 'ichor\.stored', which is the engine's") as error:
        await performer.perform(forge, await known(pool, make_call("forge")), Attempt())
    assert error.value.type == "result"


@pytest.mark.parametrize(
    ("fallback", "said"),
    [
        ({STORED: {}}, r"the key 'ichor\.stored'"),
        ({"text": "x" * LARGEST}, "are the most"),
        ({"output": "late"}, "the port 'late'; it declares success, failure"),
    ],
)
async def test_no_question_may_carry_such_a_result(
    performer: Performer, pool: asyncpg.Pool, make_call: Any, fallback: dict[str, JsonValue], said: str
) -> None:
    @action("ask_badly", asks=True)
    async def ask_badly(config: Large, run: ActionContext) -> Question:
        return Question(timeout=timedelta(hours=1), on_timeout=fallback)

    with pytest.raises(ActionError, match=said) as error:
        await performer.perform(ask_badly, await known(pool, make_call("ask_badly")), Attempt())
    assert error.value.type == "result"
    assert await pool.fetchval("SELECT count(*) FROM workflow.questions") == 0


async def test_where_nothing_is_stored_values_are_cut(performer: Performer, pool: asyncpg.Pool, make_call: Any) -> None:
    call = await known(pool, make_call("return_large", {"bytes": MEGABYTE}), "items.3.name")
    cutting = replace(performer, limit=ValueLimit(2000, Excess.CUT))
    result = await cutting.perform(return_large, call, Attempt())
    assert size_of(result) == 2000
    items: JsonValue = [{"name": f"item {number}", "token": ""} for number in range(10)]
    assert (result["items"], result["fill_truncated"]) == (items, True)
    assert str(result["fill"]).endswith(TRUNCATED)
    assert await pool.fetchval("SELECT count(*) FROM workflow.payloads") == 0


async def test_a_graph_may_let_less_travel(performer: Performer, pool: asyncpg.Pool, make_call: Any) -> None:
    call = await known(pool, make_call("return_large", {"bytes": 9000}))
    assert not StoredResult.of(await performer.perform(return_large, call, Attempt()))
    narrow = (await known(pool, make_call("return_large", {"bytes": 9000}))).model_copy(update={"largest": 8192})
    assert StoredResult.of(await performer.perform(return_large, narrow, Attempt()))


async def test_no_config_may_be_larger_than_any(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    places = [StoredPlace(path=(name,), value=StoredValue(key="a" * 64, size=MOST // 2 + 1)) for name in ("a", "b")]
    call = await known(pool, make_call("count_items", {"a": None, "b": None}))
    with pytest.raises(ActionError, match=f"large values of {MOST + 2} bytes; {MOST} are the most") as error:
        await performer.perform(count_items, call.model_copy(update={"stored": tuple(places)}), Attempt())
    assert (error.value.type, error.value.retryable) == ("too_large", False)


async def test_no_result_may_be_larger_than_any(pool: asyncpg.Pool, performer: Performer, make_call: Any) -> None:
    call = await known(pool, make_call("return_large", {"bytes": MOST}))
    with pytest.raises(ActionError, match=f"{MOST} are the most") as error:
        await performer.perform(return_large, call, Attempt())
    assert (error.value.type, error.value.retryable) == ("too_large", False)
    assert await pool.fetchval("SELECT count(*) FROM workflow.payloads") == 0
