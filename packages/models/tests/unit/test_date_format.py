from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import TemplateError
from ichor_models.date_format import check_format, format_date, read_date

EVENING = datetime(2026, 11, 23, 20, 5, 7, 89_000, tzinfo=UTC)
MORNING = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "evening", "morning"),
    [
        ("short", "2026-11-23", "2026-02-03"),
        ("long", "23 November 2026", "3 February 2026"),
        ("time", "20:05", "04:05"),
        ("datetime", "2026-11-23 20:05", "2026-02-03 04:05"),
        ("%d.%m.%Y", "23.11.2026", "03.02.2026"),
        ("%A, %B %-d at %-I:%M %p", "Monday, November 23 at 8:05 PM", "Tuesday, February 3 at 4:05 AM"),
        ("%H:%M:%S.%f", "20:05:07.089000", "04:05:06.000000"),
        ("%Y-%m-%dT%H:%M:%S%:z", "2026-11-23T20:05:07+00:00", "2026-02-03T04:05:06+00:00"),
        ("%e|%-m|%-H|%-S|%P", "23|11|20|7|pm", " 3|2|4|6|am"),
        ("100%% on %j", "100% on 327", "100% on 034"),
        ("2006-01-02", "2026-11-23", "2026-02-03"),
        ("02/01/2006", "23/11/2026", "03/02/2026"),
        ("1/2/06", "11/23/26", "2/3/26"),
        ("Jan 2, 2006 at 3:04pm", "Nov 23, 2026 at 8:05pm", "Feb 3, 2026 at 4:05am"),
        ("15:04:05", "20:05:07", "04:05:06"),
        ("2006-01-02T15:04:05Z07:00", "2026-11-23T20:05:07Z", "2026-02-03T04:05:06Z"),
        ("2006-01-02T15:04:05.000Z0700", "2026-11-23T20:05:07.089Z", "2026-02-03T04:05:06.000Z"),
        ("15:04:05.999", "20:05:07.089", "04:05:06"),
        ("15:04:05,999999", "20:05:07,089", "04:05:06"),
        ("Mon, 02 Jan 2006 15:04:05 MST", "Mon, 23 Nov 2026 20:05:07 UTC", "Tue, 03 Feb 2026 04:05:06 UTC"),
        ("Mon, 02 Jan 2006 15:04:05 -0700", "Mon, 23 Nov 2026 20:05:07 +0000", "Tue, 03 Feb 2026 04:05:06 +0000"),
        ("Mon Jan _2 15:04:05 2006", "Mon Nov 23 20:05:07 2026", "Tue Feb  3 04:05:06 2026"),
        ("Monday, 02-Jan-06 03:04PM -07:00", "Monday, 23-Nov-26 08:05PM +00:00", "Tuesday, 03-Feb-26 04:05AM +00:00"),
        ("January 2, 2006", "November 23, 2026", "February 3, 2026"),
        ("3:4:5 -07", "8:5:7 +00", "4:5:6 +00"),
        ("002 of 2006", "327 of 2026", "034 of 2026"),
        ("order_2006-01", "order_2026-11", "order_2026-02"),
        ("02.01.06", "23.11.26", "03.02.26"),
    ],
)
def test_forms(form: str, evening: str, morning: str) -> None:
    check_format(form)
    assert (format_date(EVENING, form), format_date(MORNING, form)) == (evening, morning)


@settings(max_examples=60, deadline=None)
@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_patterns_write_what_strftime_writes_in_english(moment: datetime) -> None:
    for letter in "YyCmBbhdejAauwUWVGHIMSfpzZFTRDcxXnt%":
        assert (letter, format_date(moment, f"%{letter}")) == (letter, moment.strftime(f"%{letter}"))


@pytest.mark.parametrize(("hour", "written"), [(0, "12 AM am 12am"), (11, "11 AM am 11am"), (12, "12 PM pm 12pm")])
def test_noon_is_pm_and_midnight_am(hour: int, written: str) -> None:
    moment = datetime(2026, 11, 23, hour, tzinfo=UTC)
    assert format_date(moment, "%I %p %P ") + format_date(moment, "3pm") == written


@pytest.mark.parametrize("form", ["%Q", "%", "%-", "%-Q", "%_d", "2006 %!", "nonsense", "", "DD.MM.YYYY", "yyyy-mm-dd"])
def test_what_is_no_form_is_refused(form: str) -> None:
    with pytest.raises(TemplateError, match=r"no date format|no date directive"):
        check_format(form)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-23T20:00:00Z", datetime(2026, 11, 23, 20)),
        ("2026-11-23T20:00:00", datetime(2026, 11, 23, 20)),
        ("2026-11-23 20:00", datetime(2026, 11, 23, 20)),
        ("2026-11-23T22:00:00+02:00", datetime(2026, 11, 23, 20)),
        ("2026-11-24T00:30:00+02:00", datetime(2026, 11, 23, 22, 30)),
        ("2026-11-23T20:00:00.123456789Z", datetime(2026, 11, 23, 20, 0, 0, 123456)),
        (" 2026-11-23 ", datetime(2026, 11, 23)),
        (0, datetime(1970, 1, 1)),
        (1795464000, datetime(2026, 11, 23, 20)),
        (1795464000.5, datetime(2026, 11, 23, 20, 0, 0, 500_000)),
        (-1, datetime(1969, 12, 31, 23, 59, 59)),
    ],
)
def test_dates_are_read_as_utc(value: object, moment: datetime) -> None:
    assert read_date(value) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "23.11.2026", "2026-13-01", "2026-02-30", "1795464000", "20:00"),
        *(None, True, [], {}, 1e300, float("nan"), -(10**30), "0001-01-01T00:00:00+05:00"),
    ],
)
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(TemplateError, match="formatDate needs ISO 8601"):
        read_date(value)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="%-:YmdHQ2006Jan _15.0Z", max_size=20))
def test_a_form_is_written_or_refused_for_every_moment_alike(form: str) -> None:
    try:
        check_format(form)
    except TemplateError:
        with pytest.raises(TemplateError):
            format_date(MORNING, form)
    else:
        format_date(MORNING, form)
