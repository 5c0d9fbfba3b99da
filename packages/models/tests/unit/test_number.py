import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models.number import as_decimal, fixed, from_decimal, plain
from pydantic import JsonValue

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, "0"),
        (-7, "-7"),
        (2.675, "2.675"),
        (0.1, "0.1"),
        (1e21, "1e21"),
        (10**400, "1e400"),
        ("12.50", "12.5"),
        ("-2.50", "-2.5"),
        ("007", "7"),
        ("0", "0"),
    ],
)
def test_numbers_and_plain_decimal_text_are_numbers(value: JsonValue, number: str) -> None:
    assert as_decimal(value) == Decimal(number)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, [], [1], {}, {"a": 1}),
        *("", " ", "x", "1x", "1e3", "+1", ".5", "5.", "1,234.56", "1_000", " 7", "7 ", "7\n", "--1", "- 1", "0x10"),
        *("NaN", "Infinity", "٣", "½", "²"),
        *(float("nan"), float("inf"), float("-inf")),
    ],
)
def test_nothing_else_is_a_number(value: JsonValue) -> None:
    assert as_decimal(value) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("6.0", "6"),
        ("6.50", "6.5"),
        ("100", "100"),
        ("1E+2", "100"),
        ("1e21", "1000000000000000000000"),
        ("1e-7", "0.0000001"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("0.10", "0.1"),
        ("-1.20", "-1.2"),
    ],
)
def test_numbers_are_written_in_the_shortest_plain_decimal(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [
        ("2.675", 2, "2.68"),
        ("2.665", 2, "2.67"),
        ("2.5", 0, "3"),
        ("3.5", 0, "4"),
        ("-2.5", 0, "-3"),
        ("0.05", 1, "0.1"),
        ("1", 2, "1.00"),
        ("1234.56", 1, "1234.6"),
        ("9.999", 2, "10.00"),
        ("-0.004", 2, "0.00"),
        ("1e21", 1, "1000000000000000000000.0"),
        ("0.1", 20, "0.10000000000000000000"),
    ],
)
def test_rounding_is_half_up_with_exactly_so_many_decimals(number: str, places: int, text: str) -> None:
    assert fixed(Decimal(number), places) == text


@pytest.mark.parametrize(
    ("number", "value"), [("6", 6), ("6.0", 6), ("1E+2", 100), ("0.3", 0.3), ("-0", 0), ("1e40", 10**40)]
)
def test_a_whole_number_goes_back_as_an_integer(number: str, value: float) -> None:
    back = from_decimal(Decimal(number))
    assert (back, type(back)) == (value, type(value))


@settings(max_examples=60, deadline=None)
@given(decimals)
def test_a_plain_number_loses_nothing_and_has_nothing_to_spare(number: Decimal) -> None:
    text = plain(number)
    assert Decimal(text) == number
    assert re.fullmatch(r"0|-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)


@settings(max_examples=60, deadline=None)
@given(decimals, st.integers(0, 20))
def test_a_rounded_number_is_at_most_half_a_unit_away(number: Decimal, places: int) -> None:
    text = fixed(number, places)
    assert len(text.partition(".")[2]) == places
    assert abs(Decimal(text) - number) * 2 <= Decimal(1).scaleb(-places)


@settings(max_examples=60, deadline=None)
@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_of_json_survives_being_a_decimal(value: float) -> None:
    number = as_decimal(value)
    assert number is not None
    assert as_decimal(from_decimal(number)) == number
