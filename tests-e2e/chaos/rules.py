"""The rules that run: one asks a service and people, waits, and ships; what it ships starts the other."""

from typing import Any
from uuid import UUID

ADA, BOB = (UUID(int=number) for number in (1, 2))
_ASKED = [str(ADA), str(BOB)]
_PATIENT = {"timeout": "5s", "max_attempts": 1000, "backoff": "200ms"}


def _action(name: str, type: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "type": type, "config": config, "options": _PATIENT}


def _edge(source: str | None, target: str, type: str = "sequence", port: str | None = None) -> dict[str, Any]:
    return {"source": source, "target": target, "type": type, "source_output": port}


ORDER: dict[str, Any] = {
    "name": "Order",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [
        _action("price", "request_reply", routing_key="price.ask", message={"number": "{{number}}"}, timeout="1d"),
        _action(
            "decide",
            "seek_approval",
            approvers=[str(ADA), str(BOB)],
            approval_type="{{how}}",
            approval_message="{{number}}",
        ),
        {"name": "wait", "type": "delay", "config": {"duration": "3s"}},
        _action("note", "log_audit_entry", action="order", message="{{number}}: {{price.price}} {{decide.output}}"),
        {
            "name": "approved?",
            "type": "evaluate_condition",
            "config": {"conditions": [{"field_name": "decide.output", "operator": "equals", "value": "approved"}]},
        },
        _action("ship", "create_entity", target_entity="shipments", fields={"number": "{{number}}"}),
    ],
    "edges": [
        *(_edge(None, name, "start") for name in ("price", "decide", "wait")),
        *(_edge(name, "note") for name in ("price", "wait")),
        *(_edge("decide", "note", port=port) for port in ("approved", "rejected")),
        _edge("note", "approved?"),
        _edge("approved?", "ship", "true_branch"),
    ],
}
SHIPMENT: dict[str, Any] = {
    "name": "Shipment",
    "trigger": {"entity": "shipments", "event": "on_create"},
    "actions": [_action("note", "log_audit_entry", action="shipment", message="{{number}}")],
    "edges": [_edge(None, "note", "start")],
}
