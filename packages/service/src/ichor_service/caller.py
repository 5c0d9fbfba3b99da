"""Who calls the API, and what they may do there."""

from enum import StrEnum
from typing import Annotated

from ichor_models import LONGEST_ID
from ichor_models.model import Model
from pydantic import AfterValidator, Field


class Scope(StrEnum):
    """What a token allows; none includes another."""

    READ = "read"
    EVENTS = "events"
    START = "start"
    CANCEL = "cancel"
    APPROVE = "approve"
    OPERATOR = "operator"


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds a character that cannot be printed; remove it")
    return text


class Caller(Model):
    """The person or program behind a token: `sub` is the user's id, `name` what people call them."""

    sub: Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(_printable)]
    name: str | None = None
    roles: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()
