import pytest
from ichor_models.cron import check_cron, parse_cron


@pytest.mark.parametrize(
    "text",
    [
        "0 6 * * *",
        "*/15 * * * *",
        "0 6 * * 1-5",
        "0 6 * * MON-FRI",
        "0,30 8-18/2 1,15 jan,jul ?",
        "0 0 1 1 0",
        "59 23 31 12 7",
        "0  6\t* * *",
        "5/10 * * * *",
        "@daily",
        "@weekly",
        "0 6 * * 5-7",
        "0 6 1 feb-NOV sun-sat",
    ],
)
def test_cron_expressions(text: str) -> None:
    assert check_cron(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 0 fields"),
        ("0 6 * *", "has 4 fields"),
        ("0 0 6 * * *", "has 6 fields"),
        ("daily", "has 1 fields"),
        ("@fortnightly", "like @daily"),
        ("60 6 * * *", "'60' is no minute"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 6 0 * *", "'0' is no day of the month"),
        ("0 6 32 * *", "'32' is no day of the month"),
        ("0 6 * 13 *", "'13' is no month"),
        ("0 6 * * 8", "'8' is no day of the week"),
        ("0 6 * * sunday", "'sunday' is no day of the week"),
        ("0 6 * mon *", "'mon' is no month"),
        ("0 mon * * *", "'mon' is no hour"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("*/x * * * *", "'*/x' is no minute"),
        ("1, * * * *", "'1,' is no minute"),
        ("-5 * * * *", "'-5' is no minute"),
        ("1-99 * * * *", "'1-99' is no minute"),
        ("30-10 * * * *", "'30-10' is no minute"),
        ("0 6 * * fri-mon", "'fri-mon' is no day of the week"),
        ("** * * * *", "is no minute"),
        ("½ * * * *", "is no minute"),
        ("٣ * * * *", "is no minute"),
    ],
)
def test_a_mistake_is_told_with_its_field(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        check_cron(text)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("0 0 31 2 *", True),
        ("0 0 30,31 feb *", True),
        ("0 0 31 4,6,9,11 *", True),
        ("0 0 29 2 *", False),
        ("0 0 31 2,3 *", False),
        ("0 0 31 2 mon", False),
        ("0 0 * 2 *", False),
    ],
)
def test_a_day_that_no_year_has_is_never(text: str, never: bool) -> None:
    assert parse_cron(text).never is never
