"""Pages of lists: how long they are, and where the next one begins."""

import base64
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from ichor_models.model import Model

from ichor_trigger.api.error import ApiError

Limit = Annotated[int, Query(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[str | None, Query(max_length=2000, description="The `next` of the page before.")]


def cut[T](found: Sequence[T], limit: int, place: type[Model]) -> tuple[tuple[T, ...], str | None]:
    """Return a page of what was found, and the cursor of the next one if there are more: its last item's `place`."""
    page = tuple(found[:limit])
    if len(found) == len(page):
        return page, None
    last = place.model_validate(page[-1], from_attributes=True)
    return page, base64.urlsafe_b64encode(last.model_dump_json().encode()).decode().rstrip("=")


def place_of[P: Model](cursor: str | None, model: type[P]) -> P | None:
    """Read a place in a list.

    Raises:
        ApiError: it is none of ours.
    """
    if cursor is None:
        return None
    try:
        return model.model_validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        mend = "Give the `next` of the page before, unchanged, with the same filters."
        raise ApiError(422, "invalid_cursor", "The cursor is none of this list.", mend) from None
