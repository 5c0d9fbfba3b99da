"""The keys that payloads in Temporal are encrypted with, from the file that a setting names.

Which of them encrypts is noted in the database, so that who lacks it sends nothing that can be read.
"""

from ichor_edgestore import EdgeStore
from ichor_executor.errors import InvalidKeys
from ichor_executor.temporal import EncryptionKeys

from ichor_service.errors import InvalidSetting, Unavailable
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


async def require_encryption(settings: Settings, store: EdgeStore) -> EncryptionKeys | None:
    """Return the keys, among them the one that the programs of this database encrypt with, if they do.

    Raises:
        InvalidSetting: the file of keys cannot be used.
        Unavailable: that one is not among them.
    """
    keys, used = encryption_keys(settings), await store.encryption_key()
    if used is None or (keys is not None and used in keys.ids):
        return keys
    name = variable("encryption_keys")
    lack = f"{name} is not set" if keys is None else f"the file of {name} lacks it"
    raise Unavailable(
        f"what is sent to Temporal is encrypted with the key {used!r}, and {lack}: add that key, or, where it is lost "
        "for good, DELETE FROM workflow.temporal_encryption"
    )


async def agree_on_encryption(settings: Settings, store: EdgeStore) -> None:
    """Note which key encrypts from now on, or that the file of keys begins with `none`; who has no file notes nothing.

    Raises:
        InvalidSetting: the file of keys cannot be used.
        Unavailable: it lacks the key that encrypted until now.
    """
    keys = encryption_keys(settings)
    # Noted before it is asked: a program that begins beside this one may note another key at any moment.
    if keys is not None:
        await store.note_encryption_key(keys.first, keys.ids)
    await require_encryption(settings, store)
