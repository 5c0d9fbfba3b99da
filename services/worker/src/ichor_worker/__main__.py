"""Makes `python -m ichor_worker` the program `ichor-worker`."""

from ichor_worker.main import main

main()
