"""What came of saving a rule."""

from dataclasses import dataclass

from ichor_models import Problem, RuleId, VersionHash


@dataclass(frozen=True, slots=True)
class SavedRule:
    """Where a rule was saved; `created` says that there was none before, `version` is that of its graph as stored."""

    rule_id: RuleId
    version: VersionHash
    created: bool
    warnings: tuple[Problem, ...] = ()
