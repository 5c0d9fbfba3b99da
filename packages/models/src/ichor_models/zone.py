"""Time zones, by the names of the IANA database, the same on every machine."""

from functools import cache
from importlib.resources import files

from ichor_models.spelling import meant


def check_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in _zones():
        hint = meant(name, _zones()) or "write one like UTC or Europe/Berlin"
        raise ValueError(f"there is no time zone {name!r}; {hint}")
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())
