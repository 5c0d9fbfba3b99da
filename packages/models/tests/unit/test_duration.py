from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import Duration, InvalidDuration, format_duration, parse_duration
from pydantic import TypeAdapter, ValidationError

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("1h30m0s", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("30d", 2_592_000),
        ("1d2h3m4s", 93_784),
        ("1.5h", 5400),
        ("0.5s", 0.5),
        ("250ms", 0.25),
        ("7us", 0.000007),
        ("7µs", 0.000007),
        ("7μs", 0.000007),
        ("5000ns", 0.000005),
        ("1ns", 0.000001),
        (" 15m ", 900),
        ("PT90S", 90),
        ("P1DT2H", 93_600),
        ("P1D", 86_400),
        ("P2W", 1_209_600),
        ("PT0.5S", 0.5),
        ("PT1H30M", 5400),
        ("36500d", 36_500 * 86_400),
    ],
)
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds * SECOND


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "soon", "90", "s", "90 s", "1h 30m", "-5s", "+5s", "1,5h", "1.h", ".5h", "1e3s", "5S", "5M", "٣s"),
        *("P", "PT", "P1DT", "1DT2H", "P1Y", "P1M", "pt5s", "P-1D", "PT1H30", "PT5", "P1D1W", "5s5"),
        *("0s", "0h0m", "PT0S", "0.0s", "36501d", "101w9999999h", "9" * 99 + "d", "1s" * 60),
    ],
)
def test_what_is_no_duration_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(InvalidDuration, match=r"90s, 1h30m, 2d or P1DT2H|above zero and at most 100 years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (90 * SECOND, "1m30s"),
        (5400 * SECOND, "1h30m0s"),
        (172_800 * SECOND, "48h0m0s"),
        (45 * SECOND, "45s"),
        (1.5 * SECOND, "1.5s"),
        (0.25 * SECOND, "0.25s"),
        (3600.5 * SECOND, "1h0m0.5s"),
        (60 * SECOND, "1m0s"),
        (100 * SECOND, "1m40s"),
    ],
)
def test_a_duration_is_written_in_hours_minutes_and_seconds(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


@settings(max_examples=50, deadline=None)
@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=36_500)))
def test_a_written_duration_is_read_as_the_same(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@settings(max_examples=50, deadline=None)
@given(st.text("0159.smhdwunµPTDHM- ", max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with suppress(InvalidDuration):
        assert timedelta(0) < parse_duration(text) <= timedelta(days=36_500)


FIELD: TypeAdapter[timedelta] = TypeAdapter(Duration)


def test_a_field_reads_text_and_writes_it() -> None:
    assert FIELD.validate_python("1h30m") == 5400 * SECOND
    assert FIELD.validate_python(90 * SECOND) == 90 * SECOND
    assert FIELD.dump_python(90 * SECOND, mode="json") == "1m30s"
    assert FIELD.json_schema()["type"] == "string"


@pytest.mark.parametrize("value", [90, 1.5, True, None, [], {}, "soon"])
def test_a_field_takes_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError, match="90s"):
        FIELD.validate_python(value)
