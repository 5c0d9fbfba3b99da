"""What is doubtful in a case: data that starts no run, questions that nobody answers, ports that no type declares."""

import json
from collections.abc import Iterator

from ichor_models import SUCCESS, ActionState, Case, Outcome, Rule, always_there
from ichor_models.matching import first_unmet
from ichor_models.path import look_up

from ichor_cli.action_types import registry


def doubts(rule: Rule, case: Case, outcome: Outcome) -> Iterator[str]:
    """Yield a sentence for what would not be so in earnest: the start, and each action's answer or port."""
    if case.trigger_data and (unmet := _unmet(rule, case)) is not None:
        yield f"An event with this data would not start the rule: its trigger's {unmet}."
    for action in rule.actions:
        handler = registry().get(action.type)
        came = outcome.actions[action.name]
        if handler is None or came.state is not ActionState.COMPLETED:
            continue
        ports = handler.type.all_ports
        told = ", ".join((*ports, "any other") if handler.type.open_ports else ports)
        port = (came.result or {}).get("output", SUCCESS)
        if action.name not in case.results and handler.asks:
            answer = json.dumps({"results": {action.name: {"result": {"output": ports[0]}}}}, ensure_ascii=False)
            yield (
                f"{action.name} asks, and this case never answers: it ended without a result. "
                f"Give its answer in the case, like {answer}; its ports are {told}."
            )
        elif action.name in case.results and not handler.type.may_leave_by(port):
            yield (
                f"{action.name} left by the port {port!r}, which {action.type} does not declare; "
                f"it declares {told}. Correct the case if that is a slip."
            )


def _unmet(rule: Rule, case: Case) -> str | None:
    request = case.request(rule)
    builtin = always_there(request.run, case.now)
    return first_unmet(rule.trigger.conditions, lambda path: look_up(request.trigger_data, builtin, path))
