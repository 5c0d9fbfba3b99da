"""The histories that more than a graph and a case makes: somebody replies, cancels, or time passes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from ichor_executor.temporal import REPLY, STOP
from ichor_models import Asked, Case, Reply, ReplyError, ReplyNotice, Rule, StoredResult, StoredValue
from ichor_testing import until
from ichor_testing.graph_builder import GraphBuilder
from temporalio.client import WorkflowHandle

from .conftest import Bench
from .graphs_of_histories import chain

type Handle = WorkflowHandle[object, object]
type Happened = Literal[
    "activity_task_scheduled_event_attributes",
    "activity_task_completed_event_attributes",
    "activity_task_timed_out_event_attributes",
    "timer_fired_event_attributes",
]
type Scene = Callable[[Bench], Awaitable[Handle]]

YES = Reply(result={"said": "yes"})
BUSY = Reply(error=ReplyError(message="busy", retryable=True))


def cleaned_up(**options: str) -> Rule:
    """Return reserve → pay, with release as the finally of both and tell after that."""
    builder = GraphBuilder().action("reserve").action("pay").action("release").action("tell")
    builder.start("reserve").then("reserve", "pay").always("reserve", "release").always("pay", "release")
    return builder.then("release", "tell").rule(**options)


async def calls(bench: Bench, count: int) -> None:
    """Wait until so many actions were begun."""

    async def reached() -> bool:
        return len(bench.handlers.calls) >= count

    await until(reached, f"{count} actions were begun")


async def happened(handle: Handle, attributes: Happened, count: int = 1) -> None:
    """Wait until the history of a run has so many events of a kind."""

    async def is_so() -> bool:
        return sum(event.HasField(attributes) for event in (await handle.fetch_history()).events) >= count

    await until(is_so, f"{count} times {attributes}")


async def timers(handle: Handle, count: int) -> None:
    """Wait until a run has set so many timers: then its questions are open."""

    async def reached() -> bool:
        events = (await handle.fetch_history()).events
        return sum(event.HasField("timer_started_event_attributes") for event in events) >= count

    await until(reached, f"{count} timers were set")


async def _ask(bench: Bench) -> Handle:
    bench.handlers.asks["a0"] = Asked(until=time.time() + 60, most=2, pause=0.05)
    handle = await bench.start(chain(2), Case())
    await timers(handle, 1)
    await handle.signal(REPLY, ReplyNotice(action_key="a0", ask=1, reply=BUSY))
    await timers(handle, 3)
    await handle.signal(REPLY, ReplyNotice(action_key="a0", ask=2, reply=YES))
    return handle


async def _approval(bench: Bench) -> Handle:
    bench.handlers.asks["boss"] = Asked(until=time.time() + 0.5, on_timeout={"output": "timed_out"})
    builder = GraphBuilder().action("boss", "seek_approval").action("ship").action("drop").start("boss")
    return await bench.start(
        builder.then("boss", "ship", port="approved").then("boss", "drop", port="timed_out").rule(), Case()
    )


async def _continue_as_new(bench: Bench) -> Handle:
    return await bench.start(chain(8), Case(), events_per_run=16)


async def _cancel(bench: Bench) -> Handle:
    bench.handlers.gates["a1"] = asyncio.Event()
    handle = await bench.start(chain(3), Case())
    await calls(bench, 2)
    await handle.cancel()
    return handle


async def _cancel_and_clean_up(bench: Bench) -> Handle:
    bench.handlers.gates["reserve"] = asyncio.Event()
    handle = await bench.start(cleaned_up(), Case())
    await calls(bench, 1)
    await handle.cancel()
    return handle


async def _cancel_beside_others(bench: Bench) -> Handle:
    """What others in flight may have asked is closed before cleanup."""
    bench.handlers.gates |= {"reserve": asyncio.Event(), "other": asyncio.Event()}
    rule = GraphBuilder().action("reserve").action("other").action("release").start("reserve", "other")
    handle = await bench.start(rule.always("reserve", "release").rule(), Case())
    await calls(bench, 2)
    await handle.cancel()
    return handle


async def _cancel_a_question(bench: Bench) -> Handle:
    bench.handlers.asks["ask"] = Asked(until=time.time() + 60)
    rule = GraphBuilder().action("ask").action("note").start("ask").always("ask", "note").rule()
    handle = await bench.start(rule, Case())
    await timers(handle, 1)
    await handle.cancel()
    return handle


async def _stop_cleanup(bench: Bench) -> Handle:
    bench.handlers.gates |= {"reserve": asyncio.Event(), "release": asyncio.Event()}
    handle = await bench.start(cleaned_up(), Case())
    await calls(bench, 1)
    await handle.cancel()
    await calls(bench, 2)
    await handle.signal(STOP)
    return handle


async def _deadline(bench: Bench) -> Handle:
    bench.handlers.gates["pay"] = asyncio.Event()
    return await bench.start(cleaned_up(deadline="1s"), Case())


async def _large_values(bench: Bench) -> Handle:
    """Large values of a result and of the trigger are read into, and handed on by reference."""
    stored = StoredValue(key="0" * 64, size=200_000)
    bench.handlers.case = Case.model_validate({"results": {"big": {"result": {"output": "success"}}}})
    result = bench.handlers.case.results["big"].result
    assert result is not None
    result.update(StoredResult(values={"output": "left", "name": "x"}, parts={"": stored}).as_result())
    builder = GraphBuilder().action("big").action("part", text="{{big.name}}: {{note}}").action("all", all="{{big}}")
    rule = builder.action("other").start("big").then("big", "part", port="left").then("big", "other", port="right")
    trigger = StoredResult(values={"note": "short"}, parts={"": stored})
    return await bench.start(rule.then("part", "all").rule(), Case(), trigger_data={}, stored_trigger=trigger)


async def _large_calls(bench: Bench) -> Handle:
    """Six calls of 300 KB do not go with one workflow task."""
    builder = GraphBuilder()
    for number in range(6):
        builder.action(f"a{number}", text="{{ text }}").start(f"a{number}")
    return await bench.start(builder.rule(), Case(trigger_data={"text": "x" * 300_000}))


async def _firing(bench: Bench) -> Handle:
    return await bench.fire(chain(2))


SCENES: dict[str, Scene] = {
    "ask": _ask,
    "approval": _approval,
    "continue_as_new": _continue_as_new,
    "cancel": _cancel,
    "cancel_and_clean_up": _cancel_and_clean_up,
    "cancel_beside_others": _cancel_beside_others,
    "cancel_a_question": _cancel_a_question,
    "stop_cleanup": _stop_cleanup,
    "deadline": _deadline,
    "scheduled": _firing,
    "large_values": _large_values,
    "large_calls": _large_calls,
}
"""Name of the history → how it comes about."""
CONTINUED = "continued"
"""The history of the run that continues `continue_as_new`."""
