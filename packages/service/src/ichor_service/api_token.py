"""The file of hashed tokens that may call the API (operators.md, Tokens of the API)."""

import hashlib
import secrets
from collections import Counter
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Self

from ichor_models import InvalidDocument, load_text
from ichor_models.model import Model
from ichor_models.wording import all_in_words
from pydantic import Field, ValidationError, model_validator

from ichor_service.caller import Caller
from ichor_service.errors import InvalidSetting
from ichor_service.named_file import read_named_file
from ichor_service.setting import variable

_VARIABLE = variable("api_tokens")
_PREFIX = "ichor_"
_RANDOM_BYTES = 32


class ApiToken(Caller):
    """A caller with the SHA-256 of their token, in hex."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ApiTokens(Model):
    """The file: who may call, by tokens that are nowhere written down."""

    tokens: tuple[ApiToken, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        counts = Counter(token.sha256 for token in self.tokens)
        for index, token in enumerate(self.tokens):
            if counts[token.sha256] > 1:
                raise ValueError(f"the token of tokens.{index} stands there more than once; remove the others")
        return self

    def caller(self, token: str) -> Caller | None:
        """Return who has a token; how long it takes does not depend on which entry it is, nor how near."""
        hashed, found = token_hash(token), None
        for entry in self.tokens:
            if compare_digest(entry.sha256, hashed):
                found = entry
        return found and Caller(**found.model_dump(exclude={"sha256"}))


def new_token() -> str:
    """Return a token that nobody can guess."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def token_hash(token: str) -> str:
    """Return what the file holds of a token: long random texts need no salt, and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def read_api_tokens(path: str | Path) -> ApiTokens:
    """Read the file, YAML or JSON.

    Raises:
        InvalidSetting: it cannot be read, or an entry is wrong; the message names it, and no value, also where tokens
            stand in the place of the path.
    """
    text = read_named_file(_VARIABLE, path, "a file of hashed tokens")
    try:
        return ApiTokens.model_validate(load_text(text))
    except InvalidDocument as error:
        raise InvalidSetting(f"{_VARIABLE}: the file {path} cannot be read: {error}") from None
    except ValidationError as error:
        raise InvalidSetting(f"{_VARIABLE}: the file {path} is wrong: {all_in_words(error)}") from None
