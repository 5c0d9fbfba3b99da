"""What the documentation holds of the code is up to date; `documentation` runs its pages."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ichor_cli.main import run

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


def test_the_page_of_settings_is_up_to_date(ichor: Command) -> None:
    code, printed = ichor("settings", "--markdown")
    assert code == 0
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert page == printed, "run: ichor settings --markdown > docs/configuration.md"
