"""The keys that payloads in Temporal are encrypted with, from the file that a setting names."""

from ichor_executor.errors import InvalidKeys
from ichor_executor.temporal import EncryptionKeys

from ichor_service.errors import InvalidSetting
from ichor_service.named_file import read_named_file
from ichor_service.setting import variable
from ichor_service.settings import Settings


def encryption_keys(settings: Settings) -> EncryptionKeys | None:
    """Return the keys, None where no file is named.

    Raises:
        InvalidSetting: the file cannot be read or used; the message shows no key, also where keys stand in the
            place of the path.
    """
    path = settings.encryption_keys
    if path is None:
        return None
    name = variable("encryption_keys")
    try:
        return EncryptionKeys.parse(read_named_file(name, path, "a file of keys"))
    except InvalidKeys as error:
        raise InvalidSetting(f"{name}: the file of keys cannot be used: {error}.") from None
