"""Numbers of JSON as decimals, and back: no binary rounding, half up, plain digits."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from pydantic import JsonValue

_PLAIN = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?")
_EXACT = Context(prec=5000, rounding=ROUND_HALF_UP)
"""More digits than any number of JSON has: the standard library reads at most 4,300 of an integer."""

ARITHMETIC = Context(prec=40, rounding=ROUND_HALF_UP, Emax=399, Emin=-360)
"""The precision of `expr`: 40 digits, half up; division by zero and more than 400 digits raise."""


def as_decimal(value: JsonValue) -> Decimal | None:
    """Return the number that a JSON number or plain decimal text means, None for anything else (booleans too)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        number = Decimal(repr(value))
        return number if number.is_finite() else None
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return Decimal(value)
    return None


def from_decimal(number: Decimal) -> int | float:
    """Return a decimal as the JSON number nearest to it, an integer where it is one."""
    return int(number) if number == number.to_integral_value() else float(number)


def plain(number: Decimal) -> str:
    """Write the shortest plain decimal: no exponent, no trailing zeros, no minus zero."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def fixed(number: Decimal, places: int) -> str:
    """Write a number with exactly so many decimals, rounded half up."""
    rounded = number.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"
