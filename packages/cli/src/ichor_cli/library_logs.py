"""What libraries log, which is for whoever looks for a mistake: a command says itself what went wrong."""

import logging
import os

from ichor_cli.failure import DEBUG_VARIABLE


def silence_libraries() -> None:
    """Keep warnings and tracebacks of libraries off the terminal, unless the environment asks for them."""
    if not os.environ.get(DEBUG_VARIABLE) and not logging.root.handlers:
        logging.root.addHandler(logging.NullHandler())
