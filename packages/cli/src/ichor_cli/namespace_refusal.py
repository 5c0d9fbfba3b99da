"""What it means that Temporal does not let us use our namespace, and how to mend it."""

from ichor_executor.temporal import may_not_ask
from ichor_service import CREDENTIALS, Settings, reason, variable
from temporalio.service import RPCError, RPCStatusCode


def namespace_refusal(settings: Settings, error: RPCError) -> tuple[str, str]:
    """Return a sentence, and what to do."""
    name, setting = settings.temporal_namespace, variable("temporal_namespace")
    if error.status is RPCStatusCode.NOT_FOUND:
        command = f"`temporal operator namespace create --namespace {name} --retention 168h`"
        return f"There is no namespace {name}.", f"Correct {setting}, or make it: {command}."
    message = f"The namespace {name} is not described: {reason(error).rstrip('.')}."
    return message, f"{CREDENTIALS} Or correct {setting}." if may_not_ask(
        error
    ) else "Look at the server's log and load."
