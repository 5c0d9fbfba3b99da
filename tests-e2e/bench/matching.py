"""Which rules an event starts: asking the database for the candidates, and deciding about each."""

import time
from datetime import UTC, datetime

from asyncpg import Pool
from effort import Effort
from figure import AtMost, Figure, Spread
from ichor_edgestore import EdgeStore
from ichor_models import EntityEvent, match_rules
from ichor_testing import start_postgres
from rows import open_pool

_EVENTS = 50
"""How many events a round takes."""
_ENTITIES = """
INSERT INTO workflow.entities (id, name, entity_type_id, schema_name, is_active, created_date)
SELECT gen_random_uuid(), 'entity_' || number, t.id, 'public', true, now()
FROM generate_series(0, $1 - 1) AS number, workflow.entity_types t
WHERE t.name = 'table'
"""
_RULES = """
INSERT INTO workflow.automation_rules (
    id, name, entity_id, entity_type_id, trigger_type_id, trigger_conditions, is_active, created_date, updated_date
)
SELECT
    gen_random_uuid(), 'rule ' || number, e.id, e.entity_type_id, t.id,
    jsonb_build_object('field_conditions', jsonb_build_array(
        jsonb_build_object('field_name', 'total', 'operator', 'greater_than', 'value', number),
        jsonb_build_object('field_name', 'status', 'operator', 'in', 'value', jsonb_build_array('new', 'open'))
    )),
    true, now(), now()
FROM generate_series(0, $1 - 1) AS number
JOIN workflow.entities e ON e.name = 'entity_' || number % $2
JOIN (
    SELECT id, (row_number() OVER (ORDER BY name <> 'on_create', name) - 1) AS place
    FROM workflow.trigger_types WHERE name IN ('manual', 'on_create', 'on_delete', 'on_update')
) AS t ON t.place = number / $2 % $3
"""


async def measure(effort: Effort) -> list[Figure]:
    """Measure with 10 rules of one entity, and with 10,000 of 100 entities, 25 of which listen to the event."""
    async with start_postgres() as postgres:
        figures: list[Figure] = []
        for rules, entities, types, wanted in ((10, 1, 1, 10), (10_000, 100, 4, 25)):
            async with open_pool(postgres) as (_, pool):
                await _fill(pool, rules, entities, types)
                figures += await _measured(EdgeStore(pool), f"{rules:,} rules", wanted, effort.rounds)
    return figures


async def _fill(pool: Pool, rules: int, entities: int, types: int) -> None:
    await pool.execute(
        "INSERT INTO workflow.trigger_types (id, name) SELECT gen_random_uuid(), 'manual' ON CONFLICT DO NOTHING"
    )
    await pool.execute(_ENTITIES, entities)
    await pool.execute(_RULES, rules, entities, types)
    await pool.execute("ANALYZE")


async def _measured(store: EdgeStore, what: str, wanted: int, rounds: int) -> list[Figure]:
    event = EntityEvent.model_validate(
        {
            "event_id": "e",
            "event_type": "on_create",
            "entity_name": "entity_0",
            "entity_id": "1",
            "raw_data": {"total": 5_000, "status": "new", "customer": "Ada"},
        }
    )
    asked, whole = list[float](), list[float]()
    for number in range(rounds + 1):
        began, asking, candidates = time.perf_counter(), 0.0, ()
        for _ in range(_EVENTS):
            before = time.perf_counter()
            candidates = await store.candidates(event.entity_name, event.event_type)
            asking += time.perf_counter() - before
            match_rules(event, candidates, datetime.now(UTC))
        assert len(candidates) == wanted
        if number:
            asked.append(asking * 1000 / _EVENTS)
            whole.append((time.perf_counter() - began) * 1000 / _EVENTS)
    return [
        Figure(f"match an event, {what}", Spread.of(whole), "ms", AtMost(1)),
        Figure(f"  of it the candidates, {what}", Spread.of(asked), "ms"),
    ]
