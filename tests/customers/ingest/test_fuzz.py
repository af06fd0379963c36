"""Whatever is sent, nothing breaks: 10,000 requests through the WSGI application without one answer of 500 and above."""

import gzip
import io
import json
import random

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from config.wsgi import application
from customers.ingest.rules import bodies, messages
from customers.ingest.urls import KINDS
from customers.models import IngestBatch, IngestProblem
from tests.customers.ingest.conftest import basic

pytestmark = pytest.mark.django_db
COUNT = 10_000
FIELDS = ["type", "event", "userId", "anonymousId", "messageId", "properties", "traits", "context", "timestamp", "sentAt",
          "originalTimestamp", "groupId", "previousId", "name", "category", "writeKey", "userHash", "integrations", "batch"]  # fmt: skip
NAMES = ["Order Completed", "Order Refunded", "Order Cancelled", "Subscription Started", "Subscription Updated",
         "Subscription Cancelled", "E", "order.placed", "\x00", "\ud800", "x" * 100, ""]  # fmt: skip
TEXTS = ["", " ", "u1", "a1", "é" * 50, "\x00", "\ud800", "\udfff", "\u202e", "🦊", "NaN", "1e400", "-1", "' OR 1=1--", "<b>", "{{7*7}}",
         "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "2026-13-45", "x" * 300, "\n\r\t",
         "identify", "track", "page", "screen", "group", "alias", "EUR", "12.50", "order_id"]  # fmt: skip
NUMBERS = [0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**30, 1e308, -1e308, 0.1, float("nan"), float("inf"), -0.0]
KEYS = ["order_id", "total", "revenue", "currency", "products", "email", "phone", "createdAt", "address", "company", "name",
        "birthday", "subscription_id", "mrr", "amount", "status", "interval", "cancel_at", "quantity", "price", "sku", "",
        "\x00", "\ud800", "__proto__", "x" * 200, "userHash", "traits"]  # fmt: skip


def value(dice, depth=0):
    pick = dice.random()
    if pick < 0.35:
        return dice.choice(TEXTS)
    if pick < 0.55:
        return dice.choice(NUMBERS)
    if pick < 0.7:
        return dice.choice([None, True, False])
    if depth > 4:
        return []
    if pick < 0.85:
        return [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {dice.choice(KEYS): value(dice, depth + 1) for _ in range(dice.randrange(6))}


def message(dice):
    if dice.random() < 0.05:
        return value(dice)
    made = {"type": dice.choice(sorted(messages.KINDS)), "userId": "u1", "anonymousId": "a1", "messageId": str(dice.random()),
            "event": dice.choice(["E"] * 30 + NAMES), "groupId": "g", "previousId": "p"}  # fmt: skip
    for _ in range(dice.choice([0, 0, 0, 1, 1, 3])):
        made[dice.choice(FIELDS)] = value(dice)
    if dice.random() < 0.5:
        made[dice.choice(["properties", "traits", "context"])] = {
            dice.choice(KEYS): value(dice) for _ in range(dice.randrange(8))
        }
    return made


def body(dice):
    pick = dice.random()
    content = {"batch": [message(dice) for _ in range(dice.randrange(5))]} if dice.random() < 0.5 else message(dice)
    if isinstance(content, dict) and dice.random() < 0.2:
        content[dice.choice(FIELDS)] = value(dice)
    raw = json.dumps(content, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    if pick < 0.75:
        return raw
    if pick < 0.82:
        return raw[: dice.randrange(len(raw) + 1)]
    if pick < 0.88:
        place = dice.randrange(len(raw) + 1)
        return raw[:place] + bytes([dice.randrange(256)]) + raw[place + 1 :]
    if pick < 0.92:
        return gzip.compress(raw, 1)[: dice.choice([None, -4, 12])]
    if pick < 0.96:
        depth = dice.choice([20, 300, 1500])
        return (
            b'{"batch":[{"type":"track","userId":"u","event":"E","properties":{"a":' + b"[" * depth + b"]" * depth + b"}}]}"
        )
    return bytes(dice.randrange(256) for _ in range(dice.randrange(60)))


def call(dice, secrets):
    sent = body(dice)
    keys = {"QUERY_STRING": "", "HTTP_HOST": "testserver", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False}  # fmt: skip
    length = len(sent) if dice.random() < 0.97 else dice.choice(["", "-5", "x", "9" * 30, len(sent) + 10, "²"])
    environ = {
        **keys, "REQUEST_METHOD": dice.choice(["POST"] * 12 + ["GET", "PUT", "OPTIONS", "HEAD"]),
        "PATH_INFO": f"/v1/{dice.choice(list(KINDS))}", "CONTENT_LENGTH": str(length), "wsgi.input": io.BytesIO(sent),
        "wsgi.errors": io.StringIO(), "CONTENT_TYPE": dice.choice(["application/json", "text/plain", "multipart/form-data", "\xff"]),
    }  # fmt: skip
    if dice.random() < 0.95:
        environ["HTTP_AUTHORIZATION"] = basic(dice.choice(secrets))
    if dice.random() < 0.1:
        environ["HTTP_CONTENT_ENCODING"] = dice.choice(["gzip", "br", "\xff", "deflate"])
    if dice.random() < 0.2:
        environ["HTTP_ORIGIN"] = dice.choice(["https://a.example", "null", "\xff", ""])
    answer = []
    result = application(environ, lambda status, headers, error=None: answer.append(status))
    try:
        content = b"".join(result)
    finally:
        result.close()
    return int(answer[0][:3]), content, environ, sent


def test_ten_thousand_requests_break_nothing(server_key, browser_key, drain, settings):
    settings.INGEST_RATE = settings.INGEST_VISITOR_RATE = 0
    dice = random.Random(20261122)
    secrets = [server_key.secret] * 8 + [browser_key.secret] * 4 + ["wrong", ""]
    seen: dict[int, int] = {}
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    try:
        for number in range(COUNT):
            status, content, environ, sent = call(dice, secrets)
            assert status < 500, (number, environ["PATH_INFO"], sent[:500], content[:500])
            if status >= 400 and environ["REQUEST_METHOD"] == "POST":
                assert json.loads(content)["code"], (status, content[:200])
            seen[status] = seen.get(status, 0) + 1
    finally:
        request_started.connect(close_old_connections)
        request_finished.connect(close_old_connections)

    assert {200, 400, 401, 405, 415} <= set(seen)
    assert seen[200] > 500
    waiting = IngestBatch.objects.count()
    assert waiting > 500
    drain()
    assert not IngestBatch.objects.exists()
    unforeseen = IngestProblem.objects.filter(is_held=True, reason__contains="Error: ")
    assert list(unforeseen.values_list("reason", "body")[:5]) == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[[[[", b"9" * 5000, b"\xff", b"{'a': 1}", b"[" * 100_000])
def test_what_is_no_json_is_told_in_a_sentence(raw):
    with pytest.raises(bodies.BadBody, match=r"\.$"):
        bodies.parse(raw)
