"""What a run under way waits for."""

from datetime import datetime
from uuid import UUID

from ichor_models import Question
from ichor_models.model import Model


class AwaitedReply(Model):
    """An action's question that is open: an approval has its id; `escalated` says that its escalation was reached."""

    id: UUID
    action: str
    question: Question
    escalated: bool = False
    expires: datetime
