from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from ichor_models import Duration, EventType
from ichor_models.model import Model
from ichor_models.wording import all_in_words, in_words, sentence
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ByteSize,
    Field,
    HttpUrl,
    StrictBool,
    StrictInt,
    TypeAdapter,
    ValidationError,
)


def errors(type_: Any, value: object) -> ValidationError:
    with pytest.raises(ValidationError) as told:
        TypeAdapter[object](type_).validate_python(value)
    return told.value


def words(type_: Any, value: object) -> str:
    return in_words(errors(type_, value).errors()[0])


def refuse(_: int) -> int:
    raise ValueError("write another one")


class Inner(Model):
    name: str
    count: int = 1


@pytest.mark.parametrize(
    ("type_", "value", "said"),
    [
        (str, 5, "must be text, not a number; put it in quotes"),
        (str, True, "must be text, not true or false; put it in quotes"),
        (str, None, "must be text, not null; write it out, or remove the key"),
        (str, [], "must be text, not a list; put it in quotes"),
        (str, {5}, "must be text, not that; put it in quotes"),
        (int, "many", "must be a whole number; write one like 5"),
        (int, 1.5, "must be a whole number; write one like 5"),
        (int, [], "must be a whole number, not a list; write one like 5"),
        (float, "x", "must be a number; write one like 1.5"),
        (Decimal, "x", "must be a number; write one like 1.5"),
        (bool, "perhaps", "must be true or false; write one of them"),
        (StrictBool, "true", "must be true or false, not text; write it without quotes"),
        (StrictBool, "maybe", "must be true or false, not text; write one of them"),
        (StrictInt, "5", "must be a whole number, not text; write it without quotes"),
        (list[int], "x", "must be a list, not text; put it in [ ]"),
        (tuple[int, ...], {}, "must be a list, not an object; put it in [ ]"),
        (dict[str, int], [], "must be an object, not a list; write its keys and values"),
        (Inner, "x", "must be an object, not text; write its keys and values"),
        (Inner, {}, "is missing; add it"),
        (Inner, {"name": "x", "more": 1}, "is no key that belongs here; remove it or correct its spelling"),
        (UUID, "7", "must be a UUID; write one like 7d444840-9dc0-11d1-b245-5ffdce74fad2"),
        (HttpUrl, "nowhere", "must be a web address; write one like https://example.com/hook"),
        (HttpUrl, "ftp://x", "must be a web address that begins with 'http' or 'https'; correct it"),
        (datetime, "soon", "must be a date with a time; write one like 2026-11-23T20:00:00Z"),
        (date, "soon", "must be a date; write one like 2026-11-23"),
        (time, "soon", "must be a time of day; write one like 20:00"),
        (timedelta, "soon", "must be a duration; write one like PT1H30M"),
        (AwareDatetime, "2026-11-23T20:00:00", "must name its time zone, like 2026-11-23T20:00:00Z"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'; choose one"),
        (EventType, "wedding", "must be 'on_create', 'on_update', 'on_delete', 'scheduled' or 'manual'; choose one"),
        (Annotated[str, Field(min_length=1)], "", "must have at least 1 character; write it out"),
        (Annotated[str, Field(min_length=2)], "", "must have at least 2 characters; write it out"),
        (Annotated[str, Field(max_length=1)], "ab", "must have at most 1 character; shorten it"),
        (Annotated[str, Field(pattern="^a$")], "b", "must be of the form ^a$; correct it"),
        (Annotated[list[int], Field(min_length=1)], [], "must have at least 1 item; add what is missing"),
        (Annotated[list[int], Field(max_length=2)], [1, 2, 3], "must have at most 2 items; remove the others"),
        (Annotated[int, Field(ge=1)], 0, "must be 1 or more; write a larger number"),
        (Annotated[int, Field(gt=1)], 1, "must be above 1; write a larger number"),
        (Annotated[int, Field(le=1)], 2, "must be 1 or less; write a smaller number"),
        (Annotated[int, Field(lt=1)], 1, "must be below 1; write a smaller number"),
        (Annotated[float, Field(allow_inf_nan=False)], float("nan"), "must be a finite number; correct it"),
        (Annotated[int, Field(multiple_of=5)], 7, "must be a multiple of 5; correct it"),
        (Duration, "soon", "cannot be used: 'soon' is no duration; write one like 90s, 1h30m, 2d or P1DT2H"),
        (ByteSize, "many", "must be a number of bytes; write one like 131072 or 128KiB"),
        (ByteSize, "5 XB", "must be a number of bytes in a unit that is known; write one like 128KiB"),
        (type(None), 5, "must be null; remove it"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(type_: Any, value: object, said: str) -> None:
    assert words(type_, value) == said


def test_a_sentence_names_the_key() -> None:
    found = [sentence(error) for error in errors(Inner, {"count": "x"}).errors()]
    assert found == [
        "The key 'name' is missing; add it.",
        "The key 'count' must be a whole number; write one like 5.",
    ]
    assert sentence(errors(Inner, 5).errors()[0]) == "It must be an object, not a number; write its keys and values."


def test_everything_is_said_up_to_a_limit() -> None:
    many = {"name": "x", **{f"k{number}": 1 for number in range(12)}}
    said = all_in_words(errors(Inner, many), most=3)
    assert said.count("is no key that belongs here") == 3
    assert said.endswith("; and 9 more")
    assert all_in_words(errors(Inner, many), most=12).endswith("its spelling")
    assert all_in_words(errors(dict[str, Inner], {"a": {"count": 1}, "b": 2})) == (
        "a.name is missing; add it; b must be an object, not a number; write its keys and values"
    )
    assert all_in_words(errors(Annotated[int, AfterValidator(refuse)], 1)) == "write another one"
    assert all_in_words(errors(dict[str, Annotated[int, AfterValidator(refuse)]], {"a": 1})) == (
        "a cannot be used: write another one"
    )
