"""What there is to find out about Temporal."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ichor_edgestore import EdgeStore, connected
from ichor_executor.temporal import may_not_ask
from ichor_service import (
    InvalidSetting,
    Refused,
    Settings,
    Unavailable,
    Unreachable,
    reason,
    require_encryption,
    temporal_link,
    variable,
)
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    DescribeTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from ichor_cli.doctor.finding import Finding, broken, doubtful, skipped, well
from ichor_cli.doctor.patience import tried
from ichor_cli.doctor.unnamed import unnamed
from ichor_cli.namespace_refusal import namespace_refusal

CONNECTION, NAMESPACE, RETENTION = "temporal.connection", "temporal.namespace", "temporal.retention"
LISTING, ATTRIBUTES, HOME = "temporal.list", "temporal.search_attributes", "temporal.home"
ENCRYPTION = "temporal.encryption"
WORKER = "worker.pollers"
REST = (RETENTION, LISTING, ATTRIBUTES, HOME, ENCRYPTION, WORKER)
KEYWORDS = ("IchorRule", "IchorEntity", "IchorStatus")
_SHORT = timedelta(days=1)
_RECENT = timedelta(minutes=2)
"""A poller asks anew about once a minute; Temporal remembers it for some minutes after its end."""
_LOOK = "Look at the server's log and load, and at what our certificate or API key may do."
_OF_THE_DATABASE = "Mend what is said of the database."
_KINDS = {TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW: "workflows", TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY: "actions"}


async def examine_temporal(settings: Settings, wrong: Container[str], seconds: float) -> Sequence[Finding]:
    """Connect as the services do, and look at all that needs the connection."""
    if "temporal" in wrong:
        return _unreached(skipped(CONNECTION, "The Temporal profile cannot be used."))
    if settings.temporal_address is None:
        return _unreached(unnamed(CONNECTION, "temporal_address", wrong))
    first = well(CONNECTION, f"Temporal at {settings.temporal_address} answers.")
    try:
        async with asyncio.timeout(seconds):
            client = await temporal_link(settings).connect()
            namespace = await _described(client)
    except RPCError as error:
        return [first, *_without_namespace(settings, error)]
    except InvalidSetting as error:
        return _unreached(broken(CONNECTION, f"{str(error).rstrip('.')}.", "Correct the setting."))
    except (Unreachable, TimeoutError) as error:
        message = f"Temporal at {settings.temporal_address} does not answer: {reason(error).rstrip('.')}."
        start = f"Start it, or correct {variable('temporal_address')}; TLS comes from TEMPORAL_*."
        return _unreached(broken(CONNECTION, message, error.mend if isinstance(error, Refused) else start))
    found = well(NAMESPACE, f"The namespace {client.namespace} is there.")
    checks = [
        tried(LISTING, _listing(client), seconds, _LOOK),
        tried(ATTRIBUTES, _attributes(client), seconds, _LOOK),
        tried(HOME, _home(settings, namespace.namespace_info.id), seconds, _OF_THE_DATABASE),
        tried(ENCRYPTION, _encryption(settings), seconds, _OF_THE_DATABASE),
        tried(WORKER, _pollers(client, settings.task_queue), seconds, _LOOK),
    ]
    rest = [finding for check in checks for finding in await check]
    return [first, found, _retention(client, namespace), *rest]


def _unreached(first: Finding) -> Sequence[Finding]:
    return [first, *(skipped(name, "Temporal cannot be asked.") for name in (NAMESPACE, *REST))]


def _without_namespace(settings: Settings, error: RPCError) -> Sequence[Finding]:
    return [
        broken(NAMESPACE, *namespace_refusal(settings, error)),
        *(skipped(item, "The namespace cannot be used.") for item in REST),
    ]


async def _described(client: Client) -> DescribeNamespaceResponse:
    return await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))


def _retention(client: Client, namespace: DescribeNamespaceResponse) -> Finding:
    kept = namespace.config.workflow_execution_retention_ttl.ToTimedelta()
    message = f"Workflows are kept for {kept / timedelta(hours=1):g} hours after their end."
    if kept >= _SHORT:
        return well(RETENTION, message)
    mend = f"`temporal operator namespace update --namespace {client.namespace} --retention 168h`"
    return doubtful(RETENTION, f"{message} A run that ends while no reaper works is `lost` after that.", mend)


async def _listing(client: Client) -> Sequence[Finding]:
    count = await client.count_workflows("ExecutionStatus = 'Running'")
    return [well(LISTING, f"Workflows can be listed; {count.count} run.")]


async def _attributes(client: Client) -> Sequence[Finding]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        answer = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        if not may_not_ask(error):
            raise
        return [skipped(ATTRIBUTES, "We may not ask for search attributes; runs are started without them.")]
    kinds: Mapping[str, int] = {**answer.system_attributes, **answer.custom_attributes}
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    missing = [name for name in KEYWORDS if name not in kinds]
    wrong = [name for name in KEYWORDS if name in kinds and kinds[name] != keyword]
    found: list[Finding] = []
    if missing:
        commands = " ".join(f"--name {name} --type Keyword" for name in missing)
        mend = f"`temporal operator search-attribute create --namespace {client.namespace} {commands}`"
        message = f"Runs cannot be searched by {', '.join(missing)}: the namespace lacks these search attributes."
        found += [doubtful(ATTRIBUTES, message, mend)]
    if wrong:
        message = f"The search attributes {', '.join(wrong)} are not of the type Keyword: no run starts."
        found += [broken(ATTRIBUTES, message, "`temporal operator search-attribute remove`, then make them anew.")]
    return found or [well(ATTRIBUTES, f"{', '.join(KEYWORDS)} are there.")]


async def _home(settings: Settings, here: str) -> Sequence[Finding]:
    if settings.database_url is None:
        return [skipped(HOME, "The database cannot be asked.")]
    async with connected(settings.database_url.get_secret_value(), max_size=1) as pool:
        home = await EdgeStore(pool).known_home()
    if home is None:
        return [well(HOME, "The database has not been used with any Temporal yet.")]
    if home == here:
        return [well(HOME, "This Temporal carries the runs of this database.")]
    message = f"This Temporal does not carry the runs of this database: its namespace is {here}, theirs is {home}."
    mend = (
        "Correct the address and namespace, or, where the other one is gone, DELETE FROM workflow.temporal_namespace."
    )
    return [broken(HOME, message, mend)]


async def _encryption(settings: Settings) -> Sequence[Finding]:
    if settings.database_url is None:
        return [skipped(ENCRYPTION, "The database cannot be asked.")]
    async with connected(settings.database_url.get_secret_value(), max_size=1) as pool:
        try:
            keys = await require_encryption(settings, EdgeStore(pool))
        except Unavailable as error:
            message = f"The key is missing here: {error}."
            return [broken(ENCRYPTION, message, "Get the file of keys from who runs the other programs.")]
    how = f"encrypted with the key {keys.first}" if keys and keys.first else "readable"
    return [well(ENCRYPTION, f"What is sent to Temporal is {how}.")]


async def _pollers(client: Client, task_queue: str) -> Sequence[Finding]:
    found: list[Finding] = []
    for kind, what in _KINDS.items():
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=kind
        )
        answer = await client.workflow_service.describe_task_queue(request)
        seen = [poller.last_access_time.ToDatetime(UTC) for poller in answer.pollers]
        recent = [time for time in seen if datetime.now(UTC) - time < _RECENT]
        found += [
            well(WORKER, f"{len(recent)} workers ask for {what} on the task queue {task_queue}.")
            if recent
            else broken(
                WORKER,
                f"No worker asks for {what} on the task queue {task_queue}.",
                f"Start an ichor-worker with {variable('task_queue')}={task_queue}, or read its log.",
            )
        ]
    return found
