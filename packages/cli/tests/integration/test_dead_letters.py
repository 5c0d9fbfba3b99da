"""`ichor replies` and `ichor events`: letters nobody could use are listed and sent again, as docs/operators.md says."""

import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from ichor_activities import TokenKeys, discover
from ichor_cli.dead_letters import REASONS
from ichor_edgestore import EdgeStore, connected
from ichor_models import ActionCall, EntityEvent, Question, Rule, RunHeader, question_id
from ichor_service import EVENTS, REPLIES, Topology
from ichor_testing import Database, Vhost, until

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Document = dict[str, Any]

KEYS = "a key that is long enough"
TOPOLOGIES = {"events": EVENTS, "replies": REPLIES}


@pytest_asyncio.fixture(loop_scope="session")
async def channel(broker: Vhost) -> AsyncGenerator[AbstractChannel]:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await REPLIES.declare(channel)
        await EVENTS.declare(channel)
        yield channel


async def bury(channel: AbstractChannel, topology: Topology, body: bytes, reason: str, **properties: Any) -> None:
    headers: Any = {"x-ichor-reason": reason, "x-ichor-detail": "Why.", "x-ichor-dead-since": f"2026-{len(body):02}"}
    message = aio_pika.Message(body, headers=headers, delivery_mode=2, **properties)
    await channel.default_exchange.publish(message, topology.dead)


async def back(channel: AbstractChannel, noun: str, count: int) -> None:
    """Wait for so many letters: what was looked at is back a moment later."""

    async def are_there() -> bool:
        queue = await channel.declare_queue(TOPOLOGIES[noun].dead, passive=True)
        return queue.declaration_result.message_count == count

    await until(are_there, f"{count} dead letters", pause=0.01)


async def listed(ichor: Ichor, channel: AbstractChannel, noun: str, count: int) -> list[Document]:
    """List letters, of which there are so many before and after."""
    await back(channel, noun, count)
    told = await ichor(noun, "list", "--json")
    assert told.returncode == 0, told.stderr
    found: list[Document] = json.loads(told.stdout)["letters"]
    assert len(found) == count
    await back(channel, noun, count)
    return found


async def messages(channel: AbstractChannel, topology: Topology, count: int) -> list[AbstractIncomingMessage]:
    queue, found = await channel.get_queue(topology.queue), list[AbstractIncomingMessage]()

    async def are_there() -> bool:
        if message := await queue.get(fail=False, no_ack=True, timeout=60):
            found.append(message)
        return len(found) >= count

    await until(are_there, f"{count} messages")
    return found


async def asked(database: Database, rule: Document) -> ActionCall:
    """Let an action of a run ask something."""
    event = EntityEvent.model_validate({"event_id": "e1", "event_type": "on_create", "entity_name": "orders"})
    async with connected(database.url) as pool:
        store = EdgeStore(pool)
        saved = await store.save_rule(Rule.model_validate(rule), catalogue=discover().catalogue)
        pinned = await store.pin_run(saved.rule_id, event)
        header = RunHeader(
            execution_id=pinned.execution_id, rule_id=saved.rule_id, rule_name="r", event=pinned.request.run.event
        )
        call = ActionCall(run=header, key="k", name="ask stock", type="request_reply", config={})
        await store.journal.started(call)
        async with store.journal.transaction(call) as transaction:
            await transaction.ask(Question.model_validate({"timeout": "PT1M"}))
    return call


