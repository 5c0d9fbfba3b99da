"""Programs of one database agree on the key that encrypts, and who lacks it does not begin."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_service import Settings, Unavailable, require_encryption, store_link
from ichor_testing import Database
from pydantic import SecretStr

OLD, NEW = (f"{name}:{b64encode(name.encode().ljust(32)).decode()}" for name in ("old", "new"))


class Installation:
    def __init__(self, url: str, folder: Path) -> None:
        self._url = SecretStr(url)
        self._folder = folder

    def settings(self, keys: str) -> Settings:
        file = self._folder / "keys"
        file.write_text(keys)
        return Settings(database_url=self._url, encryption_keys=str(file) if keys else None)

    async def begin(self, *keys: str) -> None:
        """Begin as a program with these keys does, and end."""
        for some in keys:
            async with store_link(self.settings(some), "a program") as link:
                await link.connect()


@pytest.fixture
async def store(postgres_database: Database) -> AsyncGenerator[EdgeStore]:
    async with connected(postgres_database.url, max_size=1) as pool:
        await migrate(pool)
        yield EdgeStore(pool)


@pytest.fixture
def installation(postgres_database: Database, tmp_path: Path) -> Installation:
    return Installation(postgres_database.url, tmp_path)


async def test_it_is_switched_on_rotated_and_switched_off(store: EdgeStore, installation: Installation):
    await installation.begin("", f"none {OLD}", "")
    assert await store.encryption_key() is None
    await installation.begin(OLD)
    assert await store.encryption_key() == "old"
    await installation.begin(f"{OLD} {NEW}", f"{NEW} {OLD}", NEW)
    assert await store.encryption_key() == "new"
    await installation.begin(f"none {NEW}", "")
    assert await store.encryption_key() is None


async def test_who_has_no_keys_forgets_nothing_that_was_noted_meanwhile(
    store: EdgeStore, installation: Installation, monkeypatch: pytest.MonkeyPatch
):
    ask = EdgeStore.encryption_key

    async def slow_answer(asked: EdgeStore) -> str | None:
        found = await ask(asked)
        await store.note_encryption_key("old")
        return found

    monkeypatch.setattr(EdgeStore, "encryption_key", slow_answer)
    await installation.begin("")
    assert await ask(store) == "old"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "ICHOR_ENCRYPTION_KEYS is not set"),
        (NEW, "the file of ICHOR_ENCRYPTION_KEYS lacks it"),
        (f"none {NEW}", "the file of ICHOR_ENCRYPTION_KEYS lacks it"),
    ],
)
async def test_who_lacks_the_key_does_not_begin(store: EdgeStore, installation: Installation, keys: str, said: str):
    await installation.begin(OLD)
    with pytest.raises(Unavailable, match=f"encrypted with the key 'old', and {said}"):
        await installation.begin(keys)
    with pytest.raises(Unavailable, match="'old'"):
        await require_encryption(installation.settings(keys), store)
    assert await store.encryption_key() == "old"
