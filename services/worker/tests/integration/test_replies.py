"""Questions and replies over RabbitMQ: every way in which a reply may come, on real servers."""

import asyncio
import json
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

from aio_pika.abc import AbstractIncomingMessage
from ichor_activities import TokenKeys
from ichor_edgestore import whole_result
from ichor_models import STORED, Reply, StoredResult
from ichor_testing import Database, Source, Vhost, start_temporal, until
from ichor_testing.engine_program import start_program
from ichor_testing.question_bench import KEYS, QuestionBench, open_question_bench

YES = {"result": {"available": 3}}
NO = {"error": {"message": "no stock"}}
BUSY = {"error": {"message": "busy", "retryable": True}}


async def is_delivered(bench: QuestionBench) -> None:
    """Wait until the one reply is known to have reached its run, which may have ended a moment before."""

    async def is_noted() -> bool:
        return await bench.count("questions", "delivered_at IS NOT NULL") == 1

    await until(is_noted, "the delivery")


async def test_a_reply_ends_the_action(bench: QuestionBench):
    async with start_program("ichor_worker", bench.environment) as worker:
        run = await bench.begin("e1")
        question = await bench.question()
        assert json.loads(question.body) == {"order": "e1"}
        assert (question.reply_to, question.routing_key) == ("ichor.replies", "stock.check")
        assert len(question.correlation_id or "") < 200
        await bench.reply(question.correlation_id, YES)
        view = await bench.ended(run)
        assert view.status == "completed"
        states = {action.name: (action.state, action.result) for action in view.actions}
        assert states["ask"] == ("completed", {"available": 3, "output": "success"})
        await is_delivered(bench)
        await bench.reply(question.correlation_id, YES)
        await worker.said("a reply came again")
        await bench.reply(question.correlation_id, NO)
        dead = await bench.dead()
        assert (dead["x-ichor-reason"], json.loads(dead["body"])) == ("already_answered", NO)
        assert await worker.stop() == 0


async def test_what_cannot_be_used_is_dead_with_its_reason(bench: QuestionBench):
    async with start_program("ichor_worker", bench.environment):
        runs = {event_id: await bench.begin(event_id) for event_id in ("e1", "e2")}
        question, second = await bench.question(), await bench.question()
        token = question.correlation_id or ""
        await bench.pool.execute(
            """UPDATE workflow.questions SET question = question || '{"ports": ["good", "bad"]}'"""
        )
        key, id_, signature = token.split(".")
        crossed = ".".join((key, (second.correlation_id or "").split(".")[1], signature))
        foreign = TokenKeys.parse("a key of somebody else").sign(uuid4())
        unknown = TokenKeys.parse(KEYS).sign(uuid4())
        older_key = TokenKeys.parse(KEYS.split(",")[1]).sign(uuid4()).split(".")[0]
        cases: list[tuple[str | None, object, str]] = [
            (None, YES, "no_token"),
            ("", YES, "no_token"),
            ("x.y", YES, "invalid_token"),
            (token[:-1] + ("A" if token[-1] != "A" else "B"), YES, "invalid_token"),
            (f"{key}.{id_}.", YES, "invalid_token"),
            (token + "=", YES, "invalid_token"),
            (crossed, YES, "invalid_token"),
            (f"{older_key}.{id_}.{signature}", YES, "invalid_token"),
            (f"no-key.{id_}.{signature}", YES, "invalid_token"),
            (f"{key}.{id_}.{signature}.{signature}", YES, "invalid_token"),
            ("tök€n." + token, YES, "invalid_token"),
            ("x" * 255, YES, "invalid_token"),
            (foreign, YES, "invalid_token"),
            (unknown, YES, "unknown_question"),
            (token, b"\xff{", "not_json"),
            (token, [1], "invalid_reply"),
            (token, {"result": {}, "error": {"message": "x"}}, "invalid_reply"),
            (token, {"result": "text"}, "invalid_reply"),
            (token, {"result": {"output": 5}}, "invalid_reply"),
            (token, {"result": {"output": None}}, "invalid_reply"),
            (token, {"result": {"ichor.asked": {}}}, "invalid_reply"),
            (token, {"result": {"output": "ugly"}}, "invalid_reply"),
            (token, YES, "invalid_reply"),
            (token, {"result": {"x": "y" * 10_000}}, "too_large"),
        ]
        for bad, body, reason in cases:
            await bench.reply(bad, body)
            dead = await bench.dead()
            assert (bad, dead["x-ichor-reason"]) == (bad, reason)
            assert dead["x-ichor-detail"]
        await bench.reply(token, {"result": {"available": 3, "output": "good"}})
        await bench.reply(second.correlation_id, NO)
        # Each reply ended the run that asked, and no other one.
        for asked, status in ((question, "completed"), (second, "failed")):
            assert (await bench.ended(runs[json.loads(asked.body)["order"]])).status == status


async def test_errors_fail_or_ask_again(bench: QuestionBench):
    async with start_program("ichor_worker", bench.environment):
        run = await bench.begin("e1")
        first = await bench.question()
        await bench.reply(first.correlation_id, BUSY)
        second = await bench.question()
        assert second.correlation_id != first.correlation_id
        await bench.reply(first.correlation_id, YES)
        assert (await bench.dead())["x-ichor-reason"] == "already_answered"
        await bench.reply(second.correlation_id, NO)
        view = await bench.ended(run)
        assert view.status == "failed"
        error = next(action.error for action in view.actions if action.name == "ask")
        assert error == {"message": "no stock", "type": "reply", "retryable": False}


