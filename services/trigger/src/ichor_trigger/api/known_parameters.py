"""Query parameters that a path does not know: a misspelt filter must not list everything."""

from fastapi import Request

from ichor_trigger.api.error import ApiError


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a request with a parameter that its path does not take.

    Raises:
        ApiError: it has one.
    """
    known = sorted(field.alias for field in request.scope["route"].dependant.query_params)
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        message = f"The request cannot be used: query.{unknown[0]} is no parameter of this path."
        mend = f"It takes {', '.join(known)}." if known else "It takes none."
        raise ApiError(422, "invalid_request", message, mend)
