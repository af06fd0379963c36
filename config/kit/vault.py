"""Secrets at rest: what other systems give us to keep (signing secrets, API tokens) stands encrypted in the database.

A value is encrypted with Fernet (AES-128-CBC and HMAC-SHA-256) under a key made of SECRET_KEY and a purpose. It can be read
under each of SECRET_KEY_FALLBACKS too, so a key that was rotated leaves nothing unreadable. A copy of the database without
SECRET_KEY gives no secret away.
"""

import hashlib
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(ValueError):
    """The value was encrypted under a SECRET_KEY that is no longer known, for another purpose, or was altered."""

    def __init__(self) -> None:
        super().__init__(
            "This secret cannot be read any more: it was stored under another SECRET_KEY. Add the former key to "
            "SECRET_KEY_FALLBACKS, or type the secret in again."
        )


@lru_cache(maxsize=64)
def _box(secrets: tuple[str, ...], purpose: str) -> MultiFernet:
    keys = [hashlib.sha256(f"perennial.vault.{purpose}:{secret}".encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])


def _current(purpose: str) -> MultiFernet:
    return _box((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), purpose)


def encrypt(purpose: str, text: str) -> str:
    """The form in which a secret is stored; an empty text stays empty."""
    return _current(purpose).encrypt(text.encode()).decode() if text else ""


def decrypt(purpose: str, stored: str) -> str:
    """The secret behind `encrypt(purpose, …)`. Raises `Unreadable`, whose text says what to do."""
    if not stored:
        return ""
    try:
        return _current(purpose).decrypt(stored.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise Unreadable from error


def rotate(purpose: str, stored: str) -> str:
    """The same secret under the present SECRET_KEY, so that the former one may be forgotten. Raises `Unreadable`."""
    if not stored:
        return ""
    try:
        return _current(purpose).rotate(stored.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise Unreadable from error
