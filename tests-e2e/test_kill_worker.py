"""The worker is killed in the middle of runs; a new one finishes them, and every effect is there once."""

import asyncio
from typing import Any

import asyncpg
from ichor_activities import discover
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_executor.temporal import start_run
from ichor_models import EntityEvent, Rule, RuleId
from ichor_testing import Database, TemporalServer, until
from ichor_testing.engine_program import EngineProgram, start_program
from temporalio.client import Client

GATE = 42
HOLD_THE_LAST = f"""
CREATE FUNCTION workflow.wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.action = 'note 4' THEN
        PERFORM pg_advisory_xact_lock_shared({GATE});
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER gate BEFORE INSERT ON workflow.audit_log FOR EACH ROW EXECUTE FUNCTION workflow.wait_at_the_gate();
"""
RUNS = 20
STEPS = 5


def rule() -> dict[str, Any]:
    """Return a chain of notes, each a row in the audit log."""
    names = [f"note {number}" for number in range(STEPS)]
    actions = [
        {
            "name": name,
            "type": "log_audit_entry",
            "config": {"entity_name": "orders", "action": name, "message": "{{entity_id}}"},
            "options": {"timeout": "2s", "max_attempts": 10, "backoff": "100ms"},
        }
        for name in names
    ]
    edges: list[dict[str, Any]] = [{"source": None, "target": names[0], "type": "start"}]
    edges += [{"source": names[at], "target": names[at + 1], "type": "sequence"} for at in range(STEPS - 1)]
    return {
        "name": "Notes",
        "trigger": {"entity": "orders", "event": "on_create"},
        "actions": actions,
        "edges": edges,
    }


async def begin(pool: asyncpg.Pool, client: Client, rule_id: RuleId, number: int, task_queue: str) -> None:
    event = {
        "event_id": f"e{number}",
        "event_type": "on_create",
        "entity_name": "orders",
        "entity_id": f"order {number:02}",
    }
    pinned = await EdgeStore(pool).pin_run(rule_id, EntityEvent.model_validate(event))
    await start_run(client, pinned.request, workflow_id=pinned.workflow_id, task_queue=task_queue)


async def effects(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM workflow.audit_log")


async def kill_in_the_middle(worker: EngineProgram, pool: asyncpg.Pool, done: int) -> None:
    async def is_in_the_middle() -> bool:
        return await effects(pool) > done

    await until(is_in_the_middle, f"more than {done} effects", pause=0.002)
    await worker.kill()


async def test_kill_worker(
    postgres_database: Database, shared_temporal: TemporalServer, temporal_client: Client, temporal_task_queue: str
):
    environment = {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
    }
    async with connected(postgres_database.url) as pool:
        await migrate(pool)
        saved = await EdgeStore(pool).save_rule(Rule.model_validate(rule()), catalogue=discover().catalogue)
        await asyncio.gather(
            *(begin(pool, temporal_client, saved.rule_id, number, temporal_task_queue) for number in range(RUNS))
        )
        await pool.execute(HOLD_THE_LAST)
        async with pool.acquire() as gate, gate.transaction():
            await gate.execute(f"SELECT pg_advisory_xact_lock({GATE})")
            async with start_program("ichor_worker", environment) as first:
                await kill_in_the_middle(first, pool, 10)
        assert await effects(pool) < RUNS * STEPS
        async with start_program("ichor_worker", environment) as second:

            async def are_done() -> bool:
                query = "SELECT count(*) FROM workflow.automation_executions WHERE status = 'completed'"
                return await pool.fetchval(query) == RUNS

            await until(are_done, "all runs completed")
            assert await second.stop() == 0

        notes = await pool.fetch("SELECT message, action FROM workflow.audit_log")
    found = sorted((note["message"], note["action"]) for note in notes)
    assert found == sorted((f"order {run:02}", f"note {step}") for run in range(RUNS) for step in range(STEPS))
