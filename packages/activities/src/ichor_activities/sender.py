"""How a question reaches whoever may answer it."""

from typing import Protocol

from ichor_models import ActionCall, OpenedQuestion


class Sender(Protocol):
    """Sends the messages of questions; a question may be sent again, under the same id."""

    async def send(self, call: ActionCall, opened: OpenedQuestion) -> None:
        """Send a question, now or as soon as the servers that it takes are there again.

        Raises:
            ActionError: [no_listener] nobody listens, nor has somebody answered before; the question is closed then.
        """
        ...
