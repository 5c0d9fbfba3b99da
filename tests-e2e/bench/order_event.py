"""The event that starts runs."""

import json
from uuid import uuid4


def order_event() -> bytes:
    """Return the body of an event that was never sent before."""
    row = {"number": 4711, "total": "99.50", "status": "new", "customer": "Ada", "currency": "EUR"}
    event = {"event_id": str(uuid4()), "event_type": "on_create", "entity_name": "orders", "entity_id": str(uuid4())}
    return json.dumps({**event, "raw_data": row}).encode()
