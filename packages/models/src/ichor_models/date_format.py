"""Dates and times as text, in UTC and English: named forms, strftime patterns and Go layouts."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time

from ichor_models.errors import TemplateError
from ichor_models.text import shown

_NAMED = {"short": "%Y-%m-%d", "long": "%-d %B %Y", "time": "%H:%M", "datetime": "%Y-%m-%d %H:%M"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PATTERN: dict[str, Callable[[datetime], str]] = {
    "Y": lambda t: f"{t.year:04}",
    "C": lambda t: f"{t.year // 100:02}",
    "y": lambda t: f"{t.year % 100:02}",
    "m": lambda t: f"{t.month:02}",
    "-m": lambda t: str(t.month),
    "B": lambda t: _MONTHS[t.month - 1],
    "b": lambda t: _MONTHS[t.month - 1][:3],
    "h": lambda t: _MONTHS[t.month - 1][:3],
    "d": lambda t: f"{t.day:02}",
    "-d": lambda t: str(t.day),
    "-j": lambda t: str(t.timetuple().tm_yday),
    "e": lambda t: f"{t.day:2}",
    "j": lambda t: f"{t.timetuple().tm_yday:03}",
    "A": lambda t: _DAYS[t.weekday()],
    "a": lambda t: _DAYS[t.weekday()][:3],
    "u": lambda t: str(t.isoweekday()),
    "w": lambda t: str(t.isoweekday() % 7),
    "U": lambda t: f"{(t.timetuple().tm_yday + 6 - t.isoweekday() % 7) // 7:02}",
    "W": lambda t: f"{(t.timetuple().tm_yday + 6 - t.weekday()) // 7:02}",
    "V": lambda t: f"{t.isocalendar().week:02}",
    "G": lambda t: f"{t.isocalendar().year:04}",
    "H": lambda t: f"{t.hour:02}",
    "-H": lambda t: str(t.hour),
    "I": lambda t: f"{(t.hour - 1) % 12 + 1:02}",
    "-I": lambda t: str((t.hour - 1) % 12 + 1),
    "M": lambda t: f"{t.minute:02}",
    "-M": lambda t: str(t.minute),
    "S": lambda t: f"{t.second:02}",
    "-S": lambda t: str(t.second),
    "f": lambda t: f"{t.microsecond:06}",
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "P": lambda t: "am" if t.hour < 12 else "pm",
    ":z": lambda t: "+00:00",
    "z": lambda t: "+0000",
    "Z": lambda t: "UTC",
    "s": lambda t: str(int(t.timestamp())),
    "F": lambda t: format_date(t, "%Y-%m-%d"),
    "T": lambda t: format_date(t, "%H:%M:%S"),
    "R": lambda t: format_date(t, "%H:%M"),
    "D": lambda t: format_date(t, "%m/%d/%y"),
    "c": lambda t: format_date(t, "%a %b %e %H:%M:%S %Y"),
    "x": lambda t: format_date(t, "%m/%d/%y"),
    "X": lambda t: format_date(t, "%H:%M:%S"),
    "n": lambda t: "\n",
    "t": lambda t: "\t",
    "%": lambda t: "%",
}
_DIRECTIVE = re.compile(r"%([-:]?.|$)", re.DOTALL)
_GO = {
    "2006": "Y", "06": "y", "January": "B", "Jan": "b", "01": "m", "1": "-m", "02": "d", "_2": "e", "2": "-d",
    "002": "j", "Monday": "A", "Mon": "a", "15": "H", "03": "I", "3": "-I", "04": "M", "4": "-M", "05": "S", "5": "-S",
    "PM": "p", "pm": "P", "-0700": "z", "MST": "Z",
}  # fmt: skip
_GO_LITERAL = {"Z07:00": "Z", "Z0700": "Z", "-07:00": "+00:00", "-07": "+00"}
_GO_FORMS = sorted([*_GO, *_GO_LITERAL], key=len, reverse=True)
_GO_AHEAD = {"Mon": "(?![a-z])", "Jan": "(?![a-z])", "_2": "(?!006)"}
"""As Go reads a layout: `Mon` and `Jan` before a small letter are literal, and `_2006` is `_` and a year."""

_GO_TOKEN = re.compile(
    r"[.,](?:0+|9+)(?![0-9])|" + "|".join(re.escape(form) + _GO_AHEAD.get(form, "") for form in _GO_FORMS)
)


def read_date(value: object) -> datetime:
    """Read ISO 8601 text (UTC where it names no zone) or Unix seconds.

    Raises:
        TemplateError: it is neither.
    """
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            return _in_utc(value.strip())
    except (ValueError, OverflowError, OSError):
        pass
    raise TemplateError(f"{shown(str(value))} is no date; formatDate needs ISO 8601 like 2026-11-23T20:00:00Z")


def check_format(form: str) -> None:
    """Refuse a pattern that cannot be written.

    Raises:
        TemplateError: it has an unknown directive, or is neither a pattern nor a Go layout.
    """
    format_date(datetime(2026, 11, 23, 20, tzinfo=UTC), form)


def format_date(moment: datetime, form: str) -> str:
    """Write a moment in one of the forms of semantics.md."""
    pattern = _NAMED.get(form, form)
    if "%" in pattern:
        return _DIRECTIVE.sub(lambda match: _directive(moment, match[1]), pattern)
    if not _GO_TOKEN.search(pattern):
        raise TemplateError(f"{shown(form)} is no date format; use short, long, time, datetime, %Y-%m-%d or 2006-01-02")
    return _GO_TOKEN.sub(lambda match: _go_token(moment, match[0]), pattern)


def _directive(moment: datetime, name: str) -> str:
    if name not in _PATTERN:
        raise TemplateError(f"%{name} is no date directive that formatDate knows; use those of %Y-%m-%d %H:%M:%S")
    return _PATTERN[name](moment)


def _go_token(moment: datetime, token: str) -> str:
    if token in _GO:
        return _PATTERN[_GO[token]](moment)
    if token in _GO_LITERAL:
        return _GO_LITERAL[token]
    digits = f"{moment.microsecond:06}".ljust(len(token) - 1, "0")[: len(token) - 1]
    if token[1] == "9":
        digits = digits.rstrip("0")
    return token[0] + digits if digits else ""


def _in_utc(text: str) -> datetime:
    moment = datetime.combine(date.fromisoformat(text), time()) if len(text) == 10 else datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
