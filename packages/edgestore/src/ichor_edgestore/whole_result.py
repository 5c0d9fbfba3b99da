"""The result of an action, whole, also where a part of it travelled with its run."""

from typing import Protocol

from ichor_models import STORED, StoredResult, ValueStore
from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from ichor_edgestore.errors import ResultNotFound, UnreadableResult
from ichor_edgestore.run_view import RunView


class ViewedRuns(Protocol):
    """A store of runs and of their large values."""

    @property
    def values(self) -> ValueStore:
        """Return where large values lie."""
        ...

    async def get_run(self, run: str) -> RunView:
        """Return a run."""
        ...


async def whole_result(store: ViewedRuns, run: str, action: str) -> JsonValue:
    """Return the result of an action, given by its name, of a run.

    Raises:
        RunNotFound: there is no such run.
        ResultNotFound: it has no such action, or the action has no result.
        UnreadableResult: the row refers to the result in a form that the engine does not write.
        ActionError: [value_gone] the result is large, and is not there any more.
    """
    view = await store.get_run(run)
    found = next((item for item in view.actions if item.name == action), None)
    if found is None or found.result is None:
        raise ResultNotFound(f"The run {run} has no result of an action {action!r}.")
    try:
        stored = StoredResult.of(found.result)
        key = stored and stored.parts[""].key
    except (ValidationError, KeyError) as error:
        message = (
            f"The result of {action!r} in the run {run} cannot be read: what its row has under {STORED} was changed."
        )
        raise UnreadableResult(message) from error
    return found.result if key is None else from_json(await store.values.get(view.execution_id, key))
