import json
from datetime import date, datetime, time
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import (
    CONTROL_TYPES,
    ActionType,
    Catalogue,
    Condition,
    Duration,
    EdgeType,
    EventType,
    Operator,
    check_document,
    file_schema,
)
from ichor_models.model import Model
from jsonschema import Draft202012Validator
from pydantic import Field, HttpUrl, JsonValue

type Document = dict[str, Any]


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Circle(Model):
    shape: Literal["circle"] = "circle"
    radius: float


class Square(Model):
    shape: Literal["square"] = "square"
    side: int = Field(ge=1)


class Everything(Model):
    text: str = "x"
    short: str = Field(default="x", min_length=1, max_length=3, pattern="^[a-z0-9.]+$")
    number: int = 1
    few: int = Field(default=1, ge=0, lt=10)
    real: float = 1.0
    money: Decimal = Decimal(1)
    flag: bool = False
    at: datetime | None = None
    day: date | None = None
    hour: time | None = None
    row: UUID | None = None
    link: HttpUrl | None = None
    pause: Duration | None = None
    colour: Colour = Colour.RED
    level: Level = Level.HIGH
    kind: Literal["plain", "html", 5] = "plain"
    either: int | str = 1
    maybe: list[int] | None = None
    texts: tuple[str, ...] = Field(default=(), max_length=3)
    pair: tuple[int, str] = (1, "x")
    words: set[str] = Field(default_factory=set)
    counts: dict[str, int] = Field(default_factory=dict)
    nested: Circle | None = None
    shape: Annotated[Circle | Square, Field(discriminator="shape")] = Circle(radius=1)
    shapes: list[Circle | Square] = Field(default_factory=list[Circle | Square])
    conditions: tuple[Condition, ...] = ()
    anything: JsonValue = None
    object: dict[str, JsonValue] = Field(default_factory=dict)


class Strict(Model):
    needed: str
    count: int = 1


CATALOGUE = Catalogue([*CONTROL_TYPES, ActionType("everything", Everything), ActionType("strict", Strict)])


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(file_schema(CATALOGUE))


def refusals(written: JsonValue) -> list[str]:
    found = validator().iter_errors(written)  # pyright: ignore[reportUnknownMemberType]
    return [error.message for error in found]


def document(config: Document, type_: str = "everything", **changes: Any) -> Document:
    return {
        "name": "r",
        "trigger": {"event": "manual"},
        "actions": [{"name": "a", "type": type_, "config": config}],
        "edges": [{"source": None, "target": "a", "type": "start"}],
        **changes,
    }


def test_it_is_a_schema_of_json() -> None:
    schema = file_schema(CATALOGUE)
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    "accepted",
    [
        document({}),
        document({"needed": "{{ x }}", "count": "{{ y }}"}, "strict"),
        document({"needed": 5, "count": "7"}, "strict"),
        document({"words": ["a", "a"], "counts": {"a": "5"}, "flag": "yes"}),
        document({"flag": 1}),
        document({"flag": 0.0, "number": True, "few": "5", "real": "1.5"}),
        document({"duration": "90s"}, "delay"),
        document(
            {"conditions": [{"field_name": "x", "operator": "in", "value": [1]}], "logic_type": "or"},
            "evaluate_condition",
        ),
        document({}, id=None, description="d", is_active=False, options={"max_in_flight": 5, "deadline": "30d"}),
        document(
            {}, trigger={"entity": "orders", "event": "scheduled", "schedule": {"every": "15m", "overlap": "skip"}}
        ),
    ],
)
def test_files_without_mistakes(accepted: Document) -> None:
    assert check_document(accepted, CATALOGUE)[1].valid
    assert refusals(accepted) == []


