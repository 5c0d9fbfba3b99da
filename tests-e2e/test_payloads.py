"""Large values: whatever an action returns, an event holds or a graph weighs, the run ends well."""

import hashlib
from base64 import b85encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import asyncpg
import pytest
from ichor_activities import ActionContext, Config, Registry, SecretFiles, Services, action
from ichor_activities.temporal import activities
from ichor_edgestore import EdgeStore, RunView, connected, migrate, migrations, whole_result
from ichor_executor.temporal import ExecuteGraphWorkflow, engine_activities, start_run
from ichor_models import EntityEvent, Rule, StoredResult, size_of
from ichor_testing import Database, PostgresServer, TemporalServer, isolated_task_queue, template_database, until
from ichor_testing.graph_builder import GraphBuilder
from pydantic import JsonValue
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

MEGABYTE = 1_000_000
TEMPORAL_TAKES = 2 * 1024 * 1024
MUCH_AT_ONCE = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND
"""The server gives a task out again when more than 100 events came while a worker had it."""


class Weight(Config):
    bytes: int
    seed: int = 0
    dense: bool = False


class Message(Config):
    message: JsonValue = None


@action("return_large")
async def return_large(config: Weight, run: ActionContext) -> dict[str, Any]:
    items = [{"name": f"item {number}", "fill": "é" * 100} for number in range(10)]
    return {"items": items, "fill": (noise if config.dense else words)(config.bytes, config.seed)}


@action("measure")
async def measure(config: Message, run: ActionContext) -> dict[str, Any]:
    small = size_of(config.message) < 1000
    return {"bytes": size_of(config.message), "message": config.message if small else None}


