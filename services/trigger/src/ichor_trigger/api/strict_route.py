"""Routes whose bodies are JSON that every store can hold, and nothing else."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from ichor_models.strict_json import parse_json

from ichor_trigger.api.error import ApiError

_JSON = "application/json"


class _StrictRequest(Request):
    async def json(self) -> Any:
        try:
            return parse_json(await self.body())
        except ValueError as error:
            raise ApiError(400, "not_json", f"The body is no JSON: {error}.", "Send valid JSON in UTF-8.") from None


class StrictRoute(APIRoute):
    """Reads bodies as events from RabbitMQ are read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of a request."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            strict = _StrictRequest(request.scope, request.receive)
            if await strict.body() and _media_type(request) != _JSON:
                mend = f"Send the header `Content-Type: {_JSON}`."
                raise ApiError(415, "not_json", "The body is not declared as JSON.", mend)
            return await handle(strict)

        return handle_strictly


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
