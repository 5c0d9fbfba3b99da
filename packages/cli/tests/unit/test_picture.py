"""Graphs drawn as text."""

from ichor_cli.picture import Remark, graph_picture, rule_picture
from ichor_models import Rule

RULE = Rule.model_validate(
    {
        "name": "Order [approval]",
        "trigger": {
            "entity": "orders",
            "event": "on_create",
            "conditions": [{"field_name": "total", "operator": "greater_than", "value": 10}],
        },
        "actions": [
            {"name": "check", "type": "evaluate_condition"},
            {"name": "hold", "type": "log", "is_active": False},
            {"name": "end", "type": "log"},
        ],
        "edges": [
            {"target": "check", "type": "start"},
            {"source": "check", "target": "hold", "type": "true_branch"},
            {"source": "check", "target": "end", "type": "false_branch"},
            {"source": "hold", "target": "end", "type": "sequence", "source_output": "failure"},
            {"source": "hold", "target": "end", "type": "always"},
        ],
    }
)


def test_rule() -> None:
    assert rule_picture(RULE).plain == (
        "Order [approval]  orders on_create when total greater_than 10\n"
        "start\n"
        "  └─▶ check\n"
        "check  evaluate_condition\n"
        "  └─false─▶ end  (joins 3 edges)\n"
        "  └─true─▶ hold\n"
        "hold  log  (inactive)\n"
        "  └─failure─▶ end  (joins 3 edges)\n"
        "  └─always─▶ end  (joins 3 edges)\n"
        "end  log"
    )


def test_remarks_stand_behind_the_action_and_below_it() -> None:
    lines = graph_picture(RULE.graph, {"end": Remark("skipped", "dim", ("because",))}).plain.splitlines()
    assert lines[-2:] == ["end  log  skipped", "      because"]
