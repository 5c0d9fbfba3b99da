"""RabbitMQ to test and develop against."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from ichor_testing.address import Address, without_password
from ichor_testing.errors import NobodyAnswers
from ichor_testing.keeper import Command, Keeper, Watch, keep, private_folder, remove_folder
from ichor_testing.ports import LOOPBACK, free_ports, require_free
from ichor_testing.program import find_program, newest_first
from ichor_testing.server import Server, first_found, launch_until_ready
from ichor_testing.source import Source

URL_VARIABLE = "ICHOR_RABBITMQ_URL"
MANAGEMENT_VARIABLE = "ICHOR_RABBITMQ_MANAGEMENT_URL"
IMAGE = "rabbitmq:4-management-alpine"
MEND = (
    f"Set {URL_VARIABLE}, start Docker, or install RabbitMQ: `apt-get install rabbitmq-server`, "
    "`brew install rabbitmq`; `make setup` does it."
)
_MANAGEMENT_PORT = 15672
_AMQP_PORT = 5672


@dataclass(frozen=True, slots=True)
class RabbitServer(Server):
    """A running RabbitMQ; `url` is AMQP, `management_url` the HTTP API, both with user and password.

    After `kill`, confirmed messages are there again, but not a quorum queue that was declared less than a second
    before: RabbitMQ writes its list of them that late.
    """

    url: str
    management_url: str

    @property
    def name(self) -> str:
        return "RabbitMQ"

    def vhost_url(self, vhost: str) -> str:
        """Return the AMQP address of another vhost of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{quote(vhost, safe='')}"))

    async def answers(self) -> bool:
        import httpx

        protocol = urlsplit(self.url).scheme  # not the port, which may be mapped to another one
        try:
            async with httpx.AsyncClient(base_url=self.management_url, timeout=5) as http:
                answer = await http.get(f"/api/health/checks/protocol-listener/{protocol}")
        except httpx.TransportError:
            return False
        return answer.is_success


@dataclass(frozen=True, slots=True)
class RabbitOptions:
    """How to start one: `data_dir` survives the server, the ports are free ones where None.

    `max_message_size` is how many bytes the body of a message may have, RabbitMQ's default where None. One that
    `lacks_memory` takes no message until it is started again without that.
    """

    source: Source | None = None
    port: int | None = None
    management_port: int | None = None
    data_dir: Path | None = None
    max_message_size: int | None = None
    lacks_memory: bool = False

    @property
    def has_fixed_port(self) -> bool:
        """Tell whether trying another port is out of the question."""
        return self.port is not None or self.management_port is not None

    @property
    def environment(self) -> dict[str, str]:
        """Return what sets `max_message_size` and how much memory there is."""
        arguments = [] if self.max_message_size is None else [f"-rabbit max_message_size {self.max_message_size}"]
        arguments += ["-rabbit vm_memory_high_watermark {absolute,1}"] if self.lacks_memory else []
        return {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(arguments)} if arguments else {}


@asynccontextmanager
async def start_rabbitmq(
    *,
    source: Source | None = None,
    port: int | None = None,
    management_port: int | None = None,
    data_dir: Path | None = None,
    max_message_size: int | None = None,
    lacks_memory: bool = False,
) -> AsyncGenerator[RabbitServer]:
    """Yield a running RabbitMQ that ends with the block, or with this process.

    Where ICHOR_RABBITMQ_URL is set, that server is meant (its management API at ICHOR_RABBITMQ_MANAGEMENT_URL, or
    at the usual port of the same host) and the other arguments mean nothing.
    """
    options = RabbitOptions(source, port, management_port, data_dir, max_message_size, lacks_memory)
    server = await launch_rabbitmq(options)
    try:
        yield server
    finally:
        await server.stop()


async def launch_rabbitmq(options: RabbitOptions, watch: Watch | None = None) -> RabbitServer:
    """Return a running RabbitMQ that ends with the watched process, or when it is stopped."""
    watched = watch or Watch()

    async def docker() -> RabbitServer | None:
        return await _by_docker(options, watched)

    async def local() -> RabbitServer | None:
        return await _by_program(options, watched)

    finders = {Source.ENV: _by_address, Source.DOCKER: docker, Source.LOCAL: local}
    return await first_found("RabbitMQ", finders, options.source, MEND)


async def _by_address() -> RabbitServer | None:
    url = os.environ.get(URL_VARIABLE)
    if not url:
        return None
    stated = os.environ.get(MANAGEMENT_VARIABLE)
    server = RabbitServer(Source.ENV, None, url, stated or management_url(url))
    await Address(server.name, URL_VARIABLE, url).listening(_AMQP_PORT)
    api = Address("RabbitMQ's management API", MANAGEMENT_VARIABLE, server.management_url)
    try:
        await api.answering(server.answers)
    except NobodyAnswers as error:
        raise error if stated else _guessed(api) from None
    return server


