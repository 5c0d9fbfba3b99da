import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models.names import Names, slug
from ichor_models.path import Path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Check Amount!", "check_amount"),
        ("check_amount", "check_amount"),
        ("Over-Order Hold", "over_order_hold"),
        ("  a -- b  ", "a_b"),
        ("a__b", "a_b"),
        ("_private_", "private"),
        ("Step 2.1", "step_2_1"),
        ("Größe prüfen", "größe_prüfen"),
        ("ЛИНИЯ №5", "линия_5"),
        ("注文 確認", "注文_確認"),
        ("٣ أيام", "٣_أيام"),
        ("Trigger", "trigger"),
        ("!!!", ""),
        ("", ""),
    ],
)
def test_a_slug_has_letters_and_digits_of_any_script(name: str, expected: str) -> None:
    assert slug(name) == expected


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=20))
def test_a_slug_is_its_own_slug(name: str) -> None:
    assert slug(slug(name)) == slug(name)


NAMES = Names(["Check Amount!", "reserve", "v1.2 step", "v1", "Over-Order Hold"])


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("reserve", ("reserve", ())),
        ("reserve.items.0.sku", ("reserve", ("items", "0", "sku"))),
        ("check_amount.result", ("Check Amount!", ("result",))),
        ("Check Amount!.result", ("Check Amount!", ("result",))),
        ("Over-Order Hold.reason", ("Over-Order Hold", ("reason",))),
        ("over_order_hold.reason", ("Over-Order Hold", ("reason",))),
        ("v1.2 step.done", ("v1.2 step", ("done",))),
        ("v1.2.done", ("v1", ("2", "done"))),
        ("v1_2_step.done", ("v1.2 step", ("done",))),
        ("Reserve.items", None),
        ("total", None),
        ("trigger.reserve", None),
        ("", None),
    ],
)
def test_a_path_begins_with_a_name_or_a_slug(path: str, owner: tuple[str, tuple[str, ...]] | None) -> None:
    assert NAMES.owner(Path.of(path)) == owner


def test_a_name_comes_before_the_slug_of_another() -> None:
    names = Names(["A B", "a_b"])
    assert names.owner(Path.of("a_b.x")) == ("a_b", ("x",))


def test_a_name_without_letters_is_found_by_itself_only() -> None:
    names = Names(["!!!"])
    assert names.owner(Path.of("!!!.x")) == ("!!!", ("x",))
    assert names.owner(Path.of(".x")) is None


def test_no_actions_own_nothing() -> None:
    assert Names([]).owner(Path.of("a.b")) is None
