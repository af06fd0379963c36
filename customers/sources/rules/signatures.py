"""Whether a webhook was written by the system it names: each system's own algorithm, over the raw body.

Stripe: docs.stripe.com/webhooks (verify manually). Shopify: shopify.dev/docs/apps/build/webhooks, HTTPS delivery.
"""

import hmac
from base64 import b64encode
from datetime import datetime

TOLERANCE_SECONDS = 300
# What the vault calls the two secrets of a connection.
SIGNING, TOKEN = "sources.signing", "sources.token"
MOST_SIGNATURES = 10


def stripe(body: bytes, header: str, *, secret: str, at: datetime) -> bool:
    """`Stripe-Signature: t=1700000000,v1=…,v1=…`: HMAC-SHA256 of "t.body", hex; any of several may fit (rotation).

    A signature made more than 300 seconds from `at` is refused, so that an old request cannot be sent again.
    """
    moment = ""
    given: list[str] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and not moment:
            moment = value
        elif name == "v1" and len(given) < MOST_SIGNATURES:
            given.append(value)
    if not secret or not (moment.isascii() and moment.isdigit() and len(moment) < 13):
        return False
    if abs(at.timestamp() - int(moment)) > TOLERANCE_SECONDS:
        return False
    expected = hmac.digest(secret.encode(), moment.encode() + b"." + body, "sha256").hex()
    return any(_same(expected, value) for value in given)


def shopify(body: bytes, header: str, *, secret: str) -> bool:
    """`X-Shopify-Hmac-Sha256`: HMAC-SHA256 of the body, in base64."""
    if not secret:
        return False
    return _same(b64encode(hmac.digest(secret.encode(), body, "sha256")).decode(), header.strip())


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
