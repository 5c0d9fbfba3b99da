"""The typed graph: actions, and the edges between them."""

import hashlib
import json
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue, StrictBool, StrictInt

from ichor_models.duration import Duration
from ichor_models.ids import VersionHash
from ichor_models.model import Model

SUCCESS = "success"
"""The output port of a result that names none."""
FAILURE = "failure"
"""The output port that is also the error edge."""


_LARGEST_ORDER = 2**31 - 1
"""What the column of an edge's order holds."""


class EdgeType(StrEnum):
    """What an edge waits for (semantics.md, Edges)."""

    START = "start"
    SEQUENCE = "sequence"
    PARALLEL = "parallel"
    TRUE_BRANCH = "true_branch"
    FALSE_BRANCH = "false_branch"
    ALWAYS = "always"

    @property
    def is_branch(self) -> bool:
        """Say whether it leaves a condition only."""
        return self in (EdgeType.TRUE_BRANCH, EdgeType.FALSE_BRANCH)

    @property
    def takes_port(self) -> bool:
        """Say whether it may carry a source output."""
        return self in (EdgeType.SEQUENCE, EdgeType.PARALLEL)


class ActionOptions(Model):
    """Time limits and retries of one action, where they differ from its type's.

    `timeout` bounds one attempt, `deadline` all of them with the waiting between; `backoff` is the first pause.
    """

    timeout: Duration | None = None
    max_attempts: StrictInt | None = Field(default=None, ge=1, le=1000)
    backoff: Duration | None = None
    deadline: Duration | None = None


class Action(Model):
    """A node of the graph. `id` is its row's UUID; a graph from a file may have none."""

    id: str | None = None
    name: str
    type: str
    description: str | None = None
    is_active: StrictBool = True
    config: dict[str, JsonValue] = Field(default_factory=dict)
    options: ActionOptions = ActionOptions()
    problem: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Why a stored action cannot run at all (an unreadable row); it fails with this when it should run."""

    repeated: bool = Field(default=False, exclude_if=lambda value: not value)
    """Whether a stored graph has several actions of this name, so that no template can mean one of them."""

    @property
    def key(self) -> str:
        """Return what identifies the action within its graph: its id, else its name."""
        return self.id or self.name


def _named_port(value: object) -> object:
    """Read the empty text as no port, as stored rows have it."""
    return None if value == "" else value


class Edge(Model):
    """An arrow to `target`, from `source` or from the start; both are names of actions."""

    source: str | None = None
    target: str
    type: EdgeType
    order: StrictInt = Field(default=0, ge=-_LARGEST_ORDER, le=_LARGEST_ORDER)
    source_output: Annotated[str | None, BeforeValidator(_named_port)] = None


class Graph(Model):
    """The actions and edges of one version of a rule."""

    actions: tuple[Action, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def version(self) -> VersionHash:
        """Return the content's hash: the same graph has the same version everywhere."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return VersionHash(hashlib.sha256(content.encode()).hexdigest())
