"""Makes `python -m ichor_trigger` the program `ichor-trigger`."""

from ichor_trigger.main import main

main()
