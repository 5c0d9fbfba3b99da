"""What a reply is to its question."""

from typing import Any

import pytest
from ichor_edgestore import Verdict
from ichor_edgestore.claim import judge, reply_hash
from ichor_models import Reply, RunStatus


@pytest.mark.parametrize(
    ("stored", "again", "verdict"),
    [
        ({"ok": True}, {"ok": True}, Verdict.REPEATED),
        ({"ok": True}, {"ok": 1}, Verdict.OTHER),
        ({"n": 0}, {"n": False}, Verdict.OTHER),
        ({"n": [1]}, {"n": [1.0]}, Verdict.REPEATED),
    ],
)
def test_the_same_reply_is_the_same_json(stored: dict[str, Any], again: dict[str, Any], verdict: Verdict) -> None:
    first = reply_hash(Reply(result=stored))
    assert judge("answered", RunStatus.RUNNING, first, Reply(result=again), delivered=True) is verdict
