from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import CONTROL_TYPES, LONG_RUNNING, NORMAL, ActionType, Catalogue, ConfigError
from ichor_models.model import Model
from pydantic import Field, JsonValue

type Config = dict[str, JsonValue]


class Line(Model):
    sku: str
    quantity: int = Field(default=1, ge=1)


class Note(Model):
    note: str


class Mail(Model):
    subject: str = "x"
    short: str = Field(default="x", min_length=1, max_length=3)
    to: tuple[str, ...] = ()
    headers: dict[str, str] = Field(default_factory=dict)
    lines: list[Line] = Field(default_factory=list[Line])
    note: str | None = None
    either: int | str = 1
    nested: Line | None = None
    union: Line | Note | None = None
    kind: Literal["plain", "html"] = "plain"
    copies: int = 1
    urgent: bool = False
    price: Decimal = Decimal(0)
    at: datetime | None = None
    row: UUID | None = None
    anything: JsonValue = None
    two: tuple[Annotated[str, Field(pattern="^[a-z]+$")], ...] = Field(default=("a", "b"), min_length=2)


MAIL = ActionType("mail", Mail)


@pytest.mark.parametrize(
    ("config", "fitted"),
    [
        ({}, {}),
        ({"subject": 6.0}, {"subject": "6"}),
        ({"subject": 1e21}, {"subject": "1000000000000000000000"}),
        ({"subject": True}, {"subject": "true"}),
        ({"subject": None}, {"subject": ""}),
        ({"subject": "007"}, {"subject": "007"}),
        ({"short": 1.50}, {"short": "1.5"}),
        ({"to": [1, None, False, "x"]}, {"to": ["1", "", "false", "x"]}),
        ({"headers": {"a": 1, "b": None}}, {"headers": {"a": "1", "b": ""}}),
        ({"lines": [{"sku": 7, "quantity": 2}, {"sku": None}]}, {"lines": [{"sku": "7", "quantity": 2}, {"sku": ""}]}),
        ({"nested": {"sku": 7}}, {"nested": {"sku": "7"}}),
        ({"union": {"sku": 7}}, {"union": {"sku": "7"}}),
        ({"union": {"note": None}}, {"union": {"note": ""}}),
        ({"either": None}, {"either": ""}),
        ({"note": None}, {"note": None}),
        ({"note": 5}, {"note": "5"}),
        ({"either": 5}, {"either": 5}),
        ({"copies": 5, "urgent": True, "price": "1.5"}, {"copies": 5, "urgent": True, "price": "1.5"}),
        ({"anything": {"a": [1, None, True]}}, {"anything": {"a": [1, None, True]}}),
    ],
)
def test_numbers_and_booleans_become_text_where_text_is_asked_and_null_the_empty_text(
    config: Config, fitted: Config
) -> None:
    before = repr(config)
    assert MAIL.fit(config) == fitted
    assert repr(config) == before


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"subject": ["x"]}, "subject must be text, not a list"),
        ({"subject": {"a": 1}}, "subject must be text, not an object"),
        ({"short": None}, "short must have at least 1 character"),
        ({"short": 12345}, "short must have at most 3 characters"),
        ({"to": "you"}, "to must be a list, not text"),
        ({"to": None}, "to must be a list, not null"),
        ({"lines": [{"quantity": 0}]}, "lines.0.sku is missing; add it; lines.0.quantity must be 1 or more"),
        ({"kind": "rich"}, "kind must be 'plain' or 'html'"),
        ({"copies": "many"}, "copies must be a whole number"),
        ({"urgent": "perhaps"}, "urgent must be true or false"),
        ({"at": "yesterday"}, "at must be a date with a time"),
        ({"row": "7"}, "row must be a UUID"),
        ({"more": 1}, "more is no key that belongs here"),
    ],
)
def test_a_config_that_does_not_fit_fails_naming_its_keys(config: Config, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        MAIL.fit(config)
    assert str(told.value).startswith("The config of mail does not fit: ")
    assert said in str(told.value)
    assert (told.value.type, told.value.retryable) == ("config", False)


def test_no_value_is_told_since_it_may_be_secret() -> None:
    secret = "hunter2"
    config: Config = {
        **dict.fromkeys(
            ["short", "to", "headers", "lines", "nested", "kind", "copies", "urgent", "price", "at", "row"], secret
        ),
        "subject": [secret],
        "two": [secret, secret],
    }
    with pytest.raises(ConfigError) as told:
        MAIL.fit(config)
    assert secret not in str(told.value)
    assert {error["loc"][0] for error in MAIL.errors(config)} == config.keys()


def test_at_most_ten_mistakes_are_told() -> None:
    with pytest.raises(ConfigError) as told:
        MAIL.fit({f"k{number:02}": 1 for number in range(30)})
    assert "k09" in str(told.value)
    assert "k10" not in str(told.value)


def test_a_list_is_not_called_short_because_of_items_with_mistakes() -> None:
    assert [error["loc"] for error in MAIL.errors({"two": ["A", "b"]})] == [("two", 0)]
    assert [error["loc"] for error in MAIL.errors({"two": ["a"]})] == [("two",)]


values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(-9, 9)
    | st.sampled_from(["", "x", "5", "true", "plain"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sku", "quantity", "a"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from([*Mail.model_fields, "more"]), values, max_size=4))
def test_a_config_fits_or_is_refused_and_fits_again_as_it_was_made(config: Config) -> None:
    try:
        fitted = MAIL.fit(config)
    except ConfigError:
        assert MAIL.errors(config)
    else:
        Mail.model_validate(fitted)
        assert MAIL.fit(fitted) == fitted
        assert MAIL.errors(config) == []


def test_every_type_has_the_error_edge() -> None:
    assert MAIL.all_ports == ("success", "failure")
    assert ActionType("call", Mail, ports=("success", "timeout")).all_ports == ("success", "timeout", "failure")


def test_time_limits() -> None:
    assert (NORMAL.timeout.total_seconds(), NORMAL.max_attempts, NORMAL.backoff.total_seconds()) == (300, 3, 1)
    assert LONG_RUNNING.timeout.total_seconds() == 1800


def test_a_catalogue_finds_types_by_name() -> None:
    catalogue = Catalogue([*CONTROL_TYPES, MAIL])
    assert sorted(catalogue) == ["delay", "evaluate_condition", "mail"]
    assert len(catalogue) == 3
    assert catalogue["mail"] is MAIL
    assert catalogue.get("teleport") is None


@pytest.mark.parametrize(("value", "said"), [("many", "not text"), (None, "not null")])
def test_a_value_that_a_template_made_is_not_to_be_written_otherwise(value: str | None, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        MAIL.fit({"copies": value})
    assert f"copies must be a whole number, {said}; see what its template reads" in str(told.value)
