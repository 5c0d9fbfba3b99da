from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import Condition, LogicType, Operator, all_hold, equal
from ichor_models.expression import Lookup
from ichor_models.path import look_up
from pydantic import JsonValue, ValidationError

CHANGES: JsonValue = {
    "status": {"old_value": "open", "new_value": "held"},
    "total": {"old_value": 10, "new_value": "12.0"},
    "vip": {"old_value": False, "new_value": True},
    "note": {"old_value": None, "new_value": "text"},
    "same": {"old_value": "7.0", "new_value": 7},
    "broken": "held",
}
DATA: dict[str, JsonValue] = {
    "total": 1500,
    "price": "12.50",
    "sku": "01234",
    "word": "held",
    "vip": True,
    "vip_text": "true",
    "nothing": None,
    "empty": "",
    "tags": ["red", 7, True, None],
    "items": [{"sku": "A-1"}],
    "note": "urgent order",
    "field_changes": CHANGES,
}


def lookup_in(data: dict[str, JsonValue]) -> Lookup:
    return lambda path: look_up(data, {"$me": "u1"}, path)


def holds(field: str, operator: str, value: JsonValue = None, previous: JsonValue = None) -> bool:
    condition = Condition(field_name=field, operator=Operator(operator), value=value, previous_value=previous)
    return condition.holds(lookup_in(DATA))


EQUAL: list[tuple[JsonValue, JsonValue]] = [
    ("a", "a"),
    ("", ""),
    (1, 1),
    (1, 1.0),
    (10, "10"),
    (10, "10.0"),
    (12.5, "12.50"),
    (-3, "-3"),
    (7, "007"),
    (0, "-0"),
    (True, True),
    (True, "true"),
    (False, "false"),
    (None, None),
    ([1, "a"], ["1.0", "a"]),
    ({"a": [True]}, {"a": ["true"]}),
    ([], []),
    ({}, {}),
    (0.1, "0.1"),
    (10**30, "1" + "0" * 30),
]
DIFFERENT: list[tuple[JsonValue, JsonValue]] = [
    ("a", "A"),
    ("10", "10.0"),
    ("01234", "1234"),
    ("true", "True"),
    (1000, "1e3"),
    (5, "+5"),
    (5, " 5"),
    (5, "5 "),
    (5, ""),
    (1000, "1,000"),
    (1, True),
    (0, False),
    (0, None),
    ("1", True),
    (True, "True"),
    (True, "yes"),
    (True, False),
    (None, ""),
    (None, "null"),
    (None, False),
    (None, []),
    ([1], 1),
    ([1, 2], [2, 1]),
    ([1], [1, 1]),
    ({"a": 1}, {"a": 1, "b": None}),
    ({"a": 1}, {"b": 1}),
    ([], {}),
    ([], ""),
    ({}, None),
    (2**53 + 1, float(2**53)),
]


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_equal_values(left: JsonValue, right: JsonValue) -> None:
    assert equal(left, right)
    assert equal(right, left)


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_values(left: JsonValue, right: JsonValue) -> None:
    assert not equal(left, right)
    assert not equal(right, left)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("total", "equals", 1500.0),
        ("total", "equals", "1500"),
        ("vip", "equals", "true"),
        ("vip_text", "equals", True),
        ("nothing", "equals", None),
        ("missing", "equals", None),
        ("total", "not_equals", 1499),
        ("missing", "not_equals", "x"),
        ("sku", "not_equals", "1234"),
        ("total", "greater_than", 1000),
        ("total", "greater_than", "999"),
        ("price", "greater_than", "9.99"),
        ("price", "greater_than", 9),
        ("price", "less_than", "100"),
        ("word", "greater_than", "happy"),
        ("word", "less_than", "iced"),
        ("word", "greater_than", "100"),
        ("note", "contains", "gent"),
        ("note", "contains", ""),
        ("tags", "contains", "red"),
        ("tags", "contains", "7"),
        ("tags", "contains", 7.0),
        ("tags", "contains", "true"),
        ("tags", "contains", None),
        ("items", "contains", {"sku": "A-1"}),
        ("total", "in", [1, "1500"]),
        ("word", "in", ["open", "held"]),
        ("vip", "in", ["true"]),
        ("missing", "in", [None]),
        ("nothing", "is_null", None),
        ("missing", "is_null", None),
        ("missing.deeper", "is_null", None),
        ("empty", "is_not_null", None),
        ("total", "is_not_null", None),
        ("items.0.sku", "equals", "A-1"),
        ("trigger.total", "equals", 1500),
        (" total ", "equals", 1500),
        ("old_status", "equals", "open"),
        ("new_status", "equals", "held"),
        ("$me", "equals", "u1"),
    ],
)
def test_what_holds(field: str, operator: str, value: JsonValue) -> None:
    assert holds(field, operator, value)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("sku", "equals", "1234"),
        ("empty", "equals", None),
        ("vip", "equals", 1),
        ("total", "not_equals", "1500.00"),
        ("total", "greater_than", 1500),
        ("total", "less_than", 1500),
        ("total", "greater_than", "many"),
        ("word", "greater_than", 5),
        ("word", "less_than", 5),
        ("vip", "greater_than", False),
        ("vip", "greater_than", 0),
        ("missing", "greater_than", 0),
        ("missing", "less_than", 0),
        ("missing", "less_than", "a"),
        ("tags", "greater_than", []),
        ("total", "greater_than", None),
        ("total", "contains", 5),
        ("total", "contains", "5"),
        ("price", "contains", 12),
        ("note", "contains", "Urgent"),
        ("note", "contains", None),
        ("items", "contains", "A-1"),
        ("missing", "contains", None),
        ("word", "in", "held, open"),
        ("word", "in", "held"),
        ("word", "in", None),
        ("word", "in", {"held": True}),
        ("word", "in", []),
        ("missing", "in", ["x"]),
        ("empty", "is_null", None),
        ("nothing", "is_not_null", None),
        ("missing", "is_not_null", None),
    ],
)
def test_what_does_not_hold(field: str, operator: str, value: JsonValue) -> None:
    assert not holds(field, operator, value)


