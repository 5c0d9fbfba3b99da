"""Who may call the API, and what they are answered otherwise."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from ichor_service import InvalidSetting, token_hash
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.token_file import TokenFile

type ClientOf = Callable[..., httpx.AsyncClient]

KNOWN = "/v1/nowhere"
"""Where everybody who is known is told that there is nothing."""


def code(response: httpx.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert set(error) == {"code", "message", "mend"}
    return response.status_code, error["code"]


def write_tokens(path: Path, *users: str) -> None:
    """Swap the file, as Kubernetes does: by a link."""
    tokens = [{"sha256": token_hash(f"token-of-{user}"), "sub": user, "scopes": ["read"]} for user in users]
    target = path.with_name(f"tokens-{len(users)}-{'-'.join(users)}")
    target.write_text(json.dumps({"tokens": tokens}))
    link = path.with_name("link")
    link.symlink_to(target)
    link.rename(path)


def break_file(path: Path, content: str | None) -> None:
    path.unlink()
    if content is not None:
        path.write_text(content)


@pytest.mark.parametrize("path", ["/", "/v1/rules", "/v1/nowhere", "/openapi.json", "/docs", "/metrics2", "/healthz2"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_a_stranger_is_told_nothing(client_of: ClientOf, method: str, path: str):
    response = await client_of(None).request(method, path)
    assert code(response) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dTpw",
        "token-of-ada",
        "Bearer token-of-eve",
        "Bearer token-of-adä",
        "Bearer a.b.c",
    ],
)
async def test_what_is_no_valid_token_is_refused(client_of: ClientOf, header: str):
    response = await client_of(None).get(KNOWN, headers=[(b"authorization", header.encode())])
    assert code(response) == (401, "unauthorized")


async def test_two_tokens_are_refused(client_of: ClientOf):
    header = (b"authorization", b"Bearer token-of-ada")
    assert code(await client_of(None).get(KNOWN, headers=[header, header])) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/rules", "read"),
        ("GET", "/v1/rules/x", "read"),
        ("GET", "/v1/runs", "read"),
        ("GET", "/v1/runs/x", "read"),
        ("GET", "/v1/runs/x/graph", "read"),
        ("POST", "/v1/events", "events"),
        ("POST", "/v1/rules/x/runs", "start"),
    ],
)
async def test_a_missing_scope_is_named(nina: httpx.AsyncClient, method: str, path: str, scope: str):
    event = {"event_type": "manual", "entity_name": "orders"} if scope == "events" else None
    response = await nina.request(method, path, json=event)
    assert code(response) == (403, "missing_scope")
    assert f"the scope {scope}" in response.json()["error"]["message"]


async def test_who_is_known_gets_the_usual_answers(nina: httpx.AsyncClient):
    assert code(await nina.get("/v1/nowhere")) == (404, "not_found")
    refused = await nina.delete("/v1/rules")
    assert code(refused) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "GET"
    assert (await nina.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_a_cancel_is_posted(client_of: ClientOf):
    refused = await client_of("ada").get("/v1/runs/x/cancel")
    assert (code(refused), refused.headers["allow"]) == ((405, "method_not_allowed"), "POST")


async def test_without_tokens_and_keys_the_api_is_off(client_of: ClientOf):
    response = await client_of("ada", authenticator=Authenticator(None, None)).get(KNOWN)
    assert code(response) == (503, "api_off")
    assert "ICHOR_API_TOKENS" in response.json()["error"]["mend"]


async def test_a_swapped_file_changes_who_may_call(client_of: ClientOf, tokens: TokenFile, token_file: Path):
    ada, eve = client_of("ada"), client_of("eve")
    assert (await ada.get(KNOWN)).status_code == 404
    write_tokens(token_file, "eve")
    tokens.refresh()
    assert (await eve.get(KNOWN)).status_code == 404
    assert (await ada.get(KNOWN)).status_code == 401


@pytest.mark.parametrize("broken", ["{", '{"tokens": [{"sub": "ada"}]}', None])
async def test_a_broken_new_file_changes_nothing(
    ada: httpx.AsyncClient, tokens: TokenFile, token_file: Path, broken: str | None
):
    break_file(token_file, broken)
    tokens.refresh()
    assert (await ada.get(KNOWN)).status_code == 404


HASH = token_hash("x")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("tokens: [", "cannot be read"),
        ("[]", "must be an object"),
        ("{}", "tokens is missing"),
        ({"tokens": [{"sub": "ada", "sha256": HASH}, {"sub": "eve"}]}, "tokens.1.sha256 is missing"),
        ({"tokens": [{"sub": "ada", "sha256": "token-of-ada"}]}, "tokens.0.sha256 must be of the form"),
        ({"tokens": [{"sub": "", "sha256": HASH}]}, "tokens.0.sub must have at least 1"),
        ({"tokens": [{"sub": "a\nb", "sha256": HASH}]}, "tokens.0.sub cannot be used"),
        ({"tokens": [{"sub": "ada", "sha256": HASH, "scopes": ["all"]}]}, "tokens.0.scopes.0 must be 'read'"),
        ({"tokens": [{"sub": "ada", "sha256": HASH, "scope": "read"}]}, "tokens.0.scope is no key"),
        ({"tokens": [{"sub": "ada", "sha256": HASH}] * 2}, "tokens.0 stands there more than once"),
    ],
)
def test_a_bad_file_stops_the_start(tmp_path: Path, content: Any, told: str):
    path = tmp_path / "tokens.yaml"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InvalidSetting) as raised:
        TokenFile(path)
    assert f"ICHOR_API_TOKENS: the file {path}" in str(raised.value)
    assert told in str(raised.value)
    assert HASH not in str(raised.value)
    assert "token-of-ada" not in str(raised.value)


def test_a_missing_file_stops_the_start(tmp_path: Path):
    with pytest.raises(InvalidSetting, match="cannot be read"):
        TokenFile(tmp_path / "nowhere.yaml")
