"""A RabbitMQ vhost of a test's own."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ichor_testing.rabbitmq import RabbitServer

_ALL = {"configure": ".*", "write": ".*", "read": ".*"}


@dataclass(frozen=True, slots=True)
class Vhost:
    """A vhost, by its AMQP address."""

    name: str
    url: str


@asynccontextmanager
async def isolated_vhost(server: RabbitServer) -> AsyncGenerator[Vhost]:
    """Yield a fresh vhost; afterwards it is deleted with all that is in it, and its connections are closed."""
    import httpx

    name = f"test-{secrets.token_hex(8)}"
    user = quote(urlsplit(server.url).username or "guest", safe="")
    async with httpx.AsyncClient(base_url=server.management_url, timeout=120) as http:
        (await http.put(f"/api/vhosts/{name}", json={})).raise_for_status()
        try:
            (await http.put(f"/api/permissions/{name}/{user}", json=_ALL)).raise_for_status()
            yield Vhost(name, server.vhost_url(name))
        finally:
            (await http.delete(f"/api/vhosts/{name}")).raise_for_status()
