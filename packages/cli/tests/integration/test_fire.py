"""`ichor fire`: the message it publishes, and what it says of the rules."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import aio_pika
import pytest
from ichor_testing import Vhost

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]
type Document = dict[str, Any]


async def received(broker: Vhost) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Return the messages in the trigger's queue."""
    messages: list[aio_pika.abc.AbstractIncomingMessage] = []
    async with await aio_pika.connect(broker.url) as connection:
        queue = await (await connection.channel()).get_queue("ichor.events.trigger")
        while (message := await queue.get(fail=False, timeout=60)) is not None:
            await message.ack()
            messages.append(message)
    return messages


async def test_event_from_options(ichor: Ichor, broker: Vhost) -> None:
    told = await ichor(
        *("fire", "--entity", "orders", "--id", "7", "--user", "u", "--event-id", "e-1"),
        *("--data", '{"total": 5}', "--set", "number=A-7", "--set", "vip=true", "--set", "note=a=b"),
        *("--change", "status=open->held", "--json"),
    )
    assert told.returncode == 0, told.stderr
    (message,) = await received(broker)
    document = json.loads(message.body)
    assert document.pop("timestamp").endswith("Z")
    assert document == {
        "entity_name": "orders",
        "event_type": "on_update",
        "entity_id": "7",
        "user_id": "u",
        "event_id": "e-1",
        "raw_data": {"total": 5, "number": "A-7", "vip": True, "note": "a=b"},
        "field_changes": {"status": {"old_value": "open", "new_value": "held"}},
    }
    assert message.routing_key == "orders.on_update"
    assert message.message_id == "e-1"
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert json.loads(told.stdout)["published"] is True


async def test_event_from_a_file_and_options_win(ichor: Ichor, broker: Vhost, write: Write) -> None:
    event = {"event_id": "e-2", "event_type": "on_delete", "entity_name": "orders", "raw_data": {"a": 1, "b": 2}}
    told = await ichor("fire", write("event.json", event), "--entity", "stock", "--set", "b=3")
    assert told.returncode == 0
    assert "Published stock.on_delete as e-2." in told.stdout
    (message,) = await received(broker)
    document = json.loads(message.body)
    assert (document["entity_name"], document["raw_data"]) == ("stock", {"a": 1, "b": 3})


@pytest.mark.usefixtures("database")
async def test_explain_publishes_nothing(ichor: Ichor, write: Write, rule: Document) -> None:
    rule["trigger"]["conditions"] = [{"field_name": "total", "operator": "greater_than", "value": 10}]
    await ichor("apply", write("rule.json", rule))
    for total, matches in ((11, True), (9, False)):
        told = await ichor("fire", "--entity", "orders", "--set", f"total={total}", "--explain", "--json")
        document = json.loads(told.stdout)
        assert (told.returncode, document["published"]) == (0, False)
        (explained,) = document["rules"]
        assert (explained["rule"], explained["matches"]) == ("Order approval", matches)
        assert explained["because"]
    people = await ichor("fire", "--entity", "orders", "--set", "total=9", "--explain")
    assert "total greater_than 10" in people.stdout


@pytest.mark.usefixtures("database")
async def test_explain_says_why_rules_do_not_listen(ichor: Ichor, write: Write, rule: Document) -> None:
    later = {**rule, "name": "Later", "trigger": {"entity": "orders", "event": "on_update"}}
    asleep = {**rule, "name": "Asleep", "is_active": False}
    await ichor("apply", write("later.json", later), write("asleep.json", asleep))
    told = await ichor("fire", "--entity", "orders", "--explain")
    assert "No active rule listens to orders.on_create." in told.stdout
    assert "Later  not asked  it listens to on_update (use --type on_update)" in told.stdout
    assert "Asleep  not asked  it is inactive (`ichor rules activate " in told.stdout
    update = await ichor("fire", "--entity", "sales.orders", "--type", "on_update", "--explain", "--json")
    document = json.loads(update.stdout)
    assert [one["rule"] for one in document["rules"]] == ["Later"]
    (deaf,) = document["not_listening"]
    assert deaf["because"].startswith("listens to on_create (use --type on_create) and is inactive")
    misspelt = await ichor("fire", "--entity", "oders", "--explain")
    assert "No active rule listens to oders.on_create; did you mean 'orders'?" in misspelt.stdout
    stranger = await ichor("fire", "--entity", "qqq", "--explain")
    assert "No active rule listens to qqq.on_create; no rule names this entity" in stranger.stdout


