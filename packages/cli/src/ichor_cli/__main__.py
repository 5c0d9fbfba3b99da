"""`python -m ichor_cli` is `ichor`."""

from ichor_cli.main import main

if __name__ == "__main__":
    main()
