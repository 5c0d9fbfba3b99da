"""Writes that are done once per Idempotency-Key, however often they are sent."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4, uuid5

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from ichor_edgestore import EdgeStore, KeptResponse
from ichor_models import EventId
from ichor_models.model import Model
from ichor_service import Caller

from ichor_trigger.api.access import Store, the_caller
from ichor_trigger.api.error import ApiError

ACCEPTED = 202
KEYED = "idempotency-key-"
"""How the ids begin that follow from a key. No caller may give one, else they could come before its owner."""
_NAMESPACE = UUID("0a3c5c1f-6a1d-4d0b-8a62-3f2f7f0f6c11")
_KEY = Header(
    alias="Idempotency-Key",
    min_length=1,
    max_length=200,
    pattern="^[!-~]+$",
    description="A text of your own that names this request, so that it can be sent again.",
)


@dataclass(frozen=True, slots=True)
class Once:
    """One request that writes. Its `event_id` follows from caller and key, so a request broken off is done again."""

    store: EdgeStore
    caller: str
    key: str | None
    request: str
    event_id: EventId

    async def answer(self, effect: Callable[[], Awaitable[Model]], *, status: int = ACCEPTED) -> JSONResponse:
        """Return the response that was given before, else that of the effect; an effect that fails keeps none.

        Raises:
            KeyReused: the key stands for another request.
        """
        if self.key is None:
            return JSONResponse((await effect()).model_dump(mode="json"), status)
        kept = await self.store.idempotency.claim(self.caller, self.key, self.request)
        if kept is not None:
            return JSONResponse(kept.body, kept.status, {"Idempotency-Replayed": "true"})
        body = (await effect()).model_dump(mode="json")
        await self.store.idempotency.keep(self.caller, self.key, KeptResponse(status, body))
        return JSONResponse(body, status)


async def _once(
    request: Request,
    store: Store,
    caller: Annotated[Caller, Depends(the_caller)],
    key: Annotated[str | None, _KEY] = None,
) -> Once:
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise ApiError(400, "ambiguous_key", "The request has several headers Idempotency-Key.", "Send one.")
    head = f"{request.method} {request.scope['path']}\n".encode("utf-8", "surrogatepass")
    hashed = hashlib.sha256(head + await request.body()).hexdigest()
    event_id = str(uuid4()) if key is None else f"{KEYED}{uuid5(_NAMESPACE, json.dumps([caller.sub, key]))}"
    return Once(store, caller.sub, key, hashed, EventId(event_id))


OnceOnly = Annotated[Once, Depends(_once)]
