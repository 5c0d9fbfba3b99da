"""Cron expressions, as far as a mistake in one can be told without a clock."""

import re

_WORDS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day of the month", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_ITEM = re.compile(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/([0-9]{1,4}))?", re.ASCII)


def check_cron(text: str) -> str:
    """Return a cron expression of five fields, or a word like `@daily`.

    Raises:
        ValueError: it is none, saying which field is wrong.
    """
    if text.strip().lower() in _WORDS:
        return text
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"{text[:80]!r} has {len(fields)} fields; write five, like 0 6 * * *, or a word like @daily")
    for written, (name, lowest, highest, words) in zip(fields, _FIELDS, strict=True):
        if not all(_fits(item, lowest, highest, words) for item in written.split(",")):
            raise ValueError(f"{written[:80]!r} is no {name}; write *, {lowest}-{highest}, or a list or step of them")
    return text


def _fits(item: str, lowest: int, highest: int, words: list[str]) -> bool:
    match = _ITEM.fullmatch(item)
    if match is None or (match[3] is not None and int(match[3]) == 0):
        return False
    ends = [_number(end, lowest, words) for end in match.groups()[:2] if end is not None]
    return all(lowest <= end <= highest for end in ends) and ends == sorted(ends)


def _number(end: str, lowest: int, words: list[str]) -> int:
    """Return what an end of a range means, -1 where it means nothing."""
    if end.lower() in words:
        return lowest + words.index(end.lower())
    return int(end) if end.isdigit() and len(end) < 5 else -1
