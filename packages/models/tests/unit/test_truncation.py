from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ichor_models import (
    TRUNCATED,
    ActionError,
    ActionType,
    ConfigError,
    TemplateError,
    size_of,
    truncate_result,
    truncate_text,
)
from ichor_models.expression import evaluate
from ichor_models.path import Path, walk
from pydantic import BaseModel, JsonValue

MARK = size_of(TRUNCATED)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(TEXT, inner, max_size=9),
    max_leaves=20,
)
RESULT = st.dictionaries(
    st.text(st.sampled_from("ab_truncated"), max_size=3) | st.just("a_truncated"), VALUE, max_size=5
)


@pytest.mark.parametrize("text", ["a" * 40, "é" * 20, "€" * 13, "🎺" * 10, '"' * 20, "\n" * 20])
def test_a_text_is_cut_at_exactly_the_limit(text: str):
    size = size_of(text)
    assert truncate_text(text, size) == text
    for largest in range(MARK, size):
        cut = truncate_text(text, largest)
        beginning = cut.removesuffix(TRUNCATED)
        assert beginning != cut
        assert text.startswith(beginning)
        assert size_of(cut) <= largest < size_of(text[: len(beginning) + 1] + TRUNCATED)


@given(TEXT, st.integers(MARK, 400))
def test_any_text_fits_afterwards(text: str, largest: int):
    cut = truncate_text(text, largest)
    assert size_of(cut) <= largest
    assert cut == text or cut.endswith(TRUNCATED)
    cut.encode()


def test_a_result_is_cut_at_exactly_the_limit():
    result: dict[str, JsonValue] = {"name": "x", "text": "a" * 1000, "output": "done"}
    size = size_of(result)
    assert truncate_result(result, size) == result
    cut = truncate_result(result, size - 1)
    assert cut.pop("text_truncated") is True
    assert cut == result | {"text": "a" * (1000 - 1 - (MARK - 2) - len(',"text_truncated":true')) + TRUNCATED}
    for largest in range(80, size):
        assert size_of(truncate_result(result, largest)) == largest


def test_the_largest_values_are_cut_and_share_the_room():
    cut = truncate_result({"a": "a" * 1000, "b": "b" * 900, "c": "c" * 100}, 400)
    assert [key for key in cut if key.endswith("_truncated")] == ["a_truncated", "b_truncated"]
    assert len(str(cut["a"])) == len(str(cut["b"]))
    assert cut["c"] == "c" * 100


def test_what_is_no_text_becomes_the_beginning_of_its_json():
    items: list[JsonValue] = [{"name": "é"}] * 100
    cut = truncate_result({"items": items}, 100)
    assert str(cut["items"]).startswith('[{"name":"é"},{')
    assert str(cut["items"]).endswith(TRUNCATED)
    assert cut["items_truncated"] is True


def test_the_port_is_never_cut():
    port = "a port with a name that is longer than the mark"
    assert truncate_result({"output": port, "text": "a" * 1000}, 150)["output"] == port


def test_a_key_that_is_there_already_says_that_its_value_was_cut():
    assert truncate_result({"a": "a" * 1000, "a_truncated": "b" * 500}, 100)["a_truncated"] is True
    assert truncate_result({"a": "a" * 500, "a_truncated": "b" * 1000}, 100)["a_truncated"] is True


def test_what_fails_on_a_value_that_was_cut_says_so():
    class Config(BaseModel):
        items: list[str]

    whole: dict[str, Any] = {"items": ["x"] * 1000}
    data = truncate_result(whole, 500)
    with pytest.raises(
        ConfigError, match="items must be a list, not text; see what its template reads; it was too large"
    ):
        ActionType("pick", Config).fit({"items": data["items"]})
    with pytest.raises(TemplateError, match=r"'items' is .*, which is no number; it was too large and was cut"):
        evaluate(Path.of("items"), lambda path: walk(data, path.segments))


def test_keys_that_do_not_fit_are_an_error():
    with pytest.raises(ActionError, match="too many keys") as error:
        truncate_result({f"key {number}": number for number in range(100)}, 500)
    assert (error.value.type, error.value.retryable) == ("too_large", False)


@given(RESULT, st.integers(400, 1000))
def test_any_result_of_few_keys_fits_afterwards(result: dict[str, Any], largest: int):
    cut = truncate_result(result, largest)
    assert size_of(cut) <= largest
    assert cut == result or size_of(result) > largest
    for key, value in cut.items():
        assert key in result or value is True
        if isinstance(value, str) and result.get(key) != value:
            assert value.endswith(TRUNCATED)
            assert cut[f"{key}_truncated"] is True
