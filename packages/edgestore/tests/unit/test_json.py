"""JSON as the database is given it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from ichor_edgestore.pool import encode_json


def test_money_ids_and_times_are_text() -> None:
    value = {"m": Decimal("1.50"), "i": UUID(int=1), "t": datetime(2026, 1, 1, tzinfo=UTC)}
    assert json.loads(encode_json(value)) == {
        "m": "1.50",
        "i": "00000000-0000-0000-0000-000000000001",
        "t": "2026-01-01T00:00:00+00:00",
    }


def test_numbers_keep_their_kind() -> None:
    assert encode_json([1, 1.0, 10**20, 0.1]) == "[1,1.0,100000000000000000000,0.1]"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_json(value)


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        encode_json(object())
