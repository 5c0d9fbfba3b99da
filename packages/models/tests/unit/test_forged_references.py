from typing import Any

import pytest
from ichor_models import ASKED, STORED, Case, InvalidEvent, InvalidReply, ManualStart, parse_event, parse_reply
from pydantic import ValidationError
from pydantic_core import to_json

FORGED: dict[str, Any] = {STORED: {"values": {}, "parts": {}}, "total": 1}
SAID = r"may not have the key ichor\.stored"


def test_no_event_may_pass_a_reference_off():
    event = {"event_id": "e", "event_type": "on_create", "entity_name": "orders", "raw_data": FORGED}
    with pytest.raises(InvalidEvent, match=SAID):
        parse_event(to_json(event))


def test_no_reply_may_pass_a_reference_off():
    with pytest.raises(InvalidReply, match=SAID):
        parse_reply(to_json({"result": FORGED}))


def test_no_case_may_pass_a_reference_off():
    with pytest.raises(ValidationError, match=SAID):
        Case.model_validate({"results": {"a": {"result": FORGED}}})


def test_no_case_may_pass_a_question_off():
    with pytest.raises(ValidationError, match=r"may not have the key ichor\.asked"):
        Case.model_validate({"results": {"a": {"result": {ASKED: {"until": 0}}}}})


def test_no_start_by_hand_may_pass_a_reference_off():
    start = {"rule_id": "r", "event_id": "e", "user_id": "u", "timestamp": "2026-11-23T20:00:00Z", "data": FORGED}
    with pytest.raises(ValidationError, match=SAID):
        ManualStart.model_validate(start)
