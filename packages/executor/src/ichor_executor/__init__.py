"""The interpreter of graphs, and the Temporal workflow around it."""

from ichor_executor.command import (
    CancelAction,
    CloseQuestion,
    Command,
    DropQuestions,
    Ended,
    EndRun,
    RunAction,
    StartTimer,
)
from ichor_executor.errors import CyclicGraph, ExecutorError, NotUnderWay
from ichor_executor.machine import Machine
from ichor_executor.plan import Plan
from ichor_executor.recorder import Recorder
from ichor_executor.resolution import Ending, Resolution, resolve
from ichor_executor.simulator import simulate
from ichor_executor.state import State
from ichor_executor.stop import Stop

__all__ = [
    "CancelAction",
    "CloseQuestion",
    "Command",
    "CyclicGraph",
    "DropQuestions",
    "EndRun",
    "Ended",
    "Ending",
    "ExecutorError",
    "Machine",
    "NotUnderWay",
    "Plan",
    "Recorder",
    "Resolution",
    "RunAction",
    "StartTimer",
    "State",
    "Stop",
    "resolve",
    "simulate",
]
