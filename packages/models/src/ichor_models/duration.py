"""Durations as people write them: `90s`, `1h30m`, `1d`, or ISO 8601 `P1DT2H`."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from ichor_models.errors import InvalidDuration
from ichor_models.text import shown

_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "\u03bcs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(604800),
}
_UNIT = r"(\d+(?:\.\d+)?)(ns|us|µs|\u03bcs|ms|s|m|h|d|w)"
_PLAIN = re.compile(rf"(?:{_UNIT})+", re.ASCII)
_PART = re.compile(_UNIT, re.ASCII)
_NUMBER = r"(\d+(?:\.\d+)?)"
_ISO = re.compile(
    rf"P(?=.)(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII
)
_ISO_UNITS = ("w", "d", "h", "m", "s")
_LONGEST = timedelta(days=36_500)
_MOST_CHARACTERS = 100


def parse_duration(text: str) -> timedelta:
    """Read a duration above zero and up to 100 years.

    Raises:
        InvalidDuration: the text is none, with what would be one.
    """
    written = text.strip()
    if len(written) > _MOST_CHARACTERS:
        raise InvalidDuration(f"{shown(text)} is too long for a duration; write one like 90s, 1h30m, 2d or P1DT2H")
    if _PLAIN.fullmatch(written):
        parts = [(number, unit) for number, unit in _PART.findall(written)]
    elif iso := _ISO.fullmatch(written):
        parts = [(number, unit) for number, unit in zip(iso.groups(), _ISO_UNITS, strict=True) if number]
    else:
        raise InvalidDuration(f"{text!r} is no duration; write one like 90s, 1h30m, 2d or P1DT2H")
    seconds = sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise InvalidDuration(f"{text!r} must be above zero and at most 100 years")
    return timedelta(microseconds=max(1, int(seconds * 1_000_000)))


def format_duration(duration: timedelta) -> str:
    """Write a duration as hours, minutes and seconds, as Go prints it: `1h30m0s`, `1.5s`."""
    microseconds = duration // timedelta(microseconds=1)
    minutes, rest = divmod(microseconds, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{Decimal(rest) / 1_000_000:f}".rstrip("0").rstrip(".") if rest % 1_000_000 else str(rest // 1_000_000)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _read(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("write a duration like 90s, 1h30m, 2d or P1DT2H")


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "description": "a duration: 90s, 1h30m, 2d, P1DT2H", "examples": ["90s", "1h30m"]}
    ),
]
"""A pydantic field that reads any of the forms above and writes the first."""
