import pytest
from ichor_service import Crowded
from ichor_trigger.shares import Shares


def test_a_kind_has_no_more_places_than_its_share():
    shares = Shares(2)
    with shares.place("orders"), shares.place("orders"):
        with pytest.raises(Crowded), shares.place("orders"):
            pass
        with shares.place("parcels"):
            pass


def test_a_place_is_free_again_however_it_was_left():
    shares = Shares(1)
    with pytest.raises(RuntimeError), shares.place("orders"):
        raise RuntimeError
    with shares.place("orders"):
        pass
