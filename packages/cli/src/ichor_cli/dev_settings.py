"""What the environment tells the programs of `ichor dev`, checked before anything starts."""

from ichor_activities import InvalidConfiguration, opened_services
from ichor_service import InvalidSetting, encryption_keys, environment, load_settings, read_api_tokens

from ichor_cli.token_keys import token_keys


async def check_settings() -> None:
    """Check what the worker and the trigger check when they start.

    Raises:
        InvalidSetting: one of them would end at once.
    """
    settings = load_settings()
    token_keys(settings)
    encryption_keys(settings)
    if settings.api_tokens is not None:
        read_api_tokens(settings.api_tokens)
    try:
        async with opened_services(environment()):
            pass
    except InvalidConfiguration as error:
        raise InvalidSetting(str(error)) from None
