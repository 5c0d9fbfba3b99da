"""The pages do as they say: their commands and programs run, and what they show is valid."""

import re
from pathlib import Path

import pytest
from ichor_testing import Database, RabbitServer, TemporalServer, Vhost

from .answers import check_answers
from .command_line import check_commands
from .kinds import read_block
from .page import ROOT, Block, Page, all_pages
from .sandbox import run_page

PAGES = all_pages()
BLOCKS = [block for page in PAGES for block in page.blocks]
_COMMENT = re.compile(r"^ *<!-- test: ", re.MULTILINE)
_LANGUAGES = {"sh", "python", "sql", "json", "yaml", "toml", "mermaid", "text"}


def _with(pages: list[Page]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_block_is_run_or_says_what_it_is(page: Page) -> None:
    assert len(_COMMENT.findall(page.text)) == sum(block.is_told for block in page.blocks), (
        "a comment `<!-- test: {…} -->` stands above no block"
    )
    for block in page.blocks:
        marker = block.marker
        told = marker.file or marker.kind or marker.answer or marker.tested or marker.not_run
        assert block.runs or told or block.language == "mermaid", (
            f"{block.place}: nothing says what becomes of this block of {block.language or 'no language'}; "
            "write `<!-- test: {…} -->` above it, see tests-e2e/documentation/page.py"
        )
        assert block.language in _LANGUAGES or marker.not_run, f"{block.place}: {block.language} is not known"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_blocks_can_be_read(page: Page) -> None:
    for block in page.blocks:
        read_block(block)
        if block.language == "sh" and not block.runs:
            check_commands(block)


@_with([page for page in PAGES if not page.setting.servers])
def test_python_runs(page: Page) -> None:
    for block in page.blocks:
        if block.runs and block.language == "python":
            exec(compile(block.body, block.place, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.marker.tested], ids=lambda block: block.place)
def test_what_is_tested_elsewhere_is(block: Block) -> None:
    test = ROOT / (block.marker.tested or "")
    assert Path(block.page).name in test.read_text(encoding="utf-8")


@_with([page for page in PAGES if page.scripted and not page.setting.servers])
async def test_commands_run(page: Page, tmp_path: Path) -> None:
    check_answers(page, await run_page(page, tmp_path, {}))


@_with([page for page in PAGES if page.scripted and page.setting.servers])
async def test_commands_run_beside_servers(
    page: Page,
    tmp_path: Path,
    postgres_database: Database,
    shared_rabbitmq: RabbitServer,
    rabbitmq_vhost: Vhost,
    shared_temporal: TemporalServer,
    temporal_task_queue: str,
) -> None:
    servers = {
        "ICHOR_DATABASE_URL": postgres_database.url,
        "ICHOR_RABBITMQ_URL": rabbitmq_vhost.url,
        "ICHOR_RABBITMQ_MANAGEMENT_URL": shared_rabbitmq.management_url,
        "ICHOR_TEMPORAL_ADDRESS": shared_temporal.url,
        "ICHOR_TEMPORAL_NAMESPACE": shared_temporal.namespace,
        "ICHOR_TASK_QUEUE": temporal_task_queue,
    }
    check_answers(page, await run_page(page, tmp_path, servers))
