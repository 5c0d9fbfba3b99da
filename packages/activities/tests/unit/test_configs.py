"""The configs of existing rules, as an existing installation has them, and what each schema refuses."""

from typing import Any
from uuid import UUID

import pytest
from ichor_activities import discover
from ichor_models import ConfigError

CATALOGUE = discover().catalogue
USER = str(UUID(int=7))

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("update_field", {"target_entity": "sales.orders", "target_field": "status", "new_value": None}),
    (
        "update_field",
        {
            "target_entity": "sales.orders",
            "target_field": "status_id",
            "new_value": "shipped",
            "field_type": "foreign_key",
            "foreign_key_config": {
                "reference_table": "sales.statuses",
                "lookup_field": "name",
                "allow_create": True,
                "create_config": {"rank": 5},
            },
            "conditions": [{"field_name": "id", "operator": "in", "value": ["a"]}],
        },
    ),
    ("create_entity", {"target_entity": "sales.orders", "fields": {"total": 5}}),
    ("lookup_entity", {"entity": "orders", "filter": {"id": "x"}, "fields": ["total"], "output_key": "order"}),
    (
        "transition_status",
        {
            "target_entity": "orders",
            "target_id": "",
            "status_field": "status",
            "to_status": "shipped",
            "valid_from_statuses": ["paid"],
        },
    ),
    ("log_audit_entry", {"message": "s"}),
    ("log_audit_entry", {"message": None, "entity_name": "o", "entity_id": "x", "action": "a", "metadata": {"n": 5}}),
    ("send_email", {"recipients": ["x@example.com"], "subject": "s", "body": "b"}),
    ("send_email", {"recipients": ["x@example.com"], "subject": "", "simulate_failure": True, "failure_message": "m"}),
    ("create_alert", {"message": "m", "recipients": {"users": [USER]}, "severity": "", "context": {"a": 1}}),
    ("create_alert", {"message": "m", "recipients": {"roles": [USER]}, "severity": "low", "resolve_prior": True}),
    ("send_notification", {"recipients": [USER], "priority": "", "message": "m"}),
    ("send_notification", {"recipients": [USER], "priority": "critical", "message": "m", "title": 5}),
    ("seek_approval", {"approvers": [USER], "approval_type": "all", "timeout_hours": 4, "approval_message": "m"}),
    (
        "seek_approval",
        {
            "approvers": {"users": [USER], "roles": ["boss"]},
            "required": 2,
            "timeout": "90m",
            "reminder": "15m",
            "escalation": {"after": "1h", "approvers": {"roles": ["director"]}},
        },
    ),
    ("resolve_approval_request", {"approval_request_id": USER, "resolution": "rejected", "reason": "r"}),
    ("request_reply", {"routing_key": "ü" * 127, "message": {"order": 5}, "timeout": "60d"}),
    ("call_webhook", {"url": "https://x.example"}),
    (
        "call_webhook",
        {
            "url": "https://x.example",
            "method": "put",
            "headers": {"X-A": 5},
            "body": 5,
            "timeout_seconds": 120,
            "expected_status_codes": [200, 302],
        },
    ),
]
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("update_field", {"target_entity": "x", "target_field": "y"}, "new_value"),
    ("update_field", {"target_entity": "", "target_field": "y", "new_value": 1}, "target_entity"),
    (
        "update_field",
        {"target_entity": "x", "target_field": "y", "new_value": 1, "field_type": "foreign_key"},
        "foreign_key_config",
    ),
    (
        "update_field",
        {
            "target_entity": "x",
            "target_field": "y",
            "new_value": 1,
            "conditions": [{"field_name": "a", "operator": "like"}],
        },
        "operator",
    ),
    ("create_entity", {"target_entity": "x", "fields": {}}, "fields"),
    ("lookup_entity", {"entity": "o", "filter": {}, "fields": ["x"], "output_key": "k"}, "filter"),
    (
        "transition_status",
        {"target_entity": "o", "status_field": "s", "to_status": "x", "valid_from_statuses": []},
        "valid_from_statuses",
    ),
    ("log_audit_entry", {}, "message"),
    ("log_audit_entry", {"message": "m", "massage": "m"}, "massage"),
    ("send_email", {"recipients": [], "subject": "s"}, "recipients"),
    ("send_email", {"recipients": "x@example.com", "subject": "s"}, "recipients"),
    ("create_alert", {"message": "m", "recipients": {}}, "recipients"),
    ("create_alert", {"message": "m", "recipients": {"users": ["bob"]}}, "recipients.users.0"),
    ("create_alert", {"message": "m", "recipients": {"users": [USER]}, "severity": "huge"}, "severity"),
    ("request_reply", {"routing_key": "ü" * 128}, "routing_key"),
    ("call_webhook", {"url": "https://x", "timeout_seconds": 121}, "timeout_seconds"),
    ("call_webhook", {"url": "https://x", "method": "TRACE"}, "method"),
]


@pytest.mark.parametrize(("type", "config"), GOOD)
def test_takes(type: str, config: dict[str, Any]) -> None:
    CATALOGUE[type].config.model_validate(CATALOGUE[type].fit(config))


@pytest.mark.parametrize(("type", "config", "key"), BAD)
def test_refuses(type: str, config: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        CATALOGUE[type].fit(config)


def test_a_webhook_without_codes_expects_the_usual() -> None:
    config = CATALOGUE["call_webhook"].config.model_validate({"url": "https://x"})
    assert config.model_dump()["expected_status_codes"] == (200, 201, 202, 204)
