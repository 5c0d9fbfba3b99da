"""The two types of action that belong to the interpreter: conditions and delays."""

from datetime import timedelta

from pydantic import Field, JsonValue

from ichor_models.action_type import ActionType
from ichor_models.condition import Condition, LogicType, all_hold
from ichor_models.duration import Duration, format_duration
from ichor_models.expression import Lookup
from ichor_models.graph import SUCCESS
from ichor_models.model import Model

CONDITION = "evaluate_condition"
DELAY = "delay"


class ConditionConfig(Model):
    """Decide by conditions, of which all (`and`) or one (`or`) must hold."""

    conditions: tuple[Condition, ...] = Field(min_length=1, description="what is compared")
    logic_type: LogicType = Field(default="and", description="whether all must hold (`and`) or one (`or`)")

    def evaluate(self, lookup: Lookup) -> dict[str, JsonValue]:
        """Return the action's result."""
        holds = all_hold(self.conditions, self.logic_type, lookup)
        return {
            "evaluated": True,
            "result": holds,
            "branch_taken": "true_branch" if holds else "false_branch",
            "output": "true" if holds else "false",
        }


class DelayConfig(Model):
    """Wait for a time, seconds or weeks."""

    duration: Duration = Field(description="how long to wait, as 90s, 1h30m, 2d, P1DT2H")


def delay_result(duration: timedelta) -> dict[str, JsonValue]:
    """Return the result of a delay that is over."""
    return {"delayed": True, "duration": format_duration(duration), "output": SUCCESS}


CONTROL_TYPES = (
    ActionType(CONDITION, ConditionConfig, ports=("true", "false")),
    ActionType(DELAY, DelayConfig),
)
