"""`request_reply`: asks any service over RabbitMQ, and ends with its reply."""

from datetime import timedelta

from ichor_models import Duration, Message, Question, RoutingKey
from pydantic import Field, JsonValue

from ichor_activities.config import Config
from ichor_activities.context import ActionContext
from ichor_activities.handler import action


class RequestReplyConfig(Config):
    """What is asked (`message`), of whom (`routing_key` of the exchange `ichor.requests`), and how long it may take."""

    routing_key: RoutingKey = Field(
        description="whom to ask: the routing key of the request in the exchange `ichor.requests`"
    )
    message: JsonValue = Field(default=None, description="what is asked, any JSON")
    timeout: Duration = Field(
        default=timedelta(hours=1),
        description="how long the reply is waited for, as 90s, 1h30m, 2d; then the action fails",
    )


@action("request_reply", asks=True, open_ports=True)
async def request_reply(config: RequestReplyConfig, run: ActionContext) -> Question:
    """Ask a service over RabbitMQ; the reply's result is the action's, and may leave by any port."""
    return Question(timeout=config.timeout, message=Message(routing_key=config.routing_key, body=config.message))
