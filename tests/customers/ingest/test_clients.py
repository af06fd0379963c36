"""The real client libraries, unchanged, against a live server; what they send again counts once."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from customers.enums import KeyKind
from customers.ingest.actions import keys
from customers.ingest.views import endpoint
from customers.models import AnonymousEvent, Customer, Event, IngestProblem, Order

ROOT = Path(settings.BASE_DIR)
NODE = shutil.which("node")
pytestmark = pytest.mark.django_db(transaction=True)
PYTHON = """
import json, logging, sys
import segment.analytics as analytics
key, host, packed = sys.argv[1:4]
failed = []
analytics.write_key, analytics.host, analytics.gzip = key, host, packed == "gzip"
analytics.on_error = lambda error, batch: failed.append([str(error), [item["messageId"] for item in batch]])
analytics.upload_interval = 0.1
analytics.identify("u1", {"email": "Alice@example.com", "firstName": "Alice", "plan": "pro"}, anonymous_id="a1")
analytics.track("u1", "Signed Up", {"plan": "pro"}, message_id="py-1")
analytics.page("u1", "Docs", "Start", {"path": "/start"})
analytics.screen("u1", "Main", "Home")
analytics.group("u1", "g1", {"name": "Acme"})
analytics.alias("a0", "u1")
analytics.track(anonymous_id="a9", event="Looked", message_id="py-2")
analytics.track("u1", "Order Completed", {"order_id": "1001", "total": 27.5, "currency": "EUR",
    "products": [{"sku": "A", "price": 13.75, "quantity": 2}]})
if packed == "bad":
    analytics.track("u1", "order.placed", message_id="py-bad")
analytics.flush()
print(json.dumps(failed))
"""
NODE_SCRIPT = """
const { Analytics } = require("@segment/analytics-node");
const [key, host] = process.argv.slice(1);
const analytics = new Analytics({ writeKey: key, host, flushAt: 20, flushInterval: 100 });
const failed = [];
analytics.on("error", (error) => failed.push(String(error.reason || error.code)));
analytics.identify({ userId: "u2", anonymousId: "b1", traits: { email: "bob@example.com", name: "Bob Builder" } });
analytics.track({ anonymousId: "b1", event: "Looked", properties: { sku: "x" }, messageId: "node-1" });
analytics.track({ userId: "u2", event: "Bought", timestamp: new Date("2026-01-02T03:04:05.678Z") });
analytics.page({ userId: "u2", name: "Home" });
analytics.screen({ userId: "u2", name: "Main" });
analytics.group({ userId: "u2", groupId: "g", traits: { name: "Build Ltd" } });
analytics.alias({ previousId: "b0", userId: "u2" });
analytics.closeAndFlush({ timeout: 20000 }).then(() => console.log(JSON.stringify(failed)));
"""


@pytest.fixture
def key(at):
    return keys.create(name="client", kind=KeyKind.SERVER, user_id=None, at=at)


@pytest.fixture
def answers(monkeypatch):
    """The first requests get these answers instead, after the messages were taken or not; all requests are counted."""
    real = endpoint._take
    planned, seen = [], []

    def take(request, kind):
        result = None
        if planned:
            status, is_taken = planned.pop(0)
            if is_taken:
                result = real(request, kind)
            seen.append(status)
            headers = {"Retry-After": "1"} if status == 429 else None
            raise endpoint.BadBody(status, "planned", "planned", headers)
        result = real(request, kind)
        seen.append(result[1].status_code)
        return result

    monkeypatch.setattr(endpoint, "_take", take)
    return planned, seen


def run(command, *arguments):
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def python(key, url, packed="plain"):
    return run([sys.executable, "-c", PYTHON], key.secret, url, packed)


@pytest.mark.parametrize("packed", ["plain", "gzip"])
def test_python_library_is_taken_whole(live_server, drain, key, packed):
    assert python(key, live_server.url, packed) == []
    drain()

    alice = Customer.objects.get(external_id="u1")
    assert (alice.email, alice.first_name, alice.plan, alice.company) == ("alice@example.com", "Alice", "pro", "Acme")
    assert sorted(alice.events.values_list("name", flat=True)) == [
        "Signed Up", "customer.created", "order.placed", "page.viewed", "screen.viewed"]  # fmt: skip
    assert alice.events.get(name="page.viewed").properties["category"] == "Docs"
    assert set(alice.identities.values_list("value", flat=True)) == {"a0", "a1"}
    assert Order.objects.get().total_minor == 2750
    assert AnonymousEvent.objects.get().name == "Looked"
    assert not IngestProblem.objects.exists()


@pytest.mark.parametrize("plan", [[(429, False), (503, False)], [(429, True), (503, True)]])
def test_python_library_that_sends_again_counts_once(live_server, drain, key, answers, plan):
    planned, seen = answers
    planned += plan

    assert python(key, live_server.url) == []
    drain()

    assert seen[:2] == [429, 503]
    assert seen[-1] == 200
    assert Event.objects.filter(name="Signed Up").count() == 1
    assert Event.objects.filter(name="order.placed").count() == 1
    assert AnonymousEvent.objects.count() == 1


def test_python_library_does_not_send_a_refused_batch_again_and_the_good_ones_count(live_server, drain, key, answers):
    failed = python(key, live_server.url, "bad")
    drain()

    assert answers[1] == [400]
    assert [("py-bad" in ids, "1 of 9 messages were refused" in error) for error, ids in failed] == [(True, True)]
    assert Event.objects.filter(name="Signed Up").count() == 1
    assert IngestProblem.objects.get().message_id == "py-bad"


needs_node = pytest.mark.skipif(
    not NODE or not (ROOT / "node_modules/@segment/analytics-node").exists(), reason="needs Node and the npm packages"
)


@needs_node
@pytest.mark.parametrize("plan", [[], [(429, True), (503, True)]])
def test_node_library_is_taken_whole_and_once(live_server, drain, key, answers, plan):
    answers[0].extend(plan)

    assert run([NODE, "-e", NODE_SCRIPT], key.secret, live_server.url) == []
    drain()

    bob = Customer.objects.get(external_id="u2")
    assert (bob.email, bob.first_name, bob.last_name, bob.company) == ("bob@example.com", "Bob", "Builder", "Build Ltd")
    assert sorted(bob.events.values_list("name", flat=True)) == [
        "Bought", "Looked", "customer.created", "page.viewed", "screen.viewed"]  # fmt: skip
    assert bob.events.get(name="Bought").occurred_at.isoformat() == "2026-01-02T03:04:05.678000+00:00"
    assert not IngestProblem.objects.exists()


@needs_node
def test_node_library_does_not_send_a_refused_batch_again(live_server, drain, key, answers):
    script = NODE_SCRIPT.replace(
        "analytics.closeAndFlush", 'analytics.track({userId: "u2", event: "page.viewed"});analytics.closeAndFlush'
    )

    failed = run([NODE, "-e", script], key.secret, live_server.url)
    drain()

    assert answers[1] == [400]
    assert len(failed) == 8
    assert Event.objects.filter(name="Bought").count() == 1
