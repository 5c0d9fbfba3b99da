"""The Temporal side: the workflow, the engine's own activities, and how a run is started."""

from ichor_executor.temporal.encryption import EncryptionKeys
from ichor_executor.temporal.payload_codec import FindValues, LargePayloads, ObservePayload, data_converter
from ichor_executor.temporal.policies import declare_policies
from ichor_executor.temporal.records import PinnedFiring, RunRecords, engine_activities
from ichor_executor.temporal.run_input import RunInput, Scheduled
from ichor_executor.temporal.start import Started, may_not_ask, scheduled_start, search_attributes, start_run
from ichor_executor.temporal.workflow import NOT_RUN, REPLY, STOP, WORKFLOW_TYPE, ExecuteGraphWorkflow

__all__ = [
    "NOT_RUN",
    "REPLY",
    "STOP",
    "WORKFLOW_TYPE",
    "EncryptionKeys",
    "ExecuteGraphWorkflow",
    "FindValues",
    "LargePayloads",
    "ObservePayload",
    "PinnedFiring",
    "RunInput",
    "RunRecords",
    "Scheduled",
    "Started",
    "data_converter",
    "declare_policies",
    "engine_activities",
    "may_not_ask",
    "scheduled_start",
    "search_attributes",
    "start_run",
]
