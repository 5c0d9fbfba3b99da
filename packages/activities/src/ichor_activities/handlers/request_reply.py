"""`request_reply`: asks any service over RabbitMQ, and ends with its reply."""

from datetime import timedelta

from ichor_models import Duration, Message, Question, RoutingKey
from pydantic import JsonValue

from ichor_activities.config import Config
from ichor_activities.context import ActionContext
from ichor_activities.handler import action


class RequestReplyConfig(Config):
    """What is asked (`message`), of whom (`routing_key` of the exchange `ichor.requests`), and how long it may take."""

    routing_key: RoutingKey
    message: JsonValue = None
    timeout: Duration = timedelta(hours=1)


@action("request_reply", asks=True)
async def request_reply(config: RequestReplyConfig, run: ActionContext) -> Question:
    """Ask a service over RabbitMQ; the reply's result is the action's, and may leave by any port."""
    return Question(timeout=config.timeout, message=Message(routing_key=config.routing_key, body=config.message))
