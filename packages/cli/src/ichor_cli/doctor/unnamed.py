"""A server whose address we do not know."""

from collections.abc import Container

from ichor_service import variable

from ichor_cli.doctor.finding import Finding, broken, skipped


def unnamed(check: str, field: str, wrong: Container[str]) -> Finding:
    """Say that its setting is missing, or is one of those that cannot be used, which are told of by themselves."""
    if field in wrong:
        return skipped(check, f"{variable(field)} cannot be used.")
    return broken(check, f"{variable(field)} is not set.", f"Set {variable(field)}.")
