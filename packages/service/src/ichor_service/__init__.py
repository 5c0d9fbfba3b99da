"""What every program of the engine needs: settings, connections, logs, health, an orderly stop."""

from ichor_service.api_token import ApiToken, ApiTokens, new_token, read_api_tokens, token_hash
from ichor_service.broker import Broker, BrokerConnection
from ichor_service.caller import Caller, Scope
from ichor_service.cancellation import cancel_run
from ichor_service.dead_letters import DeadLetters, dead_letters
from ichor_service.encryption_keys import encryption_keys, require_encryption
from ichor_service.environment import environment
from ichor_service.errors import (
    Busy,
    Crowded,
    ForeignNamespace,
    InvalidSetting,
    LostRun,
    NotConnected,
    Refused,
    ServiceError,
    Stopped,
    Unavailable,
    Unreachable,
    Unusable,
)
from ichor_service.health import Health, Probe, Readiness, health_routes
from ichor_service.home import require_home
from ichor_service.http_server import HttpServer, serving
from ichor_service.inbox import Inbox
from ichor_service.inbox_metrics import InboxMetrics
from ichor_service.letter import DEAD_SINCE, DETAIL, REASON, Letter
from ichor_service.link import Link
from ichor_service.logs import configure_logs
from ichor_service.metrics import new_registry
from ichor_service.outage import is_refusal, is_unknown, outages
from ichor_service.part import Part, side_by_side
from ichor_service.program import Program
from ichor_service.publisher import Publisher, Unroutable, Unsendable
from ichor_service.queue_lengths import QueueLengths
from ichor_service.reach import again_and_again, growing_pauses, reach
from ichor_service.reason import reason
from ichor_service.run_progress import RunProgress, run_progress
from ichor_service.run_trace import record_run
from ichor_service.sampling import Measure, Sampling
from ichor_service.setting import Reader, Setting, variable
from ichor_service.settings import Settings, every_setting, load_settings, read_settings
from ichor_service.settling import Handle, InboxOptions
from ichor_service.stop import Stop, leave
from ichor_service.store import store_link
from ichor_service.temporal import CREDENTIALS, temporal_link
from ichor_service.temporal_profile import TemporalProfile
from ichor_service.topology import (
    BURSTS,
    EVENTS,
    QUORUM,
    REPLIES,
    REQUESTS,
    RETRIES,
    SPURTS,
    Topology,
    declare_exchange,
)
from ichor_service.trace_header import TraceHeader, trace_of, trace_of_workflow
from ichor_service.tracing import is_tracing, span, start_tracing, stop_tracing, tell_span
from ichor_service.unknown_setting import OTHER_VARIABLES, unknown_settings

__all__ = [
    "BURSTS",
    "CREDENTIALS",
    "DEAD_SINCE",
    "DETAIL",
    "EVENTS",
    "OTHER_VARIABLES",
    "QUORUM",
    "REASON",
    "REPLIES",
    "REQUESTS",
    "RETRIES",
    "SPURTS",
    "ApiToken",
    "ApiTokens",
    "Broker",
    "BrokerConnection",
    "Busy",
    "Caller",
    "Crowded",
    "DeadLetters",
    "ForeignNamespace",
    "Handle",
    "Health",
    "HttpServer",
    "Inbox",
    "InboxMetrics",
    "InboxOptions",
    "InvalidSetting",
    "Letter",
    "Link",
    "LostRun",
    "Measure",
    "NotConnected",
    "Part",
    "Probe",
    "Program",
    "Publisher",
    "QueueLengths",
    "Reader",
    "Readiness",
    "Refused",
    "RunProgress",
    "Sampling",
    "Scope",
    "ServiceError",
    "Setting",
    "Settings",
    "Stop",
    "Stopped",
    "TemporalProfile",
    "Topology",
    "TraceHeader",
    "Unavailable",
    "Unreachable",
    "Unroutable",
    "Unsendable",
    "Unusable",
    "again_and_again",
    "cancel_run",
    "configure_logs",
    "dead_letters",
    "declare_exchange",
    "encryption_keys",
    "environment",
    "every_setting",
    "growing_pauses",
    "health_routes",
    "is_refusal",
    "is_tracing",
    "is_unknown",
    "leave",
    "load_settings",
    "new_registry",
    "new_token",
    "outages",
    "reach",
    "read_api_tokens",
    "read_settings",
    "reason",
    "record_run",
    "require_encryption",
    "require_home",
    "run_progress",
    "serving",
    "side_by_side",
    "span",
    "start_tracing",
    "stop_tracing",
    "store_link",
    "tell_span",
    "temporal_link",
    "token_hash",
    "trace_of",
    "trace_of_workflow",
    "unknown_settings",
    "variable",
]
