"""A shop that orders, and knows how many runs there must be in the end."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aio_pika
import asyncpg
from aio_pika.abc import AbstractExchange
from ichor_activities import discover
from ichor_edgestore import EdgeStore
from ichor_models import Rule
from ichor_testing import until

RULE = {
    "name": "Hold every order",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [
        {
            "name": "hold",
            "type": "update_field",
            "config": {"target_entity": "orders", "target_field": "status", "new_value": "held"},
        },
        {"name": "wait", "type": "delay", "config": {"duration": "2s"}},
        {"name": "log", "type": "log_audit_entry", "config": {"message": "Order {{ number }} is held"}},
    ],
    "edges": [
        {"source": None, "target": "hold", "type": "start"},
        {"source": "hold", "target": "wait", "type": "sequence"},
        {"source": "wait", "target": "log", "type": "sequence"},
    ],
}
_PAUSE = 0.2
_PATIENCE = 300.0


@dataclass
class Shop:
    """Orders have numbers from 0, and each starts one run."""

    pool: asyncpg.Pool
    exchange: AbstractExchange
    ordered: int = 0
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Make the table, and save the rule."""
        await self.pool.execute("CREATE TABLE orders (id text PRIMARY KEY, status text NOT NULL DEFAULT 'open')")
        await EdgeStore(self.pool).save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)

    async def order(self) -> None:
        """Order once; the event is safe in RabbitMQ when this returns."""
        number = self.ordered
        await self.pool.execute("INSERT INTO orders (id) VALUES ($1)", str(number))
        event = {
            "event_id": f"order-{number}",
            "event_type": "on_create",
            "entity_name": "orders",
            "entity_id": str(number),
            "raw_data": {"number": number},
        }
        await self.exchange.publish(aio_pika.Message(json.dumps(event).encode(), delivery_mode=2), "orders.on_create")
        self.ordered += 1

    @asynccontextmanager
    async def busy(self) -> AsyncGenerator[None]:
        """Go on ordering during the block."""
        self._stopped.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._go_on())
            try:
                yield
            finally:
                self._stopped.set()

    async def served(self) -> None:
        """Return once every order has had its run, each action once; raises where one has ended otherwise."""

        async def all_ended() -> bool:
            return await self._count("workflow.automation_executions WHERE status = 'completed'") >= self.ordered

        await until(all_ended, f"the end of {self.ordered} runs", seconds=_PATIENCE)
        assert await self._count("workflow.automation_executions") == self.ordered
        assert await self._count("orders WHERE status = 'held'") == self.ordered
        logged = await self.pool.fetch("SELECT message FROM workflow.audit_log")
        assert sorted(row["message"] for row in logged) == sorted(f"Order {n} is held" for n in range(self.ordered))

    async def _go_on(self) -> None:
        while not self._stopped.is_set():
            await self.order()
            await asyncio.sleep(_PAUSE)

    async def _count(self, what: str) -> int:
        return await self.pool.fetchval(f"SELECT count(*) FROM {what}")
