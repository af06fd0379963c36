"""Making, revoking and changing write keys."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from config.kit import tokens
from customers.enums import KeyKind
from customers.ingest.queries import keys
from customers.models import WriteKey

PREFIXES = {KeyKind.SERVER: "psk_", KeyKind.BROWSER: "pbk_"}
HINT = 10


@dataclass(frozen=True, slots=True)
class Created:
    """A new key with its value, which for a server key is known here and never again."""

    key: WriteKey
    secret: str


def create(*, name: str, kind: str, user_id: int | None, at: datetime, origins: str = "") -> Created:
    """Make a key of `KeyKind`; of a server key only the fingerprint is kept. `origins`: one a line, for browser keys."""
    value = PREFIXES[KeyKind(kind)] + secrets.token_urlsafe(32 if kind == KeyKind.SERVER else 16)
    key = WriteKey.objects.create(
        name=name,
        kind=kind,
        fingerprint=tokens.fingerprint(value),
        hint=value[:HINT],
        public_value=value if kind == KeyKind.BROWSER else "",
        origins=origins if kind == KeyKind.BROWSER else "",
        created_at=at,
        created_by_id=user_id,
    )
    return Created(key, value)


def revoke(key_id: int, *, at: datetime) -> bool:
    """No request with this key is taken from now on (other processes hear of it within a second); False when it was."""
    done = WriteKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=at) == 1
    keys.forget()
    return done


def set_origins(key_id: int, origins: str) -> None:
    """Pages of these origins may use the browser key; empty: of any."""
    WriteKey.objects.filter(pk=key_id, kind=KeyKind.BROWSER).update(origins=origins)
    keys.forget()


def rotate_identity(key_id: int) -> None:
    """A new identity secret; proofs made with the former one are refused from now on."""
    WriteKey.objects.filter(pk=key_id).update(identity_version=F("identity_version") + 1)
    keys.forget()
