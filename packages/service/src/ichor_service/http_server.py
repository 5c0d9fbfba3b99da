"""The HTTP server of a program, in the same event loop as its work."""

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager

import structlog
import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from ichor_service.connection import Connection
from ichor_service.errors import Unavailable
from ichor_service.health import Health, health_routes
from ichor_service.metrics import metrics_route
from ichor_service.pieces import in_pieces
from ichor_service.settings import Settings

_BACKLOG = 128
_log = structlog.stdlib.get_logger(__name__)


@asynccontextmanager
async def serving(
    settings: Settings, health: Health, registry: CollectorRegistry, app: ASGIApp | None = None
) -> AsyncGenerator[None]:
    """Watch the health of a program, serve it and its metrics, and on every other path `app`, during the block.

    Raises:
        Unavailable: the port cannot be had.
    """
    routes = [*health_routes(health), metrics_route(registry, health)]
    server = HttpServer(settings.http_host, settings.http_port or 0, routes, app)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(health.watch())
        group.create_task(server.serve())
        try:
            yield
        finally:
            watching.cancel()
            server.close()


class _WithoutSignals(uvicorn.Server):
    """Leaves signals to the program."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class HttpServer:
    """Serves routes, and on every other path `app`, on an address that is taken as soon as the server is made."""

    def __init__(self, host: str, port: int, routes: Sequence[BaseRoute], app: ASGIApp | None = None) -> None:
        self._socket = _listen(host, port)
        served = Starlette(routes=routes)
        if app is not None:
            # Not as a route: no pattern matches every path, such as one that holds a line break.
            served.router.default = app
        self._server = _WithoutSignals(
            uvicorn.Config(
                in_pieces(served),
                http=Connection,
                lifespan="off",
                ws="none",
                timeout_keep_alive=Connection.HEAD_SECONDS,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )

    async def serve(self) -> None:
        """Answer requests until told to close."""
        address, port = self._socket.getsockname()[:2]
        _log.info("serving", host=address, port=port)
        await self._server.serve(sockets=[self._socket])

    def close(self) -> None:
        """Stop answering soon."""
        self._server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise Unavailable(f"ICHOR_HTTP_HOST names no address of this machine: {error.strerror}.") from None
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise Unavailable(_why_not(host, port, error)) from None
    listening.setblocking(False)
    return listening


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program; set ICHOR_HTTP_PORT to a free one."
    return f"Cannot listen on port {port} of {host} (ICHOR_HTTP_HOST, ICHOR_HTTP_PORT): {error.strerror}."
