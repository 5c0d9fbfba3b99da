"""PostgreSQL, RabbitMQ and Temporal to test and develop against, and sinks for mail and HTTP.

Importing it loads nothing heavy: clients and Docker are imported by what uses them.
"""

from ichor_testing.database import Database, isolated_database, template_database
from ichor_testing.deadline import until
from ichor_testing.errors import (
    DeadlineExceeded,
    NobodyAnswers,
    ServerFailed,
    ServerMissing,
    ServerNotOurs,
    TestingError,
)
from ichor_testing.exit_guard import guard_exit
from ichor_testing.http import Answer, HttpSink, ReceivedRequest, start_http
from ichor_testing.ports import free_port, free_ports
from ichor_testing.postgres import PostgresServer, start_postgres
from ichor_testing.proxy import Proxy, start_proxy
from ichor_testing.rabbitmq import RabbitServer, start_rabbitmq
from ichor_testing.smtp import ReceivedMail, SmtpSink, start_smtp
from ichor_testing.source import Source
from ichor_testing.task_queue import isolated_namespace, isolated_task_queue
from ichor_testing.temporal import TemporalServer, start_temporal
from ichor_testing.vhost import Vhost, isolated_vhost

__all__ = [
    "Answer",
    "Database",
    "DeadlineExceeded",
    "HttpSink",
    "NobodyAnswers",
    "PostgresServer",
    "Proxy",
    "RabbitServer",
    "ReceivedMail",
    "ReceivedRequest",
    "ServerFailed",
    "ServerMissing",
    "ServerNotOurs",
    "SmtpSink",
    "Source",
    "TemporalServer",
    "TestingError",
    "Vhost",
    "free_port",
    "free_ports",
    "guard_exit",
    "isolated_database",
    "isolated_namespace",
    "isolated_task_queue",
    "isolated_vhost",
    "start_http",
    "start_postgres",
    "start_proxy",
    "start_rabbitmq",
    "start_smtp",
    "start_temporal",
    "template_database",
    "until",
]
