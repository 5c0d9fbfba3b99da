"""One HTTP request to a permitted address, with its redirects.

A host is resolved once, all of its addresses are checked, and the very address that was checked is connected to, so
that a name cannot lead elsewhere in between; TLS and the Host header still use the name.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache

import httpx
from ichor_models import ActionError, ConfigError

from ichor_activities.errors import NotAllowed, Unavailable
from ichor_activities.http_message import Answer, Request, read_answer
from ichor_activities.web_access import WebAccess
from ichor_activities.web_address import parse_address

MOST_REDIRECTS = 5
_DEFAULTS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "ichor"}
_WITHOUT_BODY = frozenset({301, 302, 303})
_FOR_EVERYONE = frozenset({"accept", "content-type", "user-agent", "idempotency-key"})
type Resolver = Callable[[str, int], Awaitable[list[str]]]


async def system_resolver(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the machine knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class Exchange:
    """Sends requests under the rules of `access`; a status in `stop_at` is the end even if it is a redirect."""

    def __init__(
        self, access: WebAccess, *, stop_at: frozenset[int] = frozenset(), resolver: Resolver = system_resolver
    ) -> None:
        self._access = access
        self._stop_at = stop_at
        self._resolver = resolver

    async def send(self, request: Request) -> Answer:
        """Return the last answer.

        Raises:
            TimeoutError: it took longer than the request allows.
            NotAllowed: an address is not permitted.
            ConfigError: there is no such URL or header.
            Unavailable: no connection came about.
            ActionError: [webhook] it broke, or a redirect cannot be followed.
        """
        async with asyncio.timeout(request.timeout):
            for _ in range(MOST_REDIRECTS + 1):
                url = _parse(request.url)
                answer = await self._send(request, url)
                if answer.location is None or answer.status in self._stop_at:
                    return answer
                request = _redirected(request, url, answer.status, answer.location)
        raise ActionError(f"The server redirected more than {MOST_REDIRECTS} times.", type="webhook")

    async def _send(self, request: Request, url: httpx.URL) -> Answer:
        """Send to the first address that takes a connection; once there was one, nothing is sent again."""
        refused: httpx.HTTPError | None = None
        for address in await self._permitted(url):
            try:
                return await _exchange(request, url, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
            except (UnicodeError, ValueError, httpx.LocalProtocolError) as error:
                raise ConfigError(f"The request cannot be sent: {type(error).__name__}: check its headers.") from error
            except httpx.HTTPError as error:
                message = f"The connection to {url.host} broke after the request had been sent; it may have arrived."
                raise ActionError(message, type="webhook") from error
        raise Unavailable(f"{url.host} cannot be reached: {str(refused) or type(refused).__name__}") from refused

    async def _permitted(self, url: httpx.URL) -> list[str]:
        """Return the addresses of a URL's host, all of them permitted."""
        open_by_name = self._access.opens_host(url.host)
        addresses = await self._resolve(url)
        parsed = list(map(parse_address, addresses))
        if not open_by_name and not all(map(self._access.permits, parsed)):
            raise NotAllowed(
                f"{url.host} is not on the public internet; if actions may call it, "
                "add the host or its network to ICHOR_WEBHOOK_ALLOW."
            )
        opened = open_by_name or all(map(self._access.opens_address, parsed))
        if url.scheme != "https" and not opened and not self._access.plain_http:
            raise NotAllowed(
                f"{url.host} would be called without encryption; use https, or add the host or the word http to "
                "ICHOR_WEBHOOK_ALLOW."
            )
        return addresses

    async def _resolve(self, url: httpx.URL) -> list[str]:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            addresses = await self._resolver(url.raw_host.decode("ascii"), port)
        except UnicodeError as error:
            raise ConfigError(f"{url.host!r} is no host name.") from error
        except OSError as error:
            raise Unavailable(f"The host {url.host} cannot be found: {error}") from error
        if not addresses:
            raise Unavailable(f"The host {url.host} has no address.")
        return addresses


def _parse(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ConfigError(f"The URL cannot be read: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError("The URL must begin with https:// or http:// and name a host.")
    if url.userinfo:
        raise ConfigError("The URL may hold no user or password; send them in a header, with {{secret:name}}.")
    return url


async def _exchange(request: Request, url: httpx.URL, address: str) -> Answer:
    headers = httpx.Headers(_DEFAULTS)
    headers.update(request.headers)
    headers["Host"] = url.netloc.decode("ascii")
    built = httpx.Request(
        request.method,
        url.copy_with(host=address.partition("%")[0]),
        headers=headers,
        content=request.body or None,
        extensions={"sni_hostname": url.raw_host.decode("ascii").strip("[]")},
    )
    # By a transport, for a client logs every URL, and a URL may hold a secret.
    async with httpx.AsyncHTTPTransport(verify=tls(), trust_env=False) as transport:
        response = await transport.handle_async_request(built)
        try:
            return await read_answer(response)
        finally:
            await response.aclose()


def _redirected(request: Request, url: httpx.URL, status: int, location: str) -> Request:
    try:
        target = url.join(location)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ActionError(f"The server redirects to what is no URL: {error}", type="webhook") from error
    headers = dict(request.headers)
    loses_body = status in _WITHOUT_BODY and request.method != "GET"
    if request.body and not loses_body and not _keeps_to_itself(url, target):
        message = f"{url.host} redirects to {target.host}, to which the body is not handed on; call it directly."
        raise ActionError(message, type="webhook")
    if _origin(target) != _origin(url):
        headers = {name: value for name, value in headers.items() if name.strip().lower() in _FOR_EVERYONE}
    moved = replace(request, url=str(target), headers=headers)
    if loses_body:
        without = {name: value for name, value in headers.items() if name.strip().lower() != "content-type"}
        return replace(moved, method="GET", body=b"", headers=without)
    return moved


def _keeps_to_itself(url: httpx.URL, target: httpx.URL) -> bool:
    """Say whether a redirect stays at its origin, or only goes on encrypted at its host."""
    encrypts = url.scheme == "http" and target.scheme == "https"
    return _origin(target) == _origin(url) or (target.host == url.host and encrypts)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


@cache
def tls() -> ssl.SSLContext:
    """Return the certificates that are trusted: those of certifi, or of SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context()
