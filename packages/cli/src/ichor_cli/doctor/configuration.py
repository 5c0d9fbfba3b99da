"""What there is to find out about the settings themselves."""

from collections.abc import Sequence

from ichor_service import InvalidSetting, environment, unknown_settings, variable

from ichor_cli.dev_settings import wrong_settings
from ichor_cli.doctor.finding import Finding, broken, doubtful, well

CONFIGURATION = "settings"
_CORRECT = "Set or correct the variable, or its line in .env."


async def examine_settings() -> Sequence[Finding]:
    """Read all settings, and the files that they name, as the services do when they start."""
    try:
        unknown = unknown_settings(environment())
        wrong = await wrong_settings()
    except InvalidSetting as error:
        unknown, wrong = dict[str, str](), [str(error)]
    found = [broken(CONFIGURATION, f"{problem.rstrip('.')}.", _CORRECT) for problem in wrong]
    found += [doubtful(CONFIGURATION, f"{name} is no setting of ours.", _mend(hint)) for name, hint in unknown.items()]
    return found or [well(CONFIGURATION, f"All settings can be used, from {variable('database_url')} on.")]


def _mend(hint: str) -> str:
    return f"{hint[0].upper()}{hint[1:]}"
