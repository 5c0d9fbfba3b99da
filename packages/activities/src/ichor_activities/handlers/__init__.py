"""The types of action that any application can use."""

from ichor_activities.handlers.call_webhook import call_webhook
from ichor_activities.handlers.create_alert import create_alert
from ichor_activities.handlers.create_entity import create_entity
from ichor_activities.handlers.log_audit_entry import log_audit_entry
from ichor_activities.handlers.lookup_entity import lookup_entity
from ichor_activities.handlers.request_reply import request_reply
from ichor_activities.handlers.resolve_approval_request import resolve_approval_request
from ichor_activities.handlers.seek_approval import seek_approval
from ichor_activities.handlers.send_email import send_email
from ichor_activities.handlers.send_notification import send_notification
from ichor_activities.handlers.transition_status import transition_status
from ichor_activities.handlers.update_field import update_field

__all__ = [
    "call_webhook",
    "create_alert",
    "create_entity",
    "log_audit_entry",
    "lookup_entity",
    "request_reply",
    "resolve_approval_request",
    "seek_approval",
    "send_email",
    "send_notification",
    "transition_status",
    "update_field",
]