def _guessed(api: Address) -> NobodyAnswers:
    return NobodyAnswers(
        f"{api.what} does not answer at {without_password(api.text)}, its usual place beside {URL_VARIABLE}; "
        f"say in {MANAGEMENT_VARIABLE} where it is, or unset {URL_VARIABLE}, and a server is started for you."
    )


def management_url(url: str) -> str:
    """Return where the management API of an AMQP address usually is."""
    parts = urlsplit(url)
    user = f"{parts.username or 'guest'}:{parts.password or 'guest'}"
    scheme, port = ("https", _MANAGEMENT_PORT - 1) if parts.scheme == "amqps" else ("http", _MANAGEMENT_PORT)
    return f"{scheme}://{user}@{parts.hostname}:{port}"


async def _by_docker(options: RabbitOptions, watch: Watch) -> RabbitServer | None:
    from ichor_testing import container

    if not await container.engine_answers():
        return None

    async def launch() -> RabbitServer:
        ports = _ports(options)
        image = container.Image(
            name=IMAGE,
            ports={_AMQP_PORT: ports[0], _MANAGEMENT_PORT: ports[1]},
            env=options.environment,
            volumes={str(options.data_dir): "/var/lib/rabbitmq"} if options.data_dir else {},
            hostname="ichor",
        )
        kept = await container.keep(image, watch)
        return _server(Source.DOCKER, kept.keeper, kept.host, ports)

    return await launch_until_ready(launch, fixed_port=options.has_fixed_port)


async def _by_program(options: RabbitOptions, watch: Watch) -> RabbitServer | None:
    program, epmd = find_rabbitmq(), _find_epmd()
    if program is None or epmd is None:
        return None

    async def launch() -> RabbitServer:
        ports = _ports(options)
        folder = private_folder()
        try:
            home = _prepare(folder, options.data_dir, ports)
        except BaseException:
            remove_folder(folder)
            raise
        environment = _environment(home, folder, ports) | options.environment
        commands = [
            Command([str(epmd)], environment, home),
            Command(_after_epmd(epmd, program), environment, home),
        ]
        keeper = await keep(folder, commands, watch, grace=30.0 if options.data_dir else 0.0)
        return _server(Source.LOCAL, keeper, LOOPBACK, ports)

    return await launch_until_ready(launch, fixed_port=options.has_fixed_port)


def find_rabbitmq() -> Path | None:
    """Return the program `rabbitmq-server`; Debian's on the PATH changes to another account, the one below does not."""
    return find_program("rabbitmq-server", [Path("/usr/lib/rabbitmq/bin")])


def _find_epmd() -> Path | None:
    return find_program("epmd", [Path("/usr/lib/erlang/bin"), *newest_first("/usr/lib/erlang/erts-*/bin")])


def _ports(options: RabbitOptions) -> list[int]:
    """Return the ports of AMQP, management, the Erlang distribution and epmd, in this order."""
    free = free_ports(4)
    ports = [options.port or free[0], options.management_port or free[1], free[2], free[3]]
    require_free(*ports)
    return ports


def _server(source: Source, keeper: Keeper, host: str, ports: list[int]) -> RabbitServer:
    url = f"amqp://guest:guest@{host}:{ports[0]}/%2F"
    return RabbitServer(source, keeper, url, f"http://guest:guest@{host}:{ports[1]}")


def _prepare(folder: Path, data_dir: Path | None, ports: list[int]) -> Path:
    home = data_dir or folder / "data"
    home.mkdir(parents=True, exist_ok=True)
    (folder / "rabbitmq.conf").write_text(_configuration(ports))
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    return home


def _configuration(ports: list[int]) -> str:
    amqp, management, distribution, _ = ports
    return f"""\
listeners.tcp.1 = {LOOPBACK}:{amqp}
management.tcp.ip = {LOOPBACK}
management.tcp.port = {management}
distribution.listener.interface = {LOOPBACK}
distribution.listener.port_range.min = {distribution}
distribution.listener.port_range.max = {distribution}
log.console = true
log.console.level = warning
log.file = false
"""


def _environment(home: Path, folder: Path, ports: list[int]) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(ports[3]),
        "RABBITMQ_NODENAME": "ichor@localhost",
        "RABBITMQ_DIST_PORT": str(ports[2]),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        # Run Erlang in place of the shell, so that signals reach it.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
    }


def _after_epmd(epmd: Path, program: Path) -> list[str]:
    """Return a command that lets Erlang find our epmd: otherwise it starts one of its own, open to the network."""
    script = 'until "$0" -names >/dev/null 2>&1; do sleep 0.02; done; exec "$1"'
    return ["/bin/sh", "-c", script, str(epmd), str(program)]
