"""Says in plain words what is wrong with a value that does not fit its model, and how to mend it.

pydantic's own texts are for programmers. All that people read goes through here.
"""

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_WORDS = {
    "missing": "is missing; add it",
    "extra_forbidden": "is no key that belongs here; remove it or correct its spelling",
    "string_too_short": "must have at least {min_length} character{s}; write it out",
    "string_too_long": "must have at most {max_length} character{s}; shorten it",
    "string_pattern_mismatch": "must be of the form {pattern}; correct it",
    "too_short": "must have at least {min_length} item{s}; add what is missing",
    "too_long": "must have at most {max_length} item{s}; remove the others",
    "greater_than": "must be above {gt}; write a larger number",
    "greater_than_equal": "must be {ge} or more; write a larger number",
    "less_than": "must be below {lt}; write a smaller number",
    "less_than_equal": "must be {le} or less; write a smaller number",
    "multiple_of": "must be a multiple of {multiple_of}; correct it",
    "finite_number": "must be a finite number; correct it",
    "literal_error": "must be {expected}; choose one",
    "enum": "must be {expected}; choose one",
    "url_scheme": "must be a web address that begins with {expected_schemes}; correct it",
    "timezone_aware": "must name its time zone, like 2026-11-23T20:00:00Z",
    "recursion_loop": "is nested too deep; flatten it",
    "recursion_depth_exceeded": "is nested too deep; flatten it",
    "byte_size": "must be a number of bytes; write one like 131072 or 128KiB",
    "byte_size_unit": "must be a number of bytes in a unit that is known; write one like 128KiB",
    "invalid_key": "has a key that is no text; put it in quotes",
}
"""By pydantic's type of error; the braces are of the error's context."""

_KINDS = {
    "string": ("text", "put it in quotes"),
    "int": ("a whole number", "write one like 5"),
    "float": ("a number", "write one like 1.5"),
    "decimal": ("a number", "write one like 1.5"),
    "bool": ("true or false", "write one of them"),
    "list": ("a list", "put it in [ ]"),
    "tuple": ("a list", "put it in [ ]"),
    "set": ("a list", "put it in [ ]"),
    "frozen_set": ("a list", "put it in [ ]"),
    "iterable": ("a list", "put it in [ ]"),
    "dict": ("an object", "write its keys and values"),
    "mapping": ("an object", "write its keys and values"),
    "model": ("an object", "write its keys and values"),
    "model_attributes": ("an object", "write its keys and values"),
    "dataclass": ("an object", "write its keys and values"),
    "uuid": ("a UUID", "write one like 7d444840-9dc0-11d1-b245-5ffdce74fad2"),
    "url": ("a web address", "write one like https://example.com/hook"),
    "datetime": ("a date with a time", "write one like 2026-11-23T20:00:00Z"),
    "date": ("a date", "write one like 2026-11-23"),
    "time": ("a time of day", "write one like 20:00"),
    "time_delta": ("a duration", "write one like PT1H30M"),
    "none": ("null", "remove it"),
}
"""What each family of types of errors asks for, and the mend: `int` for `int_type`, `int_parsing`, `int_from_float`."""

_BARE = {
    "int": re.compile(r"[-+]?[0-9]+"),
    "float": re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"),
    "bool": re.compile("true|false", re.IGNORECASE),
}
"""What text would be of the kind if it stood without its quotes."""

_FAMILIES = sorted(_KINDS, key=len, reverse=True)
_PREFIXES = ("Value error, ", "Assertion failed, ")
_UNUSABLE = "cannot be used: "
_LIMITS = ("min_length", "max_length")


def in_words(error: ErrorDetails) -> str:
    """Say what is wrong, as what follows the key in a sentence; no value is told, since it may be secret."""
    kind = error["type"]
    if kind in _WORDS and (told := _told(_WORDS[kind], error.get("ctx", {}))) is not None:
        return told
    family = next((name for name in _FAMILIES if kind.startswith(f"{name}_")), None)
    if family is None or kind in _WORDS:
        return _UNUSABLE + _own_words(error["msg"])
    what, mend = _KINDS[family]
    value = error["input"]
    if isinstance(value, str) and family in _BARE and _BARE[family].fullmatch(value.strip()):
        mend = "write it without quotes"
    return _must_be(what, mend, value, wrong_kind=kind.endswith("_type"))


def in_words_of_a_template(error: ErrorDetails) -> str:
    """Say what is wrong with a value that nobody wrote: a template made it."""
    family = next((name for name in _FAMILIES if error["type"].startswith(f"{name}_")), None)
    if family is None or error["type"] in _WORDS:
        return in_words(error)
    found = "null" if error["input"] is None else _kind_of(error["input"])
    return f"must be {_KINDS[family][0]}, not {found}; see what its template reads"


def sentence(error: ErrorDetails) -> str:
    """Say what is wrong with which key, in a whole sentence."""
    key = ".".join(map(str, error["loc"]))
    return f"{f'The key {key!r}' if key else 'It'} {in_words(error)}."


def all_in_words(error: ValidationError, most: int = 10, *, place: str | None = None) -> str:
    """Say everything that is wrong with a value, each with its place; `place` is where the value itself stands."""
    details = error.errors(include_url=False)
    above = () if place is None else (place,)
    told = [_placed((*above, *item["loc"]), in_words(item)) for item in details[:most]]
    return "; ".join(told) + (f"; and {len(details) - most} more" if len(details) > most else "")


def _placed(place: tuple[int | str, ...], words: str) -> str:
    """Say where it is wrong; that the whole value cannot be used is what the sentence around this says."""
    return f"{'.'.join(map(str, place))} {words}" if place else f"it {words}".removeprefix(f"it {_UNUSABLE}")


def _told(words: str, context: dict[str, Any]) -> str | None:
    limit = next((context[name] for name in _LIMITS if name in context), None)
    try:
        return words.format_map({**context, "s": "" if limit == 1 else "s"})
    except KeyError:
        return None


def _own_words(message: str) -> str:
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message.rstrip(".")


def _must_be(what: str, mend: str, value: object, *, wrong_kind: bool) -> str:
    """Say of what kind the value is, where its kind is the mistake."""
    if value is None:
        return f"must be {what}, not null; write it out, or remove the key"
    return f"must be {what}{f', not {_kind_of(value)}' if wrong_kind else ''}; {mend}"


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "that"