@pytest.mark.parametrize(
    "refused",
    [
        [],
        {},
        document({"more": 1}),
        document({"texts": 5}),
        document({"nested": {"radius": 1, "more": 2}}),
        document({}, "strict"),
        document({}, "teleport"),
        document({"duration": 5, "more": 1}, "delay"),
        document({}, naem="x"),
        document({}, trigger={"event": "wedding"}),
        document({}, options={"max_in_flight": 0}),
        document({}, edges=[{"target": "a", "type": "goto"}]),
        document({}, edges=[{"type": "start"}]),
        document({}, actions=[{"type": "everything"}]),
        document({}, actions=[{"name": "a", "type": "everything", "problem": "x"}]),
        document({}, actions=[{"name": "a", "type": "everything", "repeated": True}]),
    ],
)
def test_an_editor_shows_many_mistakes(refused: JsonValue) -> None:
    assert not check_document(refused, CATALOGUE)[1].valid
    assert refusals(refused)


TEXTS = st.sampled_from(
    [
        *("", "x", "red", "plain", "5", " 5 ", "5.0", "-1", "1e3", "1_000", "Infinity", "nan"),
        *("true", "True", "YES", "off", "t", "90s", "PT5S", "x.y", "circle", "square"),
        *("2026-11-23", "2026-11-23T20:00:00Z", "20:00", "1795464000", "7d444840-9dc0-11d1-b245-5ffdce74fad2"),
        *("{7d444840-9dc0-11d1-b245-5ffdce74fad2}", "https://example.com"),
        *("{{ x }}", "a {{ x }} b", "{{ x }}{{ y }}", "{{ expr: 1 + 1 }}", "{{secret:key}}"),
    ]
)
SCALARS: st.SearchStrategy[JsonValue] = (
    st.none() | st.booleans() | st.sampled_from([0, 1, 3, 5, -1, 10, 1795464000, 0.0, 1.0, 1.5, 5.0]) | TEXTS
)
OBJECTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["radius", "side", "value", "a"], SCALARS),
        "shape": st.sampled_from(["circle", "square", "{{ x }}"]),
        "field_name": TEXTS,
        "operator": st.sampled_from([*Operator, "{{ x }}"]),
    },
)
VALUES: st.SearchStrategy[JsonValue] = SCALARS | OBJECTS | st.lists(SCALARS | OBJECTS, max_size=3)
CONFIGS = st.lists(st.tuples(st.sampled_from(list(Everything.model_fields)), VALUES), min_size=1, max_size=3).map(dict)


@settings(max_examples=50, deadline=None)
@given(CONFIGS)
def test_no_config_is_refused_that_the_analyzer_accepts(config: Document) -> None:
    written = document(config)
    if check_document(written, CATALOGUE)[1].valid:
        assert refusals(written) == []


@pytest.mark.parametrize("key", Everything.model_fields)
@pytest.mark.parametrize("value", ["{{ x }}", "text {{ x }}"])
def test_a_template_may_stand_for_any_value(key: str, value: str) -> None:
    for config in ({key: value}, {key: [value]}, {key: {"radius": value, "side": value, "a": value}}):
        written = document(config)
        if check_document(written, CATALOGUE)[1].valid:
            assert refusals(written) == []


def keys(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    """Objects that hold some of these keys."""
    return st.fixed_dictionaries({}, optional=strategies)


SCHEDULES = keys(
    cron=st.sampled_from([None, "@daily", "0 6 * * *", "x"]),
    every=SCALARS,
    timezone=SCALARS,
    catchup_window=SCALARS,
    overlap=SCALARS | st.just("skip"),
)
TRIGGERS = keys(
    entity=SCALARS,
    event=st.sampled_from(EventType),
    conditions=st.lists(OBJECTS, max_size=2),
    schedule=st.none() | SCHEDULES,
)
EDGES = keys(
    source=st.sampled_from([None, "a"]),
    target=st.sampled_from(["a", "b"]),
    type=st.sampled_from(EdgeType),
    order=SCALARS,
    source_output=SCALARS,
)
HEADS = keys(
    id=st.none() | TEXTS,
    description=SCALARS,
    is_active=SCALARS,
    options=st.none() | keys(max_in_flight=SCALARS, deadline=SCALARS),
    trigger=TRIGGERS,
    edges=st.lists(EDGES, max_size=3),
)


@settings(max_examples=50, deadline=None)
@given(HEADS)
def test_no_file_is_refused_that_the_analyzer_accepts(head: Document) -> None:
    written = document({}, **head)
    if check_document(written, CATALOGUE)[1].valid:
        assert refusals(written) == []
