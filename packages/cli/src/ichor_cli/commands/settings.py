"""`ichor settings`."""

from typing import Annotated

import typer

from ichor_cli.arguments import Json
from ichor_cli.errors import WrongUsage
from ichor_cli.screen import Screen

_MARKDOWN = typer.Option("--markdown", help="Print the page docs/configuration.md.")


def settings(markdown: Annotated[bool, _MARKDOWN] = False, json: Json = False) -> int:
    """List every setting of every program: what it is for, how it is written, its default, who reads it."""
    from ichor_service import every_setting

    from ichor_cli.settings_page import setting_document, settings_page, settings_text

    if markdown and json:
        raise WrongUsage("--markdown and --json do not go together.", code="usage", mend="Give one of them.")
    found = every_setting()
    if markdown:
        print(settings_page(found), end="")
        return 0
    Screen(json).answer({"settings": [setting_document(setting) for setting in found]}, lambda: settings_text(found))
    return 0
