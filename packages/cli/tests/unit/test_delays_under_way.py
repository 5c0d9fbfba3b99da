"""Which delays a run waits in, by its graph and what is recorded of its actions."""

from datetime import UTC, datetime, timedelta

import pytest
from ichor_cli.delays_under_way import delays_under_way
from ichor_edgestore import RunView
from ichor_models import Rule
from pydantic import JsonValue

BEGAN = datetime(2026, 11, 23, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(*ended: str, total: int = 5, error: JsonValue = None, port: str | None = None, **more: object) -> RunView:
    """Return a run that tells for a minute, waits an hour where the order is large, tells again, and waits two."""
    rule = Rule.model_validate(
        {
            "name": "Later",
            "trigger": {"entity": "orders", "event": "on_create"},
            "actions": [
                {"name": "tell", "type": "log_audit_entry", "config": {"message": "x"}},
                {
                    "name": "large",
                    "type": "evaluate_condition",
                    "config": {"conditions": [{"field_name": "total", "operator": "greater_than", "value": 3}]},
                },
                {"name": "first", "type": "delay", "config": {"duration": "1h"}},
                {"name": "again", "type": "log_audit_entry", "config": {"message": "x"}},
                {"name": "second", "type": "delay", "config": {"duration": "2h"}},
            ],
            "edges": [
                {"source": None, "target": "tell", "type": "start"},
                {"source": "tell", "target": "large", "type": "sequence", "source_output": port},
                {"source": "large", "target": "first", "type": "true_branch"},
                {"source": "first", "target": "again", "type": "sequence"},
                {"source": "again", "target": "second", "type": "sequence"},
            ],
        }
    )
    times = {"tell": BEGAN + timedelta(minutes=1), "again": BEGAN + 2 * HOUR}
    came = {"state": "failed", "error": error} if error else {"state": "completed", "result": {"output": "success"}}
    actions = [
        {"name": name, "type": "log_audit_entry", "started": BEGAN, "ended": times[name], **came} for name in ended
    ]
    shown: dict[str, object] = {
        "execution_id": "x",
        "workflow_id": "w",
        "event_id": "e",
        "entity_name": "orders",
        "source": "event",
        "status": "running",
        "created": BEGAN,
        "started": BEGAN,
        "trigger_data": {"total": total},
        "graph_version": rule.graph.version,
        "graph": rule.graph,
        "actions": actions,
    }
    return RunView.model_validate(shown | more)


@pytest.mark.parametrize(
    ("view", "after", "delays"),
    [
        (run(), HOUR / 2, {}),
        (run("tell"), HOUR / 2, {"first": BEGAN + timedelta(minutes=61)}),
        (run("tell"), 2 * HOUR, {}),
        (run("tell", total=1), HOUR / 2, {}),
        (run("tell", error={"retryable": False}), HOUR / 2, {}),
        (run("tell", error={"retryable": True}), HOUR / 2, {}),
        (run("tell", error={"retryable": False}, port="failure"), HOUR / 2, {"first": BEGAN + timedelta(minutes=61)}),
        (run("tell", error={"retryable": True}, port="failure"), HOUR / 2, {}),
        (run("tell", "again"), 3 * HOUR, {"second": BEGAN + 4 * HOUR}),
        (run("tell", status="completed"), HOUR / 2, {}),
        (run("tell", cancellation={"requested": BEGAN}), HOUR / 2, {}),
    ],
)
def test_a_delay_is_waited_in_from_the_end_of_what_led_to_it(
    view: RunView, after: timedelta, delays: dict[str, datetime]
) -> None:
    assert delays_under_way(view, BEGAN + after) == delays
