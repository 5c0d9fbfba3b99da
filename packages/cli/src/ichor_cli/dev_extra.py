"""What `ichor-cli[dev]` has beside `ichor-cli`: the programs, and servers for them, to run on this machine."""

from importlib.util import find_spec

from ichor_cli.errors import Missing

_INSTALL = "pip install 'ichor-cli[dev]'"


def require_dev_extra(wanted: str, *modules: str, else_do: str | None = None) -> None:
    """Do nothing where these modules are installed; `wanted` needs them, and `else_do` is what helps without them.

    Raises:
        Missing: one of them is not.
    """
    missing = [module.replace("_", "-") for module in modules if find_spec(module) is None]
    if missing:
        raise Missing(
            f"{wanted} needs what is not installed: {', '.join(missing)}.",
            code="not_installed",
            mend=f"{else_do}, or run `{_INSTALL}`." if else_do else f"Run `{_INSTALL}`.",
        )
