"""A Temporal dev server to test and develop against, always with the settings that make it fast."""

import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ichor_testing.address import Address
from ichor_testing.dev_server import Say, obtain_dev_server, silent
from ichor_testing.keeper import Command, Watch, keep, private_folder
from ichor_testing.ports import LOOPBACK, free_ports, require_free
from ichor_testing.server import Server, first_found, launch_until_ready
from ichor_testing.source import Source

if TYPE_CHECKING:
    from ichor_executor.temporal import EncryptionKeys, FindValues
    from temporalio.client import Client

ADDRESS_VARIABLE = "ICHOR_TEMPORAL_ADDRESS"
NAMESPACE_VARIABLE = "ICHOR_TEMPORAL_NAMESPACE"
IMAGE = "temporalio/temporal:1.5.1"
MEND = (
    f"Set {ADDRESS_VARIABLE}, start Docker, or install the Temporal CLI (`brew install temporal`, "
    "https://docs.temporal.io/cli) or Go 1.24 or newer, from which it is built; `make setup` does it."
)
SEARCH_ATTRIBUTES = {"IchorRule": "Keyword", "IchorEntity": "Keyword", "IchorStatus": "Keyword"}
# The first two let rules be served in turn (ichor_executor.temporal.start). Without the others a chain of activities
# takes 100 ms a step, a poll that waits at another partition 2 s, and a run that continues as new another second.
FAST: Mapping[str, Any] = {
    "matching.useNewMatcher": True,
    "matching.enableFairness": True,
    "history.transferProcessorMaxPollRPS": 5000,
    "history.timerProcessorMaxPollRPS": 5000,
    "history.visibilityProcessorMaxPollRPS": 5000,
    "system.enableActivityEagerExecution": True,
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
    "history.workflowIdReuseMinimalInterval": "0s",
}
_GRPC_PORT = 7233
_UI_PORT = 8233


