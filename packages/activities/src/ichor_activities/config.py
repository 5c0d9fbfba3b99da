"""The bases of a handler's config and result."""

from ichor_models import SUCCESS
from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A config that refuses keys it does not know, so that a misspelt key is found when a rule is saved."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(BaseModel):
    """A result; `output` is the port that it leaves by."""

    output: str = SUCCESS
