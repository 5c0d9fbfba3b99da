"""Rows read as JSON, the way PostgreSQL itself writes each type, whatever codecs the connection has."""

import json
from decimal import Decimal
from typing import Any

from ichor_models import Transaction
from pydantic import JsonValue


async def fetch_json(transaction: Transaction, query: str, *arguments: Any) -> list[dict[str, JsonValue]]:
    """Return the rows of a SELECT, or of what RETURNING returns, each as an object of its columns."""
    rows = await transaction.fetch(f"WITH r AS ({query}) SELECT to_jsonb(r)::text AS row FROM r", *arguments)
    return [json.loads(row["row"], parse_float=_exact) for row in rows]


def _exact(written: str) -> float | str:
    """Return a number of a row, as text where a float would lose digits of it."""
    number = float(written)
    return number if Decimal(repr(number)) == Decimal(written) else written
