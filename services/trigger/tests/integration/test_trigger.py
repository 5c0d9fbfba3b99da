"""The program `ichor-trigger` as its own process, against real servers."""

import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from random import Random

import asyncpg
import pytest
import pytest_asyncio
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from ichor_edgestore import EdgeStore
from ichor_models import EventId, RuleId, parse_event, workflow_id
from ichor_testing import until
from ichor_testing.engine_program import EngineProgram, start_program
from temporalio.client import Client, WorkflowExecutionStatus

type SaveRule = Callable[[object], Awaitable[RuleId]]

QUEUE, DEAD = "ichor.events.trigger", "ichor.events.dead"
LIMIT = 100_000


def rule(name: str = "Big orders", conditions: object = ()) -> dict[str, object]:
    return {
        "name": name,
        "trigger": {"entity": "orders", "event": "on_create", "conditions": conditions},
        "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1h"}}],
        "edges": [{"source": None, "target": "wait", "type": "start"}],
    }


def event(event_id: str | None = "e1", **fields: object) -> bytes:
    whole = {"event_type": "on_create", "entity_name": "orders", "entity_id": "o1", "raw_data": {"total": 1500}}
    return json.dumps({"event_id": event_id, **whole, **fields}).encode()


@pytest_asyncio.fixture(loop_scope="session")
async def trigger(environment: dict[str, str]) -> AsyncGenerator[EngineProgram]:
    async with start_program(
        "ichor_trigger", environment | {"ICHOR_MAX_EVENT_BYTES": str(LIMIT)}, "--only", "events"
    ) as program:
        await program.ready()
        yield program


async def send(channel: AbstractChannel, *bodies: bytes, message_id: str | None = None) -> None:
    exchange = await channel.get_exchange("ichor.events")
    for body in bodies:
        message = Message(body, message_id=message_id, correlation_id="c1", content_type="application/json")
        await exchange.publish(message, "orders.on_create")


async def settle(trigger: EngineProgram, channel: AbstractChannel) -> None:
    """Stop the trigger and check that it settled all that it took: the rest would be back at the head of the queue."""
    assert await trigger.stop() == 0
    await send(channel, b"the last")
    queue = await channel.get_queue(QUEUE)
    found: list[bytes] = []

    async def has_come() -> bool:
        if message := await queue.get(fail=False, timeout=60):
            found.append(message.body)
        return bool(found)

    await until(has_come, "the last message")
    assert found == [b"the last"]


async def dead_letters(channel: AbstractChannel, count: int) -> list[AbstractIncomingMessage]:
    queue = await channel.get_queue(DEAD)
    found: list[AbstractIncomingMessage] = []

    async def have_come() -> bool:
        while (message := await queue.get(no_ack=True, fail=False, timeout=60)) is not None:
            found.append(message)
        return len(found) >= count

    await until(have_come, f"{count} dead letters")
    return found


