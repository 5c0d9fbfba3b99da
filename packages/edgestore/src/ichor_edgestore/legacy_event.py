"""An event as an existing Ichor left it in its outbox `cascade_outbox`, read for ours.

Its payload is `{Domain, Action, RawParams}`, where RawParams is base64 of JSON:
`{entityID, userID, entity, beforeEntity}`.
"""

from base64 import b64decode
from collections.abc import Mapping
from uuid import UUID

from ichor_models import MOST_VISITS
from ichor_models.strict_json import parse_json
from pydantic import JsonValue

type Document = Mapping[str, JsonValue]

_NOBODY = str(UUID(int=0))
"""What stands there in place of an id that is not known."""


def legacy_event(event_id: str, event_type: str, entity_name: str, payload: JsonValue, lineage: JsonValue) -> Document:
    """Return an event as `workflow.emit_event` takes it.

    Raises:
        ValueError: the row cannot be read, saying why.
    """
    params = _params(payload)
    entity, before = (_row(params, name) for name in ("entity", "beforeEntity"))
    return {
        "event_id": event_id,
        "event_type": event_type,
        "entity_name": entity_name,
        "entity_id": _id(params, "entityID") or _id(entity or {}, "id"),
        "user_id": _id(params, "userID"),
        "raw_data": dict(entity or {}),
        "field_changes": _changes(before, entity) if before is not None and entity is not None else None,
        "lineage": _lineage(event_id, lineage),
    }


def _params(payload: JsonValue) -> Document:
    raw = payload.get("RawParams") if isinstance(payload, dict) else None
    if not isinstance(raw, str):
        raise ValueError("payload has no text RawParams")
    try:
        params = parse_json(b64decode(raw, validate=True))
    except ValueError as error:
        raise ValueError(f"RawParams of payload is no base64 of JSON: {error}") from error
    if not isinstance(params, dict):
        raise ValueError("RawParams of payload is no JSON object")
    return params


def _row(params: Document, name: str) -> Document | None:
    row = params.get(name)
    if row is not None and not isinstance(row, dict):
        raise ValueError(f"{name} of RawParams is no JSON object")
    return row


def _id(document: Document, name: str) -> str | None:
    value = document.get(name)
    return None if value in (None, "", _NOBODY) else str(value)


def _changes(before: Document, after: Document) -> dict[str, JsonValue]:
    """Return what differs; a field that stands on one side only was, or becomes, null."""
    return {
        name: {"old_value": before.get(name), "new_value": after.get(name)}
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


def _lineage(event_id: str, lineage: JsonValue) -> JsonValue:
    """Return the end of a cascade's way; without a depth, it is as deep as rules were visited."""
    if lineage is None:
        return None
    visited = lineage.get("visited") or [] if isinstance(lineage, dict) else None
    if not isinstance(lineage, dict) or not isinstance(visited, list):
        raise ValueError("lineage has no list visited")
    root = _id(lineage, "originating_execution_id") or event_id
    return {"root": root, "depth": len(visited), "visited": visited[-MOST_VISITS:]}
