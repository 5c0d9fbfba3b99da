"""The time limits and retries of each action type, as this process knows them.

A workflow cannot ask a handler, and timeouts are no part of what a replay compares; so a worker declares them once.
"""

from collections.abc import Mapping

from ichor_models import NORMAL, ActionPolicy, ActionType

_declared: dict[str, ActionPolicy] = {}


def declare_policies(catalogue: Mapping[str, ActionType]) -> None:
    """Take over the policies of the action types that this worker knows."""
    _declared.update({name: item.policy for name, item in catalogue.items()})


def policy_of(type_: str) -> ActionPolicy:
    """Return the policy of a type, the usual one where it is not known here."""
    return _declared.get(type_, NORMAL)