@dataclass(frozen=True, slots=True)
class TemporalServer(Server):
    """A running Temporal; `url` is the `host:port` of its frontend, `ui_url` None where it has no UI."""

    url: str
    namespace: str = "default"
    ui_url: str | None = None

    @property
    def name(self) -> str:
        return "Temporal"

    async def connect(
        self,
        namespace: str | None = None,
        find_values: "FindValues | None" = None,
        keys: "EncryptionKeys | None" = None,
    ) -> "Client":
        """Return a client that writes payloads as the engine does, with a store for large ones and keys if given.

        For a server found by its address, TLS and keys come from `temporalio.envconfig` (TEMPORAL_*).
        """
        from ichor_executor.temporal import data_converter
        from temporalio.client import Client
        from temporalio.envconfig import ClientConfig

        settings: dict[str, Any] = {}
        if self.source is Source.ENV:
            settings |= ClientConfig.load_client_connect_config()
        settings |= {"target_host": self.url, "namespace": namespace or self.namespace}
        return await Client.connect(**settings, data_converter=data_converter(find_values, keys))

    async def answers(self) -> bool:
        from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
        from temporalio.service import RPCError

        try:
            client = await self.connect()
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=self.namespace))
        except (RuntimeError, RPCError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class TemporalOptions:
    """How to start one: in memory without `data_dir`, so that a restart forgets; `ui` opens the web UI."""

    source: Source | None = None
    port: int | None = None
    data_dir: Path | None = None
    ui: bool = False
    ui_port: int | None = None
    namespace: str = "default"
    dynamic_config: Mapping[str, Any] | None = None

    @property
    def has_fixed_port(self) -> bool:
        """Tell whether trying another port is out of the question."""
        return self.port is not None or self.ui_port is not None

    def arguments(self, ip: str, port: int, ui_port: int, database: Path | None) -> list[str]:
        """Return what follows the program `temporal`."""
        arguments = ["server", "start-dev", "--ip", ip, "--port", str(port), "--log-level", "error"]
        arguments += ["--namespace", self.namespace] if self.namespace != "default" else []
        arguments += ["--ui-port", str(ui_port)] if self.ui else ["--headless"]
        arguments += ["--db-filename", str(database)] if database else []
        for key, value in {**FAST, **(self.dynamic_config or {})}.items():
            arguments += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
        for key, value in SEARCH_ATTRIBUTES.items():
            arguments += ["--search-attribute", f"{key}={value}"]
        return arguments


@asynccontextmanager
async def start_temporal(
    *,
    source: Source | None = None,
    port: int | None = None,
    data_dir: Path | None = None,
    ui: bool = False,
    ui_port: int | None = None,
    namespace: str = "default",
    dynamic_config: Mapping[str, Any] | None = None,
    say: Say = silent,
) -> AsyncGenerator[TemporalServer]:
    """Yield a running Temporal that ends with the block, or with this process.

    `dynamic_config` adds to the fast settings, for instance `{"limit.historyCount.suggestContinueAsNew": 50}`.
    Where ICHOR_TEMPORAL_ADDRESS is set, that server is meant and the other parameters mean nothing. `say` is told of
    what takes minutes: the download or the build of the dev server.
    """
    options = TemporalOptions(source, port, data_dir, ui, ui_port, namespace, dynamic_config)
    server = await launch_temporal(options, say=say)
    try:
        yield server
    finally:
        await server.stop()


async def launch_temporal(options: TemporalOptions, watch: Watch | None = None, say: Say = silent) -> TemporalServer:
    """Return a running Temporal that ends with the watched process, or when it is stopped."""
    watched = watch or Watch()

    async def docker() -> TemporalServer | None:
        return await _by_docker(options, watched)

    async def local() -> TemporalServer | None:
        return await _by_program(options, watched, say)

    finders = {Source.ENV: _by_address, Source.DOCKER: docker, Source.LOCAL: local}
    return await first_found("Temporal", finders, options.source, MEND)


async def _by_address() -> TemporalServer | None:
    address = os.environ.get(ADDRESS_VARIABLE)
    if not address:
        return None
    server = TemporalServer(Source.ENV, None, address, os.environ.get(NAMESPACE_VARIABLE) or "default")
    await Address(server.name, ADDRESS_VARIABLE, address).answering(server.answers)
    return server


async def _by_docker(options: TemporalOptions, watch: Watch) -> TemporalServer | None:
    from ichor_testing import container

    if not await container.engine_answers():
        return None

    async def launch() -> TemporalServer:
        port, ui_port = _ports(options)
        database = Path("/ichor/temporal.db") if options.data_dir else None
        image = container.Image(
            name=IMAGE,
            ports={_GRPC_PORT: port, _UI_PORT: ui_port} if options.ui else {_GRPC_PORT: port},
            volumes={str(options.data_dir): "/ichor"} if options.data_dir else {},
            # It asks who it is, and the image does not know our user.
            env={"USER": "ichor"},
            command=options.arguments("0.0.0.0", _GRPC_PORT, _UI_PORT, database),
            user=f"{os.getuid()}:{os.getgid()}" if options.data_dir else None,
        )
        kept = await container.keep(image, watch)
        ui_url = f"http://{kept.host}:{ui_port}" if options.ui else None
        return TemporalServer(Source.DOCKER, kept.keeper, f"{kept.host}:{port}", options.namespace, ui_url)

    return await launch_until_ready(launch, fixed_port=options.has_fixed_port)


async def _by_program(options: TemporalOptions, watch: Watch, say: Say) -> TemporalServer | None:
    program = await obtain_dev_server(say)
    if program is None:
        return None

    async def launch() -> TemporalServer:
        port, ui_port = _ports(options)
        folder = private_folder()
        if options.data_dir:
            options.data_dir.mkdir(parents=True, exist_ok=True)
        database = options.data_dir / "temporal.db" if options.data_dir else None
        # The home is our own: the dev server writes a file of its own into the user's otherwise.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder)}
        argv = [str(program), *options.arguments(LOOPBACK, port, ui_port, database)]
        keeper = await keep(folder, [Command(argv, environment, folder)], watch, grace=10.0 if database else 0.0)
        ui_url = f"http://{LOOPBACK}:{ui_port}" if options.ui else None
        return TemporalServer(Source.LOCAL, keeper, f"{LOOPBACK}:{port}", options.namespace, ui_url)

    return await launch_until_ready(launch, fixed_port=options.has_fixed_port)


def _ports(options: TemporalOptions) -> tuple[int, int]:
    grpc, ui = free_ports(2)
    ports = options.port or grpc, options.ui_port or ui
    require_free(*ports)
    return ports
