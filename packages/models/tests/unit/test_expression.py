from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import TemplateError
from ichor_models.expression import evaluate, parse_expression, paths
from ichor_models.path import Path, look_up
from pydantic import JsonValue

DATA: dict[str, JsonValue] = {
    "total": 100,
    "shipping": "5.5",
    "price": 0.1,
    "zero": 0,
    "debt": "-3",
    "items": [{"qty": 2}],
    "step 1": {"count": 4},
    "word": "many",
    "flag": True,
    "nothing": None,
    "huge": 10**399,
}


def value(text: str) -> Decimal:
    return evaluate(parse_expression(text), lambda path: look_up(DATA, {}, path))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2", "3"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 3 - 4", "3"),
        ("100 / 10 / 2", "5"),
        ("7 / 2", "3.5"),
        ("7 % 3 * 2", "2"),
        ("7.5 % 2", "1.5"),
        ("-7 % 3", "-1"),
        ("7 % -3", "1"),
        ("-2 * 3", "-6"),
        ("2 * -3", "-6"),
        ("2 - -3", "5"),
        ("--2", "2"),
        ("-(1 + 2)", "-3"),
        ("0.1 + 0.2", "0.3"),
        ("price * 3", "0.3"),
        ("total * 1.2 + shipping", "125.5"),
        ("total*1.2+shipping", "125.5"),
        ("trigger.total - debt", "103"),
        ("items.0.qty * (total - 1)", "198"),
        ("step 1.count + 1", "5"),
        ("zero / total", "0"),
        ("1 / 3", "0." + "3" * 40),
        ("2 / 3", "0." + "6" * 39 + "7"),
        ("((((1))))", "1"),
        ("12", "12"),
        ("shipping", "5.5"),
    ],
)
def test_arithmetic_is_decimal(text: str, result: str) -> None:
    assert value(text) == Decimal(result)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("total + missing", "'missing' is missing"),
        ("nothing * 2", "'nothing' is missing"),
        ("missing", "'missing' is missing"),
        ("total + word", "'word' is 'many', which is no number"),
        ("flag + 1", "'flag' is 'true', which is no number"),
        ("items + 1", "'items' is '[{\"qty\":2}]', which is no number"),
        ("total / zero", "division by zero: 'zero' is 0"),
        ("total % zero", "division by zero: 'zero' is 0"),
        ("1 / (total - 100)", "division by zero: '(total - 100)' is 0"),
        ("huge * huge", "'(huge * huge)' cannot be calculated: its numbers are too large"),
    ],
)
def test_what_cannot_be_calculated_says_which_value(text: str, said: str) -> None:
    with pytest.raises(TemplateError) as told:
        value(text)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing at its end"),
        ("1 +", "missing at its end"),
        ("1 + * 2", "missing before '*'"),
        ("* 2", "missing before '*'"),
        ("()", "missing before ')'"),
        ("(1 + 2", "a ) is missing"),
        ("1 + 2)", "')' is not expected there"),
        ("total (2)", "'(' is not expected there"),
        ("total. + 1", "'total.' is neither a number nor a path"),
        (".5 + 1", "write 0.5"),
        ("a..b", "'a..b' is neither a number nor a path"),
        ("(" * 51 + "1" + ")" * 51, "nested more than 50 deep"),
        ("-" * 60 + "1", "nested more than 50 deep"),
        ("1" + "+1" * 201, "more than 200 operators"),
    ],
)
def test_a_malformed_expression_is_refused(text: str, said: str) -> None:
    with pytest.raises(TemplateError) as told:
        parse_expression(text)
    assert said in str(told.value)
    assert told.value.code == "invalid_expression"


@pytest.mark.parametrize("text", ["(" * 50 + "1" + ")" * 50, "1" + "+1" * 200])
def test_as_much_as_is_allowed_can_be_read(text: str) -> None:
    assert value(text) > 0


def test_every_path_is_told() -> None:
    node = parse_expression("a.b + 2 * (Step 1.c - a.b) / -d")
    assert [path.text for path in paths(node)] == ["a.b", "Step 1.c", "a.b", "d"]
    assert list(paths(parse_expression("1 + 2"))) == []


sums: st.SearchStrategy[str] = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner) | inner.map("-{}".format),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(sums, st.sampled_from("+-*"), sums)
def test_integers_are_calculated_as_everywhere(left: str, operator: str, right: str) -> None:
    text = f"{left} {operator} {right}"
    assert value(text) == eval(text)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="ab0.9 +-*/%()\n", max_size=25))
def test_an_expression_is_calculated_or_refused(text: str) -> None:
    def lookup(path: Path) -> JsonValue:
        return {"a": 2, "b": "0"}.get(path.text)

    with suppress(TemplateError):
        evaluate(parse_expression(text), lookup)
