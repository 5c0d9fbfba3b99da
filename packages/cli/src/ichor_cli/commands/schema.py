"""`ichor schema`."""

from ichor_models import file_schema

from ichor_cli.action_types import catalogue
from ichor_cli.arguments import Json
from ichor_cli.screen import write


def schema(json: Json = True) -> int:
    """Print the JSON Schema of the workflow file, so that an editor completes and checks it."""
    write(file_schema(catalogue()))
    return 0
