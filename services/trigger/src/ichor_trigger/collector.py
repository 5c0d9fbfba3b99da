"""Deletes the large values of runs that ended long ago, but for those that the runs' rows refer to."""

from datetime import timedelta

from ichor_service import outages

from ichor_trigger.links import Links

KEPT = timedelta(days=7)
"""How long all values of a run are kept after its end."""
PERIOD = 60.0
_A_ROUND = 100


class Collector:
    """Any number may work side by side: what one has deleted the other does not find."""

    def __init__(self, links: Links) -> None:
        self._links = links

    async def round(self) -> None:
        """Go through the values of so many runs that it is over with."""
        with outages():
            values = self._links.store.opened.values
            for ended in await values.over(KEPT, limit=_A_ROUND):
                await values.forget(ended.run, ended.keep)
