"""Deletes the large values of runs that ended long ago, but for those that the runs' rows refer to."""

from datetime import timedelta

from ichor_service import outages

from ichor_trigger.links import Links

KEPT = timedelta(days=7)
"""How long all values of a run are kept after its end."""
PERIOD = 60.0
_AT_A_TIME = 100


class Collector:
    """Any number may work side by side: what one has deleted the other does not find."""

    def __init__(self, links: Links) -> None:
        self._links = links

    async def round(self) -> None:
        """Go through the values of all runs that it is over with, some at a time."""
        with outages():
            values = self._links.store.opened.values
            while ended := await values.over(KEPT, limit=_AT_A_TIME):
                for run in ended:
                    await values.forget(run.run, run.keep)
