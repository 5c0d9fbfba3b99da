"""What is told of errors."""

import importlib

import pytest
from ichor_cli import failure
from ichor_cli.errors import CliError, Missing, WrongUsage
from ichor_cli.failure import explain
from ichor_cli.program import execute


@pytest.mark.parametrize("name", vars(failure)["_KINDS"])
def test_every_error_that_is_named_exists(name: str) -> None:
    module, _, cls = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), cls), Exception)


@pytest.mark.parametrize(("kind", "exit_code"), [(WrongUsage, 2), (Missing, 3)])
def test_own_errors_say_everything(kind: type[CliError], exit_code: int) -> None:
    told = explain(kind("No.", code="no", mend="Try yes."))
    assert told.document() == {"error": {"code": "no", "message": "No.", "mend": "Try yes."}}
    assert told.exit_code == exit_code


def test_first_of_a_group_is_told() -> None:
    group = ExceptionGroup("several", [ExceptionGroup("inner", [Missing("A.", code="a", mend="B.")]), ValueError()])
    assert explain(group).code == "a"


def test_everything_else_is_a_bug() -> None:
    told = explain(KeyError("x\ny"))
    assert (told.code, told.exit_code) == ("bug", 70)
    assert "KeyError" in told.message
    assert "ICHOR_DEBUG=1" in told.mend


def test_a_word_that_is_no_choice_is_told_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["runs", "--status", "nope"]) == 2
    assert capsys.readouterr().err.startswith("ichor: Invalid value for '--status': 'nope' is not one of 'pending'")


def test_data_are_kept_in_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["dev", "--keep", __file__]) == 2
    assert "'--keep'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runs", "--limit", "abc"], "'--limit': it must be a whole number; write one like 5."),
        (["runs", "--limit", "0"], "'--limit': it must be 1 or more; write a larger number."),
        (["approvals", "--limit", "10001"], "'--limit': it must be 10000 or less; write a smaller number."),
        (["events", "list", "--limit", "1.5"], "'--limit': it must be a whole number; write one like 5."),
        (["doctor", "--timeout", "abc"], "'--timeout': it must be a number; write one like 1.5."),
        (["doctor", "--timeout", "nan"], "'--timeout': it must be 60.0 or less; write a smaller number."),
        (["run", "x", "--events-per-run", "x"], "'--events-per-run': it must be a whole number; write one like 5."),
    ],
)
def test_a_number_that_is_none_is_told_in_our_words(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert execute(arguments) == 2
    assert capsys.readouterr().err.startswith(f"ichor: Invalid value for {said}\n")
