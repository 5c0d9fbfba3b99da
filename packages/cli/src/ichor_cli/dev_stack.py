"""Everything that the engine needs, started on this machine: three servers, a migrated database, worker and trigger."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from ichor_edgestore import EdgeStore, connected, migrate
from ichor_service import Reader, environment, every_setting, variable
from ichor_testing import (
    PostgresServer,
    RabbitServer,
    Source,
    TemporalServer,
    isolated_database,
    isolated_task_queue,
    isolated_vhost,
    start_postgres,
    start_rabbitmq,
    start_temporal,
)

from ichor_cli.dev_token import is_configured, write_dev_token
from ichor_cli.private_file import write_private
from ichor_cli.service_process import ServiceProcess, start_service

WORKER = "ichor_worker"
TRIGGER = "ichor_trigger"

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StackOptions:
    """`data_dir` keeps what the servers hold; an `apart` stack uses nothing of a server that others may use, too."""

    data_dir: Path | None = None
    apart: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class DevStack:
    """What runs, and the variables with which `ichor` finds it and sees all that its programs see."""

    environment: Mapping[str, str]
    temporal_ui: str | None
    rabbitmq_ui: str
    services: tuple[ServiceProcess, ...]
    api_token: str | None = None
    """Calls the API of the trigger; None where the environment says who may."""

    @property
    def api(self) -> str:
        """Return where the API is."""
        return next(service.address for service in self.services if service.module == TRIGGER)

    async def watch(self) -> NoReturn:
        """Return never; raises ServerFailed when the worker or the trigger ends."""
        while True:
            await asyncio.sleep(1)
            for service in self.services:
                await service.check()


@asynccontextmanager
async def dev_stack(options: StackOptions, say: Say = lambda _: None) -> AsyncGenerator[DevStack]:
    """Yield the running stack; it ends with the block, or with this process.

    Raises:
        ServerMissing: there is no way to get one of the servers.
        ServerFailed: something did not come up.
    """
    async with AsyncExitStack() as stack:
        say("Starting PostgreSQL, RabbitMQ and Temporal")
        postgres, rabbitmq, temporal = await _servers(stack, options.data_dir, say)
        environment = {
            **_shared(),
            **_token_keys(options.data_dir),
            **options.environment,
            **await _addresses(stack, postgres, rabbitmq, options),
            "ICHOR_TEMPORAL_ADDRESS": temporal.url,
            "ICHOR_TEMPORAL_NAMESPACE": temporal.namespace,
        }
        say("Migrating the database")
        async with connected(environment["ICHOR_DATABASE_URL"], max_size=1) as pool:
            await migrate(pool)
            if options.data_dir is None and temporal.source is not Source.ENV:
                # It is new: what an earlier one carried, for a database that stays, is gone.
                await EdgeStore(pool).forget_home()
        say("Starting the worker and the trigger")
        secret, token = dict[str, str](), None
        if not is_configured():
            file = Path(stack.enter_context(TemporaryDirectory(prefix="ichor-dev-"))) / "tokens.json"
            token = write_dev_token(file)
            secret[variable("api_tokens")] = str(file)
        # A worker with a version gets no runs before somebody makes that the current one.
        unversioned = {variable("build_id"): ""}
        services = await _services(stack, {**environment, **secret, **unversioned})
        yield DevStack(environment, temporal.ui_url, rabbitmq.management_url, services, token)


def _shared() -> dict[str, str]:
    """Return what the environment sets of all that `ichor` reads, files by their whole path."""
    said, shared = environment(), dict[str, str]()
    for setting in every_setting():
        if Reader.CLI in setting.read_by.readers and (text := said.get(setting.variable)):
            shared[setting.variable] = str(Path(text).absolute()) if setting.form.startswith("path") else text
    return shared


def _token_keys(data_dir: Path | None) -> dict[str, str]:
    """Return the keys of reply tokens: the environment has its own, else they are kept with the data, else new."""
    if variable("token_keys") in environment():
        return {}
    keys = secrets.token_urlsafe(32)
    if data_dir is not None:
        file = data_dir / "token-keys"
        if not file.exists():
            write_private(file, keys)
        keys = file.read_text()
    return {variable("token_keys"): keys}


async def _servers(
    stack: AsyncExitStack, data_dir: Path | None, say: Say
) -> tuple[PostgresServer, RabbitServer, TemporalServer]:
    """Start the three at once; whatever came up ends with the stack, also where another one failed."""

    def folder(name: str) -> Path | None:
        return data_dir and data_dir.absolute() / name

    async with asyncio.TaskGroup() as group:
        postgres = group.create_task(stack.enter_async_context(start_postgres(data_dir=folder("postgres"))))
        rabbitmq = group.create_task(stack.enter_async_context(start_rabbitmq(data_dir=folder("rabbitmq"))))
        started = start_temporal(data_dir=folder("temporal"), ui=True, say=say)
        temporal = group.create_task(stack.enter_async_context(started))
    return postgres.result(), rabbitmq.result(), temporal.result()


async def _addresses(
    stack: AsyncExitStack, postgres: PostgresServer, rabbitmq: RabbitServer, options: StackOptions
) -> dict[str, str]:
    management = {"ICHOR_RABBITMQ_MANAGEMENT_URL": rabbitmq.management_url}
    if not options.apart:
        return {"ICHOR_DATABASE_URL": postgres.url, "ICHOR_RABBITMQ_URL": rabbitmq.url, **management}
    database = await stack.enter_async_context(isolated_database(postgres))
    vhost = await stack.enter_async_context(isolated_vhost(rabbitmq))
    return {
        "ICHOR_DATABASE_URL": database.url,
        "ICHOR_RABBITMQ_URL": vhost.url,
        **management,
        "ICHOR_TASK_QUEUE": isolated_task_queue(),
    }


async def _services(stack: AsyncExitStack, environment: Mapping[str, str]) -> tuple[ServiceProcess, ...]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_service(stack, module, environment)) for module in (WORKER, TRIGGER)]
    return tuple(task.result() for task in tasks)


async def _service(stack: AsyncExitStack, module: str, environment: Mapping[str, str]) -> ServiceProcess:
    service = await start_service(module, environment)
    stack.push_async_callback(service.stop)
    await service.ready()
    return service
