"""What one action can see: the trigger data, and the results of its upstream actions (semantics.md)."""

from collections.abc import Mapping

from ichor_models import MOST, RunRequest, TemplateError, size_of
from ichor_models.path import Path, look_up, walk
from pydantic import JsonValue

from ichor_executor.plan import Node, Plan
from ichor_executor.state import Kept


class Scope:
    """Looks paths up for one action, which may read as many bytes together as a result may have."""

    def __init__(
        self,
        plan: Plan,
        node: Node,
        results: Mapping[int, Kept],
        request: RunRequest,
        always_there: Mapping[str, JsonValue],
    ) -> None:
        self._plan = plan
        self._node = node
        self._results = results
        self._request = request
        self._always_there = always_there
        self._room = MOST

    def __call__(self, path: Path) -> JsonValue:
        """Return the value at a path, null where there is none.

        Raises:
            TemplateError: the path names an action that is not upstream, or a name that several actions share; or all
                that was read is too large.
            ValueStored: the value is too large to travel.
        """
        value = self._read(path)
        self._room -= _size(value)
        if self._room < 0:
            raise TemplateError(f"up to {path.text} more than {MOST} bytes are read for one action; read less")
        return value

    def _read(self, path: Path) -> JsonValue:
        owner = self._plan.owner(path)
        if owner is None:
            return self._of_trigger(path)
        index, rest = owner
        if index not in self._node.sees:
            raise self._unseen(path, index)
        kept = self._results.get(index)
        if kept is None:
            return None
        return kept.stored.read(".".join(rest), path.text) if kept.stored else walk(kept.result, rest)

    def _of_trigger(self, path: Path) -> JsonValue:
        stored = self._request.stored_trigger
        if stored is None or path.segments[0] in self._always_there:
            return look_up(self._request.trigger_data, self._always_there, path)
        return stored.read(path.text, path.text)

    def _unseen(self, path: Path, index: int) -> TemplateError:
        action = self._plan.nodes[index].action
        if action.repeated:
            name = action.name.partition("#")[0]
            return TemplateError(f"{path.text} is ambiguous: several actions are named {name!r}")
        return TemplateError(f"{path.text} is out of reach: {action.name!r} does not come before this action")


def _size(value: JsonValue) -> int:
    """Return about how many bytes a value adds to a config."""
    if isinstance(value, str):
        return len(value)
    return size_of(value) if isinstance(value, (dict, list)) else 0
