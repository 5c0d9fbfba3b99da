"""The part `schedules`: keeps Temporal's schedules in step with the rules that have one."""

from ichor_service import Part

from ichor_trigger.links import Links
from ichor_trigger.reconciler import Reconciler
from ichor_trigger.rounds import Rounds

_PERIOD = 5.0


def schedules(links: Links) -> Part:
    """Return the part."""
    rounds = Rounds("schedules", links, Reconciler(links).round, _PERIOD)
    return Part(rounds.run, {"schedules": rounds.probe})
