"""What came of a case file: it holds, it differs, or it is broken."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ichor_models import Case, Catalogue, InvalidDocument, Outcome, Problem, Rule
from pydantic import JsonValue

from ichor_cli.case_files import CaseFile
from ichor_cli.difference import Difference, differences
from ichor_cli.errors import CliError
from ichor_cli.trial import Trial, as_trial, is_case_file, read_case, read_expectation, refused

type Runner = Callable[[Rule, Case], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems` say why it is broken, `differences` where its outcome is not the expected one."""

    file: str
    name: str
    problems: tuple[Problem, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Say whether all is as the file expects."""
        return not self.problems and not self.differences

    def document(self) -> dict[str, JsonValue]:
        """Return it as `ichor test --json` prints it."""
        return {
            "file": self.file,
            "name": self.name,
            "passed": self.passed,
            "problems": [problem.model_dump(mode="json") for problem in self.problems],
            "differences": [difference.document() for difference in self.differences],
        }

    def sentences(self) -> list[str]:
        """Return what is wrong."""
        broken = [f"{problem.code} at {problem.where}: {problem.message}" for problem in self.problems]
        return [*broken, *(difference.message for difference in self.differences)]


async def judge(file: CaseFile, types: Catalogue, runner: Runner) -> Verdict:
    """Run a case file by `runner` and compare."""
    trial = _trial(file, types)
    if trial.rule is None:
        return Verdict(str(file.path), trial.name, trial.report.problems)
    try:
        case, expect = read_case(trial.case), read_expectation(trial.expect)
        case.request(trial.rule)
    except (CliError, InvalidDocument) as error:
        problem = Problem(code="invalid_case", where="case", message=str(error))
        return Verdict(str(file.path), trial.name, (problem,))
    try:
        outcome = await runner(trial.rule, case)
    except CliError as error:
        return Verdict(str(file.path), trial.name, (Problem(code=error.code, where="run", message=str(error)),))
    return Verdict(str(file.path), trial.name, differences=tuple(differences(expect, outcome)))


def _trial(file: CaseFile, types: Catalogue) -> Trial:
    name = str(file.path)
    if file.unreadable is not None:
        return refused(name, Problem(code="invalid_file", where="file", message=file.unreadable))
    if not is_case_file(file.document):
        message = 'It is no case file; write {"name", "graph" or "file", "case", "expect"}.'
        return refused(name, Problem(code="no_case_file", where="file", message=message))
    try:
        return as_trial(file.document, file.path, types)
    except (CliError, InvalidDocument) as error:
        return refused(name, Problem(code="invalid_file", where="file", message=str(error)))
