"""Print where Temporal's dev server is on this machine, fetched where need be."""

import asyncio
import sys
from functools import partial

from ichor_testing.dev_server import obtain_dev_server

if program := asyncio.run(obtain_dev_server(partial(print, file=sys.stderr))):
    print(program)
else:
    sys.exit("Temporal's dev server cannot be had.")
