"""The results in a run's row: PostgreSQL takes 256 MiB of them at most, and every view of the run reads them all."""

from collections.abc import Sequence

from ichor_models import StoredResult, shrink, size_of
from ichor_models.stored_value import PORTS
from pydantic import JsonValue

from ichor_edgestore.action_view import ActionView

_MOST = 16 * 2**20
"""Bytes of all results of a run in its row."""


def fit_results(actions: Sequence[ActionView]) -> tuple[list[ActionView], dict[str, bytes]]:
    """Return actions whose results fit into a row, and the bodies of those that are to be stored instead."""
    bodies: dict[str, bytes] = {}
    if sum(size_of(view.result) for view in actions if view.result) <= _MOST:
        return list(actions), bodies
    most = _MOST // len(actions)
    return [view.model_copy(update={"result": _fit(view.result, most, bodies)}) for view in actions], bodies


def _fit(result: dict[str, JsonValue] | None, most: int, bodies: dict[str, bytes]) -> dict[str, JsonValue] | None:
    """Return a result as it stands in the row; of one that is stored what others read is left out."""
    if result is None or size_of(result) <= most:
        return result
    if (stored := StoredResult.of(result)) is not None:
        ports = {path: stored.values[path] for path in PORTS if path in stored.values}
        return StoredResult(values=ports, parts=stored.parts).as_result()
    shrunk = shrink(result, PORTS, result.get, most)
    bodies |= shrunk.bodies
    return shrunk.result
