"""What the environment says, the same for every program (operators.md, Settings)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from ichor_models import LARGEST, MOST, Duration, Excess, ValueLimit
from ichor_models.wording import in_words
from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ichor_service.environment import DOTENV, environment
from ichor_service.errors import InvalidSetting
from ichor_service.temporal_profile import TemporalProfile

PREFIX = "ICHOR_"
SMALLEST_LIMIT = 16 * 1024
LARGEST_LIMIT = 256 * 1024
LONGEST_DEPLOYMENT, LONGEST_BUILD = 50, 200
"""Characters; Temporal leaves a worker whose deployment and build id have more than some 255 together without work."""


def _seconds_without_unit(value: object) -> object:
    return f"{value.strip()}s" if isinstance(value, str) and value.strip().isdigit() else value


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536 or "/" in text:
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


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("it is no URL that can be read") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("it must be a URL that begins with https:// or http://")
    return text


class _Url:
    """A validator of URLs that hold a password, so its messages never repeat the value."""

    def __init__(self, *schemes: str) -> None:
        self._schemes = schemes

    def __call__(self, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("it is no URL that can be read") from None
        if parts.scheme not in self._schemes or not parts.hostname:
            raise ValueError(f"it must be a URL that begins with {' or '.join(f'{s}://' for s in self._schemes)}")
        return value


type Pause = Annotated[Duration, BeforeValidator(_seconds_without_unit)]
type DatabaseUrl = Annotated[SecretStr, AfterValidator(_Url("postgresql", "postgres"))]
type BrokerUrl = Annotated[SecretStr, AfterValidator(_Url("amqp", "amqps"))]
type MailUrl = Annotated[SecretStr, AfterValidator(_Url("smtp", "smtps"))]


class _FromTemporalProfile(PydanticBaseSettingsSource):
    """The address and namespace of the Temporal profile, where our own variables do not say them."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        profile = TemporalProfile.read(environment())
        found = {"temporal_address": profile.address, "temporal_namespace": profile.namespace}
        return {name: value for name, value in found.items() if value}


class Settings(BaseSettings):
    """Every setting of every program; a program says which it cannot do without (`Program.needs`)."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=DOTENV,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: DatabaseUrl | None = Field(
        default=None, description="postgresql://user:password@host:port/database; the schema is `workflow`"
    )
    rabbitmq_url: BrokerUrl | None = Field(default=None, description="amqp://user:password@host:port/vhost")
    temporal_address: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None, description="host:port of Temporal; TLS, API keys and profiles come from TEMPORAL_*"
    )
    temporal_namespace: str = Field(default="default", description="the namespace in Temporal")
    task_queue: str = Field(default="ichor", min_length=1, description="the task queue in Temporal")
    deployment_name: Annotated[str, Field(max_length=LONGEST_DEPLOYMENT), AfterValidator(_deployment)] = Field(
        default="ichor", description="the name of the worker deployment in Temporal; used with a build id"
    )
    build_id: Annotated[str, Field(max_length=LONGEST_BUILD), AfterValidator(_build)] | None = Field(
        default=None,
        description="the version of this worker in its deployment; runs then end on the version they began",
    )
    encryption_keys: str | None = Field(
        default=None,
        description="file of keys that payloads in Temporal are encrypted with, `id:key`, the newest first",
    )
    http_host: str = Field(default="127.0.0.1", description="the address to serve health checks and the API on")
    http_port: int | None = Field(
        default=None, ge=0, le=65_535, description="the port to serve health checks and the API on"
    )
    token_keys: SecretStr | None = Field(
        default=None, description="keys that sign reply tokens, separated by commas, newest first"
    )
    api_tokens: str | None = Field(default=None, description="file of hashed tokens that may call the API")
    jwks_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None, description="JWKS that JWTs of API calls are checked against"
    )
    jwt_audience: str | None = Field(default=None, description="the audience that JWTs of API calls must have")
    jwt_issuer: str | None = Field(default=None, description="the issuer that JWTs of API calls must have")
    roles_sql: str | None = Field(default=None, description="query that gives the roles of a user id")
    secrets_dir: str | None = Field(
        default=None, description="one file per secret for {{secret:name}}; ICHOR_SECRET_<NAME> too"
    )
    max_event_bytes: Annotated[ByteSize, Field(gt=0, le=MOST)] = Field(
        default=ByteSize(8 * 1024 * 1024), description="a larger event is dead"
    )
    legacy_outbox: bool = Field(
        default=False, description="relay the events of an existing Ichor's table workflow.cascade_outbox, too"
    )
    max_reply_bytes: Annotated[ByteSize, Field(gt=0, le=MOST)] = Field(
        default=ByteSize(8 * 1024 * 1024), description="a larger reply is dead"
    )
    payload_limit: Annotated[ByteSize, Field(ge=SMALLEST_LIMIT, le=LARGEST_LIMIT)] = Field(
        default=ByteSize(LARGEST), description="a larger result of an action does not travel with its run"
    )
    payloads: Excess = Field(
        default=Excess.DATABASE, description="where what does not travel goes: `database`, or `cut` for nowhere"
    )
    unknown_type_grace: Pause = Field(
        default=timedelta(minutes=2), description="how long an action type that no worker knows yet is tried"
    )
    entities: str | None = Field(
        default=None, description="file that lists the tables and columns actions may read and write"
    )
    smtp_url: MailUrl | None = Field(default=None, description="smtp://user:password@host:port")
    smtp_from: str | None = Field(default=None, description="the address that mail is sent from")
    webhook_allow: str = Field(
        default="", description="hosts and networks that webhooks may call beside the public internet; `http` allows it"
    )
    shutdown_grace: Pause = Field(default=timedelta(seconds=30), description="how long a stop may take")

    @property
    def value_limit(self) -> ValueLimit:
        """Return what becomes of large results."""
        return ValueLimit(self.payload_limit, self.payloads)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add the Temporal profile below the environment and the `.env` file."""
        return init_settings, env_settings, dotenv_settings, _FromTemporalProfile(settings_cls)


def variable(field: str) -> str:
    """Return the name of the variable that a field of Settings is read from."""
    return f"{PREFIX}{field.upper()}"


def load_settings(needs: Iterable[str] = ()) -> Settings:
    """Read the environment and the `.env` file; `needs` are the fields that must be set.

    Raises:
        InvalidSetting: values are wrong or missing; one sentence that names each variable.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise InvalidSetting("; ".join(_problem(item) for item in error.errors())) from None
    missing = [name for name in needs if getattr(settings, name) is None]
    if missing:
        raise InvalidSetting("; ".join(f"{variable(name)} is not set ({_meaning(name)})" for name in missing))
    return settings


def _problem(error: ErrorDetails) -> str:
    return f"{variable(str(error['loc'][0]))} {in_words(error)}"


def _meaning(name: str) -> str:
    return Settings.model_fields[name].description or ""
