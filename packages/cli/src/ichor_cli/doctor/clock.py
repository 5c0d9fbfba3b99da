"""How far two clocks are apart."""

from datetime import datetime, timedelta

from ichor_cli.doctor.finding import Finding, broken, doubtful, well

SMALL = timedelta(seconds=3)
"""Below this nothing is said: an answer takes its time, and RabbitMQ tells whole seconds, of up to two seconds ago."""
LARGE = timedelta(seconds=10)
"""From here on valid JWTs are refused, and what waits looks older or younger than it is."""


def clock_finding(check: str, whose: str, theirs: datetime, before: datetime, after: datetime) -> Finding:
    """Compare a server's clock with ours, as it was before and after the question."""
    middle = before + (after - before) / 2
    skew = max(abs(theirs - middle) - (after - before) / 2, timedelta(0))
    if skew < SMALL:
        return well(check, f"The clocks of this machine and of {whose} agree.")
    direction = "ahead of" if theirs > middle else "behind"
    message = f"The clock of {whose} is {skew.total_seconds():.0f} s {direction} this machine's."
    mend = "Let both machines set their clocks by NTP (chronyd, systemd-timesyncd)."
    return (broken if skew >= LARGE else doubtful)(check, message, mend)
