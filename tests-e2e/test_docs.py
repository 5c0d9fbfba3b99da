"""The documentation says what is so: its links lead somewhere, its files are read, its tables are complete."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ichor_cli.main import run
from ichor_models import load_text

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCHEMA = ROOT / "docs/schema/workflow.schema.json"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r'\bcode(?:: str)? ?= ?"([a-z_]+)"')
_FILES = {"large-order.yaml": "yaml", "large-order.case.json": "json", "large-order.test.yaml": "yaml"}

type Command = Callable[..., tuple[int, str]]


@pytest.fixture
def ichor(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line and return its exit code and stdout."""

    def command(*arguments: str) -> tuple[int, str]:
        code = run(arguments)
        return code, capsys.readouterr().out

    return command


@pytest.fixture
def first_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files of the README into a folder, as its reader does."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, language in _FILES.items():
        after = text[text.index(f"`{name}`") :]
        block = next(body for found, body in _blocks(after) if found == language)
        (tmp_path / name).write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_without_code(page.read_text(encoding="utf-8"))):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in _anchors(target), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_can_be_read(page: Path) -> None:
    readers: dict[str, Callable[[str], Any]] = {
        "json": json.loads,
        "yaml": load_text,
        "toml": tomllib.loads,
        "python": lambda text: compile(text, page.name, "exec"),
    }
    for language, body in _blocks(page.read_text(encoding="utf-8")):
        if language in readers:
            readers[language](body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_runs(page: Path) -> None:
    for language, body in _blocks(page.read_text(encoding="utf-8")):
        if language == "python" and "os.environ" not in body:
            exec(compile(body, page.name, "exec"), {"__name__": page.stem})


@pytest.mark.usefixtures("first_rule")
def test_first_rule_is_valid_and_runs_as_the_readme_says(ichor: Command) -> None:
    code, printed = ichor("validate", "large-order.yaml", "--json")
    assert (code, json.loads(printed)) == (0, {"valid": True, "problems": [], "warnings": []})
    assert ichor("show", "large-order.yaml")[0] == 0
    code, printed = ichor("simulate", "large-order.yaml", "--case", "large-order.case.json", "--json")
    outcome = json.loads(printed)
    assert (code, outcome["status"]) == (0, "failed")
    assert {name: action["state"] for name, action in outcome["actions"].items()} == {
        "is_large": "completed",
        "hold_order": "completed",
        "tell_sales": "failed",
        "confirm": "skipped",
        "log": "blocked",
    }
    code, printed = ichor("test", "large-order.test.yaml", "--json")
    assert (code, json.loads(printed)["failed"]) == (0, 0)


def test_schema_is_up_to_date(ichor: Command) -> None:
    code, printed = ichor("schema")
    assert code == 0
    assert json.loads(printed) == json.loads(SCHEMA.read_text(encoding="utf-8")), (
        "run: ichor schema > docs/schema/workflow.schema.json"
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


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    for match in _FENCE.finditer(text):
        yield match[1], match[2]


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
