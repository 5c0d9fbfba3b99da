import pytest
from ichor_trigger.allowance import Allowance


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(allowance: Allowance, kind: str, tries: int = 1_000) -> int:
    return sum(allowance.take(kind) for _ in range(tries))


def test_each_kind_has_its_own(clock: Clock):
    allowance = Allowance(500, 10, clock)
    assert [taken(allowance, kind) for kind in ("orders", "parcels", "orders")] == [500, 500, 0]


@pytest.mark.parametrize(("seconds", "more"), [(0.1, 1), (1, 10), (50, 500), (1e6, 500)])
def test_what_was_taken_comes_back_with_time(clock: Clock, seconds: float, more: int):
    allowance = Allowance(500, 10, clock)
    taken(allowance, "orders")
    clock.now += seconds
    assert taken(allowance, "orders") == more


def test_what_is_refused_costs_nothing(clock: Clock):
    allowance = Allowance(2, 10, clock)
    taken(allowance, "orders", 10_000)
    clock.now += 0.2
    assert taken(allowance, "orders") == 2


def test_kinds_that_have_all_are_forgotten(clock: Clock):
    allowance = Allowance(2, 10, clock)
    for number in range(100_000):
        allowance.take(f"kind {number}")
        clock.now += 0.01
    assert len(vars(allowance)["_whole"]) <= 1_001
