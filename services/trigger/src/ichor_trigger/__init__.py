"""Entity events in, runs of the matching rules started, each exactly once."""

from ichor_trigger.event_queue import read_event
from ichor_trigger.launcher import Launcher
from ichor_trigger.run_starter import RunStarter

__all__ = ["Launcher", "RunStarter", "read_event"]
