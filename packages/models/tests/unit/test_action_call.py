from datetime import UTC, datetime
from typing import Any

import pytest
from ichor_models import ActionCall, SecretPlace
from pydantic import ValidationError


def call(**changes: Any) -> ActionCall:
    event = {
        "event_id": "e1",
        "event_type": "on_create",
        "entity_name": "orders",
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    }
    run = {"execution_id": "x1", "rule_id": "r1", "rule_name": "Order approval", "event": event}
    whole = {"run": run, "key": "7", "name": "Tell sales", "type": "mail", "config": {"to": ["{{secret:a}}"]}}
    return ActionCall.model_validate(whole | changes)


def test_a_call_travels_as_json() -> None:
    sent = call(secrets=(SecretPlace(path=("to", 0), start=0, name="a"),))
    assert ActionCall.model_validate_json(sent.model_dump_json()) == sent


def test_an_idempotency_key_is_that_of_the_run_and_the_action() -> None:
    assert call().idempotency_key == call(name="other", config={}).idempotency_key == "x1:7"
    assert call(key="8").idempotency_key != call().idempotency_key


def test_ids_are_the_same_in_every_attempt_and_differ_by_purpose() -> None:
    assert call().new_id("row") == call(config={}).new_id("row")
    assert len({call().new_id(), call().new_id("row"), call().new_id("event"), call(key="8").new_id()}) == 4


def test_a_secret_stands_somewhere() -> None:
    with pytest.raises(ValidationError):
        SecretPlace(path=("a",), start=-1, name="x")


def test_a_config_is_neither_copied_nor_looked_through() -> None:
    items = [{"a": 1}]
    assert call(config={"items": items}).config["items"] is items
