"""What the environment tells the programs of `ichor dev`, checked before anything starts."""

from collections.abc import Callable, Sequence

from ichor_activities import InvalidConfiguration, opened_services
from ichor_service import (
    InvalidSetting,
    Settings,
    encryption_keys,
    environment,
    read_api_tokens,
    read_settings,
    variable,
)

from ichor_cli.token_keys import token_keys


async def check_settings() -> None:
    """Check what the worker and the trigger check when they start.

    Raises:
        InvalidSetting: one of them would end at once.
    """
    if problems := await wrong_settings():
        raise InvalidSetting("; ".join(problem.rstrip(".") for problem in problems))


async def wrong_settings() -> Sequence[str]:
    """Return a sentence for each setting for which the worker or the trigger would end at once.

    Raises:
        InvalidSetting: the settings cannot be read at all.
    """
    settings, wrong = read_settings()
    problems = [*wrong.values()]
    checks: Sequence[Callable[[Settings], object]] = (token_keys, encryption_keys, _api_tokens)
    for check in checks:
        try:
            check(settings)
        except InvalidSetting as error:
            problems.append(str(error))
    told = {variable(field) for field in wrong}
    try:
        async with opened_services({name: value for name, value in environment().items() if name not in told}):
            pass
    except InvalidConfiguration as error:
        problems.append(str(error))
    return problems


def _api_tokens(settings: Settings) -> None:
    if settings.api_tokens is not None:
        read_api_tokens(settings.api_tokens)