async def test_after_its_time_a_reply_is_late(bench: QuestionBench):
    await bench.save(timeout="3s")
    assert bench.questions is not None
    # Whoever looks into the queue now and then may come when the question has expired.
    heard: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    await bench.questions.consume(heard.put, no_ack=True)
    async with start_program("ichor_worker", bench.environment):
        run = await bench.begin("e1")
        question = await asyncio.wait_for(heard.get(), 30)
        view = await bench.ended(run)
        assert (view.status, "No reply came in time" in (view.error or "")) == ("failed", True)
        await bench.reply(question.correlation_id, YES)
        assert (await bench.dead())["x-ichor-reason"] == "too_late"


async def test_where_nobody_listens_the_action_fails(silent: QuestionBench):
    async with start_program("ichor_worker", silent.environment):
        view = await silent.ended(await silent.begin("e1"))
        error = next(action.error for action in view.actions if action.name == "ask") or {}
        assert (view.status, error["type"]) == ("failed", "no_listener")


async def test_a_reply_waits_for_a_worker_that_is_not_there(bench: QuestionBench):
    async with start_program("ichor_worker", bench.environment) as worker:
        run = await bench.begin("e1")
        question = await bench.question()
        await worker.kill()
    await bench.reply(question.correlation_id, YES)
    rotated = bench.environment | {"ICHOR_TOKEN_KEYS": f"a newer key than that, {KEYS}"}
    async with start_program("ichor_worker", rotated):
        assert (await bench.ended(run)).status == "completed"


async def test_parts_run_apart(bench: QuestionBench):
    async with (
        start_program("ichor_worker", bench.environment, "--only", "workflows"),
        start_program("ichor_worker", bench.environment, "--only", "actions"),
        start_program("ichor_worker", bench.environment, "--only", "replies"),
    ):
        run = await bench.begin("e1")
        await bench.reply((await bench.question()).correlation_id, YES)
        assert (await bench.ended(run)).status == "completed"


async def test_a_cancelled_run_takes_no_reply(bench: QuestionBench):
    async with start_program("ichor_worker", bench.environment):
        run = await bench.begin("e1")
        question = await bench.question()
        await bench.temporal.get_workflow_handle((await bench.store.get_run(run)).workflow_id).cancel()
        assert (await bench.ended(run)).status == "cancelled"
        await bench.reply(question.correlation_id, YES)
        assert (await bench.dead())["x-ichor-reason"] == "run_ended"


async def test_of_a_reply_of_5_megabytes_travels_what_is_read(bench: QuestionBench):
    generous = bench.environment | {"ICHOR_MAX_REPLY_BYTES": "8MiB"}
    async with start_program("ichor_worker", generous) as worker:
        run = await bench.begin("e1")
        question = await bench.question()
        large = {"available": 3, "text": Random(1).randbytes(2_500_000).hex()}
        await bench.reply(question.correlation_id, {"result": large})
        view = await bench.ended(run)
        assert view.status == "completed"
        ask = next(action for action in view.actions if action.name == "ask")
        assert StoredResult.of(ask.result or {})
        assert await whole_result(bench.store, run, "ask") == {**large, "output": "success"}
        await is_delivered(bench)
        await bench.reply(question.correlation_id, {"result": large})
        await worker.said("a reply came again")
        await bench.reply(question.correlation_id, {"result": {STORED: {}}})
        assert (await bench.dead())["x-ichor-reason"] == "invalid_reply"


async def test_what_temporal_refuses_fails_the_action(
    postgres_database: Database, rabbitmq_vhost: Vhost, temporal_task_queue: str
):
    limits = {"limit.blobSize.warn": 6000, "limit.blobSize.error": 6000}
    async with start_temporal(source=Source.LOCAL, dynamic_config=limits) as server:
        client = await server.connect()
        opened = open_question_bench(postgres_database, rabbitmq_vhost, client, server.url, temporal_task_queue)
        async with opened as bench:
            await bench.listen()
            await _refuse_replies(bench)


async def _refuse_replies(bench: QuestionBench) -> None:
    large = {"result": {"text": "x" * 7000}}
    async with start_program("ichor_worker", bench.environment) as worker:
        taken = await bench.begin("e1")
        question = await bench.question()
        await bench.reply(question.correlation_id, large)
        dead = await bench.dead()
        assert (dead["x-ichor-reason"], len(dead["body"]) > 7000) == ("refused", True)
        assert "Temporal refuses" in dead["x-ichor-detail"]
        await bench.reply(question.correlation_id, YES)
        assert (await bench.dead())["x-ichor-reason"] == "already_answered"
        await is_refused(bench, taken)
        # A reply that was claimed by a worker that died, or is given elsewhere, is found by the sweep.
        swept = await bench.begin("e2")
        id = UUID((await bench.question()).message_id or "")
        await bench.store.claim_question(id, Reply.model_validate(large))
        await is_refused(bench, swept)
        await worker.said("a reply is of no use", code="refused")
        assert await bench.store.take_undelivered(timedelta(0)) == []


async def is_refused(bench: QuestionBench, *runs: str) -> None:
    for run in runs:
        view = await bench.ended(run)
        ask = next(action for action in view.actions if action.name == "ask")
        assert (view.status, ask.state, (ask.error or {})["type"]) == ("failed", "failed", "refused")
