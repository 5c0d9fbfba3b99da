"""The program `ichor-worker` as its own process, against real servers."""

import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio
from ichor_edgestore import EdgeStore
from ichor_executor.temporal import Started, start_run
from ichor_models import EntityEvent, ExecutionId, RuleId, RunStatus
from ichor_testing import until
from ichor_testing.engine_program import EngineProgram, start_program
from temporalio.client import Client

type SaveRule = Callable[[object], Awaitable[RuleId]]

AUDIT = {
    "name": "note",
    "type": "log_audit_entry",
    "config": {"entity_name": "orders", "action": "seen", "message": "Order {{entity_id}} over {{total}}"},
}


def rule(*actions: dict[str, Any], name: str = "Audit") -> dict[str, object]:
    names = [action["name"] for action in actions]
    edges = [{"source": None, "target": names[0], "type": "start"}]
    edges += [{"source": source, "target": target, "type": "sequence"} for source, target in pairwise(names)]
    trigger = {"entity": "orders", "event": "on_create"}
    return {"name": name, "trigger": trigger, "actions": actions, "edges": edges}


def event(event_id: str) -> EntityEvent:
    return EntityEvent.model_validate(
        {
            "event_id": event_id,
            "event_type": "on_create",
            "entity_name": "orders",
            "entity_id": "o1",
            "raw_data": {"total": 5},
        }
    )


@pytest_asyncio.fixture(loop_scope="session")
async def worker(environment: dict[str, str]) -> AsyncGenerator[EngineProgram]:
    async with start_program("ichor_worker", environment) as program:
        await program.ready()
        yield program


async def begin(pool: asyncpg.Pool, client: Client, rule_id: RuleId, event_id: str, task_queue: str) -> ExecutionId:
    pinned = await EdgeStore(pool).pin_run(rule_id, event(event_id))
    started = await start_run(client, pinned.request, workflow_id=pinned.workflow_id, task_queue=task_queue)
    assert started is Started.NOW
    return pinned.execution_id


async def status_is(pool: asyncpg.Pool, execution_id: ExecutionId, wanted: RunStatus) -> None:
    async def is_so() -> bool:
        return (await EdgeStore(pool).get_run(execution_id)).status is wanted

    await until(is_so, f"the status {wanted}")


async def test_a_run_goes_to_its_end_and_its_action_leaves_one_effect(
    worker: EngineProgram, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client, temporal_task_queue: str
):
    run = await begin(pool, temporal_client, await save_rule(rule(AUDIT)), "e1", temporal_task_queue)
    await status_is(pool, run, RunStatus.COMPLETED)
    assert await pool.fetchval("SELECT message FROM workflow.audit_log") == "Order o1 over 5"

    async def are_counted() -> bool:
        metrics, name = await worker.metrics(), 'ichor_action_seconds_count{{outcome="completed",type="{}"}}'
        action, engine = [metrics.get(name.format(type_), 0) for type_ in ("log_audit_entry", "(engine)")]
        return action == 1 and engine >= 2

    # The record is there a moment before its own activity is counted.
    await until(are_counted, "the metrics")


async def test_types_that_nobody_knows_are_one_in_the_metrics(
    worker: EngineProgram, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client, temporal_task_queue: str
):
    rule_id = await save_rule(rule(AUDIT))
    unknown = {"action_type": "nobody_knows_it"}
    await pool.execute("UPDATE workflow.rule_actions SET template_id = NULL, action_config = $1", unknown)
    await begin(pool, temporal_client, rule_id, "e1", temporal_task_queue)

    async def is_counted() -> bool:
        return 'ichor_action_seconds_count{outcome="failed",type="(unknown)"}' in await worker.metrics()

    await until(is_counted, "an action of an unknown type")


