"""The handlers of an application's tables, where very many rows match."""

from typing import Any

import asyncpg
import pytest
from ichor_activities.action_transaction import ActionTransaction
from ichor_models import ActionError, RowChange


@pytest.fixture(autouse=True)
async def orders(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO sales.orders (id, quantity) SELECT gen_random_uuid(), 9 FROM generate_series(1, 1001)"
    )


async def test_lookup_does_not_drown(perform: Any, make_call: Any) -> None:
    config = {"entity": "orders", "filter": {"quantity": "9"}, "fields": ["id"], "output_key": "orders"}
    with pytest.raises(ActionError, match="More than 1000"):
        await perform(make_call("lookup_entity", config))


async def test_an_update_holds_some_rows_at_a_time(
    pool: asyncpg.Pool, perform: Any, make_call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    emit = ActionTransaction.emit

    async def noting(transaction: ActionTransaction, *changes: RowChange) -> None:
        told.append(len(changes))
        await emit(transaction, *changes)

    monkeypatch.setattr(ActionTransaction, "emit", noting)
    conditions = [{"field_name": "quantity", "operator": "equals", "value": 9}]
    config = {"target_entity": "orders", "target_field": "status", "new_value": "held", "conditions": conditions}
    result = await perform(make_call("update_field", config))
    assert (result["records_affected"], told) == (1001, [500, 500, 1])
    rows = await pool.fetch("SELECT id::text AS id FROM sales.orders WHERE status = 'held' ORDER BY sales.orders.id")
    events = await pool.fetch("SELECT entity_id AS id FROM workflow.outbox ORDER BY seq")
    assert events == rows