@pytest.mark.usefixtures("broker")
async def test_an_event_that_nobody_hears_is_published_and_told(
    ichor: Ichor, write: Write, rule: Document, database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ichor("apply", write("rule.json", rule))
    misspelt = await ichor("fire", "--entity", "oders")
    assert (misspelt.returncode, "Published oders.on_create" in misspelt.stdout) == (0, True)
    assert misspelt.stderr == "No active rule listens to oders.on_create; did you mean 'orders'?\n"
    other = await ichor("fire", "--entity", "orders", "--type", "on_delete", "--wait")
    assert other.stderr == (
        "No active rule listens to orders.on_delete. 'Order approval' listens to on_create (use --type on_create).\n"
    )
    assert (await ichor("fire", "--entity", "orders")).stderr == ""
    monkeypatch.setenv("ICHOR_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/x")
    away = await ichor("fire", "--entity", "orders", "--json")
    assert (away.returncode, json.loads(away.stdout)["published"]) == (0, True)
    assert away.stderr.startswith("Whether a rule listens to it was not looked up: ")
    assert "secret" not in away.stderr


@pytest.mark.usefixtures("database")
async def test_explain_and_publish(ichor: Ichor, broker: Vhost) -> None:
    told = await ichor("fire", "--entity", "orders", "--explain", "--publish", "--json")
    assert json.loads(told.stdout)["published"] is True
    assert len(await received(broker)) == 1


@pytest.mark.usefixtures("database", "broker")
async def test_wait_gives_up(ichor: Ichor, write: Write, rule: Document) -> None:
    await ichor("apply", write("rule.json", rule))
    told = await ichor("fire", "--entity", "orders", "--wait", "--timeout", "200ms", "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (3, "not_ended")
    assert error["event_id"] in error["message"]
    assert error["runs"] == []
    none = await ichor("fire", "--entity", "nothing", "--wait", "--json")
    assert (none.returncode, json.loads(none.stdout)["runs"]) == (0, [])


async def test_broker_that_is_not_there(ichor: Ichor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICHOR_RABBITMQ_URL", "amqp://guest:secret@127.0.0.1:1/")
    told = await ichor("fire", "--entity", "orders", "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "rabbitmq_unreachable")
    assert "secret" not in told.stdout + told.stderr


@pytest.mark.parametrize(
    ("event", "options", "said"),
    [
        ({"event_typo": "on_create", "entity_name": "orders"}, [], "did you mean 'event_type'?"),
        ({"entity_name": "orders"}, [], "--type TYPE"),
        ({"event_type": "on_create"}, [], "--entity NAME"),
        (None, [], "--entity NAME"),
        (None, ["--entity", "orders", "--data", '{"weight": 3'], "--data is no JSON: Expecting"),
        (None, ["--entity", "orders", "--data", "[]"], "--data must be a JSON object"),
    ],
)
async def test_event_that_does_not_say_what_happened(
    ichor: Ichor, write: Write, event: Document | None, options: list[str], said: str
) -> None:
    file = [] if event is None else [write("event.json", event)]
    told = await ichor("fire", *file, *options)
    assert told.returncode == 2
    assert said in told.stderr


@pytest.mark.usefixtures("broker")
async def test_event_type_by_option(ichor: Ichor, write: Write) -> None:
    told = await ichor("fire", write("event.json", {"entity_name": "orders"}), "--type", "on_delete")
    assert "Published orders.on_delete" in told.stdout


@pytest.mark.parametrize("text", ["nonsense", "5 parsecs"])
async def test_timeout_that_is_none(ichor: Ichor, text: str) -> None:
    told = await ichor("fire", "--entity", "orders", "--wait", "--timeout", text, "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (2, "usage")


@pytest.mark.usefixtures("database", "broker")
async def test_a_number_alone_means_seconds(ichor: Ichor) -> None:
    told = await ichor("fire", "--entity", "nothing", "--wait", "--timeout", "5", "--json")
    assert told.returncode == 0
