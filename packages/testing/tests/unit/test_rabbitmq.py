import pytest
from ichor_testing.rabbitmq import RabbitServer, management_url
from ichor_testing.source import Source


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://rabbit.example", "http://guest:guest@rabbit.example:15672"),
        ("amqp://me:secret@rabbit.example:5673/orders", "http://me:secret@rabbit.example:15672"),
        ("amqps://me:secret@rabbit.example", "https://me:secret@rabbit.example:15671"),
    ],
)
def test_management_is_expected_at_its_usual_port(url: str, expected: str) -> None:
    assert management_url(url) == expected


def test_vhost_is_quoted_in_the_address() -> None:
    server = RabbitServer(Source.ENV, None, "amqp://guest:guest@h:5672/%2F", "http://guest:guest@h:15672")
    assert server.vhost_url("a/b") == "amqp://guest:guest@h:5672/a%2Fb"
