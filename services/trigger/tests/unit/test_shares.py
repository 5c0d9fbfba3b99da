from contextlib import ExitStack, suppress

import pytest
from ichor_service import Crowded
from ichor_trigger.shares import Shares


def test_a_kind_has_no_more_places_than_its_share():
    shares = Shares(4)
    with shares.place("orders"), shares.place("orders"):
        with pytest.raises(Crowded), shares.place("orders"):
            pass
        with shares.place("parcels"):
            pass


@pytest.mark.parametrize("kinds", [1, 2, 4])
def test_any_number_of_bursts_at_once_leave_places_for_others(kinds: int):
    shares, places = Shares(50), 0
    with ExitStack() as held:
        for number in range(50 * kinds):
            with suppress(Crowded):
                held.enter_context(shares.place(f"burst {number % kinds}"))
                places += 1
        assert places == 50 - 50 // (kinds + 1)
        held.enter_context(shares.place("calm"))


def test_a_place_is_free_again_however_it_was_left():
    shares = Shares(2)
    with pytest.raises(RuntimeError), shares.place("orders"):
        raise RuntimeError
    with shares.place("orders"):
        pass
