"""The pages of the documentation, their blocks, and what comments in them tell the tests.

A comment `<!-- test page: {…} -->` anywhere in a page says what the page takes for granted, a comment
`<!-- test: {…} -->` right above a block what becomes of the block; both hold YAML, and their keys are those of
`Setting` and `Marker`. Without a comment a block of `sh`, `python` or `sql` is run, in order, and a block of another
language is an error.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ichor_models import InvalidDocument, load_text
from pydantic import BaseModel, ConfigDict, ValidationError

ROOT = Path(__file__).resolve().parents[2]
_PAGE = re.compile(r"^<!-- test page:\s((?:(?!-->).)*)-->", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(
    r"(?:^[ ]*<!-- test: ((?:(?!-->).)*) -->\n+)?^([ ]*)```([^\n]*)\n(.*?)^\2```$", re.MULTILINE | re.DOTALL
)


_RUN = ("sh", "python", "sql")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Setting(_Told):
    """What a page takes for granted.

    `servers`: addresses of a database, a vhost and Temporal in the environment, for its Python, too; `own_environment`:
    a Python environment that it may change; then, in this order, `files_of`: the files of another page; `before`: shell
    commands; `engine`: `ichor dev` beside it, with these variables. `not_run`: why none of its commands can be run.
    """

    servers: bool = False
    own_environment: bool = False
    files_of: str | None = None
    before: str = ""
    engine: dict[str, str] | None = None
    not_run: str | None = None


class Marker(_Told):
    """What becomes of a block.

    `file`: it is written there; `kind`: it is valid as that, see `kinds`; `answer`: it is what the commands before it
    printed, `…` standing for anything; `terminal`: it runs beside those that follow, which wait until this
    shell condition holds and get what it says to export; `exit` and `prints`: how its commands end; `replace`: what
    stands for the page's placeholders; `tested`: the test that runs it; `not_run`: why it cannot be run: it is only
    read.
    """

    file: str | None = None
    kind: str | None = None
    answer: bool = False
    terminal: str | None = None
    exit: int = 0
    prints: tuple[str, ...] = ()
    replace: dict[str, str] = {}
    tested: str | None = None
    not_run: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A code block; `line` is that of its fence, `is_told` says that a comment stands above it."""

    page: str
    line: int
    language: str
    body: str
    marker: Marker = field(default_factory=Marker)
    is_told: bool = False

    @property
    def place(self) -> str:
        """Return where it stands."""
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        """Tell whether it is run."""
        marker = self.marker
        spared = marker.file or marker.kind or marker.answer or marker.tested or marker.not_run
        return self.language in _RUN and not spared


@dataclass(frozen=True)
class Page:
    """A page by its path in the repository."""

    path: str
    text: str

    @cached_property
    def setting(self) -> Setting:
        """Return what it takes for granted."""
        found = _PAGE.search(self.text)
        return self._told(Setting, found[1]) if found else Setting()

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Return its blocks in order."""
        return tuple(self._block(match) for match in _BLOCK.finditer(self.text))

    @cached_property
    def scripted(self) -> tuple[Block, ...]:
        """Return the blocks that a shell runs; Python that needs no server is run by the test itself."""
        return tuple(
            block for block in self.blocks if block.runs and (block.language != "python" or self.setting.servers)
        )

    def _block(self, match: re.Match[str]) -> Block:
        told, indent, language, body = match.groups()
        fence = match.start(2)
        return Block(
            is_told=told is not None,
            page=self.path,
            line=self.text.count("\n", 0, fence) + 1,
            language=language,
            body=re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) if indent else body,
            marker=self._marker(language, told),
        )

    def _marker(self, language: str, told: str | None) -> Marker:
        if told is None:
            return Marker(not_run=self.setting.not_run if language in _RUN else None)
        return self._told(Marker, told)

    def _told[T: _Told](self, model: type[T], told: str) -> T:
        try:
            return model.model_validate(load_text(told))
        except (ValidationError, InvalidDocument) as error:
            raise ValueError(f"{self.path}: {told} cannot be read: {error}") from error


def read_page(path: str) -> Page:
    """Return a page."""
    return Page(path, (ROOT / path).read_text(encoding="utf-8"))


def all_pages() -> list[Page]:
    """Return the pages: the READMEs and docs/."""
    readmes = [ROOT / "README.md", *ROOT.glob("packages/*/README.md"), *ROOT.glob("services/*/README.md")]
    found = [*readmes, *(ROOT / "docs").rglob("*.md")]
    return [read_page(path.relative_to(ROOT).as_posix()) for path in sorted(found)]
