"""Keys, a sender of messages, and the drain."""

import base64
import json

import pytest
from django.core.cache import cache

from config.kit.clock import now
from customers.enums import KeyKind
from customers.ingest.actions import accept, keys, take_in
from customers.ingest.queries import keys as known
from customers.ingest.queries import limits


@pytest.fixture(autouse=True)
def fresh():
    """Nothing remembered from the test before."""
    cache.clear()
    known.forget()
    limits.forget()
    accept.forget()


@pytest.fixture
def server_key(db, at):
    return keys.create(name="shop", kind=KeyKind.SERVER, user_id=None, at=at)


@pytest.fixture
def browser_key(db, at):
    return keys.create(name="site", kind=KeyKind.BROWSER, user_id=None, at=at)


def basic(secret):
    return "Basic " + base64.b64encode(f"{secret}:".encode()).decode()


@pytest.fixture
def send(client):
    """`send("track", {...}, key)` posts one message, `send("batch", [...], key)` a batch."""

    def post(kind, content, key, *, headers=None, **extra):
        content = {"batch": content, **extra} if kind in ("batch", "b", "import") else content
        body = content if isinstance(content, bytes) else json.dumps(content)
        sent = {"authorization": basic(key.secret)} if key else {}
        return client.post(f"/v1/{kind}", body, content_type="application/json", headers={**sent, **(headers or {})})

    return post


@pytest.fixture
def drain():
    def run():
        total = 0
        while count := take_in.take_in(at=now()):
            total += count
        return total

    return run