async def test_replies_are_listed_with_their_question(
    ichor: Ichor, channel: AbstractChannel, database: Database, rule: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await asked(database, rule)
    monkeypatch.setenv("ICHOR_TOKEN_KEYS", KEYS)
    token = TokenKeys.parse(KEYS).sign(question_id(call))
    body = b'{"oops": "\x1b[31m\xff' + b"x" * 1000
    await bury(channel, REPLIES, body, "not_json", correlation_id=token, message_id="m-1")
    await bury(channel, REPLIES, b"?", "no_token")
    nobody, known = await listed(ichor, channel, "replies", 2)
    assert (nobody["reason"], nobody["question"], nobody["run"]) == ("no_token", None, None)
    assert known.pop("id")
    assert known.pop("body").startswith('{"oops": "')
    assert known == {
        "reason": "not_json",
        "detail": "Why.",
        "dead_since": f"2026-{len(body)}",
        "message_id": "m-1",
        "question": str(question_id(call)),
        "question_state": "open",
        "run": call.run.execution_id,
        "action": "ask stock",
        "bytes": len(body),
    }
    told = await ichor("replies", "list", "--limit", "10")
    assert f"run {call.run.execution_id}, action ask stock, its question is open" in told.stdout
    assert token not in told.stdout
    assert "\x1b[31m" not in told.stdout
    await back(channel, "replies", 2)
    few = await ichor("replies", "list", "--limit", "1")
    assert "1 more; --limit shows them." in few.stdout
    assert told.stderr == ""
    for keys, why in (("", "is not set"), (KEYS.upper(), "has no key that signed them")):
        monkeypatch.setenv("ICHOR_TOKEN_KEYS", keys)
        await back(channel, "replies", 2)
        told = await ichor("replies", "list")
        assert told.stderr.startswith(f"The tokens of 1 letters are not read, since ICHOR_TOKEN_KEYS {why}: ")
    await bury(channel, REPLIES, b"{}", "invalid_token", correlation_id="forged")
    await listed(ichor, channel, "replies", 3)
    assert "The tokens of 1 letters" in (await ichor("replies", "list")).stderr


async def test_chosen_replies_are_sent_again(ichor: Ichor, channel: AbstractChannel) -> None:
    for body, reason in ((b"1", "not_json"), (b"22", "too_large"), (b"333", "too_large"), (b"4444", "no_token")):
        await bury(channel, REPLIES, body, reason, correlation_id=f"of {body.decode()}")
    first, *_ = await listed(ichor, channel, "replies", 4)
    told = await ichor("replies", "resend", first["id"], "not-there", "--json")
    assert (told.returncode, json.loads(told.stdout)) == (1, {"resent": [first], "missing": ["not-there"]})
    (message,) = await messages(channel, REPLIES, 1)
    assert (message.body, message.correlation_id, "x-ichor-reason" in message.headers) == (b"1", "of 1", False)
    await listed(ichor, channel, "replies", 3)
    told = await ichor("replies", "resend", "--reason", "too_large")
    assert (told.returncode, told.stdout) == (0, "2 sent again.\n")
    assert {message.body for message in await messages(channel, REPLIES, 2)} == {b"22", b"333"}
    await listed(ichor, channel, "replies", 1)
    assert (await ichor("replies", "resend", "--all")).stdout == "1 sent again.\n"
    assert await listed(ichor, channel, "replies", 0) == []
    assert (await ichor("replies", "list")).stdout == "There are no dead replies.\n"


async def test_chosen_letters_are_removed_and_no_other(ichor: Ichor, channel: AbstractChannel) -> None:
    for body in (b"1", b"22", b"333"):
        await bury(channel, EVENTS, body, "not_json")
    first, second, third = await listed(ichor, channel, "events", 3)
    told = await ichor("events", "remove", first["id"], "not-there", "--json")
    assert (told.returncode, json.loads(told.stdout)) == (1, {"removed": [first], "missing": ["not-there"]})
    assert await listed(ichor, channel, "events", 2) == [second, third]
    told = await ichor("events", "remove", second["id"])
    assert (told.returncode, told.stdout) == (0, "1 removed.\n")
    assert await listed(ichor, channel, "events", 1) == [third]
    assert (await ichor("events", "remove")).returncode == 2
    assert (await ichor("events", "resend", "--all")).stdout == "1 sent again.\n"
    assert [message.body for message in await messages(channel, EVENTS, 1)] == [b"333"]


@pytest.mark.usefixtures("broker")
async def test_a_reason_that_is_no_code_is_told(ichor: Ichor, channel: AbstractChannel) -> None:
    told = await ichor("events", "resend", "--reason", "not_jsn")
    assert (told.returncode, "did you mean 'not_json'?" in told.stderr) == (2, True)
    assert (await ichor("events", "resend", "--reason", "not_json")).returncode == 1
    await bury(channel, EVENTS, b"1", "a_code_of_tomorrow")
    await listed(ichor, channel, "events", 1)
    assert (await ichor("events", "resend", "--reason", "a_code_of_tomorrow")).returncode == 0


@pytest.mark.parametrize("noun", ["events", "replies"])
def test_every_code_is_known(noun: str) -> None:
    page = (Path(__file__).parents[4] / "docs" / "events.md").read_text()
    heading = "| code | what to do |" if noun == "events" else "| `x-ichor-reason` | |"
    table = page.split(heading)[1].split("\n\n")[0]
    codes = {code for row in table.splitlines()[2:] for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert codes == REASONS[noun]


@pytest.mark.parametrize("arguments", [(), ("--all", "abc"), ("--all", "--reason", "x")])
@pytest.mark.usefixtures("broker")
async def test_it_must_be_said_which(ichor: Ichor, arguments: tuple[str, ...]) -> None:
    told = await ichor("replies", "resend", *arguments, "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (2, "usage")


async def test_events_are_sent_again(ichor: Ichor, channel: AbstractChannel) -> None:
    await bury(channel, EVENTS, b"{}", "invalid_event", message_id="e-1")
    (letter,) = await listed(ichor, channel, "events", 1)
    assert (letter["reason"], letter["message_id"], letter["question"]) == ("invalid_event", "e-1", None)
    assert (await ichor("events", "resend", letter["id"])).returncode == 0
    (message,) = await messages(channel, EVENTS, 1)
    assert (message.body, message.message_id) == (b"{}", "e-1")


async def test_a_broker_that_is_away(ichor: Ichor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", "amqp://guest:secret@127.0.0.1:1/")
    for arguments in (("list",), ("resend", "--all")):
        told = await ichor("replies", *arguments, "--json")
        assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "rabbitmq_unreachable")
        assert "secret" not in told.stdout + told.stderr
