"""All that there is to find out, looked at side by side."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ichor_service import InvalidSetting, read_settings

from ichor_cli.doctor.broker_clock import examine_broker_clock
from ichor_cli.doctor.configuration import CONFIGURATION, examine_settings
from ichor_cli.doctor.database import examine_database
from ichor_cli.doctor.finding import Finding, State
from ichor_cli.doctor.mail import examine_mail
from ichor_cli.doctor.patience import tried
from ichor_cli.doctor.rabbitmq import examine_rabbitmq
from ichor_cli.doctor.temporal import examine_temporal


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def examine(seconds: float, now: Callable[[], datetime] = _utc_now) -> Sequence[Finding]:
    """Return what was found out; nothing takes much longer than the slowest server times the checks that ask it.

    `seconds` bound each question to a server. A wrong setting keeps from being looked at only what needs it; where the
    settings cannot be read at all there is nothing else to look at.
    """
    found = await tried(CONFIGURATION, examine_settings(), seconds, "Correct or uninstall what the message names.")
    try:
        settings, wrong = read_settings()
    except InvalidSetting:
        return found
    examinations = await asyncio.gather(
        examine_database(settings, wrong, seconds, now),
        examine_rabbitmq(settings, wrong, seconds),
        examine_temporal(settings, wrong, seconds),
        examine_mail(settings, wrong, seconds),
        examine_broker_clock(seconds, now),
    )
    return [*found, *(finding for examination in examinations for finding in examination)]


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Say whether nothing keeps the engine from its work."""
    return all(finding.state is not State.FAILED for finding in findings)
