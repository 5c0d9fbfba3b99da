"""A TCP proxy before a server, which makes it unreachable without stopping it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from ichor_testing.ports import LOOPBACK

_CHUNK = 65_536


class Proxy:
    """Passes on what it gets while the server is to be reachable; otherwise nothing comes through, either way.

    Connections stay open and new ones are accepted, so that whoever asks gets no answer: the slowest way to be away.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))
        self._open = asyncio.Event()
        self._open.set()
        self.address = ""

    def cut(self) -> None:
        """Let nothing through any more."""
        self._open.clear()

    def restore(self) -> None:
        """Let everything through again, what was held back first."""
        self._open.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        await self._open.wait()
        target_reader, target_writer = await asyncio.open_connection(*self._target)
        try:
            await asyncio.gather(self._pass(reader, target_writer), self._pass(target_reader, writer))
        finally:
            writer.close()
            target_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def start_proxy(address: str) -> AsyncGenerator[Proxy]:
    """Yield a proxy of `host:port`, which is gone with its connections after the block."""
    proxy = Proxy(address)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, LOOPBACK)
    host, port = server.sockets[0].getsockname()
    proxy.address = f"{host}:{port}"
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
