"""What the environment says, the same for every program (docs/configuration.md)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated

from ichor_models import LARGEST, MOST, Excess, ValueLimit
from ichor_models.wording import in_words
from pydantic import BaseModel, ByteSize, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ichor_service.environment import environment
from ichor_service.errors import InvalidSetting
from ichor_service.setting import ReadBy, Reader, Setting, variable
from ichor_service.setting_type import (
    BrokerUrl,
    BuildId,
    DatabaseUrl,
    DeploymentName,
    File,
    Folder,
    Hosts,
    Keys,
    MailAddress,
    MailUrl,
    Pause,
    ServerAddress,
    TaskQueue,
    WebAddress,
)
from ichor_service.temporal_profile import TemporalProfile

SMALLEST_LIMIT = 16 * 1024
LARGEST_LIMIT = 256 * 1024

_TRIGGER, _WORKER, _CLI = Reader.TRIGGER, Reader.WORKER, Reader.CLI
_ALL = (_TRIGGER, _WORKER, _CLI)


class Settings(BaseModel):
    """Every setting of every program; each says which program reads it, and which cannot do without it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: Annotated[DatabaseUrl | None, ReadBy(_ALL, needed=(_TRIGGER, _WORKER))] = Field(
        default=None, description="the database; the schema is `workflow`"
    )
    rabbitmq_url: Annotated[BrokerUrl | None, ReadBy(_ALL, needed=(_TRIGGER,))] = Field(
        default=None, description="the broker; a worker without it takes no replies and asks nobody"
    )
    temporal_address: Annotated[ServerAddress | None, ReadBy(_ALL, needed=(_TRIGGER, _WORKER))] = Field(
        default=None, description="Temporal, else that of the Temporal profile; TLS and API keys come from `TEMPORAL_*`"
    )
    temporal_namespace: Annotated[str, ReadBy(_ALL)] = Field(
        default="default", description="the namespace in Temporal, else that of the Temporal profile"
    )
    task_queue: Annotated[TaskQueue, ReadBy(_ALL)] = Field(
        default="ichor", description="the task queue in Temporal, the same for trigger and workers"
    )
    deployment_name: Annotated[DeploymentName, ReadBy((_WORKER,))] = Field(
        default="ichor", description="what the versions of a worker belong to in Temporal; used with a build id"
    )
    build_id: Annotated[BuildId | None, ReadBy((_WORKER,))] = Field(
        default=None,
        description="the version of this worker in its deployment; runs then end on the version they began on",
    )
    encryption_keys: Annotated[File | None, ReadBy(_ALL)] = Field(
        default=None,
        description="keys that all that is sent to Temporal is encrypted with, newest first; the same for all programs",
    )
    http_host: str = Field(
        default="127.0.0.1", description="where health, metrics and the API are served; `0.0.0.0` in a container"
    )
    http_port: Annotated[int, Field(ge=0, le=65_535)] | None = Field(
        default=None,
        description="the port of health, metrics and the API; 8080 for the trigger and 8081 for the worker where it is "
        "not set, 0 for a free one",
    )
    token_keys: Annotated[Keys | None, ReadBy((_WORKER, _CLI))] = Field(
        default=None,
        description="keys that sign reply tokens, newest first; without them no question is asked over RabbitMQ",
    )
    api_tokens: Annotated[File | None, ReadBy((_TRIGGER,))] = Field(
        default=None, description="hashed tokens that may call the API; without these and `ICHOR_JWKS_URL` it is off"
    )
    jwks_url: Annotated[WebAddress | None, ReadBy((_TRIGGER,))] = Field(
        default=None, description="the keys of an identity provider whose JWTs may call the API"
    )
    jwt_audience: Annotated[str | None, ReadBy((_TRIGGER,))] = Field(
        default=None,
        description="the `aud` that JWTs must have; set it, else JWTs for other programs are good here, too",
    )
    jwt_issuer: Annotated[str | None, ReadBy((_TRIGGER,))] = Field(
        default=None, description="the `iss` that JWTs must have"
    )
    roles_sql: Annotated[str | None, ReadBy(_ALL)] = Field(
        default=None, description="a query that gives the roles of the user whose id is its `$1`"
    )
    secrets_dir: Annotated[Folder | None, ReadBy((_WORKER,))] = Field(
        default=None, description="one file per secret for `{{secret:name}}`; it wins over `ICHOR_SECRET_<NAME>`"
    )
    max_event_bytes: Annotated[ByteSize, Field(gt=0, le=MOST), ReadBy((_TRIGGER,))] = Field(
        default=ByteSize(8 * 1024 * 1024),
        description="a larger event is dead, and is not relayed from the outbox; keep it below RabbitMQ's "
        "`max_message_size`",
    )
    legacy_outbox: Annotated[bool, ReadBy((_TRIGGER,))] = Field(
        default=False, description="relay the events of an existing Ichor's table `workflow.cascade_outbox`, too"
    )
    max_reply_bytes: Annotated[ByteSize, Field(gt=0, le=MOST), ReadBy((_WORKER,))] = Field(
        default=ByteSize(8 * 1024 * 1024), description="a larger reply is dead"
    )
    payload_limit: Annotated[ByteSize, Field(ge=SMALLEST_LIMIT, le=LARGEST_LIMIT), ReadBy(_ALL)] = Field(
        default=ByteSize(LARGEST),
        description="larger results and trigger data do not travel with their run; the same for all programs",
    )
    payloads: Annotated[Excess, ReadBy(_ALL)] = Field(
        default=Excess.DATABASE,
        description="where what does not travel goes: into the database, or nowhere; the same for all programs",
    )
    unknown_type_grace: Annotated[Pause, ReadBy((_WORKER,))] = Field(
        default=timedelta(minutes=2), description="how long an action type that no worker knows yet is tried"
    )
    entities: Annotated[File | None, ReadBy((_WORKER,))] = Field(
        default=None, description="the tables and columns that actions may read and write; without it none"
    )
    smtp_url: Annotated[MailUrl | None, ReadBy((_WORKER, _CLI))] = Field(
        default=None, description="the mail server; `?starttls=auto`, `required` or `never`, `?verify=no`"
    )
    smtp_from: Annotated[MailAddress | None, ReadBy((_WORKER,))] = Field(
        default=None, description="the sender of mails, else the user of the mail server, else `ichor@` its host"
    )
    webhook_allow: Annotated[Hosts, ReadBy((_WORKER,))] = Field(
        default="",
        description="what webhooks may call beside the public internet: `api.internal`, `*.example.org`, `10.0.0.0/8`; "
        "the word `http` allows plain http to the public internet",
    )
    shutdown_grace: Pause = Field(default=timedelta(seconds=30), description="how long a stop may take")

    @property
    def value_limit(self) -> ValueLimit:
        """Return what becomes of large results."""
        return ValueLimit(self.payload_limit, self.payloads)


