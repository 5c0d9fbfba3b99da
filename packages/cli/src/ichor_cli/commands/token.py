"""`ichor token`."""

from typing import Annotated

import typer
from ichor_models.wording import in_words
from pydantic import JsonValue, ValidationError

from ichor_cli.arguments import Json
from ichor_cli.errors import WrongUsage
from ichor_cli.screen import Screen

_SUB = typer.Option("--sub", metavar="USER_ID", help="The id of the user behind it.", show_default=False)
_SCOPE = typer.Option(
    "--scope", metavar="SCOPE", help="What it allows: read, events, start, cancel, approve, operator; may come again."
)
_ROLE = typer.Option("--role", metavar="ROLE", help="A role of the user; may come again.")


def token(
    sub: Annotated[str, _SUB],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What people call the user.")] = None,
    scopes: Annotated[list[str] | None, _SCOPE] = None,
    roles: Annotated[list[str] | None, _ROLE] = None,
    json: Json = False,
) -> int:
    """Make a token for the API, shown this once, and its entry for the file of ICHOR_API_TOKENS."""
    from ichor_service import ApiToken, new_token, token_hash

    made = new_token()
    said = {"sub": sub, "name": name, "roles": roles or [], "scopes": scopes or []}
    try:
        entry = ApiToken.model_validate({"sha256": token_hash(made), **said})
    except ValidationError as error:
        mend = "`ichor token --help` shows what there is."
        wrong = error.errors()[0]
        option = str(wrong["loc"][0]).removesuffix("s")
        raise WrongUsage(f"--{option} {in_words(wrong)}.", code="usage", mend=mend) from None
    document: dict[str, JsonValue] = entry.model_dump(mode="json", exclude_defaults=True)
    Screen(json).answer({"token": made, "entry": document}, lambda: _told(made, document))
    return 0


def _told(made: str, document: dict[str, JsonValue]) -> str:
    from ichor_models.yaml_text import dump_text

    entry = dump_text({"tokens": [document]})
    return f"The token, which is shown only now:\n\n{made}\n\nIts entry in the file of ICHOR_API_TOKENS:\n\n{entry}"
