"""The token of a development stack's API, which allows everything to whoever started the stack."""

import json
from pathlib import Path

from ichor_service import ApiToken, ApiTokens, Scope, environment, new_token, token_hash, variable

from ichor_cli.private_file import write_private

_DEVELOPER = "developer"


def is_configured() -> bool:
    """Say whether the environment knows already who may call."""
    return any(variable(setting) in environment() for setting in ("api_tokens", "jwks_url"))


def write_dev_token(file: Path) -> str:
    """Write the file of a new token, and return the token."""
    token = new_token()
    entry = ApiToken(sha256=token_hash(token), sub=_DEVELOPER, name="Developer", scopes=tuple(Scope))
    write_private(file, json.dumps(ApiTokens(tokens=(entry,)).model_dump(mode="json")))
    return token
