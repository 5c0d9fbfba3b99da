"""The numbers of a program, as Prometheus reads them. Each program has a registry of its own."""

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Gauge, ProcessCollector, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ichor_service.health import Health


def new_registry() -> CollectorRegistry:
    """Return a registry that knows the memory, time and files of this process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def metrics_route(registry: CollectorRegistry, health: Health) -> BaseRoute:
    """Return `/metrics`, which asks no server.

    It is made in a thread, since the Temporal SDK may be slow to say its part: what collects has to bear that.
    """
    ready = Gauge("ichor_ready", "1 where all checks of readiness pass", registry=registry)
    ready.set_function(lambda: not health.readiness.failing)

    def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Route("/metrics", metrics)
