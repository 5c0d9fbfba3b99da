"""What is wrong with a rule, for people to read."""

from typing import TYPE_CHECKING

from ichor_models import Problem, Report

if TYPE_CHECKING:
    from rich.text import Text


def report_text(report: Report, name: str) -> "Text":
    """List the problems, then the warnings, each with its place."""
    from rich.text import Text

    summary = Text(_summary(report, name), style="green" if report.valid else "red")
    return Text("\n").join([*problem_lines(report), summary])


def problem_lines(report: Report) -> "list[Text]":
    """Return each problem, then each warning."""
    problems = [_line("problem", "bold red", item) for item in report.problems]
    return [*problems, *(_line("warning", "yellow", item) for item in report.warnings)]


def _line(kind: str, style: str, item: Problem) -> "Text":
    from rich.text import Text

    return Text.assemble((f"{kind} {item.code}", style), f" at {item.where}\n    {item.message}")


def _summary(report: Report, name: str) -> str:
    warned = f", {_count(len(report.warnings), 'warning')}" if report.warnings else ""
    if report.valid:
        return f"{name} is valid{warned}."
    return f"{name} is not valid: {_count(len(report.problems), 'problem')}{warned}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
