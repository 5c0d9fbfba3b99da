"""Cron expressions: which minutes, hours, days and months they name.

A word stands for five fields. A field is a list of `*`, `?`, numbers, names and ranges, each with a step where wanted;
`5/15` is every 15th from 5 on. Sunday is 0 or 7.
"""

import re
from typing import NamedTuple

_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""How many days each month has at most."""
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day of the month", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_ITEM = re.compile(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/([0-9]{1,4}))?", re.ASCII)
_EVERY_DAY, _EVERY_WEEKDAY = tuple(range(1, 32)), tuple(range(7))

type Values = tuple[int, ...]


class Cron(NamedTuple):
    """The values of each field, in order; Sunday is 0. A time fits if all fields hold it."""

    minutes: Values
    hours: Values
    days: Values
    months: Values
    weekdays: Values

    @property
    def never(self) -> bool:
        """Say whether no year has such a day, as 31 February."""
        last = max(_LONGEST[month - 1] for month in self.months)
        return self.weekdays == _EVERY_WEEKDAY and self.days[0] > last

    def parts(self) -> tuple["Cron", ...]:
        """Return expressions whose times together are those that cron means.

        Where both the days of the month and those of the week are limited, either is enough.
        """
        if self.days == _EVERY_DAY or self.weekdays == _EVERY_WEEKDAY:
            return (self,)
        return self._replace(weekdays=_EVERY_WEEKDAY), self._replace(days=_EVERY_DAY)


def parse_cron(text: str) -> Cron:
    """Read a cron expression of five fields, or a word like `@daily`.

    Raises:
        ValueError: it is none, saying which field is wrong.
    """
    fields = _WORDS.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"{text[:80]!r} has {len(fields)} fields; write five, like 0 6 * * *, or a word like @daily")
    minutes, hours, days, months, weekdays = (
        _values(written, *field) for written, field in zip(fields, _FIELDS, strict=True)
    )
    return Cron(minutes, hours, days, months, tuple(sorted({day % 7 for day in weekdays})))


def check_cron(text: str) -> str:
    """Return a cron expression as it is written.

    Raises:
        ValueError: it is none.
    """
    parse_cron(text)
    return text


def _values(written: str, name: str, lowest: int, highest: int, words: list[str]) -> Values:
    found: set[int] = set()
    for item in written.split(","):
        values = _item(item, lowest, highest, words)
        if not values:
            raise ValueError(f"{written[:80]!r} is no {name}; write *, {lowest}-{highest}, or a list or step of them")
        found.update(values)
    return tuple(sorted(found))


def _item(item: str, lowest: int, highest: int, words: list[str]) -> range:
    """Return the values of one item of a list, none where it means nothing."""
    match = _ITEM.fullmatch(item)
    if match is None or (match[3] is not None and int(match[3]) == 0):
        return range(0)
    ends = [_number(end, lowest, words) for end in match.groups()[:2] if end is not None] or [lowest, highest]
    if not all(lowest <= end <= highest for end in ends):
        return range(0)
    last = highest if len(ends) == 1 and match[3] is not None else ends[-1]
    return range(ends[0], last + 1, int(match[3] or 1))


def _number(end: str, lowest: int, words: list[str]) -> int:
    """Return what an end of a range means, -1 where it means nothing."""
    if end.lower() in words:
        return lowest + words.index(end.lower())
    return int(end) if end.isdigit() and len(end) < 5 else -1
