"""A rule to try, with the case and the expectation that may stand beside it in a case file.

A case file is `{"name", "graph": {…} or "file": "…", "case": {…}, "expect": {…}}` (semantics.md, Trying a graph before
it is live).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ichor_models import Case, Catalogue, Expectation, InvalidDocument, Problem, Report, Rule, check_document
from ichor_models.spelling import meant
from ichor_models.wording import all_in_words
from pydantic import BaseModel, JsonValue, ValidationError

from ichor_cli.errors import InvalidCase
from ichor_cli.source_file import called, folder_of, read_document

_KEYS = ("name", "why", "graph", "file", "case", "expect")
_OF_A_RULE = ("actions", "edges", "trigger")


@dataclass(frozen=True, slots=True)
class Trial:
    """What was read. The rule is there only where nothing is wrong with it."""

    name: str
    rule: Rule | None
    report: Report
    case: JsonValue = None
    expect: JsonValue = None


def is_case_file(document: JsonValue) -> bool:
    """Tell a case file from a workflow file."""
    return isinstance(document, dict) and not any(key in document for key in _OF_A_RULE) and _has_rule(document)


def looks_like_case_file(document: JsonValue) -> bool:
    """Tell a file that is meant as a case file, with mistakes perhaps, from what else lies in a folder."""
    if not isinstance(document, dict) or any(key in document for key in _OF_A_RULE):
        return False
    if "expect" in document or "case" in document:
        return True
    return _has_rule(document) and all(key in _KEYS or meant(key, _KEYS) for key in document)


def read_trial(file: str | Path, types: Catalogue) -> Trial:
    """Read a workflow file, or a case file for its rule and its case."""
    try:
        return as_trial(read_document(file), file, types)
    except InvalidDocument as error:
        return refused(called(file), Problem(code="invalid_file", where="file", message=str(error)))


def as_trial(document: JsonValue, file: str | Path, types: Catalogue) -> Trial:
    """Make a trial of what a file holds.

    Raises:
        InvalidDocument: it is a case file that names another file, which cannot be read as a document.
    """
    if not isinstance(document, dict) or not is_case_file(document):
        return Trial(called(file), *check_document(document, types))
    problems = tuple(case_file_problems(document))
    if problems:
        return refused(called(file), *problems)
    other = document.get("file")
    inner = read_document(folder_of(file) / other) if isinstance(other, str) else document["graph"]
    name = document.get("name")
    return Trial(
        name if isinstance(name, str) else Path(file).stem,
        *check_document(inner, types),
        case=document.get("case"),
        expect=document.get("expect"),
    )


def case_file_problems(document: Mapping[str, JsonValue]) -> Iterator[Problem]:
    """Yield what is wrong with a case file, its rule aside."""
    for key in document.keys() - set(_KEYS):
        hint = meant(key, _KEYS) or f"there are {', '.join(_KEYS)}."
        message = f"{key!r} is no key of a case file; {hint}"
        yield Problem(code="unknown_key", where=key, message=message)
    if ("graph" in document) == ("file" in document):
        yield Problem(code="missing_key", where="graph", message="Write either graph or file, the path of a rule.")
    if not isinstance(document.get("file", ""), str):
        yield Problem(code="invalid_value", where="file", message="file must be the path of a workflow file.")
    if not isinstance(document.get("name", ""), str):
        yield Problem(code="invalid_value", where="name", message="name must be text.")


def chosen_case(trial: Trial, rule: Rule, file: str | None) -> Case:
    """Return the case of a file that the person names, else the one beside the rule, else the empty one.

    Raises:
        InvalidCase: it is none, or does not fit the rule.
    """
    try:
        case = read_case(trial.case if file is None else read_document(file))
        case.request(rule)
    except InvalidDocument as error:
        raise InvalidCase(str(error) if file is None else f"{file}: {error}") from None
    return case


def read_case(document: JsonValue) -> Case:
    """Read a case; nothing at all is the empty one.

    Raises:
        InvalidCase: it is none, naming each mistake.
    """
    if isinstance(document, dict) and "case" in document and not any(key in document for key in Case.model_fields):
        document = document["case"]
    return _validated(Case, document)


def read_expectation(document: JsonValue) -> Expectation:
    """Read what a case must lead to; every part is optional, and so is the whole.

    Raises:
        InvalidCase: it is none, naming each mistake.
    """
    return _validated(Expectation, document)


def refused(name: str, *problems: Problem) -> Trial:
    """Return what cannot be tried."""
    return Trial(name, None, Report(problems=problems))


def _has_rule(document: Mapping[str, JsonValue]) -> bool:
    return "graph" in document or "file" in document


def _validated[M: BaseModel](model: type[M], document: JsonValue) -> M:
    what = "case" if model is Case else "expect"
    try:
        return model.model_validate({} if document is None else document)
    except ValidationError as error:
        raise InvalidCase(f"The {what} cannot be used: {all_in_words(error)}.") from None
