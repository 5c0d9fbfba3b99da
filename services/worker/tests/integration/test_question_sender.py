"""Questions are sent though nobody listens any more, or the database goes away meanwhile, on real servers."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from ichor_activities import TokenKeys
from ichor_edgestore import EdgeStore, Verdict
from ichor_models import ActionCall, EntityEvent, Message, OpenedQuestion, Question, Reply
from ichor_service import REPLIES, REQUESTS, Broker, Link, Publisher
from ichor_testing import Vhost
from ichor_testing.question_bench import KEYS, QuestionBench
from ichor_worker.question_sender import NO_LISTENER, UNSENDABLE, QuestionSender
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


async def ask(bench: QuestionBench, call: ActionCall, within: timedelta = timedelta(hours=1)) -> OpenedQuestion:
    question = Question(timeout=within, message=Message(routing_key="stock.check"))
    async with bench.store.journal.transaction(call) as transaction:
        return await transaction.ask(question)


async def refusal(bench: QuestionBench, opened: OpenedQuestion) -> str:
    """Return why a question was refused, which is its reply."""
    (reply,) = await bench.store.take_undelivered(timedelta(0))
    assert reply.id == opened.id
    assert reply.notice.reply.error
    return reply.notice.reply.error.type


async def test_that_nobody_hears_a_question_is_its_reply(
    silent: QuestionBench, sender: QuestionSender, call: ActionCall
):
    await sender.send(opened := await ask(silent, call))
    assert await refusal(silent, opened) == NO_LISTENER
    assert (await silent.store.claim_question(opened.id, YES)).verdict is Verdict.OTHER


async def test_a_question_that_is_answered_stays_so(silent: QuestionBench, sender: QuestionSender, call: ActionCall):
    opened = await ask(silent, call)
    await silent.store.claim_question(opened.id, YES)
    await sender.send(opened)
    (reply,) = await silent.store.take_undelivered(timedelta(0))
    assert reply.id == opened.id


async def test_a_question_is_asked_where_nobody_can_note_it(
    bench: QuestionBench, sender: QuestionSender, call: ActionCall
):
    opened = await ask(bench, call)
    await bench.store.close()
    await sender.send(opened)
    assert (await bench.question()).message_id == str(opened.id)


async def test_what_nobody_hears_is_sent_later_where_it_cannot_be_closed(
    silent: QuestionBench, sender: QuestionSender, call: ActionCall
):
    opened = await ask(silent, call)
    await silent.store.close()
    await sender.send(opened)


async def test_a_question_may_wait_for_longer_than_the_broker_keeps_a_message(
    bench: QuestionBench, sender: QuestionSender, call: ActionCall
):
    await sender.send(opened := await ask(bench, call, timedelta(days=36_500)))
    assert (await bench.question()).message_id == str(opened.id)


async def test_that_the_broker_never_takes_a_question_is_its_reply(
    bench: QuestionBench, sender: QuestionSender, call: ActionCall, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ichor_worker.question_sender._LATEST", timedelta(days=36_500))
    await sender.send(opened := await ask(bench, call, timedelta(days=36_500)))
    assert await refusal(bench, opened) == UNSENDABLE
