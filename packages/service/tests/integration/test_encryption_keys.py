"""Programs of one database agree on the key that encrypts, and who lacks it does not begin."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from ichor_edgestore import EdgeStore, connected, migrate
from ichor_service import Settings, Unavailable, require_encryption, store_link
from ichor_testing import Database, until
from pydantic import SecretStr

OLD, NEW = (f"{name}:{b64encode(name.encode().ljust(32)).decode()}" for name in ("old", "new"))
_WAITS = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())
"""


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


async def test_who_begins_beside_another_one_lacks_its_key(
    postgres_database: Database, store: EdgeStore, installation: Installation
):
    async def waits() -> bool:
        assert not beginning.done()
        return await pool.fetchval(_WAITS)

    async with connected(postgres_database.url, max_size=2) as pool, pool.acquire() as other:
        async with other.transaction():
            await other.execute("INSERT INTO workflow.temporal_encryption (key_id) VALUES ('old')")
            beginning = asyncio.create_task(installation.begin(NEW))
            await until(waits, "the program to wait for the other one")
        with pytest.raises(Unavailable, match="encrypted with the key 'old'"):
            await beginning
    assert await store.encryption_key() == "old"


@pytest.mark.parametrize("key", ["new", None])
async def test_a_key_that_is_not_known_stays_noted(store: EdgeStore, key: str | None):
    await store.note_encryption_key("old", ["old"])
    await store.note_encryption_key(key, ["new"])
    assert await store.encryption_key() == "old"
