"""The part `replies`: takes replies from RabbitMQ, and sees that what was asked and answered arrives."""

from ichor_activities import TokenKeys
from ichor_service import REPLIES, Inbox, InboxMetrics, InboxOptions, Letter, Part, Probe, Stop, reach, side_by_side

from ichor_worker.completer import Completer
from ichor_worker.links import Links


def replies(links: Links, options: InboxOptions | None = None) -> Part:
    """Return the part; without a broker or keys nobody can be asked over RabbitMQ, and only people's answers arrive."""
    completer = Completer(links.temporal, links.store)

    async def deliver(stop: Stop) -> None:
        await reach("Temporal", links.temporal.connect, stop)
        await reach("PostgreSQL", links.store.connect, stop)
        await completer.deliver(stop)

    async def remind(stop: Stop) -> None:
        await reach("PostgreSQL", links.store.connect, stop)
        await completer.remind(stop)

    works, probes = [Part(deliver), Part(remind)], dict[str, Probe]()
    if (sender := links.sender) is not None:

        async def resend(stop: Stop) -> None:
            await reach("PostgreSQL", links.store.connect, stop)
            await completer.resend(sender, stop)

        works.append(Part(resend))
    if links.keys is not None:
        inbox = _inbox(links, completer, links.keys, options)
        works.append(Part(inbox.run))
        probes["replies"] = inbox.probe

    async def work(stop: Stop) -> None:
        await side_by_side(works, stop)

    return Part(work, probes)


def _inbox(links: Links, completer: Completer, keys: TokenKeys, options: InboxOptions | None) -> Inbox:
    async def handle(letter: Letter) -> str:
        return await completer.take(letter, keys, links.settings.max_reply_bytes)

    servers = {"Temporal": links.temporal, "PostgreSQL": links.store}
    return Inbox(links.broker("replies"), REPLIES, handle, servers, InboxMetrics(links.registry), options)
