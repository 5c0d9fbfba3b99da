"""One setting as people read of it, in the help of a program and on the page of all."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic.fields import FieldInfo

from ichor_service.environment import PREFIX
from ichor_service.setting_type import form, is_secret, text_of


class Reader(StrEnum):
    """A program that reads settings."""

    TRIGGER = "ichor-trigger"
    WORKER = "ichor-worker"
    CLI = "ichor"


SERVICES = (Reader.TRIGGER, Reader.WORKER)


@dataclass(frozen=True, slots=True)
class ReadBy:
    """The programs that read a setting, and those of them that do not begin without it."""

    readers: tuple[Reader, ...] = SERVICES
    needed: tuple[Reader, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """`default` is None where there is none; `form` and `about` are for people."""

    name: str
    about: str
    form: str
    default: str | None
    read_by: ReadBy
    secret: bool

    @classmethod
    def of(cls, name: str, field: FieldInfo) -> "Setting":
        """Describe a field of the settings; one that does not say who reads it is the services'."""
        default: Any = field.default
        return cls(
            name=name,
            about=field.description or "",
            form=form(field),
            default=None if default in (None, "") else text_of(default),
            read_by=next((note for note in field.metadata if isinstance(note, ReadBy)), ReadBy()),
            secret=is_secret(field),
        )

    @property
    def variable(self) -> str:
        """Return the variable that it is read from."""
        return variable(self.name)


def variable(field: str) -> str:
    """Return the name of the variable that a field of Settings is read from."""
    return f"{PREFIX}{field.upper()}"
