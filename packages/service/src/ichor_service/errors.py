"""Why a program ends, or cannot begin.

ServiceError
├── InvalidSetting   a setting is wrong or missing: exit 2, at once
├── Unavailable      something a program cannot begin without is not there: exit 3
├── Unreachable      a server does not answer now: trying again helps, the program goes on
│   ├── NotConnected   nobody has reached it yet; whoever tries says why
│   ├── Refused      it answers, and does not take us in: the message says why, `mend` what to do
│   ├── Busy         what one message needs is in use for now: others need not wait for it
│   └── ForeignNamespace   Temporal answers, but it carries the runs of another database
├── LostRun          a run that Temporal does not know any more
├── Crowded          too many messages of one kind are in hand: this one goes to another queue
├── Unusable         a message that nobody can use, with a stable code: it goes to the dead letters
└── Stopped          somebody asked the program to stop: exit 0
"""

from ichor_models import IchorError


class ServiceError(IchorError):
    """The root; `exit_code` is what a program ends with when nobody deals with it."""

    exit_code = 1


class InvalidSetting(ServiceError):
    """A setting is wrong or missing; the message names its variable and never shows a value."""

    exit_code = 2


class Unavailable(ServiceError):
    """Something is not there or not as it must be, and waiting does not mend it."""

    exit_code = 3


class Unreachable(ServiceError):
    """A server does not answer; it may be back at any moment."""

    exit_code = 3


class NotConnected(Unreachable):
    """A link has not been opened yet."""


class Refused(Unreachable):
    """A server answers, and does not take us in; somebody mends that at one of both ends, by what `mend` says."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


class Busy(Unreachable):
    """The servers are there, but what this message needs is in use; others may go on."""


class Crowded(ServiceError):
    """So many messages of this one's kind are in hand that it would take the others' places; it goes to `queue`."""

    def __init__(self, queue: str) -> None:
        super().__init__(f"It goes to {queue}.")
        self.queue = queue


class ForeignNamespace(Unreachable):
    """This namespace of Temporal does not carry the runs of this database; the message says which does."""


class LostRun(ServiceError):
    """Temporal does not know a run any more; the reaper ends its record."""


class Unusable(ServiceError):
    """A message cannot be used, however often it is tried; `code` is stable, the text a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Stopped(ServiceError):
    """The program was asked to stop while it waited for something."""

    exit_code = 0
