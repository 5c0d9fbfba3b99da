"""What the value of a setting may be: types that say how they are written, and refuse what is not so."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext, SSLError
from types import UnionType
from typing import Annotated, Any, TypeAliasType, Union, get_args, get_origin
from urllib.parse import parse_qsl, urlsplit

from annotated_types import Ge, Le, MaxLen
from ichor_models import Duration, format_duration
from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, SecretStr
from pydantic.fields import FieldInfo

LONGEST_DEPLOYMENT, LONGEST_BUILD = 50, 200
"""Characters; Temporal leaves a worker whose deployment and build id have more than some 255 together without work."""
LONGEST_TASK_QUEUE = 1000
"""Characters; Temporal refuses more, and names that begin as its own do, and its SDK does not tell a worker so."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a value is written, in words for people."""

    form: str


def _seconds_without_unit(value: object) -> object:
    return f"{value.strip()}s" if isinstance(value, str) and value.strip().isdigit() else value


def _address(text: str) -> str:
    found = re.fullmatch(r"[\w.:\[\]-]+:([0-9]{1,5})", text)
    if found is None or not 0 < int(found[1]) < 65_536:
        raise ValueError("write it as host:port")
    return text


def _build(text: str) -> str:
    if ":" in text:
        raise ValueError("it may hold no colon")
    return text


def _deployment(text: str) -> str:
    if "." in text or ":" in text:
        raise ValueError("it may hold neither dot nor colon")
    return text


def _task_queue(text: str) -> str:
    if text.startswith("/_sys/"):
        raise ValueError("it may not begin with /_sys/")
    return text


def _mail_address(text: str) -> str:
    user, _, domain = parseaddr(text)[1].rpartition("@")
    if not user or not domain or not text.isprintable():
        raise ValueError("write it as name@host, or Name <name@host>")
    return text


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("it is no URL that can be read") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("it must be a URL that begins with https:// or http://")
    if not text.isprintable() or " " in text:
        raise ValueError("it holds what no URL may, as a line break at its end")
    return text


