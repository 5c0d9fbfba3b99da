"""The world outside the engine: it orders, names prices, decides; and it knows how everything must end.

It is interrupted as often as the engine, and like a careful application does again what it does not know was done.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from random import Random
from types import TracebackType
from typing import Any, Self

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from ichor_activities import discover
from ichor_edgestore import ApprovalFilter, EdgeStore, StoreError, connect, emit_event
from ichor_models import Person, Rule
from ichor_service import EVENTS, REPLIES
from rules import ADA, BOB, ORDER, SHIPMENT

_PAUSE = 0.3
_LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, StoreError)


class Business:
    """Orders have numbers from 0; every fifth is rejected, and every third needs both to agree."""

    def __init__(self, environment: Mapping[str, str], random: Random) -> None:
        self._environment = environment
        self._random = random
        self._ordered = 0
        self._asked = set[str]()
        self._work: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._pool = await connect(self._environment["ICHOR_DATABASE_URL"], max_size=8, command_timeout=10)
        self._store = EdgeStore(self._pool)
        for rule in (ORDER, SHIPMENT):
            await self._store.save_rule(Rule.model_validate(rule), catalogue=discover().catalogue)
        self._work = [asyncio.create_task(self._name_prices()), asyncio.create_task(self._decide())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self._pool.terminate()

    async def order(self, numbers: Iterable[int]) -> None:
        """Order, each in a transaction of its own."""
        for number in numbers:
            data = {"number": number, "how": how(number)}
            await self._insist(lambda number=number, data=data: self._emit(number, data))
            self._ordered = number + 1

    async def is_over(self) -> bool:
        """Say whether every run has ended, and every event has left."""
        with suppress(*_LOST):
            return await self._count("automation_executions WHERE status NOT IN ('pending', 'running')") == (
                self._ordered + self._approved
            ) and not await self._count("outbox")
        return False

    async def differences(self) -> list[str]:
        """Return what is otherwise than it must be."""
        found: list[str] = []
        notes = sorted(f"{number}: {2 * number} {said(number)}" for number in range(self._ordered))
        shipped = sorted(str(number) for number in range(self._ordered) if said(number) == "approved")
        found += _compared("notes of orders", notes, await self._texts("order"))
        found += _compared("notes of shipments", shipped, await self._texts("shipment"))
        rows = await self._pool.fetch("SELECT number::text FROM shipments")
        found += _compared("shipments", shipped, sorted(row["number"] for row in rows))
        expected = {
            "automation_executions WHERE status = 'completed'": self._ordered + self._approved,
            "automation_executions": self._ordered + self._approved,
            "questions WHERE state = 'answered' AND delivered_at IS NOT NULL": 2 * self._ordered,
            "approval_requests WHERE status = 'approved'": self._approved,
            "approval_requests": self._ordered,
            "outbox": 0,
        }
        for what, count in expected.items():
            found += _compared(what, [str(count)], [str(await self._count(what))])
        return found + [f"{queue} holds {count}" for queue, count in (await self._left()).items() if count]

    async def summary(self) -> str:
        """Return how much was done."""
        attempts = await self._pool.fetchval("SELECT sum(attempts) - count(*) FROM workflow.run_actions")
        runs = self._ordered + self._approved
        return f"{runs} runs, {len(self._asked)} prices and {self._ordered} approvals; {attempts} attempts were lost."

    @property
    def _approved(self) -> int:
        return sum(said(number) == "approved" for number in range(self._ordered))

    async def _emit(self, number: int, data: dict[str, Any]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await emit_event(connection, "on_create", "orders", f"o{number}", raw_data=data, event_id=f"order-{number}")

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await step()
            except _LOST:
                await asyncio.sleep(_PAUSE)

    async def _count(self, what: str) -> int:
        return await self._pool.fetchval(f"SELECT count(*) FROM workflow.{what}")

    async def _texts(self, action: str) -> list[str]:
        rows = await self._pool.fetch("SELECT message FROM workflow.audit_log WHERE action = $1", action)
        return sorted(row["message"] for row in rows)

    async def _left(self) -> dict[str, int]:
        async with await aio_pika.connect(self._environment["ICHOR_RABBITMQ_URL"]) as connection:
            channel = await connection.channel()
            counts = dict[str, int]()
            for name in (*EVENTS.queues, *REPLIES.queues):
                declared = (await channel.declare_queue(name, passive=True)).declaration_result
                counts[name] = declared.message_count or 0
            return counts

    async def _decide(self) -> None:
        """Vote on what waits, as whoever is asked."""
        while True:
            with suppress(*_LOST):
                waiting = await self._store.list_approvals(ApprovalFilter(status="pending", limit=1000))
                for approval in waiting:
                    number = int(approval.message or "")
                    for person in (ADA, BOB):
                        await self._store.vote(
                            approval.approval_id, Person(id=str(person)), approves=said(number) == "approved"
                        )
            await asyncio.sleep(_PAUSE)

    async def _name_prices(self) -> None:
        """Answer questions as long as the broker is there, and again when it is back."""
        while True:
            with suppress(OSError, TimeoutError, aio_pika.exceptions.AMQPError, asyncio.InvalidStateError):
                async with _listening(self._environment["ICHOR_RABBITMQ_URL"], self._answer) as closed:
                    await closed.wait()
            await asyncio.sleep(_PAUSE)

    async def _answer(self, channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
        """Answer a question, sometimes twice."""
        self._asked.add(message.message_id or "")
        body = json.dumps({"result": {"price": 2 * int(json.loads(message.body)["number"])}}).encode()
        for _ in range(self._random.choice((1, 1, 2))):
            reply = aio_pika.Message(body, correlation_id=message.correlation_id, delivery_mode=2)
            await channel.default_exchange.publish(reply, message.reply_to or "")
        await message.ack()


def said(number: int) -> str:
    """Return what is decided about an order."""
    return "rejected" if number % 5 == 0 else "approved"


def how(number: int) -> str:
    """Return how many must agree to an order."""
    return "all" if number % 3 == 0 else "any"


@asynccontextmanager
async def _listening(
    url: str, answer: Callable[[AbstractChannel, AbstractIncomingMessage], Awaitable[None]]
) -> AsyncGenerator[asyncio.Event]:
    """Take questions; the event is set when the connection is gone."""
    closed = asyncio.Event()

    def close(*_: object) -> None:
        closed.set()

    async with await aio_pika.connect(url, timeout=5) as connection:
        connection.close_callbacks.add(close)
        channel = await connection.channel()
        exchange = await channel.declare_exchange("ichor.requests", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("prices", durable=True)
        await queue.bind(exchange, "price.#")
        await queue.consume(lambda message: answer(channel, message))
        yield closed


def _compared(what: str, expected: list[str], found: list[str]) -> list[str]:
    if expected == found:
        return []
    missing, extra = list(expected), list[str]()
    for item in found:
        if item in missing:
            missing.remove(item)
        else:
            extra.append(item)
    return [f"{what}: missing {missing[:10]}, too many {extra[:10]}"]
