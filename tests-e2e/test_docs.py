"""What the documentation holds of the code is up to date; `documentation` runs its pages."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ichor_cli.main import run
from ichor_service import Settings, variable

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "docs/schema/workflow.schema.json"
_CODE = re.compile(r'\bcode(?:: str)? ?= ?"([a-z_]+)"')

type Command = Callable[..., tuple[int, str]]


@pytest.fixture
def ichor(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line and return its exit code and stdout."""

    def command(*arguments: str) -> tuple[int, str]:
        code = run(arguments)
        return code, capsys.readouterr().out

    return command


def test_schema_is_up_to_date(ichor: Command) -> None:
    code, printed = ichor("schema")
    assert code == 0
    assert json.loads(printed) == json.loads(SCHEMA.read_text(encoding="utf-8")), (
        "run: ichor schema > docs/schema/workflow.schema.json"
    )


def test_reference_of_action_types_is_up_to_date(ichor: Command) -> None:
    code, printed = ichor("actions", "--markdown")
    assert code == 0
    assert printed == (ROOT / "docs/actions.md").read_text(encoding="utf-8"), (
        "run: ichor actions --markdown > docs/actions.md"
    )


def test_every_code_of_a_problem_is_explained() -> None:
    page = (ROOT / "docs/semantics.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "packages/models/src").rglob("*.py"), *(ROOT / "packages/edgestore/src").rglob("*.py")]
    codes = {code for source in sources for code in _CODE.findall(source.read_text(encoding="utf-8"))}
    assert {code for code in codes if f"| `{code}` |" not in page} == set()


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs/operators.md").read_text(encoding="utf-8")
    variables = {variable(name) for name in Settings.model_fields}
    assert {name for name in variables if f"| `{name}` |" not in page} == set()
