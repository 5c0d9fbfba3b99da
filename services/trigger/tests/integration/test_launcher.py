"""Runs are started only where all runs of the database are carried."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from ichor_edgestore import EdgeStore
from ichor_models import EntityEvent, RuleId
from ichor_service import ForeignNamespace
from ichor_trigger.launcher import Launcher
from ichor_trigger.links import Links
from temporalio.client import Client
from temporalio.service import RPCError

RULE = {
    "name": "Waits",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
    "edges": [{"source": None, "target": "wait", "type": "start"}],
}
EVENT = {"event_id": "e1", "event_type": "on_create", "entity_name": "orders"}


async def test_a_run_that_was_started_is_known(
    links: Links, pool: asyncpg.Pool, save_rule: Callable[[object], Awaitable[RuleId]]
):
    run = await EdgeStore(pool).pin_run(await save_rule(RULE), EntityEvent.model_validate(EVENT))
    launcher = Launcher(links)
    assert not await launcher.was_started(run)
    await launcher.launch(run)
    assert await launcher.was_started(run)


async def test_nothing_is_started_by_a_temporal_that_does_not_carry_the_runs(
    links: Links, pool: asyncpg.Pool, save_rule: Callable[[object], Awaitable[RuleId]], temporal_client: Client
):
    store = EdgeStore(pool)
    run = await store.pin_run(await save_rule(RULE), EntityEvent.model_validate(EVENT))
    await store.home_namespace("another")
    with pytest.raises(ForeignNamespace):
        await Launcher(links).launch(run)
    with pytest.raises(RPCError, match="not found"):
        await temporal_client.get_workflow_handle(run.workflow_id).describe()


async def test_a_temporal_that_took_the_place_of_ours_starts_nothing_more(
    links: Links,
    pool: asyncpg.Pool,
    save_rule: Callable[[object], Awaitable[RuleId]],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("ichor_trigger.launcher._KNOWN_FOR", 0.0)
    rule, launcher = await save_rule(RULE), Launcher(links)
    first, second = [
        await EdgeStore(pool).pin_run(rule, EntityEvent.model_validate({**EVENT, "event_id": id}))
        for id in ("e1", "e2")
    ]
    await launcher.launch(first)
    await pool.execute("UPDATE workflow.temporal_namespace SET id = 'another'")
    with pytest.raises(ForeignNamespace):
        await launcher.launch(second)
