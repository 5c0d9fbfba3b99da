"""A question that is sent again where nobody listens any more, on real servers."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from ichor_activities import TokenKeys
from ichor_edgestore import EdgeStore, Verdict
from ichor_models import ActionCall, EntityEvent, Message, OpenedQuestion, Question, Reply
from ichor_service import REPLIES, REQUESTS, Broker, Link, Publisher
from ichor_testing import Vhost
from ichor_testing.question_bench import KEYS, QuestionBench
from ichor_worker.question_sender import NO_LISTENER, QuestionSender
from pydantic import SecretStr

YES = Reply.model_validate({"result": {"available": 3}})


@pytest.fixture
async def sender(silent: QuestionBench, rabbitmq_vhost: Vhost) -> AsyncGenerator[QuestionSender]:
    async def connect() -> EdgeStore:
        return silent.store

    store = Link(connect, EdgeStore.ping)
    await store.connect()
    publisher = Publisher(Broker(SecretStr(rabbitmq_vhost.url), "test"), REQUESTS, answers=REPLIES)
    yield QuestionSender(publisher, TokenKeys.parse(KEYS), store)
    await publisher.close()


@pytest.fixture
async def call(silent: QuestionBench) -> ActionCall:
    """A call of a run that is pinned."""
    event = EntityEvent.model_validate({"event_id": "e1", "event_type": "on_create", "entity_name": "orders"})
    run = (await silent.store.pin_run(silent.rule_id, event)).request.run
    return ActionCall(run=run, key="a", name="ask", type="request_reply", config={})


async def ask(bench: QuestionBench, call: ActionCall, time: timedelta = timedelta(hours=1)) -> OpenedQuestion:
    question = Question(timeout=time, message=Message(routing_key="stock.check"))
    async with bench.store.journal.transaction(call) as transaction:
        return await transaction.ask(question)


async def test_that_nobody_hears_a_question_is_its_reply(
    silent: QuestionBench, sender: QuestionSender, call: ActionCall
):
    opened = await ask(silent, call)
    await sender.send(opened)
    (reply,) = await silent.store.take_undelivered(timedelta(0))
    error = reply.notice.reply.error
    assert (error and error.type) == NO_LISTENER
    assert (await silent.store.claim_question(opened.id, YES)).verdict is Verdict.OTHER


@pytest.mark.parametrize(("days", "told"), [(3649, True), (3651, False)])
async def test_a_question_says_how_long_it_is_good_where_the_broker_takes_that(
    bench: QuestionBench, sender: QuestionSender, call: ActionCall, days: int, told: bool
):
    await sender.send(await ask(bench, call, timedelta(days=days)))
    assert ((await bench.question()).expiration is not None) is told


async def test_a_question_is_sent_while_the_database_is_away(
    bench: QuestionBench, sender: QuestionSender, call: ActionCall
):
    opened = await ask(bench, call)
    await bench.pool.close()
    await sender.send(opened)
    assert (await bench.question()).message_id == str(opened.id)


async def test_a_question_that_is_answered_stays_so(silent: QuestionBench, sender: QuestionSender, call: ActionCall):
    opened = await ask(silent, call)
    await silent.store.claim_question(opened.id, YES)
    await sender.send(opened)
    (reply,) = await silent.store.take_undelivered(timedelta(0))
    assert (reply.id, reply.notice.reply.error) == (opened.id, None)
