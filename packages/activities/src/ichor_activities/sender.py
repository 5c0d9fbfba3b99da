"""How a question reaches whoever may answer it."""

from typing import Protocol

from ichor_models import OpenedQuestion


class Sender(Protocol):
    """Sends the messages of questions; a question may be sent again, under the same id."""

    async def send(self, opened: OpenedQuestion) -> None:
        """Send a question, now or as soon as the broker is there again; that nobody listens is its reply."""
        ...
