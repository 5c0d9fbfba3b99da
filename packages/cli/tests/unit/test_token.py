"""`ichor token`."""

import json
from pathlib import Path

import pytest
from ichor_cli.main import run
from ichor_models import load_text
from ichor_service import Caller, Scope, read_api_tokens


def test_the_entry_lets_the_token_in(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ("--sub", "ada", "--name", "Ada", "--role", "sales", "--scope", "read", "--scope", "start", "--json")
    assert run(("token", *arguments)) == 0
    made = json.loads(capsys.readouterr().out)
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"tokens": [made["entry"]]}))
    tokens = read_api_tokens(file)
    ada = Caller(sub="ada", name="Ada", roles=("sales",), scopes=(Scope.READ, Scope.START))
    assert tokens.caller(made["token"]) == ada
    assert tokens.caller(made["entry"]["sha256"]) is None
    assert made["token"] not in file.read_text()


def test_what_people_are_shown_can_be_pasted_and_no_two_tokens_are_alike(capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []
    for _ in range(2):
        assert run(("token", "--sub", "ada")) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] != shown[1]
    entry = load_text(shown[0][shown[0].index("tokens:") :])
    assert isinstance(entry, dict)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sub", "ada", "--scope", "all"), "--scope must be 'read', "),
        (("--sub", ""), "--sub must have at least 1"),
        ((), "Missing option '--sub'"),
    ],
)
def test_a_token_that_cannot_be_meant_so_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert run(("token", *arguments)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"ichor: {said}")
