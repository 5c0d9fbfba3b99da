"""The answer to those whom nobody knows."""

from ichor_trigger.api.error import ApiError


def unauthorized(message: str) -> ApiError:
    """Return a 401."""
    mend = "Send the header `Authorization: Bearer TOKEN` with a token that is valid here."
    return ApiError(401, "unauthorized", message, mend, {"www-authenticate": "Bearer"})
