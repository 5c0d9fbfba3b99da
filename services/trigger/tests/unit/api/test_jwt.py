"""JWTs, against keys that a server on this machine gives."""

import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ichor_testing.http import Answer, HttpSink, start_http
from ichor_testing.ports import free_port
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.jwt_verifier import JwtVerifier
from ichor_trigger.api.key_set import KeySet
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

type ClientOf = Callable[..., httpx.AsyncClient]

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
STRANGE = rsa.generate_private_key(65537, 2048)
CLAIMS = {"sub": "ada", "name": "Ada", "aud": "ichor", "iss": "https://id", "scope": "openid read", "roles": ["sales"]}
JWKS = {
    "keys": [
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "rs256", "alg": "RS256"},
        {**ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), "kid": "ec"},
        {**OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True), "kid": "ed"},
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
        {"kty": "strange", "kid": "other"},
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "enc", "use": "enc"},
        {"kty": "RSA", "kid": "broken", "alg": ["RS256"]},
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "unsigned", "alg": "none"},
        {**RSAAlgorithm.to_jwk(RSA, as_dict=True), "kid": "private"},
    ]
}


def token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **changes: Any) -> str:
    claims = {**CLAIMS, "exp": int(time.time()) + 60, **changes}
    headers = {"kid": kid} if kid else None
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm, headers)


@pytest_asyncio.fixture(loop_scope="session")
async def issuer() -> AsyncGenerator[HttpSink]:
    """An issuer, who gives its keys to everybody."""
    async with start_http() as sink:
        sink.default = Answer(json=JWKS)
        yield sink


@pytest.fixture
def status_of(client_of: ClientOf, issuer: HttpSink) -> Callable[..., Any]:
    """Calls the API with a JWT; 404 means that it is good, since nothing is at that path."""
    verifier = JwtVerifier(KeySet(issuer.url), "ichor", "https://id")

    async def status(given: str, verifier: JwtVerifier = verifier) -> int:
        client = client_of(None, authenticator=Authenticator(None, verifier))
        return (await client.get("/v1/nowhere", headers={"authorization": f"Bearer {given}"})).status_code

    return status


async def test_signed_tokens_are_good_and_keys_are_fetched_once(status_of: Callable[..., Any], issuer: HttpSink):
    for given in (
        *(token(RSA, f"{family}{bits}") for family in ("RS", "PS") for bits in (256, 384, 512)),
        token(kid="rs256"),
        token(EC, "ES256", "ec"),
        token(ED, "EdDSA", "ed"),
        token(aud=["other", "ichor"]),
    ):
        assert await status_of(given) == 404
    assert len(issuer.requests) == 1


async def test_clocks_may_differ_by_some_seconds(status_of: Callable[..., Any]):
    assert await status_of(token(exp=int(time.time()) - 1)) == 404


async def test_bad_tokens_are_refused(status_of: Callable[..., Any]):
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, claims, signature = token().split(".")
    bad = {
        "none": jwt.encode({**CLAIMS, "exp": time.time() + 60}, "", "none", {"kid": "rsa"}),
        "no algorithm": f"{header}.{claims}.",
        "HS256 by the public key": forged(pem, "rsa"),
        "HS256 by a shared key": forged(b"secret-secret-secret-secret-secret", "shared"),
        "another algorithm than the key's": token(RSA, "RS512", "rs256"),
        "a key for encryption": token(kid="enc"),
        "a key that signs nothing": token(kid="unsigned"),
        "a private key": token(kid="private"),
        "a key of another kind": token(EC, "ES256", "rsa"),
        "somebody else's key": token(STRANGE),
        "unknown key": token(kid="new"),
        "one key of many": token(kid=None),
        "expired": token(exp=int(time.time()) - 60),
        "never expires": token(exp=None),
        "not yet": token(nbf=int(time.time()) + 60),
        "another audience": token(aud="shop"),
        "no audience": token(aud=None),
        "another issuer": token(iss="https://evil"),
        "nobody": token(sub=None),
        "an empty name": token(sub=""),
        "a strange name": token(sub="a\x00b"),
        "a changed signature": token() + "x",
        "cut": f"{header}.{claims}.{signature[:-4]}",
        "no JSON": "a.b.c",
        "no JWT": "abc",
    }
    statuses = {name: await status_of(given) for name, given in bad.items()}
    assert statuses == dict.fromkeys(bad, 401)


def forged(secret: bytes, kid: str) -> str:
    """Return a JWT signed by HMAC, which the library would not sign with a public key."""
    hmac = jwt.get_algorithm_by_name("HS256")
    head = base64url_encode(json.dumps({"alg": "HS256", "kid": kid}).encode())
    body = base64url_encode(json.dumps({**CLAIMS, "exp": time.time() + 60}).encode())
    return b".".join((head, body, base64url_encode(hmac.sign(head + b"." + body, secret)))).decode()


async def test_a_new_key_is_asked_for_but_not_again_and_again(status_of: Callable[..., Any], issuer: HttpSink):
    patient = JwtVerifier(KeySet(issuer.url, pause=3600))
    assert [await status_of(token(kid="new"), patient) for _ in range(3)] == [401, 401, 401]
    assert len(issuer.requests) == 1
    eager = JwtVerifier(KeySet(issuer.url, pause=0))
    issuer.default = Answer(json={"keys": JWKS["keys"][1:]})
    assert await status_of(token(), eager) == 401
    issuer.default = Answer(json=JWKS)
    assert await status_of(token(), eager) == 404
    assert len(issuer.requests) == 3


async def test_an_issuer_that_is_away_is_no_mistake_of_the_caller(status_of: Callable[..., Any], issuer: HttpSink):
    for url in (f"http://127.0.0.1:{free_port()}", "https://no_name_☃/"):
        assert await status_of(token(), JwtVerifier(KeySet(url))) == 503
    for answer in (
        Answer(500),
        Answer(json=[]),
        Answer(json={"keys": []}),
        Answer(json={"keys": 1}),
        Answer(body=b"<html>"),
        Answer(body=b"[" * 200_000),
        Answer(json=JWKS | {"more": "x" * 2**20}),
        Answer(drop=True),
    ):
        issuer.script(answer)
        assert await status_of(token(), JwtVerifier(KeySet(issuer.url))) == 503


async def test_keys_are_kept_while_the_issuer_is_away(status_of: Callable[..., Any], issuer: HttpSink):
    verifier = JwtVerifier(KeySet(issuer.url, pause=0))
    assert await status_of(token(), verifier) == 404
    issuer.default = Answer(500)
    assert await status_of(token(kid="new"), verifier) == 503
    assert await status_of(token(), verifier) == 404


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, ("read",)),
        ({"scope": None, "scp": "read start"}, ("read", "start")),
        ({"scope": None, "scp": ["events", 5]}, ("events",)),
        ({"scope": None, "scopes": ["operator", "all"]}, ("operator",)),
        ({"scope": {"read": True}}, ()),
    ],
)
async def test_claims_say_who_calls(issuer: HttpSink, claims: dict[str, Any], scopes: tuple[str, ...]):
    caller = await JwtVerifier(KeySet(issuer.url)).caller(token(**claims))
    assert (caller.sub, caller.name, caller.roles, caller.scopes) == ("ada", "Ada", ("sales",), scopes)
