"""What there is to find out about RabbitMQ, without making anything or moving a message: only AMQP is asked."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from aio_pika.abc import AbstractConnection
from ichor_service import EVENTS, REPLIES, REQUESTS, Settings, Topology, variable

from ichor_cli.broker import GRANT, broker_connection
from ichor_cli.doctor.broker_right import lacking_broker_rights
from ichor_cli.doctor.declared import Declared, Kind, declared_exchange, declared_queue
from ichor_cli.doctor.finding import Finding, broken, doubtful, skipped, well
from ichor_cli.doctor.patience import tried
from ichor_cli.doctor.unnamed import unnamed
from ichor_cli.errors import Missing

CONNECTION, EXCHANGES, PERMISSIONS = "rabbitmq.connection", "rabbitmq.exchanges", "rabbitmq.permissions"
QUEUES, DEAD_LETTERS = "rabbitmq.queues", "rabbitmq.dead_letters"
TRIGGER, REPLY_TAKERS = "trigger.consumers", "worker.consumers"
REST = (EXCHANGES, QUEUES, PERMISSIONS, DEAD_LETTERS, TRIGGER, REPLY_TAKERS)
_START_TRIGGER = "Start an ichor-trigger with the part events, or read its log."
_START_WORKER = "Start an ichor-worker with ICHOR_RABBITMQ_URL and ICHOR_TOKEN_KEYS, or read its log."
_LOOK = "Look at the server's log and load."


@dataclass(frozen=True, slots=True)
class _Owner:
    """Who declares and consumes the queues of a topology; `noun` is the command about its dead letters."""

    topology: Topology
    noun: str
    check: str
    starting: str


_OWNERS = (
    _Owner(EVENTS, "events", TRIGGER, _START_TRIGGER),
    _Owner(REPLIES, "replies", REPLY_TAKERS, _START_WORKER),
)


async def examine_rabbitmq(settings: Settings, wrong: Container[str], seconds: float) -> Sequence[Finding]:
    """Connect as the services do, and look at all that needs the connection."""
    if settings.rabbitmq_url is None:
        return _unreached(unnamed(CONNECTION, "rabbitmq_url", wrong))
    try:
        async with broker_connection(settings, "take us in") as connection:
            return [well(CONNECTION, "RabbitMQ answers."), *await _examine(connection, settings, seconds)]
    except Missing as missing:
        return _unreached(broken(CONNECTION, str(missing), missing.mend))


def _unreached(first: Finding) -> Sequence[Finding]:
    return [first, *(skipped(name, "RabbitMQ cannot be asked.") for name in REST)]


async def _examine(connection: AbstractConnection, settings: Settings, seconds: float) -> Sequence[Finding]:
    found = [*await tried(EXCHANGES, _exchanges(connection), seconds, _LOOK)]
    for owner in _OWNERS:
        is_needed = owner.topology is EVENTS or settings.token_keys is not None
        found += await tried(QUEUES, _queues(connection, owner, is_needed=is_needed), seconds, _LOOK)
    return [*found, *await tried(PERMISSIONS, _permissions(connection), seconds, _LOOK)]


async def _exchanges(connection: AbstractConnection) -> Sequence[Finding]:
    needed = "a durable topic exchange"
    events, requests = (
        await declared_exchange(connection, EVENTS.exchange),
        await declared_exchange(connection, REQUESTS),
    )
    found = [_declaration(EXCHANGES, EVENTS.exchange, events, needed, _START_TRIGGER)]
    if not requests.exists:
        return [*found, skipped(EXCHANGES, f"{REQUESTS} is not there yet: the first question makes it.")]
    return [*found, _declaration(EXCHANGES, REQUESTS, requests, needed, _START_WORKER)]


async def _queues(connection: AbstractConnection, owner: _Owner, *, is_needed: bool) -> Sequence[Finding]:
    topology = owner.topology
    declared = {name: await declared_queue(connection, name) for name in topology.queues}
    if not is_needed and not any(queue.exists for queue in declared.values()):
        why = f"without {variable('token_keys')} nobody is asked over RabbitMQ"
        return [skipped(QUEUES, f"{topology.queue} is not there: {why}.")]
    found = [
        _declaration(QUEUES, name, queue, "a durable queue with x-queue-type=quorum", owner.starting)
        for name, queue in declared.items()
    ]
    taken = [name for name in topology.queues if name != topology.dead]
    found += [_consumers(owner, name, declared[name]) for name in taken if declared[name].exists]
    if declared[topology.dead].exists:
        found += [_dead_letters(owner, declared[topology.dead].messages)]
    return found


def _declaration(check: str, name: str, found: Declared, needed: str, starting: str) -> Finding:
    match found.kind:
        case Kind.MISSING:
            return broken(check, f"{name} is not there: who declares it never started here.", starting)
        case Kind.DIFFERENT:
            mend = f"Empty and delete it; who needs it makes {needed} when it starts anew."
            return broken(check, f"{name} has other properties than we need: {found.detail}.", mend)
        case Kind.AS_NEEDED:
            return well(check, f"{name} is {needed}.")
        case Kind.UNKNOWN:
            return skipped(check, f"{name} is there; what it is like is told only to who may configure it.")


def _consumers(owner: _Owner, name: str, queue: Declared) -> Finding:
    if queue.consumers:
        return well(owner.check, f"{name} has {queue.consumers} consumers.")
    return broken(owner.check, f"Nobody takes messages from {name}, where {queue.messages} wait.", owner.starting)


def _dead_letters(owner: _Owner, count: int) -> Finding:
    if not count:
        return well(DEAD_LETTERS, f"There are no dead {owner.noun}.")
    mend = f"`ichor {owner.noun} list` says why; `resend` them once that is mended, `remove` what nobody needs."
    return doubtful(DEAD_LETTERS, f"{count} {owner.noun} are dead.", mend)


async def _permissions(connection: AbstractConnection) -> Sequence[Finding]:
    lacking = await lacking_broker_rights(connection)
    found = [broken(PERMISSIONS, f"We may not {right} {name}.", GRANT) for right, name in lacking]
    return found or [well(PERMISSIONS, "We may configure, write and read what the services do.")]
