"""Temporal is away for as long as replies come, and longer than anybody waits for it; each is delivered once, later."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from ichor_activities import TokenKeys
from ichor_edgestore import Verdict
from ichor_models import ActionCall, EntityEvent, Question, RunHeader, question_id
from ichor_service import (
    ForeignNamespace,
    InboxOptions,
    Letter,
    Link,
    Part,
    Stop,
    Unreachable,
    load_settings,
    side_by_side,
)
from ichor_testing import start_proxy, until
from ichor_testing.engine_program import start_program
from ichor_testing.question_bench import KEYS, QuestionBench, next_message
from ichor_worker.completer import Completer
from ichor_worker.links import Links
from ichor_worker.replies import replies
from temporalio.client import Client

RUNS, TRIES = 3, 4
IMPATIENT = InboxOptions(longest_try=0.3)
YES = {"result": {"available": 3}}


class Tries:
    """How often each reply was tried, whether that went well at last, and how often the broker had delivered it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str | None] = Counter()
        self.taken: set[str | None] = set()
        self.deliveries: set[object] = set()
        take = Completer.take

        async def noting(completer: Completer, letter: Letter, keys: TokenKeys, max_bytes: int) -> Verdict:
            self.counts[letter.correlation_id] += 1
            self.deliveries.add(letter.message.headers.get("x-delivery-count", 0))
            verdict = await take(completer, letter, keys, max_bytes)
            self.taken.add(letter.correlation_id)
            return verdict

        monkeypatch.setattr(Completer, "take", noting)


@asynccontextmanager
async def taking_replies(links: Links) -> AsyncGenerator[Part]:
    """Take replies in this process, without patience."""
    stop, part = Stop(timedelta(seconds=5)), replies(links, IMPATIENT)
    async with links.store, asyncio.TaskGroup() as group:
        group.create_task(side_by_side([part], stop))
        try:
            yield part
        finally:
            stop.ask()


async def is_well(part: Part) -> bool:
    try:
        await part.probes["replies"]()
    except Unreachable:
        return False
    return True


async def test_replies_wait_for_temporal_and_are_delivered_once(bench: QuestionBench, monkeypatch: pytest.MonkeyPatch):
    tries = Tries(monkeypatch)
    async with (
        start_proxy(bench.environment["ICHOR_TEMPORAL_ADDRESS"]) as proxy,
        start_program("ichor_worker", bench.environment, "--only", "workflows", "--only", "actions"),
    ):
        for name, value in (bench.environment | {"ICHOR_TEMPORAL_ADDRESS": proxy.url}).items():
            monkeypatch.setenv(name, value)
        async with taking_replies(Links.of(load_settings(), "test")) as part:
            runs = [await bench.begin(f"e{number}") for number in range(RUNS)]
            tokens = [(await bench.question()).correlation_id for _ in range(RUNS)]
            await until(lambda: is_well(part), "a consumer")
            proxy.silence()
            for token in tokens:
                await bench.reply(token, YES)

            async def were_tried() -> bool:
                return all(tries.counts[token] >= TRIES for token in tokens)

            await until(were_tried, "several tries of each reply")
            assert await bench.count("questions", "state = 'answered' AND delivered_at IS NULL") == RUNS
            proxy.mend()
            assert {(await bench.ended(run)).status for run in runs} == {"completed"}

            # A try that was given up may have reached the run all the same; its reply is taken only by the next one.
            async def were_taken() -> bool:
                return tries.taken == set(tokens)

            await until(were_taken, "each reply to be taken")
    assert tries.deliveries == {0}
    assert await bench.waiting("ichor.replies") == await bench.waiting("ichor.replies.dead") == 0
    assert await bench.count("questions", "delivered_at IS NOT NULL") == RUNS
    assert await bench.count("audit_log") == RUNS


async def opened[T](value: T) -> Link[T]:
    async def connect() -> T:
        return value

    async def ask(_: T) -> None: ...

    link = Link(connect, ask)
    await link.connect()
    return link


async def ask(bench: QuestionBench) -> ActionCall:
    """Open a question of a run that Temporal does not know."""
    event = EntityEvent.model_validate({"event_id": "e1", "event_type": "on_create", "entity_name": "orders"})
    pinned = await bench.store.pin_run(bench.rule_id, event)
    run = pinned.request.run
    header = RunHeader(execution_id=pinned.execution_id, rule_id=run.rule_id, rule_name=run.rule_name, event=run.event)
    call = ActionCall(run=header, key="ask", name="ask", type="request_reply", config={})
    await bench.store.journal.started(call)
    async with bench.store.journal.transaction(call) as transaction:
        await transaction.ask(Question(timeout=timedelta(hours=1)))
    return call


async def take(bench: QuestionBench, call: ActionCall, temporal: Client) -> None:
    """Take the reply to a question, with this Temporal to bring it to its run."""
    keys = TokenKeys.parse(KEYS)
    queue = await bench.channel.declare_queue("replies", auto_delete=True)
    await bench.reply(keys.sign(question_id(call)), YES, queue=queue.name)
    completer = Completer(await opened(temporal), await opened(bench.store))
    await completer.take(Letter(await next_message(queue)), keys, 10_000)


async def test_a_namespace_that_is_not_there_says_nothing_about_a_run(bench: QuestionBench):
    call, config = await ask(bench), bench.temporal.service_client.config
    nowhere = await Client.connect(
        config.target_host, namespace="nowhere", data_converter=bench.temporal.data_converter
    )
    with pytest.raises(Unreachable, match="nowhere"):
        await take(bench, call, nowhere)
    assert await bench.count("questions", "state = 'answered'") == 1


async def test_a_namespace_that_does_not_carry_the_runs_says_nothing_about_a_run(bench: QuestionBench):
    call = await ask(bench)
    await bench.store.home_namespace("another")
    with pytest.raises(ForeignNamespace):
        await take(bench, call, bench.temporal)
    assert await bench.count("questions", "state = 'answered'") == 1
