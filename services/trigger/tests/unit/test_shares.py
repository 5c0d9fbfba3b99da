from contextlib import ExitStack

import pytest
from ichor_trigger.shares import Shares


def test_a_kind_has_no_more_places_than_its_share():
    shares = Shares(4)
    with shares.place("orders"), shares.place("orders"):
        assert not shares.has_place("orders")
        assert shares.has_place("parcels")


@pytest.mark.parametrize("kinds", [1, 2, 4])
def test_any_number_of_bursts_at_once_leave_places_for_others(kinds: int):
    shares, places = Shares(50), 0
    with ExitStack() as held:
        for number in range(50 * kinds):
            kind = f"burst {number % kinds}"
            if shares.has_place(kind):
                held.enter_context(shares.place(kind))
                places += 1
        assert places == 50 - 50 // (kinds + 1)
        assert shares.has_place("calm")


def test_a_place_is_free_again_however_it_was_left():
    shares = Shares(2)
    with pytest.raises(RuntimeError), shares.place("orders"):
        raise RuntimeError
    assert shares.has_place("orders")
