import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models.strict_json import check_json, exponents, json_hash, parse_json, storable
from pydantic import JsonValue

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(json_values, st.booleans(), st.booleans())
def test_all_json_is_read_as_it_was_written(value: JsonValue, ascii_only: bool, unique_keys: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text, unique_keys=unique_keys) == value
    assert parse_json(text.encode(), unique_keys=unique_keys) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("{", "Expecting"),
        ("{'a': 1}", "Expecting"),
        ('{"a": 1,}', "double quotes|trailing comma"),
        ('{"a": 1} x', "Extra data"),
        ("NaN", "NaN is no number of JSON"),
        ('{"a": [Infinity]}', "Infinity is no number of JSON"),
        ('{"a": -Infinity}', "-Infinity is no number of JSON"),
        ("1e400", "too large"),
        ('{"a": -1e999}', "too large"),
        ("9" * 5000, "digits"),
        ("9" * 4250, "too large"),
        (r'"\u0000"', "U\\+0000"),
        (r'{"\u0000": 1}', "U\\+0000"),
        (r'["\ud83d"]', "half a character"),
        (r'{"a\udc00": 1}', "half a character"),
        ("[" * 101 + "]" * 101, "nested more than 100 deep"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested more than 100 deep"),
        ("[" * 100_000 + "]" * 100_000, "nested more than 100 deep"),
    ],
)
def test_what_some_store_could_not_hold_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_json(text)


@pytest.mark.parametrize("body", [b"\xff", b'"\xc3\x28"', b'"\x00"'])
def test_bytes_that_are_no_text_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(body)


@pytest.mark.parametrize("text", ["[" * 99 + "1" + "]" * 99, '{"a":' * 99 + "1" + "}" * 99, r'"\ud83d\ude00"', "1e308"])
def test_what_every_store_can_hold_is_read(text: str) -> None:
    assert parse_json(text) == json.loads(text)


def test_of_a_key_that_stands_there_twice_the_last_counts_or_none_may() -> None:
    text = '{"a": {"b": 1, "c": 2, "b": 3}}'
    assert parse_json(text) == {"a": {"b": 3, "c": 2}}
    with pytest.raises(ValueError, match="the key 'b' stands twice in one object; remove one of them"):
        parse_json(text, unique_keys=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\0", "\ud83d", {"\0": 1}, [[{"a": ["\0"]}]]])
def test_a_value_that_is_here_already_is_checked_alike(value: JsonValue) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_json(value)


@settings(max_examples=60, deadline=None)
@given(st.text('{}[]":,\\u0dD8NaInfityrlse-+.19 ', max_size=20) | st.binary(max_size=12))
def test_any_text_is_json_or_a_value_error(text: str | bytes) -> None:
    with suppress(ValueError):
        check_json(parse_json(text))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("é\0", "é\ufffd"),
        ("half \ud83d", "half \ufffd"),
        ("\udc00 half", "\ufffd half"),
        ({"a\0": ["\0", {"b": "\ud83d"}], "n": 1.5}, {"a\ufffd": ["\ufffd", {"b": "\ufffd"}], "n": 1.5}),
    ],
)
def test_what_no_store_could_hold_is_shown_as_a_replacement(value: JsonValue, kept: JsonValue) -> None:
    assert storable(value) == kept


@settings(max_examples=50, deadline=None)
@given(json_values, st.text(st.characters()))
def test_what_every_store_can_hold_stays_and_the_rest_can_be_held(value: JsonValue, text: str) -> None:
    assert storable(value) == value
    check_json(storable({text: [text]}))


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": float("-inf")}])
def test_what_is_no_number_has_no_replacement(value: JsonValue) -> None:
    with pytest.raises(ValueError, match="NaN"):
        storable(value)


@given(json_values)
def test_a_value_is_the_same_as_it_comes_back(value: JsonValue) -> None:
    assert json_hash(value) == json_hash(json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    ("left", "right"),
    [(True, 1), (0, False), ([1], [True]), ({"a": {"b": 0}}, {"a": {"b": False}}), ([1], [1, 1]), ("1", 1)],
)
def test_what_python_takes_for_equal_is_not_the_json_hash(left: JsonValue, right: JsonValue) -> None:
    assert json_hash(left) != json_hash(right)


def test_a_number_is_the_same_however_it_is_written() -> None:
    assert json_hash({"n": [1, 100], "m": 0}) == json_hash({"m": -0.0, "n": [1.0, 1e2]})


@pytest.mark.parametrize(
    ("value", "digits"),
    [(1e300, 300), ([5e-324, {"a": -1e20}], 344), ({"a": [1.5, 10**300, True, None, "1e300"]}, 0), (1e15, 0)],
)
def test_exponents_stand_for_digits(value: JsonValue, digits: int) -> None:
    assert exponents(value) == digits
