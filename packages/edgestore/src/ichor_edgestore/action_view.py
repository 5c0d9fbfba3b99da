"""How each action of a run stands, put together from the run's record and the journal."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from ichor_models import ActionRecord, ActionState, EdgeReason, RunRecord
from ichor_models.model import Model
from ichor_models.strict_json import storable
from pydantic import JsonValue, ValidationError


class JournalEntry(Model):
    """What the journal holds of an action that started."""

    key: str
    name: str
    type: str
    state: Literal["running", "completed", "failed"]
    attempts: int
    started: datetime
    ended: datetime | None = None
    result: dict[str, JsonValue] | None = None
    error: dict[str, JsonValue] | None = None


class ActionView(Model):
    """One action of a run: `reason` says why it was skipped or blocked; it has a `result` or an `error`."""

    name: str
    type: str
    state: ActionState | Literal["running"]
    reason: tuple[EdgeReason, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    attempts: int = 0
    result: dict[str, JsonValue] | None = None
    error: dict[str, JsonValue] | None = None

    def document(self) -> dict[str, JsonValue]:
        """Return it as an item of `actions_executed`: without the parts that it does not have."""
        return storable(self.model_dump(mode="json", exclude_none=True, exclude_defaults=True))


def ended_actions(record: RunRecord, journal: Iterable[JournalEntry]) -> list[ActionView]:
    """Return the actions of a run that ended, those that ran first, as they finished.

    What the interpreter did not do itself, the journal knows. What it knows of a cancelled action never reached the
    run, so it is no result. Where the interpreter could not say anything, the
    journal is all that is known: what it holds as running had not ended.
    """
    if not record.actions:
        return [_left(view) for view in live_actions(journal)]
    entries = {entry.key: entry for entry in journal}
    finished = {name: place for place, name in enumerate(record.order)}
    ordered = sorted(record.actions, key=lambda action: finished.get(action.name, len(finished)))
    return [_ended(action, entries.get(action.key)) for action in ordered]


def first_start(actions: Iterable[ActionView], noted: datetime | None = None) -> datetime | None:
    """Return when the first action of a run began, or when that was noted of the run itself, if that is earlier."""
    return min(filter(None, (noted, *(action.started for action in actions))), default=None)


def live_actions(journal: Iterable[JournalEntry]) -> list[ActionView]:
    """Return the actions of a run under way that started so far, in the order in which they did."""
    ordered = sorted(journal, key=lambda entry: (entry.started, entry.key))
    return [ActionView.model_validate(entry.model_dump(exclude={"key"})) for entry in ordered]


def stored_actions(documents: JsonValue) -> list[ActionView]:
    """Read `actions_executed`; what another program wrote there in another shape is left out."""
    views: list[ActionView] = []
    for document in documents if isinstance(documents, list) else []:
        try:
            views.append(ActionView.model_validate_json(json.dumps(document)))
        except ValidationError:
            continue
    return views


def _left(view: ActionView) -> ActionView:
    return view.model_copy(update={"state": ActionState.CANCELLED}) if view.state == "running" else view


def _ended(record: ActionRecord, entry: JournalEntry | None) -> ActionView:
    failed = record.state is ActionState.FAILED
    has_result = record.state not in (ActionState.FAILED, ActionState.CANCELLED)
    result = record.result or (entry.result if entry else None)
    return ActionView(
        name=record.name,
        type=record.type,
        state=record.state,
        reason=record.reason,
        started=(entry.started if entry else None) or record.started,
        ended=(entry.ended if entry else None) or record.ended,
        attempts=entry.attempts if entry else 0,
        result=result if has_result else None,
        error=_error(record, entry) if failed else None,
    )


def _error(record: ActionRecord, entry: JournalEntry | None) -> dict[str, JsonValue] | None:
    told = (record.result or {}).get("error")
    return told if isinstance(told, dict) else entry.error if entry else None
