"""Runs stay below what Temporal allows: histories, and what one workflow task sends."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from datetime import timedelta
from random import Random

import pytest
import pytest_asyncio
from ichor_executor.temporal import continuation
from ichor_models import Case, RunStatus
from ichor_testing import start_temporal, until
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner

from .conftest import Bench, worker

MIB = 2**20
SUGGESTED = 40


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def suggesting() -> AsyncGenerator[Client]:
    """A Temporal that suggests to continue as new after some events."""
    async with start_temporal(dynamic_config={"limit.historyCount.suggestContinueAsNew": SUGGESTED}) as server:
        yield await server.connect()


def beside_a_chain(length: int) -> GraphBuilder:
    """Return an action that takes long, beside a chain."""
    builder = GraphBuilder().action("long").action("a0").start("long", "a0")
    for index in range(1, length):
        builder.action(f"a{index}").then(f"a{index - 1}", f"a{index}")
    return builder


async def test_an_action_that_takes_long_holds_nothing_up(suggesting: Client) -> None:
    handlers = FakeHandlers()
    handlers.gates["long"] = asyncio.Event()
    async with worker(suggesting, handlers, UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(beside_a_chain(20).rule(), Case())
        await called(bench, "a19")
        assert (await handle.describe()).raw_description.workflow_execution_info.first_run_id == (
            await handle.describe()
        ).run_id
        handlers.gates["long"].set()
        assert (await bench.record(handle)).status is RunStatus.COMPLETED


async def test_the_first_quiet_point_after_the_suggestion_is_taken(suggesting: Client) -> None:
    async with worker(suggesting, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(beside_a_chain(40).rule(), Case())
        assert (await bench.record(handle)).status is RunStatus.COMPLETED
        assert await bench.was_continued(handle)


@pytest.mark.parametrize("patience", [timedelta(seconds=1), timedelta(hours=1)])
async def test_a_long_history_is_pressed_to_a_quiet_point_for_a_while(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, patience: timedelta
) -> None:
    monkeypatch.setattr(continuation, "_EVENTS", SUGGESTED)
    monkeypatch.setattr(continuation, "_PATIENCE", patience)
    handlers = FakeHandlers()
    handlers.gates["long"] = asyncio.Event()
    async with worker(temporal_client, handlers, UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(beside_a_chain(12).rule(), Case())
        if patience < timedelta(hours=1):
            await called(bench, "a11")
        else:
            await until_held(bench)
            assert "a11" not in {call.name for call in handlers.calls}
        handlers.gates["long"].set()
        assert (await bench.record(handle)).status is RunStatus.COMPLETED


async def test_a_workflow_task_sends_no_more_than_temporal_takes(temporal_client: Client) -> None:
    builder = GraphBuilder()
    for index in range(40):
        builder.action(f"a{index}", text="{{ text }}").start(f"a{index}")
    async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(builder.rule(), Case(trigger_data={"text": "x" * 300_000}))
        assert (await bench.record(handle)).status is RunStatus.COMPLETED
        sent: defaultdict[int, int] = defaultdict(int)
        async for event in handle.fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                task = event.activity_task_scheduled_event_attributes.workflow_task_completed_event_id
                sent[task] += event.ByteSize()
    assert len(sent) > 10
    assert max(sent.values()) < 1.5 * MIB


async def test_what_is_large_beside_the_configs_is_spread_over_tasks_too(temporal_client: Client) -> None:
    builder = GraphBuilder()
    for index in range(20):
        builder.action(f"a{index}").start(f"a{index}")
    name = Random(1).randbytes(MIB // 4).hex()
    async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(builder.rule(name), Case())
        assert (await bench.record(handle)).status is RunStatus.COMPLETED


async def called(bench: Bench, name: str) -> None:
    async def is_so() -> bool:
        return name in {call.name for call in bench.handlers.calls}

    await until(is_so, f"a call of {name}")


async def until_held(bench: Bench) -> None:
    """Wait until all actions but the long one have ended, and none follows."""
    ended = -1

    async def is_so() -> bool:
        nonlocal ended
        before, ended = ended, len(bench.handlers.calls)
        return bench.handlers.running == 1 and ended == before > 5

    await until(is_so, "nothing in flight but the long action", pause=1.0)
