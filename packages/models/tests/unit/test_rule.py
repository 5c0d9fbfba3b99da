from datetime import timedelta
from typing import Any

import pytest
from ichor_models import Action, Rule, RunOptions, Schedule, Trigger
from ichor_models.wording import all_in_words
from pydantic import ValidationError


def refused(model: type[Schedule | Trigger | RunOptions | Action], document: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as told:
        model.model_validate(document)
    return all_in_words(told.value)


def test_the_defaults_of_a_schedule() -> None:
    schedule = Schedule.model_validate({"every": "15m"})
    assert schedule == Schedule(
        every=timedelta(minutes=15), timezone="UTC", catchup_window=timedelta(hours=1), overlap="skip"
    )


@pytest.mark.parametrize("every", ["1s", "1000ms", "365d"])
def test_an_interval_has_a_second_or_more(every: str) -> None:
    assert Schedule.model_validate({"every": every}).every is not None


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+1", "Etc/GMT-5"])
def test_time_zones(zone: str) -> None:
    assert Schedule.model_validate({"cron": "@daily", "timezone": zone}).timezone == zone


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "either cron or every; write one of them"),
        ({"cron": "@daily", "every": "1h"}, "either cron or every; write one of them"),
        ({"every": "0.5s"}, "every cannot be used: an interval has 1s or more; write a longer one"),
        ({"every": "0s"}, "every cannot be used: '0s' must be above zero"),
        ({"every": 15}, "every cannot be used: write a duration like 90s"),
        ({"cron": "0 6 * *"}, "cron cannot be used: '0 6 * *' has 4 fields"),
        ({"every": "1h", "timezone": ""}, "timezone must be"),
        ({"every": "1h", "timezone": "../etc/passwd"}, "timezone must be"),
        ({"every": "1h", "timezone": "Europe/Berlin\n"}, "timezone must be"),
        ({"every": "1h", "overlap": "queue"}, "overlap must be 'skip', 'buffer_one'"),
        ({"every": "1h", "jitter": "5s"}, "jitter is no key that belongs here"),
    ],
)
def test_what_is_no_schedule_is_refused(document: dict[str, Any], said: str) -> None:
    assert said in refused(Schedule, document)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"event": "on_create"}, "an on_create trigger needs an entity; name its table"),
        ({"event": "on_delete", "entity": None}, "an on_delete trigger needs an entity"),
        ({"event": "scheduled"}, "a schedule belongs to each scheduled trigger, and to no other; add one"),
        ({"event": "manual", "schedule": {"every": "1h"}}, "and to no other; remove it"),
        ({"event": "weekly"}, "event must be 'on_create'"),
        ({"entity": "orders"}, "event is missing"),
    ],
)
def test_what_is_no_trigger_is_refused(document: dict[str, Any], said: str) -> None:
    assert said in refused(Trigger, document)


def test_a_run_has_a_hundred_actions_in_flight_and_no_deadline() -> None:
    assert RunOptions() == RunOptions(max_in_flight=100, deadline=None)


@pytest.mark.parametrize("value", [0, -1, 1501, "5", 1.0, True, None])
def test_as_many_actions_as_temporal_allows_are_in_flight(value: object) -> None:
    assert refused(RunOptions, {"max_in_flight": value}).startswith("max_in_flight must be")


@pytest.mark.parametrize("value", [1, 1000])
def test_as_often_as_an_action_may_be_tried(value: int) -> None:
    action = Action.model_validate({"name": "a", "type": "t", "options": {"max_attempts": value}})
    assert action.options.max_attempts == value


@pytest.mark.parametrize("value", [0, 1001, "3", 1.5, True])
def test_an_action_is_not_tried_otherwise(value: object) -> None:
    said = refused(Action, {"name": "a", "type": "t", "options": {"max_attempts": value}})
    assert said.startswith("options.max_attempts must be")


def test_a_graph_is_what_of_a_rule_a_run_executes() -> None:
    rule = Rule.model_validate(
        {
            "name": "r",
            "trigger": {"event": "manual"},
            "actions": [{"name": "a", "type": "t"}],
            "edges": [{"target": "a", "type": "start"}],
        }
    )
    assert (rule.graph.actions, rule.graph.edges) == (rule.actions, rule.edges)
    assert rule.graph.version == rule.model_copy(update={"name": "other", "is_active": False}).graph.version
