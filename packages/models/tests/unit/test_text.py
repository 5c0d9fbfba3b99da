import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models.text import as_text, shown
from pydantic import JsonValue

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ("007", "007"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (6.0, "6"),
        (6, "6"),
        (1234.5, "1234.5"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (-0.0, "0"),
        ([], "[]"),
        ({}, "{}"),
        ([1, "x"], '[1,"x"]'),
        ([1.0, None, True, [2.50]], "[1,null,true,[2.5]]"),
        ({"a": {"b": 1e21}, "ü": 'say "é"'}, '{"a":{"b":1000000000000000000000},"ü":"say \\"é\\""}'),
    ],
)
def test_values_in_text(value: JsonValue, text: str) -> None:
    assert as_text(value) == text


@settings(max_examples=60, deadline=None)
@given(st.lists(json_values, max_size=4))
def test_compact_json_reads_back_as_the_same(value: list[JsonValue]) -> None:
    assert json.loads(as_text(value), parse_float=Decimal, parse_int=Decimal) == _decimals(value)


def _decimals(value: JsonValue) -> object:
    if isinstance(value, list):
        return [_decimals(item) for item in value]
    if isinstance(value, dict):
        return {key: _decimals(item) for key, item in value.items()}
    return Decimal(repr(value)) if type(value) in (int, float) else value


@pytest.mark.parametrize(
    ("text", "quoted"), [("a", "'a'"), ("it's", '"it\'s"'), ("x" * 80, f"'{'x' * 80}'"), ("x" * 81, f"'{'x' * 80}…'")]
)
def test_a_text_shown_in_a_message_is_quoted_and_cut(text: str, quoted: str) -> None:
    assert shown(text) == quoted
