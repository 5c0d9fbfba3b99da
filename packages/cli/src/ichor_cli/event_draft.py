"""An entity event put together from a file and from options, which win."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from ichor_models import EntityEvent, InvalidDocument, parse_event
from ichor_models.spelling import ended, unknown_key
from pydantic import JsonValue

from ichor_cli.errors import WrongUsage
from ichor_cli.source_file import called, read_document


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What the person said of an event; what is None or empty was not said."""

    file: str | None = None
    fields: Mapping[str, str | None] | None = None
    data: str | None = None
    values: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def document(self) -> dict[str, JsonValue]:
        """Return the event's JSON, with an id and a time of its own where none is given.

        Raises:
            WrongUsage: the file or an option cannot be read.
            InvalidEvent: the whole is no event.
        """
        document = self._from_file()
        document |= {key: value for key, value in (self.fields or {}).items() if value is not None}
        self._lay_data(document)
        self._need(document)
        document.setdefault("event_type", "on_update" if self.changes else "on_create")
        document.setdefault("event_id", str(uuid4()))
        document.setdefault("timestamp", datetime.now(UTC).isoformat().replace("+00:00", "Z"))
        as_event(document)
        return document

    def _from_file(self) -> dict[str, JsonValue]:
        if self.file is None:
            return {}
        try:
            document = read_document(self.file)
        except InvalidDocument as error:
            raise _wrong(f"{self.file}: {error}") from None
        if not isinstance(document, dict):
            raise _wrong(f"{self.file} holds no event: it must be an object.")
        for key in document.keys() - EntityEvent.model_fields.keys():
            raise _wrong(
                f"{called(self.file)}: {key!r} is no key of an event; {ended(unknown_key(EntityEvent, (key,)))}"
            )
        return document

    def _need(self, document: Mapping[str, JsonValue]) -> None:
        """Refuse an event that does not say what happened to what; only one of options alone has a type by default."""
        if document.get("entity_name") is None:
            where = "--entity NAME" if self.file is None else "--entity NAME, or entity_name in the file"
            raise _wrong(f"The event names no entity: write {where}; a manual rule without one starts over the API.")
        if self.file is not None and document.get("event_type") is None:
            file = called(self.file)
            raise _wrong(f"The event does not say what happened: write event_type into {file}, or --type TYPE.")

    def _lay_data(self, document: dict[str, JsonValue]) -> None:
        data = document.get("raw_data", {})
        if not isinstance(data, dict):
            raise _wrong("raw_data must be an object.")
        given = _object("--data", self.data) if self.data is not None else {}
        document["raw_data"] = {**data, **given, **dict(_assignment("--set", item) for item in self.values)}
        changes = dict(_change(item) for item in self.changes)
        if changes:
            stated = document.get("field_changes")
            document["field_changes"] = {**(stated if isinstance(stated, dict) else {}), **changes}


def as_event(document: Mapping[str, JsonValue]) -> EntityEvent:
    """Read an event as the trigger does.

    Raises:
        InvalidEvent: it is none.
    """
    return parse_event(json.dumps(document).encode())


def _assignment(option: str, text: str) -> tuple[str, JsonValue]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise _wrong(f"{option} {text!r} is no assignment: write {option} KEY=VALUE.")
    return key, _value(value)


def _change(text: str) -> tuple[str, JsonValue]:
    key, _ = _assignment("--change", text)
    old, arrow, new = text.partition("=")[2].partition("->")
    if not arrow:
        raise _wrong(f"--change {text!r} does not say what changed: write --change 'FIELD=OLD->NEW', in quotes.")
    return key, {"old_value": _value(old), "new_value": _value(new)}


def _value(text: str) -> JsonValue:
    """Read a value as JSON where it is some, else as the text that it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _object(option: str, text: str) -> dict[str, JsonValue]:
    try:
        value: JsonValue = json.loads(text)
    except ValueError as error:
        raise _wrong(f"{option} is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise _wrong(f"{option} must be a JSON object.")
    return value


def _wrong(message: str) -> WrongUsage:
    return WrongUsage(message, code="invalid_event", mend="`ichor fire --help` shows how to write it.")
