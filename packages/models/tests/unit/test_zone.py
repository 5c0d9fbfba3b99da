import pytest
from ichor_models.zone import check_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_known(name: str) -> None:
    assert check_zone(name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Mars", "write one like UTC or Europe/Berlin"),
        ("Europe/Berln", "'Europe/Berlin'?"),
        ("Europe", "there is no time zone"),
    ],
)
def test_unknown(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"there is no time zone") as error:
        check_zone(name)
    assert said in str(error.value)
