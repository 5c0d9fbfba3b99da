"""The time limits and retries of each action type, as this process knows them.

A workflow cannot ask a handler, and timeouts are no part of what a replay compares; so a worker declares them once.
"""

from collections.abc import Mapping

from ichor_models import ActionPolicy, ActionType

_UNKNOWN = ActionPolicy(max_attempts=0)
_declared: dict[str, ActionPolicy] = {}


def declare_policies(catalogue: Mapping[str, ActionType]) -> None:
    """Take over the policies of the action types that this worker knows."""
    _declared.update({name: item.policy for name, item in catalogue.items()})


def policy_of(type_: str) -> ActionPolicy:
    """Return the policy of a type; one that is not known here is tried until the worker that knows it says no."""
    return _declared.get(type_, _UNKNOWN)
