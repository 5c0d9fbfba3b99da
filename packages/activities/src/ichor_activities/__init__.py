"""Action handlers, their registry, and (in `ichor_activities.temporal`) the Temporal activity around each."""

from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.discovery import GROUP, discover
from ichor_activities.entity_access import EntityAccess, load_entity_access
from ichor_activities.errors import (
    BrokenEntryPoint,
    DuplicateType,
    HandlerError,
    InvalidConfiguration,
    InvalidHandler,
    InvalidResult,
    InvalidValue,
    MissingSecret,
    MissingService,
    NotAllowed,
    NotTransactional,
    Unavailable,
)
from ichor_activities.existing import wrap_existing
from ichor_activities.handler import Handler, action
from ichor_activities.mail_server import MailServer
from ichor_activities.opened_services import SERVICE_GROUP, opened_services
from ichor_activities.registry import Registry
from ichor_activities.reply_token import TokenKeys
from ichor_activities.secret_source import SecretFiles, SecretSource
from ichor_activities.sender import Sender
from ichor_activities.services import Services
from ichor_activities.web_access import WebAccess

__all__ = [
    "GROUP",
    "SERVICE_GROUP",
    "ActionContext",
    "BrokenEntryPoint",
    "Config",
    "DuplicateType",
    "EntityAccess",
    "Handler",
    "HandlerError",
    "InvalidConfiguration",
    "InvalidHandler",
    "InvalidResult",
    "InvalidValue",
    "MailServer",
    "MissingSecret",
    "MissingService",
    "NotAllowed",
    "NotTransactional",
    "Registry",
    "Result",
    "SecretFiles",
    "SecretSource",
    "Sender",
    "Services",
    "TokenKeys",
    "Unavailable",
    "WebAccess",
    "action",
    "discover",
    "load_entity_access",
    "opened_services",
    "wrap_existing",
]
