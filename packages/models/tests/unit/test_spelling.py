import pytest
from ichor_models import Condition, Rule
from ichor_models.model import Model
from ichor_models.spelling import unknown_key
from pydantic import Field


class Inner(Model):
    colour: str
    secret_part: int = 0


class Outer(Model):
    inner: Inner | None = None
    several: tuple[Inner, ...] = Field(default=())
    by_name: dict[str, Inner] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("iner",), "did you mean 'inner'?"),
        (("inner", "color"), "did you mean 'colour'?"),
        (("several", 3, "color"), "did you mean 'colour'?"),
        (("by_name", "x", "color"), "did you mean 'colour'?"),
        (("zzz",), "remove it, or write one of by_name, inner, several"),
        (("inner", "zzz"), "remove it, or write one of colour"),
    ],
)
def test_what_was_meant(place: tuple[int | str, ...], said: str) -> None:
    assert unknown_key(Outer, place, without={"secret_part"}) == said


def test_of_our_own_models() -> None:
    assert unknown_key(Rule, ("trigger", "conditions", 0, "valu")) == "did you mean 'value'?"
    assert unknown_key(Condition, ("feild_name",)) == "did you mean 'field_name'?"
