"""The keys that sign reply tokens."""

from ichor_activities import InvalidConfiguration, TokenKeys
from ichor_service import InvalidSetting, Settings


def token_keys(settings: Settings) -> TokenKeys | None:
    """Return the keys, None where there are none.

    Raises:
        InvalidSetting: they cannot be used.
    """
    if settings.token_keys is None:
        return None
    try:
        return TokenKeys.parse(settings.token_keys.get_secret_value())
    except InvalidConfiguration as error:
        raise InvalidSetting(str(error)) from None
