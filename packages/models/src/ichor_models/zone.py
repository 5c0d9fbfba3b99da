"""Time zones, by the names of the IANA database, which `tzdata` brings where the system has none."""

from zoneinfo import ZoneInfo, available_timezones

from ichor_models.spelling import meant


def check_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = meant(name, available_timezones()) or "write one like Europe/Berlin"
        raise ValueError(f"there is no time zone {name!r}; {hint}") from None
    return name
