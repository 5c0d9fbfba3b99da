"""A logger that says which action of which run speaks, and never shows a secret."""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

from ichor_models import ActionCall

from ichor_activities.redaction import NOTHING_SECRET, Redaction


class RunLogger(logging.LoggerAdapter[logging.Logger]):
    """Adds the ids of run and action to each record; secrets in its text are replaced before any handler sees it."""

    def __init__(self, call: ActionCall, redaction: Redaction = NOTHING_SECRET) -> None:
        ids = {
            "execution_id": call.run.execution_id,
            "rule_id": call.run.rule_id,
            "action": call.name,
            "action_type": call.type,
        }
        super().__init__(logging.getLogger(f"ichor.action.{call.type}"), ids)
        self._redaction = redaction

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Write a record whose text, traceback and fields are redacted."""
        if not self.isEnabledFor(level):
            return
        text = _text(msg, args)
        error = _error(kwargs.pop("exc_info", None))
        if error is not None:
            text += "\n" + "".join(traceback.format_exception(error)).rstrip()
        super().log(level, "%s", self._redaction.text(text), **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Lay the ids over the caller's own fields."""
        extra: Mapping[str, Any] = kwargs.get("extra") or {}
        redacted = {key: self._redaction.anything(value) for key, value in extra.items()}
        kwargs["extra"] = {**redacted, **(self.extra or {})}
        return msg, kwargs


def _error(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exception() if exc_info else None


def _text(msg: object, args: tuple[object, ...]) -> str:
    """Return a message with its arguments, as `logging` puts them in; a mistake in it must not fail the action."""
    try:
        return logging.LogRecord("", 0, "", 0, str(msg), args, None).getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{msg} {args!r}"
