"""What is wrong with a rule, said so that its author can mend it."""

from pydantic import JsonValue

from ichor_models.model import Model


class Problem(Model):
    """`code` is stable, `where` the place in the workflow file, `message` says what is wrong and how to mend it."""

    code: str
    where: str
    message: str


class Report(Model):
    """Everything that the analyzer found; `problems` refuse the rule, `warnings` do not."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def valid(self) -> bool:
        """Say whether the rule may be saved."""
        return not self.problems

    def document(self) -> dict[str, JsonValue]:
        """Return it as `ichor validate --json` prints it."""
        return {"valid": self.valid, **self.model_dump(mode="json")}
