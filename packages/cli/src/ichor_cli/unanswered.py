"""What a case leaves open: questions that nobody answers in it."""

import json
from collections.abc import Iterator

from ichor_models import ActionState, Case, Outcome, Rule

from ichor_cli.action_types import registry


def unanswered(rule: Rule, case: Case, outcome: Outcome) -> Iterator[str]:
    """Yield a sentence for each question that was asked and has no entry in the case, with how to give one."""
    for action in rule.actions:
        handler = registry().get(action.type)
        is_asked = outcome.actions[action.name].state is ActionState.COMPLETED
        if handler is not None and handler.asks and is_asked and action.name not in case.results:
            ports = handler.type.all_ports
            answer = json.dumps({"results": {action.name: {"result": {"output": ports[0]}}}}, ensure_ascii=False)
            yield (
                f"{action.name} asks, and this case never answers: it ended without a result. "
                f"Give its answer in the case, like {answer}; its ports are {', '.join(ports)}."
            )
