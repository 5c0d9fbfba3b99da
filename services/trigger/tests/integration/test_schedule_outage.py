"""Temporal, trigger and worker end and come back: each firing is still one run."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg
from ichor_activities import discover
from ichor_edgestore import EdgeStore, RunFilter
from ichor_models import Rule
from ichor_testing import start_temporal, until
from ichor_testing.engine_program import start_program

SECOND = timedelta(seconds=1)
RULE = {
    "name": "Tick",
    "trigger": {"event": "scheduled", "schedule": {"every": "1s", "overlap": "allow_all"}},
    "actions": [
        {
            "name": "note",
            "type": "log_audit_entry",
            "config": {"entity_name": "ticks", "action": "tick", "message": "{{timestamp}}"},
        }
    ],
    "edges": [{"source": None, "target": "note", "type": "start"}],
}


async def test_no_firing_is_lost_or_done_twice(environment: dict[str, str], pool: asyncpg.Pool, tmp_path: Path):
    store = EdgeStore(pool)
    await store.save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)

    async def fired(until_then: datetime) -> list[datetime]:
        runs = await store.list_runs(RunFilter(limit=1000))
        times = [datetime.fromisoformat(run.event_id or "") for run in runs if run.status.ended]
        return sorted(time for time in times if time <= until_then)

    async def all_ended(moment: datetime) -> None:
        """Return once every second up to now has its run, without a gap."""

        async def have_ended() -> bool:
            times = await fired(moment)
            steps = {later - earlier for earlier, later in pairwise(times)}
            return steps == {SECOND} and moment - times[-1] < SECOND

        await until(have_ended, f"every firing up to {moment}")

    async def has_fired() -> bool:
        return len(await fired(datetime.now(UTC))) >= 3

    async with start_temporal(data_dir=tmp_path) as temporal:
        own = environment | {"ICHOR_TEMPORAL_ADDRESS": temporal.url, "ICHOR_TEMPORAL_NAMESPACE": temporal.namespace}
        async with start_program("ichor_worker", own) as worker:
            async with start_program("ichor_trigger", own, "--only", "schedules") as trigger:
                await trigger.ready()
                await worker.ready()
                await until(has_fired, "three firings")
                await all_ended(datetime.now(UTC))
                await trigger.kill()
                await temporal.kill()
            await temporal.restart()
            async with start_program("ichor_trigger", own, "--only", "schedules") as trigger:
                await trigger.ready()
                await all_ended(datetime.now(UTC))
                await trigger.stop()
                await worker.stop()

    notes = [row["message"] for row in await pool.fetch("SELECT message FROM workflow.audit_log")]
    assert len(notes) == len(set(notes))
