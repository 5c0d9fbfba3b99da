"""Dead letters: what each is, whose question it was to answer, and which are sent again or removed."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from ichor_activities import TokenKeys
from ichor_edgestore import AskedQuestion
from ichor_models.spelling import ended, meant
from ichor_service import (
    DEAD_SINCE,
    DETAIL,
    EVENTS,
    REASON,
    REPLIES,
    DeadLetters,
    Letter,
    Settings,
    Topology,
    dead_letters,
    load_settings,
    variable,
)
from pydantic import JsonValue

from ichor_cli.broker import broker_connection
from ichor_cli.errors import WrongUsage
from ichor_cli.store import edge_store
from ichor_cli.token_keys import token_keys

_SHOWN_BYTES = 200
_TOPOLOGIES: Mapping[str, Topology] = {"replies": REPLIES, "events": EVENTS}
_OF_BOTH = {"not_json", "too_large", "invalid_properties", "unexpected_error"}
REASONS: Mapping[str, Collection[str]] = {
    "events": _OF_BOTH | {"not_an_object", "invalid_event"},
    "replies": _OF_BOTH
    | {"no_token", "invalid_token", "invalid_reply", "already_answered", "too_late", "run_ended", "unknown_question"}
    | {"refused"},
}
"""The codes that letters die for (docs/events.md)."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter; `body` is the beginning of what has so many `bytes`, `asked` the question of its token."""

    id: str
    reason: str
    detail: str
    since: str
    message_id: str | None
    question: UUID | None
    bytes: int
    body: str
    asked: AskedQuestion | None = None
    has_token: bool = False

    @classmethod
    def of(cls, letter: Letter, keys: TokenKeys | None) -> "DeadLetter":
        """Describe a letter; the token itself is not told, since who has it may answer."""
        return cls(
            id=letter.fingerprint,
            reason=letter.header(REASON) or "",
            detail=letter.header(DETAIL) or "",
            since=letter.header(DEAD_SINCE) or "",
            message_id=letter.message_id,
            question=keys.read(letter.correlation_id) if keys and letter.correlation_id else None,
            bytes=len(letter.body),
            body=letter.body[:_SHOWN_BYTES].decode(errors="replace"),
            has_token=letter.correlation_id is not None,
        )

    def document(self) -> dict[str, JsonValue]:
        """Return it as the commands print it with --json."""
        return {
            "id": self.id,
            "reason": self.reason,
            "detail": self.detail,
            "dead_since": self.since or None,
            "message_id": self.message_id,
            "question": str(self.question) if self.question else None,
            "question_state": self.asked.state if self.asked else None,
            "run": self.asked.execution_id if self.asked else None,
            "action": self.asked.action if self.asked else None,
            "bytes": self.bytes,
            "body": self.body,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant: those of these ids, those that died for this reason, or all."""

    ids: Collection[str] = ()
    reason: str | None = None
    every: bool = False

    def takes(self, letter: Letter) -> bool:
        """Say whether a letter is meant."""
        if self.every or (self.reason is not None and letter.header(REASON) == self.reason):
            return True
        return letter.fingerprint in self.ids


@dataclass(frozen=True, slots=True)
class Listing:
    """Dead letters, those that died first first, of `count`; `note` says what would tell more of them."""

    letters: Sequence[DeadLetter]
    count: int
    note: str | None


async def list_dead_letters(noun: str, limit: int) -> Listing:
    """List up to so many dead letters."""
    settings = load_settings(["rabbitmq_url"])
    keys = token_keys(settings)
    async with _opened(settings, noun) as dead:
        found = [DeadLetter.of(letter, keys) async for letter in dead.letters(limit)]
    letters = await _with_questions(settings, sorted(found, key=lambda letter: letter.since))
    return Listing(letters, dead.count, _keys_note(letters, keys) if noun == "replies" else None)


async def resend_dead_letters(noun: str, choice: Choice) -> Sequence[DeadLetter]:
    """Put the letters that are meant back into the queue that they came from, and return them.

    Raises:
        WrongUsage: letters never die for the reason that is given.
    """
    sent = await _deal_with(noun, choice, DeadLetters.resend)
    if choice.reason is not None and not sent and choice.reason not in REASONS[noun]:
        codes = ", ".join(sorted(REASONS[noun]))
        close = meant(choice.reason, REASONS[noun]) or "`list` shows the reason of each"
        raise WrongUsage(
            f"No dead letter has the reason {choice.reason!r}, which is no code; {ended(close)}",
            code="usage",
            mend=f"Codes of dead {noun}: {codes}.",
        )
    return sent


async def remove_dead_letters(noun: str, ids: Collection[str]) -> Sequence[DeadLetter]:
    """Delete the letters of these ids for good, and return them."""
    return await _deal_with(noun, Choice(ids), DeadLetters.remove)


async def _deal_with(
    noun: str, choice: Choice, deal: Callable[[DeadLetters, Letter], Awaitable[None]]
) -> Sequence[DeadLetter]:
    settings = load_settings(["rabbitmq_url"])
    keys, dealt_with = token_keys(settings), list[DeadLetter]()
    async with _opened(settings, noun) as dead:
        async for letter in dead.letters():
            if choice.takes(letter):
                await deal(dead, letter)
                dealt_with.append(DeadLetter.of(letter, keys))
    return dealt_with


@asynccontextmanager
async def _opened(settings: Settings, noun: str) -> AsyncGenerator[DeadLetters]:
    async with (
        broker_connection(settings, f"hand out the dead {noun}, or take them back") as connection,
        dead_letters(connection, _TOPOLOGIES[noun]) as dead,
    ):
        yield dead


def _keys_note(letters: Sequence[DeadLetter], keys: TokenKeys | None) -> str | None:
    """Say that other keys would tell the questions of letters, but of those that even the worker could not read."""
    unread = sum(
        letter.has_token and letter.question is None and (keys is None or letter.reason != "invalid_token")
        for letter in letters
    )
    if not unread:
        return None
    why = "is not set" if keys is None else "has no key that signed them"
    return f"The tokens of {unread} letters are not read, since {variable('token_keys')} {why}: with the worker's keys \
their runs and actions are told."


async def _with_questions(settings: Settings, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
    """Add what the database knows of the questions, where its address is set."""
    ids = [letter.question for letter in letters if letter.question is not None]
    if not ids or settings.database_url is None:
        return letters
    async with edge_store(settings) as store:
        asked = {question.id: question for question in await store.asked_questions(ids)}
    return [replace(letter, asked=asked.get(letter.question)) if letter.question else letter for letter in letters]
