"""Pages of the site that lie outside of docs/: the README is its first page, and each member has one.

A hook of MkDocs. Links are written for the repository; here they are turned to where the site has their target, and are
plain text where only the repository has it.
"""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"(?<!!)(\[[^\]]*\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the READMEs."""
    for readme in [ROOT / "README.md", *ROOT.glob("packages/*/README.md"), *ROOT.glob("services/*/README.md")]:
        place = _place(readme)
        assert place is not None
        files.append(File.generated(config, place, abs_src_path=str(readme)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page."""
    source = Path(page.file.abs_src_path or "")
    start = PurePosixPath(page.file.src_uri).parent

    def turned(link: re.Match[str]) -> str:
        if ":" in link[2]:
            return link[0]
        path = source.parent / link[2]
        if target := _place(path):
            return f"{link[1]}{os.path.relpath(target, start)}{link[3]}"
        return link[1].removesuffix("](").removeprefix("[") if path.exists() else link[0]

    return _LINK.sub(turned, markdown)


def _place(source: Path) -> str | None:
    """Return where the site has a file or a member's folder of the repository; None: nowhere."""
    path = Path(os.path.normpath(source))
    match path.relative_to(ROOT).parts:
        case ("README.md",):
            return "index.md"
        case ("docs", *rest):
            return "/".join(rest)
        case ("packages" | "services" as kind, name) | ("packages" | "services" as kind, name, "README.md"):
            return f"{kind}/{name}.md"
        case _:
            return None
