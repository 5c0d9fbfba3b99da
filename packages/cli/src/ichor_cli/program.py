"""All commands of `ichor`, and what becomes of their errors."""

import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated

import typer
from ichor_models.wording import in_words
from pydantic import ValidationError

from ichor_cli.commands.actions import actions
from ichor_cli.commands.apply import apply
from ichor_cli.commands.approvals import approvals, approve
from ichor_cli.commands.dead_letters import dead_letter_commands
from ichor_cli.commands.dev import dev
from ichor_cli.commands.doctor import doctor
from ichor_cli.commands.export import export
from ichor_cli.commands.fire import fire
from ichor_cli.commands.migrate import migrate
from ichor_cli.commands.rules import activate, deactivate, rules
from ichor_cli.commands.run import run
from ichor_cli.commands.runs import cancel, rerun, result, runs
from ichor_cli.commands.runs import show as show_run
from ichor_cli.commands.schema import schema
from ichor_cli.commands.settings import settings
from ichor_cli.commands.show import show
from ichor_cli.commands.simulate import simulate
from ichor_cli.commands.test import run_case_files
from ichor_cli.commands.token import token
from ichor_cli.commands.validate import validate
from ichor_cli.failure import Failure, explain, trace
from ichor_cli.library_logs import silence_libraries
from ichor_cli.screen import write

_NAME = "ichor"
_COMMANDS = {
    "validate": validate,
    "simulate": simulate,
    "run": run,
    "test": run_case_files,
    "show": show,
    "actions": actions,
    "schema": schema,
    "settings": settings,
    "doctor": doctor,
    "migrate": migrate,
    "apply": apply,
    "export": export,
    "fire": fire,
    "approvals": approvals,
    "approve": approve,
    "token": token,
    "dev": dev,
}
_RULES_COMMANDS = {"activate": activate, "deactivate": deactivate}
_RUNS_COMMANDS = {"show": show_run, "result": result, "rerun": rerun, "cancel": cancel}


def app() -> typer.Typer:
    """Return the program's commands."""
    commands = typer.Typer(
        name=_NAME,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    commands.callback()(_about)
    for name, command in _COMMANDS.items():
        commands.command(name)(command)
    about_rules = typer.Typer(invoke_without_command=True, callback=rules)
    for name, command in _RULES_COMMANDS.items():
        about_rules.command(name)(command)
    commands.add_typer(about_rules, name="rules")
    about_runs = typer.Typer(invoke_without_command=True, callback=runs)
    for name, command in _RUNS_COMMANDS.items():
        about_runs.command(name)(command)
    commands.add_typer(about_runs, name="runs")
    for noun in ("events", "replies"):
        commands.add_typer(dead_letter_commands(noun), name=noun)
    return commands


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"{_NAME} {metadata.version('ichor-cli')}")
        raise typer.Exit


_VERSION = typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and leave.")


def _about(version: Annotated[bool, _VERSION] = False) -> None:
    """Validate, simulate, run, test, apply, fire and watch workflow rules."""


def execute(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name and return its exit code.

    Raises:
        BrokenPipeError: whoever read the output went away.
    """
    silence_libraries()
    json = "--json" in arguments
    try:
        return app()(args=list(arguments), prog_name=_NAME, standalone_mode=False) or 0
    except typer.TyperException as error:
        return _tell(_usage(error), json) if json or error.format_message() else error.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as ended:
        if ended.code == 1:  # what typer and rich make of a closed pipe
            raise BrokenPipeError from None
        return int(ended.code or 0)
    except Exception as error:
        if (text := trace(error)) is not None:
            print(text, file=sys.stderr)
        return _tell(explain(error), json)


def _usage(error: typer.TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else _NAME
    cause = error.__cause__
    if isinstance(cause, ValidationError) and (wrong := cause.errors()[0])["type"] != "value_error":
        error.message = f"it {in_words(wrong)}."
    message = error.format_message().replace("Value error, ", "")
    return Failure("usage", message, f"`{command} --help` shows what there is.", error.exit_code)


def _tell(failure: Failure, json: bool) -> int:
    if json:
        write(failure.document())
    else:
        print(f"{_NAME}: {failure.message}\n{failure.mend}", file=sys.stderr)
    return failure.exit_code
