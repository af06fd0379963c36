"""The public address that Stripe and Shopify send to."""

from datetime import datetime

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt

from config.kit import vault
from config.kit.access import number_in, public
from config.kit.clock import now
from customers.enums import SourceKind
from customers.models import Connection
from customers.sources.actions import connections
from customers.sources.actions.receive import Arrival, store
from customers.sources.rules import bodies, shopify, signatures, stripe

MOST_BYTES = 1_000_000
REFUSED_SECONDS = 7 * 24 * 3600


@csrf_exempt
@public
def receive(request: HttpRequest, code: str) -> HttpResponse:
    """Check the signature, store the webhook, answer 200; a worker takes it in afterwards.

    The same webhook again is 200 and nothing more. A wrong signature is 401 and leaves no row. An address that nobody
    has, and any other method than POST, is the same 404 page as everywhere.
    """
    if request.method != "POST" or len(code) > 24:
        raise Http404
    source = get_object_or_404(Connection, code=code)
    length = number_in(request.META.get("CONTENT_LENGTH") or "0")
    if length is None or length > MOST_BYTES:
        return _plain("The body is larger than 1 MB.", 413)
    body = request.body
    if len(body) > MOST_BYTES:
        return _plain("The body is larger than 1 MB.", 413)
    at = now()
    try:
        is_genuine = _is_genuine(request, body, source, at)
    except vault.Unreadable:
        return _plain("The signing secret has to be entered again.", 503)
    if not is_genuine:
        _count_refusal(source, at)
        return _plain("The signature does not match.", 401)
    store(source, [_arrival(request, body, source, at)], at=at)
    return _plain("Received.", 200)


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8", status=status)


def _is_genuine(request: HttpRequest, body: bytes, source: Connection, at: datetime) -> bool:
    secret = connections.signing_secret(source)
    if source.kind == SourceKind.STRIPE:
        return signatures.stripe(body, request.headers.get("Stripe-Signature", ""), secret=secret, at=at)
    if not signatures.shopify(body, request.headers.get("X-Shopify-Hmac-Sha256", ""), secret=secret):
        return False
    return request.headers.get("X-Shopify-Shop-Domain", "").strip().lower() == source.account


def _arrival(request: HttpRequest, body: bytes, source: Connection, at: datetime) -> Arrival:
    fallback = f"sha256:{bodies.digest(body.decode('latin-1'))[:64]}"
    header = request.headers
    event = header.get("X-Shopify-Event-Id", "")
    topic = _line(header.get("X-Shopify-Topic", ""), 80)
    delivered = header.get("X-Shopify-Webhook-Id", "") or (f"{topic}:{event}" if event else "")
    try:
        payload = bodies.parse(body)
    except bodies.NotReadable as error:
        return Arrival(_line(delivered, 120) or fallback, topic, bodies.unread(body), at, str(error))
    if source.kind == SourceKind.STRIPE:
        number, kind = _line(stripe.external_id(payload), 120), _line(str(payload.get("type") or ""), 80)
        return Arrival(number or fallback, kind, payload, stripe.occurred_at(payload) or at)
    return Arrival(_line(delivered, 120) or fallback, topic, payload, shopify.occurred_at(payload) or at)


def _line(text: str, limit: int) -> str:
    return str(bodies.clean("".join(character for character in text if character.isprintable())))[:limit]


def _key(source: Connection) -> str:
    return f"sources.refused.{source.pk}"


def _count_refusal(source: Connection, at: datetime) -> None:
    count, _ = cache.get(_key(source), (0, at))
    cache.set(_key(source), (count + 1, at), REFUSED_SECONDS)


def refusals(source: Connection) -> tuple[int, datetime] | None:
    """How many webhooks had a wrong signature in the last week, and when the latest came: a wrong secret shows here."""
    found: tuple[int, datetime] | None = cache.get(_key(source))
    return found
