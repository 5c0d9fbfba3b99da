"""What the tests of this package share: an action call to begin from."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

import pytest
from ichor_models import ActionCall, SecretPlace


class MakeCall(Protocol):
    """Makes the call of one action of a fresh run."""

    def __call__(
        self,
        type: str,
        config: Mapping[str, Any] | None = None,
        *,
        event: Mapping[str, Any] | None = None,
        secrets: Sequence[SecretPlace] = (),
    ) -> ActionCall: ...


@pytest.fixture
def make_call() -> MakeCall:
    def make(
        type: str,
        config: Mapping[str, Any] | None = None,
        *,
        event: Mapping[str, Any] | None = None,
        secrets: Sequence[SecretPlace] = (),
    ) -> ActionCall:
        header = {"event_id": "e-1", "event_type": "on_update", "entity_name": "orders", **(event or {})}
        run = {"execution_id": str(uuid4()), "rule_id": str(uuid4()), "rule_name": "Order approval", "event": header}
        call = {
            "run": run,
            "key": str(uuid4()),
            "name": "Tell sales",
            "type": type,
            "config": json.loads(json.dumps(config or {})),
        }
        return ActionCall.model_validate({**call, "secrets": list(secrets)})

    return make
