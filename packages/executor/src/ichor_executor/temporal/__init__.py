"""The Temporal side: the workflow, the engine's own activities, and how a run is started."""

from ichor_executor.temporal.policies import declare_policies
from ichor_executor.temporal.records import RunRecords, engine_activities
from ichor_executor.temporal.run_input import RunInput
from ichor_executor.temporal.start import Started, search_attributes, start_run
from ichor_executor.temporal.workflow import REPLY, WORKFLOW_TYPE, ExecuteGraphWorkflow

__all__ = [
    "REPLY",
    "WORKFLOW_TYPE",
    "ExecuteGraphWorkflow",
    "RunInput",
    "RunRecords",
    "Started",
    "declare_policies",
    "engine_activities",
    "search_attributes",
    "start_run",
]
