"""What a schedule may say, and which times a cron expression names."""

from typing import Any

import pytest
from ichor_models import (
    CONTROL_TYPES,
    Catalogue,
    Cron,
    EventHeader,
    EventId,
    Firing,
    Rule,
    RuleId,
    Schedule,
    analyze_rule,
    parse_cron,
)

DAYS, WEEKDAYS, MONTHS = tuple(range(1, 32)), tuple(range(7)), tuple(range(1, 13))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 6 * * *", Cron((0,), (6,), DAYS, MONTHS, WEEKDAYS)),
        (" @Daily ", Cron((0,), (0,), DAYS, MONTHS, WEEKDAYS)),
        ("@yearly", Cron((0,), (0,), (1,), (1,), WEEKDAYS)),
        ("@weekly", Cron((0,), (0,), DAYS, MONTHS, (0,))),
        ("*/20 8-16/4 ? Jan,dec Mon-fri", Cron((0, 20, 40), (8, 12, 16), DAYS, (1, 12), (1, 2, 3, 4, 5))),
        ("5/25 0 1,15 * 7", Cron((5, 30, 55), (0,), (1, 15), MONTHS, (0,))),
        ("0 0 * * 5-7", Cron((0,), (0,), DAYS, MONTHS, (0, 5, 6))),
    ],
)
def test_a_cron_expression_names_values(text: str, expected: Cron) -> None:
    assert parse_cron(text) == expected


def test_where_both_kinds_of_days_are_limited_either_is_enough() -> None:
    monthly, weekly = parse_cron("0 6 13 * fri").parts()
    assert (monthly.days, monthly.weekdays) == ((13,), WEEKDAYS)
    assert (weekly.days, weekly.weekdays) == (DAYS, (5,))
    assert parse_cron("0 6 13 * *").parts() == (parse_cron("0 6 13 * *"),)


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ({"cron": "60 * * * *"}, "is no minute"),
        ({"cron": "* * * * 1-"}, "is no day of the week"),
        ({"cron": "5-1 * * * *"}, "is no minute"),
        ({"cron": "*/0 * * * *"}, "is no minute"),
        ({"cron": "* * * *"}, "has 4 fields"),
        ({"cron": "@reboot"}, "has 1 fields"),
        ({"every": "500ms"}, "1s or more"),
        ({"every": "1500ms"}, "whole seconds; 1.5s is not"),
        ({"every": "1h", "timezone": "Europe/Berln"}, "there is no time zone 'Europe/Berln'"),
        ({"every": "1h", "cron": "@daily"}, "either cron or every"),
    ],
)
def test_what_is_no_schedule_is_refused(schedule: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Schedule.model_validate(schedule)


def test_a_firing_is_known_by_its_time() -> None:
    firing = Firing.model_validate(
        {"rule_id": "r", "workflow_id": "rule-r-2026-11-24T06:00:00Z", "started": "2026-11-24T06:00:09Z"}
    )
    assert firing.event("orders") == EventHeader.model_validate(
        {
            "event_id": "2026-11-24T06:00:00Z",
            "event_type": "scheduled",
            "entity_name": "orders",
            "timestamp": "2026-11-24T06:00:00Z",
        }
    )


@pytest.mark.parametrize("workflow_id", ["rule-r", "rule-r-by hand", "rule-r-2026-11-24"])
def test_a_start_by_another_id_is_a_firing_of_its_own(workflow_id: str) -> None:
    firing = Firing.model_validate({"rule_id": "r", "workflow_id": workflow_id, "started": "2026-11-24T06:00:09Z"})
    assert firing.rule_id == RuleId("r")
    assert firing.event_id == EventId(workflow_id.removeprefix("rule-r-"))
    assert firing.event(None).timestamp == firing.started


@pytest.mark.parametrize(
    ("trigger", "warned"),
    [
        ({"schedule": {"cron": "@daily"}}, []),
        ({"schedule": {"cron": "0 0 31 2 *"}}, [("never_fires", "trigger.schedule.cron")]),
        (
            {"schedule": {"every": "1h"}, "conditions": [{"field_name": "total", "operator": "is_null"}]},
            [("conditions_ignored", "trigger.conditions")],
        ),
    ],
)
def test_what_a_schedule_cannot_do_is_warned_of(trigger: dict[str, Any], warned: list[tuple[str, str]]) -> None:
    rule = Rule.model_validate(
        {
            "name": "Daily",
            "trigger": {"event": "scheduled", **trigger},
            "actions": [{"name": "wait", "type": "delay", "config": {"duration": "1s"}}],
            "edges": [{"source": None, "target": "wait", "type": "start"}],
        }
    )
    report = analyze_rule(rule, Catalogue(CONTROL_TYPES))
    assert [(warning.code, warning.where) for warning in report.warnings] == warned
