"""Variables that look like settings and are none: most likely somebody misspelt one.

A service goes on with a warning: a release before or after may know the variable, and so may an installed package.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from ichor_service.environment import PREFIX, SECRET_PREFIX
from ichor_service.settings import every_setting

OTHER_VARIABLES: Mapping[str, str] = {
    "ICHOR_SECRET_<NAME>": "for `ichor-worker`: a secret for `{{secret:name}}`; `shop-api` is `ICHOR_SECRET_SHOP_API`",
    "ICHOR_DEBUG": "`ichor` shows tracebacks and what libraries log, with any value",
    "ICHOR_RABBITMQ_MANAGEMENT_URL": "RabbitMQ's management API, `http://user:password@host:port`: for `ichor dev`, "
    "the demo and tests, else port 15672 of the host of `ICHOR_RABBITMQ_URL`; for `ichor doctor`, else it asks none",
    "ICHOR_TESTING_SERVERS": "for `ichor dev`, the demo and tests: where servers come from, "
    "`env`, `docker` or `local`; else whichever is there",
}
"""Variables that no program of a deployment reads as a setting, and what each is for."""

_OF_A_KUBERNETES_SERVICE = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$")
"""What Kubernetes tells each container of a Service such as `ichor-worker`."""


def unknown_settings(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables that begin as ours and mean nothing, each with what to do about it."""
    known = {setting.variable for setting in every_setting()} | OTHER_VARIABLES.keys()
    unknown = {name for name in variables if name.upper().startswith(PREFIX)} - known
    return {name: _hint(name, known) for name in sorted(unknown) if not _has_another_reader(name, variables[name])}


def _has_another_reader(name: str, value: str) -> bool:
    linked = value.startswith(("tcp://", "udp://", "sctp://")) or _OF_A_KUBERNETES_SERVICE.search(name) is not None
    return linked or name.startswith(SECRET_PREFIX)


def _hint(name: str, known: set[str]) -> str:
    stems = [variable.removeprefix(PREFIX) for variable in sorted(known)]
    close = get_close_matches(name.upper().removeprefix(PREFIX), stems, n=1)
    return f"did you mean {PREFIX}{close[0]}?" if close else "unset it, or correct its name"
