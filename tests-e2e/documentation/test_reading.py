"""What is wrong with a page is found: each of these is a page that must not pass."""

import os
from pathlib import Path

import pytest
from ichor_testing import until

from . import sandbox
from .answers import check_answers, is_like
from .command_line import check_commands
from .kinds import read_block
from .page import Block, Page
from .sandbox import run_page


def block(language: str, body: str, told: str = "") -> Block:
    marker = f"<!-- test: {told} -->\n" if told else ""
    (found,) = Page("page.md", f"# Page\n\n{marker}```{language}\n{body}\n```\n").blocks
    return found


def test_a_block_in_a_list_is_read_without_its_indent() -> None:
    (found,) = Page("page.md", '1. Do:\n\n    <!-- test: {prints: ["a"]} -->\n    ```sh\n    echo a\n    ```\n').blocks
    assert (found.body, found.line, found.marker.prints) == ("echo a\n", 4, ("a",))


def test_a_misspelt_key_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"page\.md: .*print"):
        block("sh", "echo", '{print: ["a"]}')


@pytest.mark.parametrize(
    ("language", "body", "told"),
    [
        ("yaml", "name: no graph", "{kind: workflow}"),
        ("yaml", "- {name: mail, type: send_email, config: {subjekt: x}}", "{kind: actions}"),
        ("yaml", "a: 1", "{kind: poem}"),
        ("json", "{", "{not_run: broken}"),
        ("python", "def", "{not_run: broken}"),
    ],
)
def test_what_is_not_valid_is_found(language: str, body: str, told: str) -> None:
    with pytest.raises(Exception, match=r"."):
        read_block(block(language, body, told))


@pytest.mark.parametrize(
    "command",
    [
        "make fun",
        "ichor sing",
        "ichor runs list --loudly",
        "X=1 ichor sing | cat",
        "infra/nothing --help",
        "pytest tests-e2e/test_nothing.py",
        'echo "',
    ],
)
def test_a_command_that_there_is_not_is_found(command: str) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:4"):
        check_commands(block("sh", command, "{not_run: tried}"))


def test_commands_that_there_are_pass() -> None:
    text = "make check test\nICHOR_X=1 ichor runs \\\n    cancel RUN --reason x && infra/uv sync # a comment"
    check_commands(block("sh", text, "{not_run: tried}"))


async def test_a_page_runs_in_order_in_one_shell(tmp_path: Path) -> None:
    text = """
<!-- test: {file: folder/name.txt} -->
```text
Ada
```

```sh
export NAME=$(cat folder/name.txt)
```

<!-- test: {prints: ["Hello Ada"], exit: 3} -->
```sh
echo "Hello $NAME"; (exit 3)
```

<!-- test: {replace: {PLACE: "'{\\"at\\": \\"home\\"}'"}} -->
```sh
echo PLACE
```

<!-- test: {answer: true} -->
```json
{"at": "h…e"}
```
"""
    page = Page("page.md", text)
    check_answers(page, await run_page(page, tmp_path, {}))


async def test_a_command_that_fails_is_told_by_its_place(tmp_path: Path) -> None:
    page = Page("page.md", "```sh\ntrue\n```\n\n```sh\necho before; false; echo after\n```\n")
    with pytest.raises(AssertionError, match=r"(?s)page\.md:5 failed.*before") as told:
        await run_page(page, tmp_path, {})
    assert "after" not in str(told.value).partition("printed by page.md:5")[2].partition("---")[0]


async def test_a_program_beside_ends_with_the_page(tmp_path: Path) -> None:
    text = """
<!-- test: {terminal: "test -e up"} -->
```sh
trap 'echo ended > down' EXIT; echo "export PLACE=here"; touch up; sleep 100 & wait
```

<!-- test: {prints: ["here"]} -->
```sh
echo $PLACE
```
"""
    page = Page("page.md", text)
    check_answers(page, await run_page(page, tmp_path, {}))
    assert (tmp_path / "down").exists()


async def test_a_page_that_takes_too_long_ends_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
<!-- test: {terminal: "test -e beside"} -->
```sh
sleep 1000 > held & touch beside; wait
```

```sh
bash -c 'sleep 1000 > held & touch before; wait'
```
"""
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)

    async def nobody_holds_it() -> bool:
        try:
            return os.read(held, 1) == b""
        except BlockingIOError:
            return False

    monkeypatch.setattr(sandbox, "_PATIENCE", 15)
    with pytest.raises(AssertionError, match=r"page\.md:7 failed"):
        await run_page(Page("page.md", text), tmp_path, {})
    assert (tmp_path / "before").exists()
    await until(nobody_holds_it, "the end of what the page started")
    os.close(held)


@pytest.mark.parametrize(
    ("got", "said"), [({"a": 1, "b": 2}, {"a": 1}), ({"a": 1}, {"a": 2}), ([1], [1, 2]), ("abc", "a…d"), ("1", 1)]
)
def test_another_answer_is_found(got: object, said: object) -> None:
    assert not is_like(got, said)  # pyright: ignore[reportArgumentType]
