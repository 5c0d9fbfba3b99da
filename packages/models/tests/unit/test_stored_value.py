from typing import cast

from ichor_models import STORED, StoredResult, shrink, size_of
from ichor_models.path import walk
from pydantic import JsonValue
from pydantic_core import from_json

BIG: dict[str, JsonValue] = {
    "name": "x",
    "text": "é" * 100,
    "items": [{"name": "first"}, {"name": "second"}],
    "output": "done",
}


def shrunk(largest: int, *reads: str) -> StoredResult:
    result = shrink(BIG, reads, lambda path: walk(BIG, path.split(".")), largest)
    stored = StoredResult.of(result.result)
    assert stored is not None
    for part in stored.parts.values():
        assert size_of(from_json(result.bodies[part.key])) == part.size == len(result.bodies[part.key])
    assert len(result.bodies) == len({part.key for part in stored.parts.values()})
    return stored


def test_an_object_travels_whole_up_to_the_limit_exactly():
    size = size_of(BIG)
    assert shrink(BIG, ["name"], lambda path: None, size).bodies == {}
    assert shrink(BIG, ["name"], lambda path: None, size - 1).bodies != {}


def test_of_a_large_object_travels_what_is_read():
    stored = shrunk(100, "name", "items.1.name", "output", "nothing")
    assert stored.values == {"name": "x", "items.1.name": "second", "output": "done", "nothing": None}
    assert stored.parts[""].size == size_of(BIG)


def test_what_is_read_and_is_too_large_itself_lies_in_the_store():
    stored = shrunk(100, "text", "name")
    assert (list(stored.values), list(stored.parts)) == (["name"], ["", "text"])
    assert stored.parts["text"].size == 202


def test_what_is_read_has_a_limit_together_and_the_smallest_travel():
    stored = shrunk(4, "name", "output", *(f"nothing{number}" for number in range(9)))
    assert "name" in stored.values
    assert "output" in stored.parts
    assert len(stored.values) == 4


def test_reading_a_stored_result_copies_none_of_its_values():
    """A run reads it once for each path, while others wait."""
    result = shrink(BIG, ["items"], lambda path: BIG["items"], 100).result
    stored = StoredResult.of(result)
    assert stored is not None
    assert stored.read("items", "items") is cast("dict[str, dict[str, JsonValue]]", result[STORED])["values"]["items"]