async def test_a_cancelled_action_hears_of_it_and_leaves_no_effect_beside_that_of_its_cleanup(
    worker: EngineProgram, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client, temporal_task_queue: str
):
    config = {"entity_name": "orders", "action": "seen", "message": "tidied up"}
    tidy = {"name": "tidy", "type": "log_audit_entry", "config": config}
    document = rule(AUDIT, tidy)
    document["edges"] = [
        {"source": None, "target": "note", "type": "start"},
        {"source": "note", "target": "tidy", "type": "always"},
    ]
    rule_id = await save_rule(document)

    async def begun(name: str) -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM workflow.run_actions WHERE name = $1", name))

    async with pool.acquire() as gate, gate.transaction():
        await gate.execute("LOCK TABLE workflow.audit_log IN SHARE MODE")
        run = await begin(pool, temporal_client, rule_id, "e1", temporal_task_queue)
        await until(lambda: begun("note"), "the action is under way")
        await temporal_client.get_workflow_handle((await EdgeStore(pool).get_run(run)).workflow_id).cancel()
        await until(lambda: begun("tidy"), "cleanup begins", seconds=40)
    await status_is(pool, run, RunStatus.CANCELLED)
    assert await pool.fetch("SELECT message FROM workflow.audit_log") == [("tidied up",)]
    states = {action.name: action.state for action in (await EdgeStore(pool).get_run(run)).actions}
    assert states == {"note": "cancelled", "tidy": "completed"}


async def test_sigterm_while_an_action_runs_finishes_it_and_exits_with_zero(
    worker: EngineProgram, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client, temporal_task_queue: str
):
    rule_id = await save_rule(rule(*({**AUDIT, "name": f"note {number}"} for number in range(40))))
    async with pool.acquire() as gate, gate.transaction():
        await gate.execute("LOCK TABLE workflow.audit_log IN SHARE MODE")
        run = await begin(pool, temporal_client, rule_id, "e1", temporal_task_queue)

        async def is_under_way() -> bool:
            return await pool.fetchval("SELECT count(*) FROM workflow.run_actions") > 0

        await until(is_under_way, "the first of the actions")
        await status_is(pool, run, RunStatus.RUNNING)
        worker.process.send_signal(signal.SIGTERM)
        await worker.said("stopping")
    assert await worker.ended() == 0
    assert "Traceback" not in worker.log.read_text()
    assert await pool.fetchval("SELECT count(*) FROM workflow.audit_log") > 0
    assert (await EdgeStore(pool).get_run(run)).status is RunStatus.RUNNING


async def test_a_failing_action_is_logged_with_the_ids_of_run_and_action(
    worker: EngineProgram, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client, temporal_task_queue: str
):
    action = {
        "name": "write",
        "type": "create_entity",
        "config": {"target_entity": "public.orders", "fields": {"total": "1"}},
    }
    rule_id = await save_rule(rule(action, name="Refused"))
    run = await begin(pool, temporal_client, rule_id, "e1", temporal_task_queue)
    await status_is(pool, run, RunStatus.FAILED)
    await worker.said(
        "action failed", execution_id=run, rule_id=rule_id, action="write", attempt=1, event_id="e1", rule="Refused"
    )


async def test_a_database_without_the_migrations_stops_it_and_says_what_to_do(
    environment: dict[str, str], pool: asyncpg.Pool
):
    await pool.execute("DROP SCHEMA workflow CASCADE")
    async with start_program("ichor_worker", environment) as worker:
        assert await worker.ended() == 3
        assert worker.complaint.startswith("ichor-worker: The database lacks ")
        assert worker.complaint.endswith(". Run `ichor migrate`.")


async def test_a_wrong_setting_stops_it_at_once(environment: dict[str, str], tmp_path: Path):
    wrong = environment | {"ICHOR_DATABASE_URL": "mysql://user:hidden@db/name"}
    async with start_program("ichor_worker", wrong) as worker:
        assert await worker.ended() == 2
        assert worker.complaint == (
            "ichor-worker: ICHOR_DATABASE_URL cannot be used: it must be a URL that begins with postgresql:// or postgres://"
        )
    async with start_program("ichor_worker", environment | {"ICHOR_ENTITIES": str(tmp_path / "none.yaml")}) as worker:
        assert await worker.ended() == 2
        assert "ICHOR_ENTITIES" in worker.complaint
    async with start_program("ichor_worker", environment | {"ICHOR_SECRETS_DIR": str(tmp_path / "none")}) as worker:
        assert await worker.ended() == 2
        assert worker.complaint.startswith("ichor-worker: ICHOR_SECRETS_DIR: ")
