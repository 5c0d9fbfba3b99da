import re

import ichor_models
import pytest
from ichor_models import (
    ActionError,
    ConfigError,
    IchorError,
    InvalidDuration,
    InvalidEvent,
    InvalidRule,
    Problem,
    Report,
    TemplateError,
    errors,
)


def test_every_error_is_in_the_drawn_hierarchy_and_in_the_public_face() -> None:
    defined = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, IchorError)
    }
    assert set(re.findall(r"── (\w+)", errors.__doc__ or "")) == defined - {"IchorError"}
    assert defined <= set(ichor_models.__all__)


def test_a_refused_rule_carries_every_problem() -> None:
    problems = (
        Problem(code="no_start", where="edges", message="One."),
        Problem(code="cycle", where="edges", message="Two."),
    )
    error = InvalidRule(problems)
    assert error.problems == problems
    assert str(error) == "edges: One.; edges: Two."


def test_errors_carry_stable_names() -> None:
    assert InvalidEvent("not_json", "why").code == "not_json"
    assert TemplateError("why").code == "malformed_template"
    assert TemplateError("why", code="unknown_filter").code == "unknown_filter"
    assert isinstance(InvalidDuration("why"), ValueError)


@pytest.mark.parametrize(
    ("error", "document"),
    [
        (ActionError("why"), {"message": "why", "type": "ActionError", "retryable": False}),
        (ActionError("why", type="timeout", retryable=True), {"message": "why", "type": "timeout", "retryable": True}),
        (ConfigError("why"), {"message": "why", "type": "config", "retryable": False}),
    ],
)
def test_an_actions_error_as_templates_and_outcomes_show_it(error: ActionError, document: dict[str, object]) -> None:
    assert error.as_json() == document


def test_only_problems_refuse() -> None:
    found = (Problem(code="c", where="w", message="m"),)
    assert Report(warnings=found).valid
    assert not Report(problems=found).valid
    assert Report(problems=found).document() == {
        "valid": False,
        "problems": [{"code": "c", "where": "w", "message": "m"}],
        "warnings": [],
    }
