"""Tokens and keys are rotated while callers call, and nobody who may call is refused."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from ichor_edgestore import connected, migrate
from ichor_service import token_hash
from ichor_testing import Database, TemporalServer, Vhost, until
from ichor_testing.engine_program import start_program
from ichor_testing.http import Answer, HttpSink, start_http
from ichor_testing.ports import LOOPBACK
from jwt.algorithms import RSAAlgorithm

CALLERS = 8
KEYS = {name: rsa.generate_private_key(65537, 2048) for name in ("old", "new")}


def jwks(*names: str) -> Answer:
    keys = [{**RSAAlgorithm.to_jwk(KEYS[name].public_key(), as_dict=True), "kid": name} for name in names]
    return Answer(json={"keys": keys})


def signed(name: str) -> str:
    claims = {"sub": "ada", "scope": "read", "exp": int(time.time()) + 600}
    return jwt.encode(claims, KEYS[name], "RS256", {"kid": name})


def write_tokens(path: Path, *tokens: str) -> None:
    """Put another file in its place."""
    entries = [{"sha256": token_hash(token), "sub": "ada", "scopes": ["read"]} for token in tokens]
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"tokens": entries}))
    new.rename(path)


@dataclass
class Load:
    """Callers who call all the time, each with the token that is current then."""

    http: httpx.AsyncClient
    token: str
    answered: dict[str, int] = field(default_factory=dict[str, int])

    async def call(self) -> None:
        while True:
            token = self.token
            assert await self.status(token) == 200, f"refused, after {self.answered}"
            self.answered[token] = self.answered.get(token, 0) + 1

    async def status(self, token: str) -> int:
        return (await self.http.get("/v1/rules", headers={"authorization": f"Bearer {token}"})).status_code

    async def change(self, token: str) -> None:
        """Let everybody use another token, and return when each has."""
        before = self.answered.get(token, 0)
        self.token = token

        async def is_used() -> bool:
            return self.answered.get(token, 0) > before + 3 * CALLERS

        await until(is_used, "calls with the new token", seconds=60)

    async def refused(self, token: str) -> None:
        async def is_refused() -> bool:
            return await self.status(token) == 401

        await until(is_refused, "the end of the old token", seconds=60)

    async def guess(self) -> None:
        """Call all the time with JWTs of a key that nobody knows."""
        strange = jwt.encode({"sub": "eve"}, KEYS["new"], "RS256", {"kid": "strange"})
        while True:
            # 503 where the issuer did not answer in time.
            assert await self.status(strange) in (401, 503)


@pytest.fixture
async def issuer() -> AsyncGenerator[HttpSink]:
    async with start_http() as sink:
        sink.default = jwks("old")
        yield sink


@asynccontextmanager
async def under_load(database: Database, settings: dict[str, str], token: str) -> AsyncGenerator[Load]:
    """Yield callers who call all the time, beside one who guesses."""
    async with connected(database.url) as pool:
        await migrate(pool)
    environment = {"ICHOR_DATABASE_URL": database.url, **settings}
    async with (
        start_program("ichor_trigger", environment, "--only", "api") as trigger,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{trigger.port}", timeout=30) as http,
    ):
        load = Load(http, token)
        await until(lambda: answers(load), "an answer")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(load.call()) for _ in range(CALLERS)]
            tasks.append(group.create_task(load.guess()))
            yield load
            for task in tasks:
                task.cancel()


async def answers(load: Load) -> bool:
    try:
        return await load.status(load.token) == 200
    except httpx.TransportError:
        return False


async def test_a_token_is_rotated(
    postgres_database: Database, rabbitmq_vhost: Vhost, shared_temporal: TemporalServer, tmp_path: Path
):
    file = tmp_path / "tokens.json"
    write_tokens(file, "old")
    settings = servers(rabbitmq_vhost, shared_temporal) | {"ICHOR_API_TOKENS": str(file)}
    async with under_load(postgres_database, settings, "old") as load:
        write_tokens(file, "old", "new")

        async def is_known() -> bool:
            return await load.status("new") == 200

        await until(is_known, "the new token is known")
        await load.change("new")
        write_tokens(file, "new")
        await load.refused("old")
        await load.change("new")


async def test_a_key_is_rotated(
    postgres_database: Database, rabbitmq_vhost: Vhost, shared_temporal: TemporalServer, issuer: HttpSink
):
    old, new = signed("old"), signed("new")
    settings = servers(rabbitmq_vhost, shared_temporal) | {"ICHOR_JWKS_URL": issuer.url}
    async with under_load(postgres_database, settings, old) as load:
        issuer.default = jwks("old", "new")
        await issuer.wait_for(len(issuer.requests) + 1, seconds=30)
        await load.change(new)
        issuer.default = jwks("new")
        await load.refused(old)
        await load.change(new)


def servers(vhost: Vhost, temporal: TemporalServer) -> dict[str, str]:
    return {"ICHOR_RABBITMQ_URL": vhost.url, "ICHOR_TEMPORAL_ADDRESS": temporal.url}
