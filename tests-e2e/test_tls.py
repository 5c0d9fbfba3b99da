"""Every server over TLS, Temporal with a client certificate, by the variables of `infra/kubernetes`."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import trustme
from ichor_edgestore import connected, migrate
from ichor_testing import Database, TemporalServer, Vhost
from ichor_testing.engine_program import start_program
from ichor_testing.ports import LOOPBACK

_ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")
"""What a client of PostgreSQL sends first; the answer `S` begins TLS."""

type Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs the certificates of the servers and of one client, which lie in a folder."""

    signer: trustme.CA
    folder: Path

    @classmethod
    def new(cls, folder: Path) -> "Authority":
        """Return one whose certificate, and that of its client, lie in the folder as in the Secrets of Kubernetes."""
        folder.mkdir()
        authority = cls(trustme.CA(), folder)
        client = authority.signer.issue_cert("worker@example.com")
        authority.signer.cert_pem.write_to_path(authority.ca)
        client.private_key_pem.write_to_path(folder / "tls.key")
        client.cert_chain_pems[0].write_to_path(folder / "tls.crt")
        return authority

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    def of_server(self, *, asks_for_certificate: bool = False) -> ssl.SSLContext:
        """Return what a server at the loopback address speaks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        partly_typed: Any = self.signer
        partly_typed.issue_cert(LOOPBACK).configure_cert(context)
        if asks_for_certificate:
            context.set_alpn_protocols(["h2"])
            context.verify_mode = ssl.CERT_REQUIRED
            partly_typed.configure_trust(context)
        return context

    def variables(self, postgresql: int, rabbitmq: int, temporal: int, servers: "Servers") -> dict[str, str]:
        """Return what leads a program to these ports."""
        database, vhost = urlsplit(servers.database.url), urlsplit(servers.vhost.url)
        return {
            "ICHOR_DATABASE_URL": f"postgresql://{_user(database.netloc)}@{LOOPBACK}:{postgresql}{database.path}"
            f"?sslmode=verify-full&sslrootcert={self.ca}",
            "ICHOR_RABBITMQ_URL": f"amqps://{_user(vhost.netloc)}@{LOOPBACK}:{rabbitmq}{vhost.path}?cafile={self.ca}",
            "ICHOR_TEMPORAL_ADDRESS": f"{LOOPBACK}:{temporal}",
            "ICHOR_TEMPORAL_NAMESPACE": servers.temporal.namespace,
            "ICHOR_TASK_QUEUE": servers.task_queue,
            "TEMPORAL_TLS": "true",
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(self.ca),
            "TEMPORAL_TLS_CLIENT_CERT_PATH": str(self.folder / "tls.crt"),
            "TEMPORAL_TLS_CLIENT_KEY_PATH": str(self.folder / "tls.key"),
            "TEMPORAL_TLS_SERVER_NAME": LOOPBACK,
        }


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers behind."""

    database: Database
    vhost: Vhost
    temporal: TemporalServer
    task_queue: str


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.new(tmp_path / "authority")


@pytest_asyncio.fixture(loop_scope="session")
async def over_tls(
    authority: Authority,
    postgres_database: Database,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_task_queue: str,
) -> AsyncGenerator[Variables]:
    """Variables of a program that reaches a migrated database, RabbitMQ and Temporal over TLS."""
    async with connected(postgres_database.url) as pool:
        await migrate(pool)
    servers = Servers(postgres_database, rabbitmq_vhost, shared_temporal, temporal_task_queue)
    plain, mutual = authority.of_server(), authority.of_server(asks_for_certificate=True)
    async with AsyncExitStack() as stack:
        postgresql, rabbitmq, temporal = (
            await stack.enter_async_context(_tls_when_asked(_place(postgres_database.url), plain)),
            await stack.enter_async_context(_leading(_place(rabbitmq_vhost.url), plain)),
            await stack.enter_async_context(_leading(shared_temporal.url, mutual)),
        )
        yield authority.variables(postgresql, rabbitmq, temporal, servers)


@pytest.mark.parametrize("module", ["ichor_trigger", "ichor_worker"])
async def test_a_program_is_ready_over_tls(module: str, over_tls: Variables) -> None:
    async with start_program(module, {**over_tls, "ICHOR_TOKEN_KEYS": "0123456789abcdef"}) as program:
        await program.ready()
        assert await program.stop() == 0


async def test_temporal_refuses_who_has_no_certificate(over_tls: Variables) -> None:
    nameless = {name: value for name, value in over_tls.items() if "CLIENT" not in name}
    async with start_program("ichor_worker", nameless) as program:
        await program.said("not reachable, trying again", server="Temporal")


@pytest.mark.parametrize(
    ("variable", "server"),
    [
        ("ICHOR_DATABASE_URL", "PostgreSQL"),
        ("ICHOR_RABBITMQ_URL", "RabbitMQ"),
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "Temporal"),
    ],
)
async def test_a_server_that_others_signed_is_refused(
    variable: str, server: str, over_tls: Variables, authority: Authority, tmp_path: Path
) -> None:
    other = Authority.new(tmp_path / "other")
    misled = {**over_tls, variable: over_tls[variable].replace(str(authority.ca), str(other.ca))}
    async with start_program("ichor_trigger", misled) as program:
        await program.said("not reachable, trying again", server=server)


async def test_a_certificate_that_is_not_there_ends_the_program(over_tls: Variables) -> None:
    missing = {**over_tls, "TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere/tls.crt"}
    async with start_program("ichor_worker", missing) as program:
        assert await program.ended() == 2
        assert "TEMPORAL_TLS_CLIENT_CERT_PATH must be" in program.complaint


def _user(netloc: str) -> str:
    return netloc.rpartition("@")[0]


def _place(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


@asynccontextmanager
async def _tls_when_asked(target: str, context: ssl.SSLContext) -> AsyncGenerator[int]:
    """Yield a port that begins TLS when asked to, as PostgreSQL does."""
    async with _leading(target, context) as port, _leading(f"{LOOPBACK}:{port}", first=_ASKS_FOR_TLS) as front:
        yield front


@asynccontextmanager
async def _leading(target: str, context: ssl.SSLContext | None = None, *, first: bytes = b"") -> AsyncGenerator[int]:
    """Yield a port that leads to a server: over TLS if it has a `context`, once `first` was asked for and granted."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if first:
                assert await reader.readexactly(len(first)) == first
                writer.write(b"S")
            host, _, port = target.rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            async with asyncio.TaskGroup() as group:
                group.create_task(_carry(reader, far_writer))
                group.create_task(_carry(far_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()

    server = await asyncio.start_server(take, LOOPBACK, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
    except OSError:
        pass
    writer.transport.abort()
