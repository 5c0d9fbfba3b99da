"""What `import ichor_edgestore` gives."""

import re
from importlib.resources import files

import ichor_edgestore
import pytest
from ichor_edgestore.query_file import load_queries


def test_all_is_complete_and_sorted() -> None:
    public = [name for name, value in vars(ichor_edgestore).items() if _is_ours(name, value)]
    assert sorted(ichor_edgestore.__all__) == sorted(public)
    assert ichor_edgestore.__all__ == sorted(ichor_edgestore.__all__)


def _is_ours(name: str, value: object) -> bool:
    return not name.startswith("_") and getattr(value, "__module__", "").startswith("ichor_edgestore.")


def test_every_error_is_in_the_drawn_hierarchy() -> None:
    from ichor_edgestore import errors

    drawn = set(re.findall(r"── (\w+)", errors.__doc__ or ""))
    defined = {name for name, value in vars(errors).items() if _is_error(value)}
    assert drawn == defined


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, ichor_edgestore.StoreError)


@pytest.mark.parametrize("file", ["rules", "runs", "journal", "migration", "idempotency"])
def test_every_statement_is_used_and_every_name_is_there(file: str) -> None:
    source = "".join(item.read_text() for item in files("ichor_edgestore").iterdir() if item.name.endswith(".py"))
    names = set(load_queries(file))
    assert names
    assert names <= set(re.findall(r'"(\w+)"', source))
