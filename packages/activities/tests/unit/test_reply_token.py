from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ichor_activities import InvalidConfiguration, TokenKeys

OLD, NEW = "the key of last year", "the key of this year"


@given(st.uuids())
def test_a_token_names_its_question_and_is_short(question: UUID) -> None:
    keys = TokenKeys.parse(NEW)
    token = keys.sign(question)
    assert keys.read(token) == question
    assert len(token) <= 200
    assert str(question) not in token


def test_keys_are_replaced_one_by_one() -> None:
    question = uuid4()
    old, both, new = TokenKeys.parse(OLD), TokenKeys.parse(f"{NEW}, {OLD}"), TokenKeys.parse(NEW)
    assert both.read(old.sign(question)) == question
    assert new.read(both.sign(question)) == question
    assert new.read(old.sign(question)) is None


@given(st.data())
def test_an_altered_token_is_none(data: st.DataObject) -> None:
    keys = TokenKeys.parse(NEW)
    token = keys.sign(UUID(int=7))
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda letter: letter != token[place]))
    assert keys.read(token[:place] + other + token[place + 1 :]) is None


@given(st.text(max_size=300))
def test_nothing_else_is_a_token(text: str) -> None:
    assert TokenKeys.parse(NEW).read(text) is None


def test_a_token_of_one_question_signs_no_other() -> None:
    keys = TokenKeys.parse(NEW)
    one, other = keys.sign(uuid4()).split("."), keys.sign(uuid4()).split(".")
    assert keys.read(".".join((one[0], other[1], one[2]))) is None


@pytest.mark.parametrize("text", ["", " , ", "short", f"{NEW},short"])
def test_keys_must_be_keys(text: str) -> None:
    with pytest.raises(InvalidConfiguration, match="ICHOR_TOKEN_KEYS") as error:
        TokenKeys.parse(text)
    assert "short" not in str(error.value)


def test_keys_are_not_shown() -> None:
    assert "year" not in repr(TokenKeys.parse(NEW))
