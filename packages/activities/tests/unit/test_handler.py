from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from ichor_activities import (
    ActionContext,
    Config,
    Handler,
    InvalidHandler,
    InvalidResult,
    NotTransactional,
    Result,
    action,
    wrap_existing,
)
from ichor_models import ActionPolicy, ConfigError
from pydantic import BaseModel


class Greeting(Config):
    name: str
    loud: bool = False


class Greeted(Result):
    text: str


@action("greet", ports=("success", "ignored"), policy=ActionPolicy(timeout=timedelta(seconds=9)))
async def greet(config: Greeting, run: ActionContext) -> Greeted:
    text = f"Hello {config.name}"
    return Greeted(text=text.upper() if config.loud else text)


def test_declares_its_type() -> None:
    assert greet.type.name == "greet"
    assert greet.type.config is Greeting
    assert greet.type.all_ports == ("success", "ignored", "failure")
    assert greet.type.policy.timeout == timedelta(seconds=9)
    assert greet.result is Greeted
    assert not greet.transactional


async def test_performs(make_call: Any) -> None:
    result = await greet.perform({"name": "Ada", "loud": True}, ActionContext(make_call("greet")))
    assert result == {"text": "HELLO ADA", "output": "success"}


async def test_fits_numbers_and_null_into_text(make_call: Any) -> None:
    run = ActionContext(make_call("greet"))
    assert (await greet.perform({"name": 6.0}, run))["text"] == "Hello 6"
    assert (await greet.perform({"name": None}, run))["text"] == "Hello "


async def test_refuses_a_config_without_telling_values(make_call: Any) -> None:
    with pytest.raises(ConfigError, match="loud") as error:
        await greet.perform({"name": "Ada", "loud": "top secret"}, ActionContext(make_call("greet")))
    assert "top secret" not in str(error.value)
    assert not error.value.retryable


async def test_can_be_called_as_a_function(make_call: Any) -> None:
    assert await greet(Greeting(name="Ada"), ActionContext(make_call("greet"))) == Greeted(text="Hello Ada")


async def test_a_class_can_be_a_handler(make_call: Any) -> None:
    class Count:
        async def __call__(self, config: Greeting, run: ActionContext) -> dict[str, int]:
            return {"letters": len(config.name)}

    for handler in (action("count")(Count), action("count")(Count())):
        result = await handler.perform({"name": "Ada"}, ActionContext(make_call("count")))
        assert result == {"letters": 3, "output": "success"}


async def test_refuses_functions_that_do_not_say_enough() -> None:
    async def no_config(config: str, run: ActionContext) -> Greeted: ...
    async def no_result(config: Greeting, run: ActionContext): ...
    async def one_argument(config: Greeting) -> Greeted: ...
    def not_async(config: Greeting, run: ActionContext) -> Greeted: ...
    async def unreadable(config: Greeting, run: ActionContext) -> Greeted: ...

    unreadable.__annotations__["config"] = "Nowhere"
    functions: list[Any] = [no_config, no_result, one_argument, not_async, unreadable]
    for function in functions:
        with pytest.raises(InvalidHandler, match="bad"):
            action("bad")(function)


@pytest.mark.parametrize(
    "declared", [{"name": ""}, {"name": "bad", "ports": ()}, {"name": "bad", "ports": ("failure",)}]
)
def test_refuses_a_handler_without_a_type_or_a_port(declared: dict[str, Any]) -> None:
    async def greet(config: Greeting, run: ActionContext) -> Greeted: ...

    with pytest.raises(InvalidHandler, match="needs a type and a port"):
        action(**declared)(greet)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ({"output": "elsewhere"}, "elsewhere"),
        ({"value": float("nan")}, "NaN"),
        ({"value": object()}, "no JSON"),
        (["a"], "list"),
        (None, "NoneType"),
        ("text", "str"),
    ],
)
async def test_refuses_results_that_are_none(make_call: Any, returned: Any, message: str) -> None:
    @action("odd")
    async def odd(config: Greeting, run: ActionContext) -> dict[str, Any]:
        return returned

    with pytest.raises(InvalidResult, match=message):
        await odd.perform({"name": "x"}, ActionContext(make_call("odd")))


async def test_results_become_json(make_call: Any) -> None:
    class Odd(BaseModel):
        id: UUID
        nul: str

    @action("odd")
    async def odd(config: Greeting, run: ActionContext) -> Mapping[str, Any]:
        return {"odd": Odd(id=UUID(int=1), nul="a\0b"), "output": "failure"}

    result = await odd.perform({"name": "x"}, ActionContext(make_call("odd")))
    assert result == {"odd": {"id": str(UUID(int=1)), "nul": "a\ufffdb"}, "output": "failure"}


async def test_a_transaction_must_be_declared(make_call: Any) -> None:
    run = ActionContext(make_call("greet"))
    with pytest.raises(NotTransactional, match="transactional=True"):
        _ = run.transaction


def test_ids_are_the_same_in_every_attempt(make_call: Any) -> None:
    call = make_call("greet")
    first, second = ActionContext(call, attempt=1), ActionContext(call, attempt=2)
    assert first.new_id("a") == second.new_id("a") != first.new_id("b")
    assert first.idempotency_key == second.idempotency_key


async def test_wraps_what_exists(make_call: Any) -> None:
    import threading

    main = threading.get_ident()

    def plain(config: Greeting) -> dict[str, Any]:
        return {"other_thread": threading.get_ident() != main}

    async def with_context(config: Greeting, run: ActionContext) -> dict[str, Any]:
        return {"action": run.action, "output": "failure"}

    run = ActionContext(make_call("legacy"))
    old: Handler[Any] = wrap_existing("legacy", plain, config=Greeting)
    assert await old.perform({"name": "x"}, run) == {"other_thread": True, "output": "success"}
    other = wrap_existing("legacy", with_context, config=Greeting, ports=("success",))
    assert await other.perform({"name": "x"}, run) == {"action": "Tell sales", "output": "failure"}
    with pytest.raises(InvalidHandler, match="legacy"):
        wrap_existing("legacy", lambda: {}, config=Greeting)
