"""PostgreSQL to test and develop against."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ichor_testing.account import Account, unprivileged
from ichor_testing.address import Address
from ichor_testing.errors import ServerFailed
from ichor_testing.keeper import HELD_FOLDER, Command, Watch, keep, private_folder, remove_folder
from ichor_testing.ports import LOOPBACK, free_port, require_free
from ichor_testing.program import find_program, newest_first
from ichor_testing.server import Server, first_found, launch_until_ready
from ichor_testing.source import Source
from ichor_testing.uninterrupted import uninterrupted

URL_VARIABLE = "ICHOR_DATABASE_URL"
IMAGE = "postgres:17-alpine"
MEND = (
    f"Set {URL_VARIABLE}, start Docker, or install PostgreSQL: `apt-get install postgresql`, "
    "`brew install postgresql@17`; `make setup` does it."
)
_NAME = "ichor"
_INITDB = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
_SETTINGS = {"max_connections": "400", "timezone": "UTC", "log_min_messages": "warning"}
_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}


@dataclass(frozen=True, slots=True)
class PostgresServer(Server):
    """A running PostgreSQL; `url` names a database that its user may create others from."""

    url: str

    @property
    def name(self) -> str:
        return "PostgreSQL"

    def database_url(self, database: str) -> str:
        """Return the address of another database of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    async def answers(self) -> bool:
        import asyncpg

        try:
            connection = await asyncpg.connect(self.url, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        try:
            return await connection.fetchval("SELECT 1") == 1
        finally:
            await connection.close()


@dataclass(frozen=True, slots=True)
class PostgresOptions:
    """How to start one: `data_dir` survives the server (and makes it write safely), `port` is free where None."""

    source: Source | None = None
    port: int | None = None
    data_dir: Path | None = None

    def settings(self) -> list[str]:
        """Return the server's settings as arguments."""
        settings = _SETTINGS if self.data_dir else _SETTINGS | _FORGETFUL
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


@asynccontextmanager
async def start_postgres(
    *, source: Source | None = None, port: int | None = None, data_dir: Path | None = None
) -> AsyncGenerator[PostgresServer]:
    """Yield a running PostgreSQL that ends with the block, or with this process.

    Where ICHOR_DATABASE_URL is set, that server is meant and `port` and `data_dir` mean nothing.
    """
    server = await launch_postgres(PostgresOptions(source, port, data_dir))
    try:
        yield server
    finally:
        await server.stop()


async def launch_postgres(options: PostgresOptions, watch: Watch | None = None) -> PostgresServer:
    """Return a running PostgreSQL that ends with the watched process, or when it is stopped."""
    watched = watch or Watch()

    async def docker() -> PostgresServer | None:
        return await _by_docker(options, watched)

    async def local() -> PostgresServer | None:
        return await _by_program(options, watched)

    finders = {Source.ENV: _by_address, Source.DOCKER: docker, Source.LOCAL: local}
    return await first_found("PostgreSQL", finders, options.source, MEND)


async def _by_address() -> PostgresServer | None:
    url = os.environ.get(URL_VARIABLE)
    if not url:
        return None
    server = PostgresServer(Source.ENV, None, url)
    await Address(server.name, URL_VARIABLE, url).answering(server.answers)
    return server


async def _by_docker(options: PostgresOptions, watch: Watch) -> PostgresServer | None:
    from ichor_testing import container

    if not await container.engine_answers():
        return None

    async def launch() -> PostgresServer:
        port = options.port or free_port()
        require_free(port)
        image = container.Image(
            name=IMAGE,
            ports={5432: port},
            env={"POSTGRES_USER": _NAME, "POSTGRES_PASSWORD": _NAME, "POSTGRES_DB": _NAME, "PGDATA": "/ichor/data"},
            volumes={str(options.data_dir): "/ichor/data"} if options.data_dir else {},
            command=["postgres", *options.settings()],
        )
        kept = await container.keep(image, watch)
        return PostgresServer(Source.DOCKER, kept.keeper, _url(port, kept.host))

    return await launch_until_ready(launch, fixed_port=options.port is not None)


async def _by_program(options: PostgresOptions, watch: Watch) -> PostgresServer | None:
    postgres = await asyncio.to_thread(find_postgres)
    if postgres is None:
        return None
    account = unprivileged("postgres")

    async def launch() -> PostgresServer:
        port = options.port or free_port()
        require_free(port)
        folder = private_folder()
        data = options.data_dir or folder / "data"
        try:
            await uninterrupted(asyncio.to_thread(_initialise, postgres, data, account))
        except BaseException:
            remove_folder(folder)
            raise
        argv = [str(postgres), "-D", HELD_FOLDER if account else str(data), "-p", str(port), *options.settings()]
        argv += ["-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories="]
        command = Command(argv, _environment(), data, account, hold=account is not None)
        # A fast shutdown writes all out; an immediate one does not, yet frees the shared memory, unlike SIGKILL.
        stop_signal = signal.SIGINT if options.data_dir else signal.SIGQUIT
        keeper = await keep(folder, [command], watch, stop_signal=stop_signal)
        return PostgresServer(Source.LOCAL, keeper, _url(port))

    return await launch_until_ready(launch, fixed_port=options.port is not None)


def _url(port: int, host: str = LOOPBACK) -> str:
    return f"postgresql://{_NAME}:{_NAME}@{host}:{port}/{_NAME}"


def find_postgres() -> Path | None:
    """Return the program `postgres` of this machine that has `initdb` beside it."""
    folders = [
        *newest_first("/usr/lib/postgresql/*/bin"),
        *newest_first("/opt/homebrew/opt/postgresql*/bin"),
        *newest_first("/usr/local/opt/postgresql*/bin"),
        *newest_first("/usr/pgsql-*/bin"),
        *_configured(),
    ]
    initdb = find_program("initdb", folders)
    postgres = initdb.resolve().with_name("postgres") if initdb else None
    return postgres if postgres and postgres.exists() else None


def _configured() -> list[Path]:
    config = find_program("pg_config")
    if config is None:
        return []
    done = subprocess.run([config, "--bindir"], capture_output=True, text=True)
    return [Path(done.stdout.strip())] if done.returncode == 0 else []


def _initialise(postgres: Path, data: Path, account: Account | None) -> None:
    data.mkdir(parents=True, exist_ok=True)
    if account:
        account.own(data)
    with _opened(data) as folder:
        _make_cluster(postgres, data, folder, account)


def _make_cluster(postgres: Path, data: Path, folder: int, account: Account | None) -> None:
    named = f"/proc/self/fd/{folder}" if account else str(data)
    if not (data / "PG_VERSION").exists():
        argv = [str(postgres.with_name("initdb")), "-D", named, "-U", _NAME, *_INITDB]
        _run_as(account, argv, folder)
    complete = data / "ichor.complete"
    if not complete.exists():
        argv = [str(postgres), "--single", "-D", named, "-c", "fsync=off", "postgres"]
        _run_as(account, argv, folder, f"CREATE DATABASE {_NAME};\n")
        complete.touch()


@contextmanager
def _opened(folder: Path) -> Generator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _run_as(account: Account | None, argv: list[str], folder: int, text: str = "") -> None:
    done = subprocess.run(
        argv,
        input=text,
        cwd="/",
        env=_environment(),
        pass_fds=[folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise ServerFailed(f"{argv[0]} ended {done.returncode}:\n{done.stdout}")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
