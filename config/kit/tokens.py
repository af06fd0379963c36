"""Links that cannot be forged: signed ids for stateless links, stored random tokens for revocable ones, short codes.

A signed token is base64url(id, 8 bytes + 16 bytes of HMAC-SHA-256 keyed by purpose): 32 characters, bound to one purpose,
valid under SECRET_KEY and each of SECRET_KEY_FALLBACKS. It holds no personal data and never expires by itself.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from django.conf import settings

MAC_BYTES = 16
# Without 0 O 1 I L: a code is read aloud and typed.
CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class BadToken(ValueError):
    """The token is malformed, forged, or was made for another purpose."""


@lru_cache(maxsize=64)
def _key(secret: str, purpose: str) -> bytes:
    return hashlib.sha256(f"perennial.{purpose}:{secret}".encode()).digest()


def _mac(secret: str, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(_key(secret, purpose), payload, "sha256")[:MAC_BYTES]


def sign(purpose: str, object_id: int) -> str:
    """A token for one object and one purpose, such as `sign("unsubscribe", message.id)`."""
    payload = object_id.to_bytes(8, "big")
    return urlsafe_b64encode(payload + _mac(settings.SECRET_KEY, purpose, payload)).decode()


def read(purpose: str, token: str) -> int:
    """The id inside a token. Raises `BadToken` unless it was signed here for this purpose."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except ValueError as error:
        raise BadToken from error
    if len(raw) != 8 + MAC_BYTES or urlsafe_b64encode(raw).decode() != token:
        raise BadToken
    payload, mac = raw[:8], raw[8:]
    for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        if hmac.compare_digest(mac, _mac(secret, purpose, payload)):
            return int.from_bytes(payload, "big")
    raise BadToken


def random_token() -> str:
    """A new 128-bit token of 22 characters; store `fingerprint(token)`, never the token."""
    return secrets.token_urlsafe(16)


def fingerprint(token: str) -> str:
    """SHA-256 of a random token, the form in which it is stored and looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


def keyed_hash(purpose: str, text: str) -> str:
    """A keyed hash of personal text (an address kept only to recognise it again), 64 hex characters."""
    return hmac.new(_key(settings.SECRET_KEY, purpose), text.encode(), "sha256").hexdigest()


def random_code(length: int = 12) -> str:
    """A code that people can read aloud; 12 characters hold 59 bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))
