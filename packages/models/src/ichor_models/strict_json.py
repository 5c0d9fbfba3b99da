"""JSON from outside: no NaN or Infinity, no NUL in text, bounded depth and numbers."""

import json
from collections import Counter
from hashlib import sha256
from math import isfinite
from typing import NoReturn, cast

from pydantic import JsonValue

_DEEPEST = 100
_MOST_BITS = 14_000
"""About 4,200 digits, just below what the standard library writes of a number."""


def parse_json(body: bytes | str, *, unique_keys: bool = False) -> JsonValue:
    """Read JSON that any of our stores can hold; of a key that stands there twice the last counts, or none may.

    Raises:
        ValueError: it is none, saying why.
    """
    try:
        hook = _once if unique_keys else None
        value: JsonValue = json.loads(body, parse_constant=_refuse, object_pairs_hook=hook)
    except RecursionError:
        raise ValueError(f"it is nested more than {_DEEPEST} deep") from None
    check_json(value)
    return value


def check_json(value: JsonValue) -> None:
    """Refuse a value that some store, or some reader of JSON, could not hold.

    Raises:
        ValueError: it is such a value, saying why.
    """
    level: list[JsonValue] = [value]
    for _ in range(_DEEPEST):
        deeper: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.keys())
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
            else:
                _check_scalar(item)
        if not deeper:
            return
        level = deeper
    raise ValueError(f"it is nested more than {_DEEPEST} deep")


def exponents(value: JsonValue) -> int:
    """Return how many digits the exponents of its numbers stand for: PostgreSQL writes 1e300 with all of its zeros."""
    match value:
        case float():
            return abs(int(repr(value).partition("e")[2] or 0))
        case list():
            return sum(map(exponents, value))
        case dict():
            return sum(map(exponents, value.values()))
        case _:
            return 0


def json_hash(value: JsonValue) -> str:
    """Return a hash, in hex, that two values share where they are the same JSON: true is not 1, and 1.0 is."""
    written = json.dumps(_whole_numbers(value), sort_keys=True, separators=(",", ":"))
    return sha256(written.encode()).hexdigest()


def _whole_numbers(value: JsonValue) -> JsonValue:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_whole_numbers(item) for item in value]
        case dict():
            return {key: _whole_numbers(item) for key, item in value.items()}
        case _:
            return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {key[:80]!r} stands twice in one object; remove one of them")
    return members


def _check_scalar(value: JsonValue) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and not isfinite(value):
        raise ValueError("a number is too large, or none")
    elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise ValueError("a number is too large")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise ValueError("text must not hold the character U+0000")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"text must not hold half a character (U+{ord(text[error.start]):04X})") from None


def storable[T](value: T) -> T:
    """Return JSON that every store can hold: U+0000 and halves of characters in its text become U+FFFD.

    Raises:
        ValueError: a number is infinite, none, or too large.
    """
    return cast("T", _storable(cast("JsonValue", value)))


def _storable(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return _storable_text(value)
        case float() if not isfinite(value):
            raise ValueError("JSON knows no infinite number and no NaN")
        case int() if value.bit_length() > _MOST_BITS:
            raise ValueError("a number is too large")
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable_text(key): _storable(item) for key, item in value.items()}
        case _:
            return value


def _storable_text(text: str) -> str:
    if text.isascii():
        return text.replace("\x00", "\ufffd")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
