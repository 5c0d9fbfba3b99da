"""What the API is linked to: nothing."""

import pytest
from ichor_service import Settings, store_link, temporal_link
from ichor_trigger.links import Links
from pydantic import ByteSize


@pytest.fixture
def links() -> Links:
    """Links to servers that were never there."""
    settings = Settings(max_event_bytes=ByteSize(20_000))
    return Links(settings, temporal_link(settings), store_link(settings, "ichor-trigger test"))
