"""The API that programs call: shaped as the HTTP API of Segment, so that its client libraries work unchanged.

Answers: 200 all messages are kept; 400 the body cannot be read, or some messages are refused (each with its reason; the
others are kept, and no library sends a 400 again); 401 no such key; 403 not from this origin; 413 too large; 429 too many,
with Retry-After; 503 the database does not answer, send again.
"""

import logging
from base64 import b64decode
from typing import Any

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from config.kit.access import client_address, network, public
from config.kit.clock import now
from customers.ingest.actions import accept
from customers.ingest.queries import keys, limits
from customers.ingest.queries.keys import Known
from customers.ingest.rules import bodies
from customers.ingest.rules.bodies import BadBody

log = logging.getLogger(__name__)
DONE = b'{"success":true}'
MAX_KEY = 200
KEEP_SECONDS = "600"


@csrf_exempt
@public
def endpoint(request: HttpRequest, kind: str) -> HttpResponse:
    """Take the messages of one request; `kind` is the type of its one message, empty for a batch."""
    if request.method == "OPTIONS":
        return _preflight(request)
    if request.method != "POST":
        return _answer(405, "method_not_allowed", "Send messages with POST.", {"Allow": "POST, OPTIONS"})
    is_shared = True
    try:
        key, response = _take(request, kind)
        is_shared = not key.is_server
    except BadBody as problem:
        response = _answer(problem.status, problem.code, problem.reason, problem.headers)
        is_shared = problem.status != 403
    except (OperationalError, InterfaceError):
        log.exception("ingest: the database does not answer")
        response = _answer(503, "unavailable", "Try again in a moment.", {"Retry-After": "2"})
    if is_shared and "HTTP_ORIGIN" in request.META:
        # A page may read the answer to its browser key; a secret key has no place in a page.
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "Retry-After"
    return response


def _take(request: HttpRequest, kind: str) -> tuple[Known, HttpResponse]:
    at = now()
    value = _basic(request.META.get("HTTP_AUTHORIZATION", ""))
    key = _known(request, value, at) if value else None
    body = bodies.unpack(_read(request), request.META.get("HTTP_CONTENT_ENCODING", ""))
    try:
        content, is_sound = bodies.parse(body)
        found = bodies.messages(content, is_batch=not kind)
    except BadBody as problem:
        if key is not None:
            _within_limits(request, key, 1)  # each is a row: who only sends rubbish fills no disk
            accept.note_body(problem, key=key, at=at)
        raise
    if key is None:
        told = content.get("writeKey")
        key = _known(request, told if type(told) is str else "", at)
    _within_limits(request, key, len(found))
    result = accept.accept(found, kind, key=key, content=content, is_sound=is_sound, size=len(body), at=at)
    if result.rejected:
        return key, _some_refused(result)
    return key, HttpResponse(DONE, content_type="application/json")


def _basic(header: str) -> str:
    """The key in a Basic (`key:`) or Bearer authorization; empty when there is none that can be read."""
    scheme, _, word = header.partition(" ")
    if scheme.lower() == "bearer":
        return word.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(word.strip(), validate=True).decode().partition(":")[0].strip()
    except ValueError:
        return "?"


def _known(request: HttpRequest, value: str, at: Any) -> Known:
    key = keys.find(value, at=at) if value and len(value) <= MAX_KEY and value.isascii() else None
    if key is None:
        raise BadBody(
            401, "invalid_key", "There is no such write key, or it was revoked. Make one under Settings, Ingest API."
        )
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin and key.origins and origin.lower() not in key.origins:
        raise BadBody(403, "origin_not_allowed", "The write key may not be used by pages of this origin.")
    return key


def _read(request: HttpRequest) -> bytes:
    """The bytes sent, never more than the limit: their number is told before."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise BadBody(400, "bad_length", "Content-Length is not a number.")
    if len(length) > 12 or int(length) > bodies.MAX_BYTES:
        raise BadBody(413, "too_large", bodies.TOO_LARGE)
    try:
        return request.read(int(length)) if length != "0" else b""
    except OSError:
        raise BadBody(400, "cut_off", "The body ended before its announced length.") from None


def _within_limits(request: HttpRequest, key: Known, count: int) -> None:
    seconds = limits.wait(f"key:{key.id}", count, settings.INGEST_RATE)
    if not key.is_server:
        visitor = f"visitor:{key.id}:{network(client_address(request))}"
        seconds = max(seconds, limits.wait(visitor, count, settings.INGEST_VISITOR_RATE))
    if seconds:
        words = "Too many messages. Wait as Retry-After says, then send the same again."
        raise BadBody(429, "too_many", words, {"Retry-After": str(seconds)})


def _some_refused(result: accept.Accepted) -> HttpResponse:
    refused = len(result.rejected)
    words = f"{refused} of {refused + result.count} messages were refused; the others were taken in."
    rows = [
        {"index": r.index, "messageId": r.message_id, "type": r.type, "field": r.field, "reason": r.reason}
        for r in result.rejected
    ]
    content = {
        "success": False, "code": "invalid_messages", "message": words, "accepted": result.count, "rejected": rows,
    }  # fmt: skip
    return HttpResponse(orjson.dumps(content), content_type="application/json", status=400)


def _answer(status: int, code: str, words: str, headers: dict[str, str] | None = None) -> HttpResponse:
    content = orjson.dumps({"success": False, "code": code, "message": words})
    return HttpResponse(content, content_type="application/json", status=status, headers=headers)


def _preflight(request: HttpRequest) -> HttpResponse:
    """A browser asks before it sends; which key it will use is not known yet, the POST itself is checked."""
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Methods"] = "POST, GET, OPTIONS"
    response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Content-Encoding, X-Retry-Count"
    response["Access-Control-Max-Age"] = KEEP_SECONDS
    return response


@public
def library_settings(request: HttpRequest, key: str) -> HttpResponse:
    """What Segment's browser library asks for before it starts: where to send, and nothing else to load."""
    known = keys.find(key, at=now()) if len(key) <= MAX_KEY and key.isascii() else None
    if request.method != "GET":
        return _answer(405, "method_not_allowed", "Read the settings with GET.", {"Allow": "GET"})
    if known is None or known.is_server:
        raise Http404
    scheme, _, host = str(settings.BASE_URL).partition("://")
    content = {
        "integrations": {
            "Segment.io": {
                "apiKey": key, "apiHost": f"{host}/v1", "protocol": scheme, "versionSettings": {"componentTypes": []},
            }
        },
        "plan": {
            "track": {"__default": {"enabled": True, "integrations": {}}}, "identify": {"__default": {"enabled": True}},
            "group": {"__default": {"enabled": True}},
        },
        "edgeFunction": {}, "analyticsNextEnabled": True, "middlewareSettings": {}, "enabledMiddleware": {},
        "metrics": {"sampleRate": 0}, "legacyVideoPluginsEnabled": False, "remotePlugins": [],
        "autoInstrumentationSettings": {"disableTraffic": True, "sampleRate": 0},
    }  # fmt: skip
    response = HttpResponse(orjson.dumps(content), content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response