@pytest.mark.parametrize(
    ("field", "operator", "value", "previous", "expected"),
    [
        ("status", "changed_to", "held", None, True),
        ("status", "changed_to", "open", None, False),
        ("status", "changed_to", "held", "open", True),
        ("status", "changed_to", "held", "draft", False),
        ("status", "changed_from", "open", None, True),
        ("status", "changed_from", "held", None, False),
        ("status", "changed_from", None, "open", True),
        ("status", "changed_from", None, "held", False),
        (" status ", "changed_from", "open", None, True),
        ("total", "changed_from", "10.0", None, True),
        ("total", "changed_to", 12, None, True),
        ("vip", "changed_to", "true", None, True),
        ("vip", "changed_from", False, None, True),
        ("note", "changed_from", None, None, True),
        ("note", "changed_to", "text", None, True),
        ("same", "changed_to", 7, None, False),
        ("same", "changed_from", "7.0", None, False),
        ("broken", "changed_to", "held", None, False),
        ("word", "changed_to", "held", None, False),
        ("missing", "changed_to", None, None, False),
        ("missing", "changed_from", None, None, False),
    ],
)
def test_what_changed(field: str, operator: str, value: JsonValue, previous: JsonValue, expected: bool) -> None:
    assert holds(field, operator, value, previous) is expected


@pytest.mark.parametrize("changes", [None, [], "status", 5, {}, {"status": None}, {"status": []}])
@pytest.mark.parametrize("operator", [Operator.CHANGED_FROM, Operator.CHANGED_TO])
def test_nothing_changed_where_the_event_says_of_no_change(changes: JsonValue, operator: Operator) -> None:
    condition = Condition(field_name="status", operator=operator, value="open")
    assert not condition.holds(lookup_in({"status": "open", "field_changes": changes}))
    assert not condition.holds(lookup_in({"status": "open"}))


YES = Condition(field_name="total", operator=Operator.IS_NOT_NULL)
NO = Condition(field_name="total", operator=Operator.IS_NULL)


@pytest.mark.parametrize(
    ("conditions", "logic", "expected"),
    [
        ([], "and", True),
        ([], "or", True),
        ([YES, YES], "and", True),
        ([YES, NO], "and", False),
        ([NO, YES], "or", True),
        ([NO, NO], "or", False),
    ],
)
def test_conditions_are_combined(conditions: list[Condition], logic: LogicType, expected: bool) -> None:
    assert all_hold(conditions, logic, lookup_in(DATA)) is expected


@pytest.mark.parametrize(
    "document",
    [
        {"field_name": "a", "operator": "is_larger"},
        {"field_name": "a", "operator": ""},
        {"field_name": "", "operator": "is_null"},
        {"operator": "is_null"},
        {"field_name": "a"},
        {"field_name": 5, "operator": "is_null"},
        {"field_name": "a", "operator": "equals", "values": 5},
    ],
)
def test_what_is_no_condition_is_refused(document: JsonValue) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(document)


def test_the_operators_are_those_of_the_contract() -> None:
    names = "equals not_equals greater_than less_than contains in is_null is_not_null changed_from changed_to"
    assert " ".join(Operator) == names


scalars: st.SearchStrategy[JsonValue] = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(-3, 3)
    | st.sampled_from(["", "0", "1", "1.0", "-2", "true", "false", "a", "null", "1e0"])
)
values: st.SearchStrategy[JsonValue] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(values, values)
def test_equal_is_symmetric_and_reflexive(left: JsonValue, right: JsonValue) -> None:
    assert equal(left, right) is equal(right, left)
    assert equal(left, left)


@settings(max_examples=60, deadline=None)
@given(values, values)
def test_less_and_greater_are_mirrored_and_exclude_each_other(left: JsonValue, right: JsonValue) -> None:
    def is_less(one: JsonValue, other: JsonValue, operator: Operator = Operator.LESS_THAN) -> bool:
        return Condition(field_name="x", operator=operator, value=other).holds(lambda _: one)

    assert is_less(left, right) is is_less(right, left, Operator.GREATER_THAN)
    assert not (is_less(left, right) and is_less(right, left))
    assert not is_less(left, left)


@settings(max_examples=60, deadline=None)
@given(values, values, values, st.sampled_from(Operator), st.text("x.0 $old_", min_size=1, max_size=6), values)
def test_nothing_crashes_a_condition(
    data: JsonValue, value: JsonValue, previous: JsonValue, operator: Operator, field: str, changes: JsonValue
) -> None:
    condition = Condition(field_name=field, operator=operator, value=value, previous_value=previous)
    lookup = lookup_in({"x": data, "field_changes": changes})
    assert condition.holds(lookup) in (True, False)
    if operator is Operator.NOT_EQUALS:
        assert condition.holds(lookup) is not condition.model_copy(update={"operator": Operator.EQUALS}).holds(lookup)


def test_numbers_of_any_size_compare() -> None:
    numbers: list[JsonValue] = [-(10**400), -1e308, "-" + "9" * 400, 0, 5e-324, "0." + "0" * 399 + "1", 1e308, 10**4000]
    for left, right in combinations_with_replacement(numbers, 2):
        assert equal(left, right) is (left is right)
        assert Condition(field_name="x", operator=Operator.GREATER_THAN, value=left).holds(lambda _, it=right: it) in (
            True,
            False,
        )