async def rows(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT * FROM workflow.automation_executions ORDER BY event_id")


async def rows_are(pool: asyncpg.Pool, count: int) -> None:
    async def are_there() -> bool:
        return len(await rows(pool)) == count

    await until(are_there, f"{count} rows")


async def test_a_matching_event_starts_one_run_with_its_own_id(
    trigger: EngineProgram, channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client
):
    saved = await save_rule(rule(conditions=[{"field_name": "total", "operator": "greater_than", "value": 1000}]))
    await send(channel, event("small", raw_data={"total": 10}), event("big"))
    await rows_are(pool, 1)
    await trigger.said("run started", event_id="big")
    (row,) = await rows(pool)
    assert (row["event_id"], row["status"], row["trigger_source"]) == ("big", "pending", "automation")
    description = await temporal_client.get_workflow_handle(workflow_id(saved, EventId("big"))).describe()
    assert description.status is WorkflowExecutionStatus.RUNNING
    assert description.workflow_type == "ExecuteGraphWorkflow"
    assert description.search_attributes["IchorRule"] == [saved]
    assert description.search_attributes["IchorEntity"] == ["orders"]


async def test_the_same_event_in_any_number_starts_one_run(
    trigger: EngineProgram, channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    await save_rule(rule())
    await send(channel, *[event("same")] * 20)
    await send(channel, event(None), message_id="same")
    await send(channel, event("last"))
    await trigger.said("run started", event_id="last")
    await settle(trigger, channel)
    assert [row["event_id"] for row in await rows(pool)] == ["last", "same"]
    assert sum(line["message"] == "run started" for line in trigger.logs) == 2


async def test_an_event_of_a_run_that_ended_does_nothing(
    trigger: EngineProgram, channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client
):
    saved = await save_rule(rule())
    await send(channel, event("e1"))
    await trigger.said("run started", event_id="e1")
    await pool.execute("UPDATE workflow.automation_executions SET status = 'completed'")
    await temporal_client.get_workflow_handle(workflow_id(saved, EventId("e1"))).terminate()
    await send(channel, event("e1"))
    await trigger.said("run not started, its row is past pending", event_id="e1")


UNUSABLE = [
    (b"total: 5", "not_json", "no JSON"),
    (b"\xff\xfe", "not_json", "no JSON"),
    (b"[1, 2]", "not_an_object", "must be a JSON object"),
    (b'{"event_id": "e1"}', "invalid_event", "entity_name"),
    (event(""), "invalid_event", "event_id"),
    (event("e" * 201), "invalid_event", "event_id"),
    (event(event_type="on_fire"), "invalid_event", "event_type"),
    (event(raw_data={"blob": "x" * LIMIT}), "too_large", f"allows {LIMIT}"),
    (event(raw_data={"total": [1e300] * (LIMIT // 300)}), "too_large", "with its numbers written out"),
]


async def test_what_cannot_be_used_is_dead_with_its_reason_and_its_body(
    trigger: EngineProgram, channel: AbstractChannel
):
    await send(channel, *(body for body, _, _ in UNUSABLE))
    messages = {message.body: message for message in await dead_letters(channel, len(UNUSABLE))}
    for body, reason, detail in UNUSABLE:
        message = messages.pop(body)
        assert message.headers["x-ichor-reason"] == reason
        assert detail in str(message.headers["x-ichor-detail"])
        assert message.headers["x-ichor-routing-key"] == "orders.on_create"
        assert (message.correlation_id, message.content_type, message.delivery_mode) == ("c1", "application/json", 2)
    assert not messages
    await settle(trigger, channel)


async def test_an_event_of_ten_megabytes_is_dead_and_the_next_is_worked_on(
    environment: dict[str, str], channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    await save_rule(rule())
    async with start_program("ichor_trigger", environment) as trigger:
        await trigger.ready()
        body = event("huge", raw_data={"blob": "x" * 10_000_000})
        await send(channel, body, event("next"))
        (message,) = await dead_letters(channel, 1)
        assert message.headers["x-ichor-reason"] == "too_large"
        assert message.body == body
        await rows_are(pool, 1)


async def test_an_entity_without_rules_is_acknowledged(
    trigger: EngineProgram, channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    await save_rule(rule())
    await send(channel, event("stranger", entity_name="parcels"), event("known"))
    await trigger.said("run started", event_id="known")
    await settle(trigger, channel)
    assert [row["event_id"] for row in await rows(pool)] == ["known"]
    assert await (await channel.get_queue(DEAD)).get(fail=False) is None


async def test_its_metrics_say_what_became_of_events_and_what_waits(
    trigger: EngineProgram, channel: AbstractChannel, save_rule: SaveRule
):
    await save_rule(rule())
    await send(channel, event("one"), event("two"), event("stranger", entity_name="parcels"), b"no event")
    queue = f'queue="{QUEUE}"'
    wanted = {
        f'ichor_messages_total{{outcome="started",{queue}}}': 2,
        f'ichor_messages_total{{outcome="none",{queue}}}': 1,
        f'ichor_messages_total{{outcome="dead",{queue}}}': 1,
        f'ichor_dead_letters_total{{{queue},reason="not_json"}}': 1,
        f"ichor_message_seconds_count{{{queue}}}": 3,
        f"ichor_messages_in_flight{{{queue}}}": 0,
        f"ichor_queue_messages{{{queue}}}": 0,
        f'ichor_queue_messages{{queue="{DEAD}"}}': 1,
        "ichor_pending_runs": 2,
        "ichor_outbox_oldest_age_seconds": 0,
        'ichor_up{server="temporal"}': 1,
        "ichor_ready": 1,
    }

    async def are_so() -> bool:
        return wanted.items() <= (await trigger.metrics()).items()

    await until(are_so, "the metrics")


async def test_a_broken_rule_harms_no_other(
    trigger: EngineProgram, channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    unreadable, edgeless, good = [await save_rule(rule(name)) for name in ("Unreadable", "Edgeless", "Good")]
    await pool.execute(
        "UPDATE workflow.automation_rules SET trigger_conditions = '{\"field_conditions\": [7]}' WHERE id = $1",
        unreadable,
    )
    await pool.execute("DELETE FROM workflow.action_edges WHERE rule_id = $1", edgeless)
    await send(channel, event("e1"))
    await trigger.said("run started", rule_id=good)
    await trigger.said("rule not started", rule_id=unreadable, code="unreadable")
    await settle(trigger, channel)
    found = {str(row["automation_rules_id"]): row["status"] for row in await rows(pool)}
    assert found == {edgeless: "failed", good: "pending"}


async def test_a_locked_rule_starts_later_and_holds_up_no_other(
    trigger: EngineProgram, channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    locked = await save_rule(rule("Locked"))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM workflow.automation_rules WHERE id = $1 FOR UPDATE", locked)
        good = await save_rule(rule("Good"))
        await send(channel, event("e1"))
        await trigger.said("run started", rule_id=good)
        await trigger.said("a message waits behind the others")
    await trigger.said("run started", rule_id=locked)
    await settle(trigger, channel)


async def test_a_run_that_temporal_refuses_is_failed_and_says_why(
    environment: dict[str, str], channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    await save_rule(rule())
    # Temporal takes 1000 bytes, which are fewer characters here.
    too_long = environment | {"ICHOR_TASK_QUEUE": "\u00e9" * 600}
    async with start_program("ichor_trigger", too_long, "--only", "events") as trigger:
        await trigger.ready()
        await send(channel, event("e1"))
        await trigger.said("run cannot be started", event_id="e1")
        await settle(trigger, channel)
        (row,) = await rows(pool)
        assert (row["status"], row["error_type"]) == ("failed", "not_started")


async def test_an_event_of_5_megabytes_starts_a_run(
    environment: dict[str, str], channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    await save_rule(rule())
    async with start_program("ichor_trigger", environment, "--only", "events") as trigger:
        await trigger.ready()
        await send(channel, event("heavy", raw_data={"blob": Random(1).randbytes(2_500_000).hex()}))
        await trigger.said("run started", event_id="heavy")
        await settle(trigger, channel)
        assert [row["status"] for row in await rows(pool)] == ["pending"]


@pytest.mark.parametrize(
    ("lineage", "code"),
    [
        ({"root": "e0", "depth": 17, "visited": []}, "too_deep"),
        ({"root": "e0", "depth": 1, "visited": ["{rule}:o1"]}, "visited"),
    ],
)
async def test_a_cascade_stops_where_it_would_go_in_circles(
    trigger: EngineProgram,
    channel: AbstractChannel,
    pool: asyncpg.Pool,
    save_rule: SaveRule,
    lineage: dict[str, object],
    code: str,
):
    saved = await save_rule(rule())
    lineage = json.loads(json.dumps(lineage).replace("{rule}", saved))
    await send(channel, event("stops", lineage=lineage), event("goes", lineage={"root": "e0", "depth": 16}))
    await trigger.said("rule not started", code=code, event_id="stops")
    await trigger.said("run started", event_id="goes")
    await settle(trigger, channel)
    found = {row["event_id"]: (row["status"], row["error_type"]) for row in await rows(pool)}
    assert found == {"goes": ("pending", None), "stops": ("cancelled", "loop")}


async def test_a_row_without_its_workflow_is_healed_by_the_event_that_comes_again(
    trigger: EngineProgram, channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client
):
    saved = await save_rule(rule())
    pinned = await EdgeStore(pool).pin_run(saved, parse_event(event("e1")))
    await send(channel, event("e1"))
    await trigger.said("run started", event_id="e1", execution_id=pinned.execution_id)
    assert (await temporal_client.get_workflow_handle(pinned.workflow_id).describe()).status is not None
    assert len(await rows(pool)) == 1


async def test_sigterm_while_events_come_hands_back_what_is_not_done(
    environment: dict[str, str], channel: AbstractChannel, pool: asyncpg.Pool, save_rule: SaveRule
):
    await save_rule(rule())
    async with start_program("ichor_trigger", environment) as first:
        await first.ready()
        await send(channel, *[event(f"e{number:03}") for number in range(150)])
        await first.said("run started")
        assert await first.stop() == 0
        lines = first.logs
    async with start_program("ichor_trigger", environment) as second:
        await second.ready()
        await rows_are(pool, 150)
        await settle(second, channel)
        lines += second.logs
    started = [line["event_id"] for line in lines if line["message"] == "run started"]
    assert len(started) == len(set(started))
    assert [row["event_id"] for row in await rows(pool)] == [f"e{number:03}" for number in range(150)]


async def test_a_queue_with_other_arguments_is_a_clear_error(environment: dict[str, str], channel: AbstractChannel):
    await channel.declare_queue(QUEUE, durable=True)
    async with start_program("ichor_trigger", environment) as trigger:
        assert await trigger.ended() == 3
        assert QUEUE in trigger.complaint
        assert "x-queue-type=quorum" in trigger.complaint


async def test_a_port_in_use_is_a_clear_error(environment: dict[str, str]):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        async with start_program("ichor_trigger", environment | {"ICHOR_HTTP_PORT": str(port)}) as trigger:
            code = await trigger.ended()
            complaint = trigger.complaint
    assert code == 3
    assert complaint == (
        f"ichor-trigger: Port {port} of 127.0.0.1 is in use by another program; set ICHOR_HTTP_PORT to a free one."
    )
