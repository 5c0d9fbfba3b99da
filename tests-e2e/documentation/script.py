"""What the shell of a page does: its files, commands, programs and statements, one after another."""

from pathlib import Path, PurePosixPath
from shlex import quote

from .page import Block, Page, read_page

OUTPUTS = "printed"
"""The folder of what each block printed, by its line; the engine's is 0."""

_PRELUDE = Path(__file__).parent / "shell/prelude.bash"
_ENGINE = f"grep -q '^# Ctrl-C' {OUTPUTS}/0"


def page_script(page: Page) -> str:
    """Return the script of a page, for bash, in a folder of its own."""
    setting = page.setting
    parts = [f". {quote(str(_PRELUDE))}", f"mkdir {OUTPUTS}"]
    if setting.files_of:
        parts += [_written(block) for block in read_page(setting.files_of).blocks if block.marker.file]
    parts.append(setting.before)
    if setting.engine is not None:
        variables = " ".join(f"{name}={value}" for name, value in setting.engine.items())
        parts.append(_beside(0, f"{variables} ichor dev", _ENGINE))
    for block in page.blocks:
        if block.marker.file:
            parts.append(_written(block))
        elif block in page.scripted:
            parts.append(_run(block))
    return "\n".join(parts) + "\n"


def _run(block: Block) -> str:
    body = {"sh": _shell, "python": _python, "sql": _sql}[block.language](block)
    if block.marker.terminal:
        return _beside(block.line, body, block.marker.terminal)
    end = f"|| code=$?; [ $code = {block.marker.exit} ]" if block.marker.exit else ""
    return f"echo {block.line} > at; code=0\n{{\n{body}\n}} > {OUTPUTS}/{block.line} {end}"


def _shell(block: Block) -> str:
    body = block.body
    for placeholder, value in block.marker.replace.items():
        assert placeholder in body, f"{block.place} has no {placeholder}"
        body = body.replace(placeholder, value)
    return body.rstrip()


def _python(block: Block) -> str:
    return f"python - <<'END_OF_BLOCK'\n{block.body}END_OF_BLOCK"


def _sql(block: Block) -> str:
    return f"sql <<'END_OF_BLOCK'\n{block.body}END_OF_BLOCK"


def _written(block: Block) -> str:
    file = PurePosixPath(block.marker.file or "")
    assert not {"/", ".."} & {*file.parts}, f"{block.place}: {file} lies elsewhere"
    return f"mkdir -p {file.parent}\ncat > {file} <<'END_OF_BLOCK'\n{block.body}END_OF_BLOCK"


def _beside(line: int, body: str, ready: str) -> str:
    output = f"{OUTPUTS}/{line}"
    # In a group of its own, which the prelude ends; all else is in that of the script.
    return f"echo {line} > at\nset -m\n( {body} ) > {output} 2>&1 &\nset +m\nfollow {output} {quote(ready)}"