def words(size: int, seed: int = 0) -> str:
    """Return text that is half as large where it is compressed."""
    return Random(seed).randbytes(size // 2).hex()


def noise(size: int, seed: int) -> str:
    """Return text that is hardly smaller where it is compressed."""
    return b85encode(Random(seed).randbytes(size * 4 // 5)).decode()


@pytest.fixture(scope="session")
async def postgres_template(shared_postgres: PostgresServer) -> str:
    """Every test's database is a copy of a migrated one."""
    key = hashlib.sha256("".join(step.sql for step in migrations()).encode()).hexdigest()[:16]
    return await template_database(shared_postgres, f"payloads_{key}", _migrate)


async def _migrate(url: str) -> None:
    async with connected(url) as pool:
        await migrate(pool)


class Bench:
    """A database, and a worker that knows both types."""

    def __init__(self, pool: asyncpg.Pool, client: Client) -> None:
        self.pool = pool
        self.store = EdgeStore(pool)
        self.task_queue = isolated_task_queue()
        self._client = client
        self._registry = Registry([return_large, measure])

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        """Let a worker work."""
        own = activities(self._registry, self.store.journal, Services(), SecretFiles())
        async with Worker(
            self._client,
            task_queue=self.task_queue,
            workflows=[ExecuteGraphWorkflow],
            activities=[*own, *engine_activities(self.store)],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_concurrent_activities=100,
            debug_mode=True,  # Else a step that the activities of this process hold up for two seconds fails.
        ):
            yield

    async def run(self, rule: Rule, **raw_data: JsonValue) -> RunView:
        """Run a rule to its end, and see that no payload and no task came near what Temporal takes."""
        saved = await self.store.save_rule(rule, catalogue=self._registry.catalogue)
        event = {"event_id": "e1", "event_type": "on_create", "entity_name": "orders", "raw_data": raw_data}
        pinned = await self.store.pin_run(saved.rule_id, EntityEvent.model_validate(event))
        await start_run(
            self._client,
            pinned.request,
            workflow_id=pinned.workflow_id,
            task_queue=self.task_queue,
            store=self.store.values,
        )
        handle = self._client.get_workflow_handle(pinned.workflow_id)

        async def has_ended() -> bool:
            return (await self.store.get_run(pinned.execution_id)).status.ended

        await until(has_ended, "the end of the run", seconds=600)
        async for event in handle.fetch_history_events():
            assert event.ByteSize() < TEMPORAL_TAKES
            assert event.workflow_task_failed_event_attributes.cause in (0, MUCH_AT_ONCE), event
        return await self.store.get_run(pinned.execution_id)


@pytest.fixture
async def bench(postgres_database: Database, shared_temporal: TemporalServer) -> AsyncGenerator[Bench]:
    """A worker at work."""
    async with connected(postgres_database.url, max_size=20) as pool:
        client = await shared_temporal.connect(find_values=lambda: made.store.values)
        made = Bench(pool, client)
        async with made.working():
            yield made


def result_of(view: RunView, name: str) -> dict[str, JsonValue]:
    """Return the result of an action that completed."""
    found = next(item for item in view.actions if item.name == name)
    assert (found.state, found.error) == ("completed", None)
    return found.result or {}


async def test_50_megabytes_are_recorded_small_and_kept_whole(bench: Bench):
    rule = GraphBuilder().action("big", "return_large", bytes=50 * MEGABYTE).start("big").rule()
    view = await bench.run(rule)
    assert view.status == "completed"
    assert StoredResult.of(result_of(view, "big"))
    assert size_of(view.model_dump(mode="json")) < 10_000
    whole: Any = await whole_result(bench.store, view.execution_id, "big")
    assert (len(whole["fill"]), whole["items"][3]["name"]) == (50 * MEGABYTE, "item 3")


async def test_the_next_action_reads_into_50_megabytes(bench: Bench):
    rule = (
        GraphBuilder()
        .action("big", "return_large", bytes=50 * MEGABYTE)
        .action("name", "measure", message="{{big.items.3.name}} of {{big.output}}")
        .start("big")
        .then("big", "name")
        .rule()
    )
    view = await bench.run(rule)
    assert result_of(view, "name")["message"] == "item 3 of success"


async def test_a_whole_large_value_is_handed_to_the_next_action(bench: Bench):
    rule = (
        GraphBuilder()
        .action("big", "return_large", bytes=10 * MEGABYTE)
        .action("part", "measure", message="{{big.fill}}")
        .action("whole", "measure", message={"all": ["{{big}}"]})
        .start("big")
        .then("big", "part")
        .then("part", "whole")
        .rule()
    )
    view = await bench.run(rule)
    assert result_of(view, "part")["bytes"] == 10 * MEGABYTE + 2
    large = await whole_result(bench.store, view.execution_id, "big")
    assert result_of(view, "whole")["bytes"] == size_of({"all": [large]})


async def test_an_event_of_5_megabytes_runs(bench: Bench):
    rule = GraphBuilder().action("told", "measure", message="{{name}}").start("told").rule()
    view = await bench.run(rule, name="small", blob=words(5 * MEGABYTE))
    assert result_of(view, "told")["message"] == "small"


async def test_a_large_part_of_an_event_is_handed_to_an_action_by_reference(bench: Bench):
    rule = GraphBuilder().action("told", "measure", message="{{blob}}").start("told").rule()
    view = await bench.run(rule, blob=words(5 * MEGABYTE))
    assert result_of(view, "told")["bytes"] == 5 * MEGABYTE + 2
    owners = await bench.pool.fetch("SELECT DISTINCT run FROM workflow.payloads")
    assert [row["run"] for row in owners] == [view.execution_id]


async def test_500_results_of_100_kilobytes_are_read_by_one_action(bench: Bench):
    names = [f"part {number}" for number in range(500)]
    builder = GraphBuilder()
    for number, name in enumerate(names):
        builder.action(name, "return_large", bytes=100_000, seed=number).start(name)
    builder.action("last", "measure", message=[f"{{{{{name}}}}}" for name in names]).join("last", *names)
    view = await bench.run(builder.rule())
    assert all(StoredResult.of(result_of(view, name)) for name in names)
    read: Any = result_of(view, "last")["bytes"]
    assert 500 * 100_000 < read < 500 * 103_000


async def test_700_actions_of_120_kilobytes_each_at_once(bench: Bench):
    """More than the 50 MiB of history at which Temporal ends a workflow, however well it is compressed."""
    names = [f"part {number}" for number in range(700)]
    builder = GraphBuilder()
    for number, name in enumerate(names):
        builder.action(name, "return_large", bytes=120_000, seed=number, dense=True).start(name)
    builder.action("last", "measure", message="{{part 7.items.3.name}}").join("last", *names)
    view = await bench.run(builder.rule(max_in_flight=1500))
    assert view.status == "completed"
    assert result_of(view, "last")["message"] == "item 3"
