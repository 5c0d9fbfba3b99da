"""A TCP proxy that makes a server slow, silent or cut off, for tests of what talks to it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from ichor_testing.ports import LOOPBACK

_CHUNK = 65_536
_CHUNKS_UNDER_WAY = 1_000


@dataclass
class Proxy:
    """A running proxy to `target`, a `host:port`; what goes through arrives `delay` seconds later, each way."""

    target: str
    port: int = 0
    delay: float = 0.0
    is_cut: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _speaks: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._speaks.set()

    @property
    def url(self) -> str:
        """Its address, as that of the server."""
        return f"{LOOPBACK}:{self.port}"

    def cut(self) -> None:
        """End all connections and take no more, until `mend`."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def silence(self) -> None:
        """Keep connections and take new ones, but let nothing through, until `mend`: the slowest way to be away."""
        self._speaks.clear()

    def mend(self) -> None:
        """Take connections again, and let through what was held back."""
        self.is_cut = False
        self._speaks.set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        if self.is_cut:
            writer.transport.abort()
            return
        host, _, port = self.target.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        ends = {writer, far_writer}
        self._open |= ends
        if self.is_cut:
            self.cut()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, far_writer))
                group.create_task(self._carry(far_reader, writer))
        finally:
            self._open -= ends

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes one way, in order, each in its own time: more under way make none slower."""
        under_way = asyncio.Queue[tuple[float, bytes]](_CHUNKS_UNDER_WAY)
        now = asyncio.get_running_loop().time

        async def send() -> None:
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(due - now())
                if not data:
                    return writer.transport.abort()
                writer.write(data)

        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            with suppress(OSError):
                while data := await reader.read(_CHUNK):
                    await self._speaks.wait()
                    await under_way.put((now() + self.delay, data))
            await under_way.put((now(), b""))


@asynccontextmanager
async def start_proxy(target: str) -> AsyncGenerator[Proxy]:
    """Yield a proxy on a free loopback port, in this event loop."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.take, LOOPBACK, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await server.wait_closed()