def every_setting() -> tuple[Setting, ...]:
    """Return what there is to know of each setting."""
    return tuple(Setting.of(name, field) for name, field in Settings.model_fields.items())


def read_settings() -> tuple[Settings, Mapping[str, str]]:
    """Read the environment and the `.env` file, and return what can be used.

    What cannot stays at its default; a sentence says of each what is wrong, by the name of its field, or by `temporal`
    for the Temporal profile.

    Raises:
        InvalidSetting: the `.env` file, or a file that holds a value, cannot be read.
    """
    variables = environment()
    profile, wrong = TemporalProfile(), dict[str, str]()
    try:
        profile = TemporalProfile.read(variables)
    except InvalidSetting as error:
        wrong["temporal"] = str(error)
    below = {"temporal_address": profile.address, "temporal_namespace": profile.namespace}
    said = {name: variables.get(variable(name)) or below.get(name) for name in Settings.model_fields}
    given = {name: value for name, value in said.items() if value}
    try:
        return Settings.model_validate(given), wrong
    except ValidationError as error:
        wrong |= {str(item["loc"][0]): _problem(item) for item in error.errors()}
    return Settings.model_validate({name: value for name, value in given.items() if name not in wrong}), wrong


def load_settings(needs: Iterable[str] = ()) -> Settings:
    """Read the environment and the `.env` file; `needs` are the fields that must be set.

    Raises:
        InvalidSetting: values are wrong or missing; one sentence that names each variable.
    """
    settings, wrong = read_settings()
    if wrong:
        raise InvalidSetting("; ".join(problem.rstrip(".") for problem in wrong.values()))
    missing = [item for item in every_setting() if item.name in needs and getattr(settings, item.name) is None]
    if missing:
        raise InvalidSetting("; ".join(f"{item.variable} is not set; write {item.form}" for item in missing))
    return settings


def _problem(error: ErrorDetails) -> str:
    return f"{variable(str(error['loc'][0]))} {in_words(error)}"
