"""What is doubtful in a case: questions that nobody answers in it, and ports that no type declares."""

import json
from collections.abc import Iterator

from ichor_models import SUCCESS, ActionState, Case, Outcome, Rule

from ichor_cli.action_types import registry


def doubts(rule: Rule, case: Case, outcome: Outcome) -> Iterator[str]:
    """Yield a sentence for each action that was asked and has no entry, or left by a port that its type lacks."""
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
