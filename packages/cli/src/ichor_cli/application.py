"""Workflow files saved in the database: what each was, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from ichor_edgestore import AmbiguousRule, ConstraintViolated, EdgeStore, RuleNotFound, SavedRule
from ichor_models import Catalogue, InvalidRule, Problem, Report, Rule, RuleId
from pydantic import JsonValue

from ichor_cli.trial import Trial


class Change(StrEnum):
    """What became of a rule."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    NOT_SAVED = "not_saved"


@dataclass(frozen=True, slots=True)
class Applied:
    """One file with what became of it; a file that is fine is not saved where another one is not valid."""

    file: str
    change: Change
    report: Report
    name: str | None = None
    saved: SavedRule | None = None

    def document(self) -> dict[str, JsonValue]:
        """Return it as `ichor apply --json` prints it."""
        return {
            "file": self.file,
            "result": self.change.value,
            "name": self.name,
            "rule_id": self.saved.rule_id if self.saved else None,
            "version": self.saved.version if self.saved else None,
            **self.report.document(),
        }


def refusals(trials: Sequence[tuple[str, Trial]]) -> list[Applied]:
    """Return what becomes of files of which at least one is refused."""
    return [
        Applied(file, Change.NOT_SAVED if trial.rule else Change.REFUSED, trial.report, trial.rule and trial.rule.name)
        for file, trial in trials
    ]


async def apply_rule(store: EdgeStore, file: str, rule: Rule, types: Catalogue, user: UUID | None) -> Applied:
    """Save a rule over the one of its id, else of its name, else as a new one."""
    before = await _stored(store, rule)
    try:
        saved = await store.save_rule(rule, catalogue=types, user_id=user and str(user))
    except InvalidRule as error:
        return _refused(file, rule, *error.problems)
    except AmbiguousRule as error:
        return _refused(file, rule, Problem(code="ambiguous_rule", where="rule", message=str(error)))
    except ConstraintViolated as error:
        message = f"{error}. Where it misses the user, name one that it knows: `--as USER_ID`."
        return _refused(file, rule, Problem(code="not_stored", where="rule", message=message))
    report = Report(warnings=saved.warnings)
    return Applied(file, await _change(store, saved, before), report, rule.name, saved)


def _refused(file: str, rule: Rule, *problems: Problem) -> Applied:
    return Applied(file, Change.REFUSED, Report(problems=problems), rule.name)


async def _change(store: EdgeStore, saved: SavedRule, before: Rule | None) -> Change:
    if saved.created:
        return Change.CREATED
    after = await _loaded(store, saved.rule_id)
    return Change.UNCHANGED if before is not None and before == after else Change.UPDATED


async def _stored(store: EdgeStore, rule: Rule) -> Rule | None:
    for wanted in filter(None, (rule.id, rule.name)):
        try:
            return await _loaded(store, await store.find_rule(wanted))
        except (RuleNotFound, AmbiguousRule):
            continue
    return None


async def _loaded(store: EdgeStore, rule_id: RuleId) -> Rule | None:
    """Return a rule as it is stored, None where it cannot be read."""
    try:
        return await store.load_rule(rule_id)
    except InvalidRule:
        return None
