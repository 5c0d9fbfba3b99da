"""The part `api`: serves the HTTP API on the port of the health checks."""

import structlog
from ichor_service import Part

from ichor_trigger.api.application import application
from ichor_trigger.api.authenticator import Authenticator
from ichor_trigger.api.guard import Limits
from ichor_trigger.api.jwt_verifier import JwtVerifier
from ichor_trigger.api.key_set import KeySet
from ichor_trigger.api.token_file import TokenFile
from ichor_trigger.api.upkeep import Upkeep
from ichor_trigger.links import Links

_log = structlog.stdlib.get_logger(__name__)


def api(links: Links) -> Part:
    """Return the part.

    Raises:
        InvalidSetting: the file of tokens cannot be used.
    """
    settings = links.settings
    tokens = TokenFile(settings.api_tokens) if settings.api_tokens else None
    keys = KeySet(settings.jwks_url) if settings.jwks_url else None
    jwts = JwtVerifier(keys, settings.jwt_audience, settings.jwt_issuer) if keys else None
    authenticator = Authenticator(tokens, jwts)
    if authenticator.is_off:
        _log.info("the API is off, set ICHOR_API_TOKENS or ICHOR_JWKS_URL to switch it on")
    served = application(links, authenticator, Limits(body=settings.max_event_bytes))
    return Part(Upkeep(links, tokens, keys).run, {"database": links.store.probe}, served)
