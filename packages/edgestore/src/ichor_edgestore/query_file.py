"""SQL with names: each statement of a file in `queries/` follows a line `-- name: …`."""

import re
from collections.abc import Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries(file: str) -> Mapping[str, str]:
    """Return the statements of one file by their names."""
    text = (files("ichor_edgestore") / "queries" / f"{file}.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return {name: statement.strip() for name, statement in zip(parts[::2], parts[1::2], strict=True)}
