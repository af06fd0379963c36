"""Write keys as requests present them, looked up at most once a second per process."""

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from config.kit import tokens
from customers.enums import KeyKind
from customers.models import WriteKey

SECONDS = 1.0
LARGEST = 5_000
NOTED_EVERY = timedelta(minutes=1)
_cache: dict[str, tuple[float, "Known | None"]] = {}


@dataclass(frozen=True, slots=True)
class Known:
    """A key that is not revoked, as the endpoint needs it; no `origins`: every one may use it."""

    id: int
    is_server: bool
    origins: frozenset[str]
    secrets: tuple[bytes, ...]


def find(value: str, *, at: datetime) -> Known | None:
    """The key of this value; None when there is none or it is revoked. What is revoked is heard within a second."""
    fingerprint = tokens.fingerprint(value)
    clock = time.monotonic()
    found = _cache.get(fingerprint)
    if found is not None and found[0] > clock:
        return found[1]
    if len(_cache) > LARGEST:
        _cache.clear()
    known = _load(fingerprint, at)
    _cache[fingerprint] = (clock + SECONDS, known)
    return known


def forget() -> None:
    """Look every key up anew."""
    _cache.clear()


def _load(fingerprint: str, at: datetime) -> Known | None:
    key = WriteKey.objects.filter(fingerprint=fingerprint, revoked_at=None).first()
    if key is None:
        return None
    if key.last_used_at is None or at - key.last_used_at > NOTED_EVERY:
        WriteKey.objects.filter(pk=key.pk).update(last_used_at=at)
    origins = frozenset(line.strip().rstrip("/").lower() for line in key.origins.splitlines() if line.strip())
    return Known(key.pk, key.kind == KeyKind.SERVER, origins, tuple(secret.encode() for secret in identity_secrets(key)))


def identity_secrets(key: WriteKey) -> list[str]:
    """The secret with which the company's server proves user ids to this browser key; the valid one first.

    It is derived, so it stands nowhere; those under former SECRET_KEY values stay valid with them.
    """
    purpose = f"perennial.ingest.identity:{key.pk}:{key.identity_version}".encode()
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hmac.new(secret.encode(), purpose, hashlib.sha256).hexdigest() for secret in keys]


def proves(secrets: tuple[bytes, ...], user_id: str, proof: str) -> bool:
    """Whether `proof` is the HMAC-SHA256 (hex) of the user id with one of the secrets."""
    given = proof.strip().lower()
    if not given.isascii():
        return False
    return any(hmac.compare_digest(hmac.new(s, user_id.encode(), hashlib.sha256).hexdigest(), given) for s in secrets)
