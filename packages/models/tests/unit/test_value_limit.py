import pytest
from ichor_models import MOST, TRUNCATED, ActionError, Excess, StoredResult, ValueLimit
from pydantic import JsonValue

BIG: dict[str, JsonValue] = {"text": "x" * 200, "items": [{"name": "first"}, {"name": "second"}], "output": "done"}


def test_a_result_below_the_limit_travels_as_it_is():
    assert ValueLimit().fit(dict(BIG)) == (BIG, {})


def test_of_a_stored_result_travel_its_port_and_what_is_read():
    result, bodies = ValueLimit(100).fit(dict(BIG), ["items.1.name", "text"])
    stored = StoredResult.of(result)
    assert stored is not None
    assert stored.values == {"output": "done", "branch_taken": None, "items.1.name": "second"}
    assert sorted(stored.parts) == ["", "text"]
    assert len(bodies) == 2


def test_what_is_cut_is_not_stored():
    result, bodies = ValueLimit(200, Excess.CUT).fit(dict(BIG), ["text"])
    assert str(result["text"]).endswith(TRUNCATED)
    assert result["text_truncated"] is True
    assert bodies == {}


@pytest.mark.parametrize("excess", Excess)
def test_no_result_is_larger_than_any_may_be(excess: Excess):
    with pytest.raises(ActionError, match="are the most") as error:
        ValueLimit(excess=excess).fit({"text": "x" * MOST})
    assert (error.value.type, error.value.retryable) == ("too_large", False)


def test_in_a_graph_that_reads_many_results_all_that_travels_of_one_has_the_limit():
    whole: dict[str, JsonValue] = {name: "x" * 80 for name in "abcd"}
    for limit in (ValueLimit(100), ValueLimit(200)):
        stored = StoredResult.of(limit.at_most(150).fit(whole, whole).result)
        assert stored is not None
        assert [name for name in whole if name in stored.values] == ["a"]
