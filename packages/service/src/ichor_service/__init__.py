"""What every program of the engine needs: settings, connections, logs, health, an orderly stop."""

from ichor_service.api_token import ApiToken, ApiTokens, new_token, read_api_tokens, token_hash
from ichor_service.broker import Broker, BrokerConnection
from ichor_service.caller import Caller, Scope
from ichor_service.consumption import Handle, InboxOptions
from ichor_service.environment import environment
from ichor_service.errors import InvalidSetting, ServiceError, Stopped, Unavailable, Unreachable, Unusable
from ichor_service.health import Health, Probe, Readiness, health_routes
from ichor_service.http_server import HttpServer, serving
from ichor_service.inbox import Inbox
from ichor_service.letter import Letter
from ichor_service.link import Link
from ichor_service.logs import configure_logs
from ichor_service.part import Part, side_by_side
from ichor_service.program import Program
from ichor_service.publisher import Publisher, Unroutable
from ichor_service.reach import again_and_again, growing_pauses, reach
from ichor_service.reason import reason
from ichor_service.settings import Settings, load_settings, variable
from ichor_service.stop import Stop, leave
from ichor_service.store import store_link
from ichor_service.temporal import temporal_link
from ichor_service.temporal_profile import TemporalProfile
from ichor_service.topology import EVENTS, REPLIES, REQUESTS, Topology

__all__ = [
    "EVENTS",
    "REPLIES",
    "REQUESTS",
    "ApiToken",
    "ApiTokens",
    "Broker",
    "BrokerConnection",
    "Caller",
    "Handle",
    "Health",
    "HttpServer",
    "Inbox",
    "InboxOptions",
    "InvalidSetting",
    "Letter",
    "Link",
    "Part",
    "Probe",
    "Program",
    "Publisher",
    "Readiness",
    "Scope",
    "ServiceError",
    "Settings",
    "Stop",
    "Stopped",
    "TemporalProfile",
    "Topology",
    "Unavailable",
    "Unreachable",
    "Unroutable",
    "Unusable",
    "again_and_again",
    "configure_logs",
    "environment",
    "growing_pauses",
    "health_routes",
    "leave",
    "load_settings",
    "new_token",
    "reach",
    "read_api_tokens",
    "reason",
    "serving",
    "side_by_side",
    "store_link",
    "temporal_link",
    "token_hash",
    "variable",
]
