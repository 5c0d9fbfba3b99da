import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models.path import Path, look_up, walk
from pydantic import JsonValue

ORDER: JsonValue = {"items": [{"sku": "A-1"}, {"sku": "B-2"}], "vip": False, "0": "a key", "total": 0, "note": "text"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("items.0.sku", "A-1"),
        ("items.1.sku", "B-2"),
        ("items.2.sku", None),
        ("items.99999999999999999999.sku", None),
        ("items.-1.sku", None),
        ("items.first", None),
        ("items.²", None),
        ("0", "a key"),
        ("vip", False),
        ("total", 0),
        ("total.0", None),
        ("note.0", None),
        ("vip.x", None),
        ("nothing", None),
        ("nothing.deeper", None),
    ],
)
def test_a_path_is_followed_as_far_as_it_goes(path: str, value: JsonValue) -> None:
    assert walk(ORDER, Path.of(path).segments) == value


def test_an_empty_path_is_the_value_itself() -> None:
    assert walk(ORDER, ()) == ORDER


@pytest.mark.parametrize(("written", "segments"), [(" a.b ", ("a", "b")), ("a", ("a",)), ("Step 1.x", ("Step 1", "x"))])
def test_a_path_is_cut_at_its_dots_and_not_at_spaces(written: str, segments: tuple[str, ...]) -> None:
    path = Path.of(written)
    assert path.segments == segments
    assert path.well_formed


@pytest.mark.parametrize("written", ["", " ", ".", "a.", ".a", "a..b", "a. .b"])
def test_a_path_with_an_empty_part_is_malformed(written: str) -> None:
    assert not Path.of(written).well_formed


CHANGES: JsonValue = {"status": {"old_value": "open", "new_value": "held"}, "new_name": {"new_value": {"first": "Ada"}}}
DATA: dict[str, JsonValue] = {"status": "held", "rule_id": "of the row", "customer": {"vip": True}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", "held"),
        ("customer.vip", True),
        ("trigger.customer.vip", True),
        ("trigger.status", "held"),
        ("trigger.trigger", None),
        ("rule_id", "r1"),
        ("trigger.rule_id", "of the row"),
        ("$now", "2026-01-01T00:00:00Z"),
        ("old_status", "open"),
        ("new_status", "held"),
        ("old_nothing", None),
        ("new_new_name.first", "Ada"),
        ("old_new_name", None),
        ("nothing", None),
    ],
)
def test_what_a_first_segment_means(path: str, value: JsonValue) -> None:
    builtin: dict[str, JsonValue] = {"rule_id": "r1", "$now": "2026-01-01T00:00:00Z"}
    assert look_up({**DATA, "field_changes": CHANGES}, builtin, Path.of(path)) == value


def test_trigger_is_the_trigger_data_as_a_whole() -> None:
    assert look_up(DATA, {}, Path.of("trigger")) == DATA


@pytest.mark.parametrize("key", ["old_status", "new_status"])
@pytest.mark.parametrize("own", ["a key", None])
def test_a_key_of_exactly_that_name_comes_before_field_changes(key: str, own: str | None) -> None:
    assert look_up({key: own, "field_changes": CHANGES}, {}, Path.of(key)) == own


@pytest.mark.parametrize("changes", [None, [], "status", 5, {"status": None}, {"status": "open"}, {"status": {}}])
def test_field_changes_of_any_form_crash_nothing(changes: JsonValue) -> None:
    assert look_up({"field_changes": changes}, {}, Path.of("old_status")) is None


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab01.-² ", max_size=12))
def test_any_path_finds_something_or_null(written: str) -> None:
    value: JsonValue = {"a": [[{"b": 1}], "text"], "b": {"0": None, "1": {"": True}}}
    walk(value, Path.of(written).segments)
    look_up({"a": value}, {"b": value}, Path.of(written))
