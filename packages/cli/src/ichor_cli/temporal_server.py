"""The Temporal that a command works with: the one of an address, else a development server of its own."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from ichor_edgestore import EdgeStore
from ichor_service import Refused, Settings, Unreachable, load_settings, reason, require_encryption, temporal_link
from temporalio.client import Client
from temporalio.service import RPCError

from ichor_cli.dev_extra import require_dev_extra
from ichor_cli.errors import Missing, WrongUsage
from ichor_cli.namespace_refusal import namespace_refusal

type Say = Callable[[str], None]

_PATIENCE = 10.0
# Otherwise a run that continues as new within a second of its start waits until that second is over.
_AT_ONCE = {"history.workflowIdReuseMinimalInterval": "0s"}


@asynccontextmanager
async def temporal_client(say: Say, address: str | None = None) -> AsyncGenerator[Client]:
    """Yield a client of `address`, else of ICHOR_TEMPORAL_ADDRESS, else of a development server until the block ends.

    `say` is told of what takes minutes.

    Raises:
        Missing: the server does not answer, or there is no address and nothing installed that starts one.
        ServerMissing: there is no address and no development server to be had.
    """
    settings = _settings(address)
    if settings.temporal_address is not None:
        yield await connect(settings, "ICHOR_TEMPORAL_ADDRESS" if address is None else "--address")
        return
    require_dev_extra("A Temporal of its own", "ichor_testing", else_do="Set ICHOR_TEMPORAL_ADDRESS")
    from ichor_testing import start_temporal

    async with start_temporal(dynamic_config=_AT_ONCE, say=say) as server:
        yield await server.connect()


async def connect(settings: Settings, origin: str = "ICHOR_TEMPORAL_ADDRESS", store: EdgeStore | None = None) -> Client:
    """Return a client of the Temporal that the settings name; `origin` is where the person wrote its address.

    The `store` of the runs takes payloads that are too large for Temporal, and says which key encrypts.

    Raises:
        Missing: it does not answer.
        Unavailable: that key is not there.
    """
    if store is not None:
        await require_encryption(settings, store)
    try:
        async with asyncio.timeout(_PATIENCE):
            return await temporal_link(settings, store and (lambda: store.values)).connect()
    except RPCError as error:
        message, mend = namespace_refusal(settings, error)
    except (Unreachable, TimeoutError) as error:
        message = f"Temporal at {settings.temporal_address} does not answer: {reason(error).rstrip('.')}."
        mend = error.mend if isinstance(error, Refused) else f"Start it, or correct the address in {origin}."
    raise Missing(message, code="temporal_unreachable", mend=mend)


def _settings(address: str | None) -> Settings:
    settings = load_settings()
    if address is None:
        return settings
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise WrongUsage(f"{address!r} is no address.", code="usage", mend="Write --address HOST:PORT.")
    return settings.model_copy(update={"temporal_address": address})
