"""What was measured, as a table for people and as JSON for programs."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from effort import Effort
from figure import Figure, Spread

type Report = Mapping[str, Sequence[Figure]]
"""The figures by the part that measured them."""

_HEAD = ("figure", "ours", "bare", "value", "spread", "wanted", "")


def table(part: str, figures: Sequence[Figure]) -> str:
    """Return the figures of a part, one a line; `!` marks what is not as it should be."""
    rows = [_HEAD, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"== {part}", *lines])


def write(path: Path, report: Report, effort: Effort) -> None:
    """Write everything as JSON: when, where and how it was measured, and each figure."""
    document = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rounds": effort.rounds,
        "full": effort.full,
        "parts": {part: [_document(figure) for figure in figures] for part, figures in report.items()},
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _document(figure: Figure) -> dict[str, object]:
    found: dict[str, object] = {key: value for key, value in asdict(figure).items() if value not in (None, "")}
    if figure.bound:
        found |= {"bound": str(figure.bound), "reached": figure.reached}
    return found


def _row(figure: Figure) -> tuple[str, ...]:
    unit = "" if figure.unit == "ratio" else f" {figure.unit}"
    return (
        figure.name,
        _amount(figure.ours, figure.of),
        _amount(figure.bare, figure.of),
        f"{_number(figure.value.median)}{unit}",
        f"{_number(figure.value.low)} to {_number(figure.value.high)}",
        str(figure.bound or ""),
        "!" if figure.reached is False else "",
    )


def _amount(spread: Spread | None, unit: str) -> str:
    return f"{_number(spread.median)} {unit}" if spread else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