class _Url:
    """A validator of URLs that hold a password, so its messages never repeat the value.

    It looks at parameters, too, over which a driver would only fail to connect, again and again: the files of
    `certificates` hold certificates, other `files` can be read, and the rest is of a form, told in words.
    """

    def __init__(
        self,
        *schemes: str,
        certificates: Sequence[str] = (),
        files: Sequence[str] = (),
        forms: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self._schemes = schemes
        self._certificates = certificates
        self._files = files
        self._forms = forms or {}

    def __call__(self, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("it is no URL that can be read") from None
        if parts.scheme not in self._schemes or not parts.hostname:
            raise ValueError(f"it must be a URL that begins with {' or '.join(f'{s}://' for s in self._schemes)}")
        for name, parameter in parse_qsl(parts.query):
            self._check(name, parameter)
        return value

    def _check(self, name: str, value: str) -> None:
        form, words = self._forms.get(name, ("", ""))
        if form and not re.fullmatch(form, value):
            raise ValueError(f"its parameter {name} must be {words}")
        try:
            if name in self._certificates:
                SSLContext(PROTOCOL_TLS_CLIENT).load_verify_locations(value)
            elif name in self._files:
                Path(value).open("rb").close()
        except SSLError:
            raise ValueError(f"the file of its parameter {name} holds no certificate") from None
        except OSError as error:
            raise ValueError(f"the file of its parameter {name} cannot be read: {error.strerror}") from None


_DATABASE_PARAMETERS = {
    "sslmode": (
        "disable|allow|prefer|require|verify-(ca|full)",
        "disable, allow, prefer, require, verify-ca or verify-full",
    ),
}
_BROKER_PARAMETERS = {
    "heartbeat": (r"\d+", "a whole number of seconds"),
    "auth": ("(?i)plain|external", "plain or external"),
    "no_verify_ssl": ("0|1", "0 or 1"),
}

type Pause = Annotated[Duration, BeforeValidator(_seconds_without_unit), Written("duration")]
type DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(
        _Url(
            *("postgresql", "postgres"),
            certificates=("sslrootcert", "sslcrl", "sslcert"),
            files=("sslkey",),
            forms=_DATABASE_PARAMETERS,
        )
    ),
    Written("`postgresql://user:password@host:port/database`"),
]
type BrokerUrl = Annotated[
    SecretStr,
    AfterValidator(
        _Url("amqp", "amqps", certificates=("cafile", "certfile"), files=("keyfile",), forms=_BROKER_PARAMETERS)
    ),
    Written("`amqp://user:password@host:port/vhost`, or `amqps`"),
]
type MailUrl = Annotated[
    SecretStr, AfterValidator(_Url("smtp", "smtps")), Written("`smtp://user:password@host:port`, or `smtps`")
]
type ServerAddress = Annotated[str, AfterValidator(_address), Written("`host:port`")]
type WebAddress = Annotated[
    str, AfterValidator(_web_address), Written("`https://…`, or `http://…` within a network that is trusted")
]
type MailAddress = Annotated[str, AfterValidator(_mail_address), Written("`name@host`, or `Name <name@host>`")]
type BuildId = Annotated[str, Field(max_length=LONGEST_BUILD), AfterValidator(_build), Written("text without a colon")]
type DeploymentName = Annotated[
    str, Field(max_length=LONGEST_DEPLOYMENT), AfterValidator(_deployment), Written("text without dot and colon")
]
type TaskQueue = Annotated[
    str,
    Field(max_length=LONGEST_TASK_QUEUE),
    AfterValidator(_task_queue),
    Written("text that does not begin with /_sys/"),
]
type File = Annotated[str, Written("path of a file")]
type Folder = Annotated[str, Written("path of a folder")]
type Keys = Annotated[SecretStr, Written("16 characters or more each, separated by commas")]
type Hosts = Annotated[str, Written("hosts and networks, separated by commas")]

_FORMS = {ByteSize: "size", bool: "`true` or `false`", int: "whole number", SecretStr: "text", str: "text"}
_UNITS = (("MiB", 1024 * 1024), ("KiB", 1024))


def is_secret(field: FieldInfo) -> bool:
    """Say whether nobody may see the value."""
    return SecretStr in _parts(field.annotation)


def form(field: FieldInfo) -> str:
    """Return in words how the value of a field is written, with its limits."""
    parts = [*field.metadata, *_parts(field.annotation)]
    stated = next((part.form for part in parts if isinstance(part, Written)), None)
    kind = next(part for part in parts if isinstance(part, type) and issubclass(part, (*_FORMS, StrEnum, timedelta)))
    if issubclass(kind, StrEnum):
        return " or ".join(f"`{member}`" for member in kind)
    limits = "".join(limit for part in parts if (limit := _limit(part, kind)))
    return (stated or next(name for known, name in _FORMS.items() if issubclass(kind, known))) + limits


def text_of(value: object) -> str:
    """Write the value of a setting as people write it in the environment."""
    match value:
        case timedelta():
            return format_duration(value)
        case ByteSize():
            return next((f"{value // size}{unit}" for unit, size in _UNITS if value % size == 0), str(int(value)))
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _limit(part: object, kind: type) -> str:
    def number(value: Any) -> str:
        return text_of(ByteSize(value)) if kind is ByteSize else str(value)

    match part:
        case Ge(ge):
            return f", from {number(ge)}"
        case Le(le):
            return f", up to {number(le)}"
        case MaxLen(most):
            return f", at most {most} characters"
        case _:
            return ""


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation is made of: its types, and what is noted at them."""
    if isinstance(annotation, TypeAliasType):
        yield from _parts(annotation.__value__)
    elif hasattr(annotation, "__metadata__"):
        for note in annotation.__metadata__:
            yield from note.metadata if isinstance(note, FieldInfo) else (note,)
        yield from _parts(annotation.__origin__)
    elif get_origin(annotation) in (Union, UnionType):
        for arm in get_args(annotation):
            yield from _parts(arm)
    else:
        yield annotation
