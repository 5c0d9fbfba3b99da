from datetime import timedelta

import pytest
from ichor_models import Approval, Message, Question, Reply
from pydantic import ValidationError

HOUR = timedelta(hours=1)
APPROVAL = Approval.model_validate({"approvers": {"users": ["00000000-0000-0000-0000-000000000001"]}})


def test_a_question_is_either_sent_or_decided_by_people():
    Question(timeout=HOUR, message=Message(routing_key="stock"))
    Question(timeout=HOUR, approval=APPROVAL)
    with pytest.raises(ValidationError, match="decide past them"):
        Question(timeout=HOUR, message=Message(routing_key="stock"), approval=APPROVAL)


@pytest.mark.parametrize("port", ["", 7, None, ["approved"]])
def test_a_port_is_a_name(port: object):
    assert Reply.model_validate({"result": {}}).result == {}
    with pytest.raises(ValidationError, match="leave it out"):
        Reply.model_validate({"result": {"output": port}})
