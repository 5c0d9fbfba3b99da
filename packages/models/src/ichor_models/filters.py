"""The filters of templates: `{{ total | currency:USD }}`.

A missing value passes through every filter but `default`. A value that a filter cannot take fails the action.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from pydantic import JsonValue

from ichor_models.date_format import check_format, format_date, read_date
from ichor_models.errors import TemplateError
from ichor_models.number import as_decimal, fixed
from ichor_models.text import as_text, shown

type Apply = Callable[[JsonValue, str], JsonValue]
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$"}
_NO_DECIMALS = {"JPY", "KRW", "VND", "CLP", "ISK"}
_MOST_DECIMALS = 20
_PART = re.compile(r"""[^|:]*(?::\s*(?:"[^"]*"|'[^']*')\s*(?=\||\Z)|:[^|]*)?""")
"""What stands between two `|`: a name, and behind a colon an argument, which may hold `|` where it is quoted."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter with its argument, ready to be applied."""

    name: str
    argument: str
    apply: Apply


def parse_filter(written: str) -> Filter:
    """Read `name` or `name:argument`.

    Raises:
        TemplateError: the filter is unknown, or its argument is not one that it takes.
    """
    name, colon, argument = written.partition(":")
    name = name.strip()
    if name not in _FILTERS:
        raise TemplateError(
            f"{shown(name)} is no filter; there are {', '.join(sorted(_FILTERS))}", code="unknown_filter"
        )
    apply, check, fallback = _FILTERS[name]
    argument = _unquoted(argument, keep_spaces=name == "join") if colon else fallback
    try:
        check(name, argument)
    except TemplateError as error:
        raise TemplateError(str(error), code="invalid_filter_argument") from error
    return Filter(name, argument, apply)


def split_filters(text: str) -> list[str]:
    """Split at every `|` that stands in no quoted argument."""
    parts: list[str] = []
    position = 0
    while position <= len(text) and (match := _PART.match(text, position)) is not None:
        parts.append(match[0])
        position = match.end() + 1
    return parts


def _unquoted(argument: str, *, keep_spaces: bool) -> str:
    trimmed = argument.strip()
    if len(trimmed) >= 2 and trimmed[0] == trimmed[-1] and trimmed[0] in {'"', "'"}:
        return trimmed[1:-1]
    return argument if keep_spaces else trimmed


def _text(value: JsonValue) -> str:
    return as_text(value)


def _uppercase(value: JsonValue, _: str) -> JsonValue:
    return _text(value).upper()


def _lowercase(value: JsonValue, _: str) -> JsonValue:
    return _text(value).lower()


def _capitalize(value: JsonValue, _: str) -> JsonValue:
    text = _text(value)
    return text[:1].upper() + text[1:]


def _trim(value: JsonValue, _: str) -> JsonValue:
    return _text(value).strip()


def _truncate(value: JsonValue, argument: str) -> JsonValue:
    return _text(value)[: int(argument)]


def _default(value: JsonValue, argument: str) -> JsonValue:
    return argument if value is None or value in ("", [], {}) else value


def _round(value: JsonValue, argument: str) -> JsonValue:
    return fixed(_number("round", value), int(argument))


def _currency(value: JsonValue, argument: str) -> JsonValue:
    code = argument.upper()
    amount = fixed(_number("currency", value), 0 if code in _NO_DECIMALS else 2)
    whole, _, decimals = amount.removeprefix("-").partition(".")
    grouped = f"{int(whole):,}" + (f".{decimals}" if decimals else "")
    return ("-" if amount.startswith("-") else "") + _SYMBOLS.get(code, f"{code} ") + grouped


def _format_date(value: JsonValue, argument: str) -> JsonValue:
    return format_date(read_date(value), argument)


def _join(value: JsonValue, argument: str) -> JsonValue:
    return argument.join(as_text(item) for item in _list("join", value))


def _json(value: JsonValue, _: str) -> JsonValue:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _urlencode(value: JsonValue, _: str) -> JsonValue:
    return quote(_text(value), safe="")


def _first(value: JsonValue, _: str) -> JsonValue:
    return next(iter(_list("first", value)), None)


def _last(value: JsonValue, _: str) -> JsonValue:
    return next(reversed(_list("last", value)), None)


def _number(name: str, value: JsonValue) -> Decimal:
    number = as_decimal(value)
    if number is None:
        raise TemplateError(f"{name} needs a number, not {shown(as_text(value))}")
    return number


def _list(name: str, value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TemplateError(f"{name} needs a list, not {shown(as_text(value))}")
    return value


def _nothing(name: str, argument: str) -> None:
    if argument:
        raise TemplateError(f"{name} takes no argument; remove {shown(argument)}")


def _anything(_name: str, _argument: str) -> None:
    return


def _count(name: str, argument: str) -> None:
    if not (argument.isascii() and argument.isdigit() and len(argument) < 10):
        raise TemplateError(f"{name} needs a whole number, like {name}:2, not {shown(argument)}")


def _decimals(name: str, argument: str) -> None:
    _count(name, argument)
    if int(argument) > _MOST_DECIMALS:
        raise TemplateError(f"{name} takes at most {_MOST_DECIMALS} decimals; write a smaller number")


def _code(name: str, argument: str) -> None:
    if not (len(argument) == 3 and argument.isascii() and argument.isalpha()):
        raise TemplateError(f"{name} needs a code of three letters, like {name}:USD, not {shown(argument)}")


def _form(_name: str, argument: str) -> None:
    check_format(argument)


_FILTERS: dict[str, tuple[Apply, Callable[[str, str], None], str]] = {
    "uppercase": (_uppercase, _nothing, ""),
    "lowercase": (_lowercase, _nothing, ""),
    "capitalize": (_capitalize, _nothing, ""),
    "trim": (_trim, _nothing, ""),
    "truncate": (_truncate, _count, ""),
    "default": (_default, _anything, ""),
    "round": (_round, _decimals, ""),
    "currency": (_currency, _code, "USD"),
    "formatDate": (_format_date, _form, "short"),
    "join": (_join, _anything, ", "),
    "json": (_json, _nothing, ""),
    "urlencode": (_urlencode, _nothing, ""),
    "first": (_first, _nothing, ""),
    "last": (_last, _nothing, ""),
}
"""Name → what it does, what it checks of its argument, and the argument where none is written."""
