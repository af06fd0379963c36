"""The nightly check, against fakes of the two interfaces; and the client that may not be sent elsewhere."""

import http.server
import json
import socket
import threading
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from customers.models import Connection, Customer, Delivery, JobRun, MrrMovement, Order, Subscription
from customers.sources.actions import pull
from customers.sources.adapters import http as guarded
from customers.sources.adapters import interfaces
from tests.customers.sources import recorded

TOKEN = "rk_live_0123456789"


class Fake:
    """Answers of Stripe or Shopify by path, as the guarded client would give them."""

    def __init__(self, **lists):
        self.lists, self.calls, self.waits, self.status = lists, [], [], []

    def get(self, host, path, headers):
        self.calls.append((host, path, headers))
        if self.status:
            return guarded.Answer(*self.status.pop(0))
        parts = urlsplit(path)
        query, kind = dict(parse_qsl(parts.query)), parts.path.rsplit("/", 1)[-1]
        return (
            self._stripe(kind, query)
            if host == "api.stripe.com"
            else self._shopify(host, kind.removesuffix(".json"), query)
        )

    def _stripe(self, kind, query, size=4):
        listed = self.lists.get(kind, [])
        if "created[gte]" in query:
            listed = [item for item in listed if item["created"] >= int(query["created[gte]"])]
        ids = [item["id"] for item in listed]
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        page = listed[start : start + size]
        return self._json({"object": "list", "data": page, "has_more": start + size < len(listed)})

    def _shopify(self, host, kind, query, size=1):
        listed, start = self.lists.get(kind, []), int(query.get("page_info") or 0)
        assert ("updated_at_min" in query) != ("page_info" in query)
        follow = f'<https://{host}/admin/api/2025-01/{kind}.json?limit=250&page_info={start + size}>; rel="next"'
        return self._json({kind: listed[start : start + size]}, {"link": follow} if start + size < len(listed) else {})

    def _json(self, found, headers=None):
        return guarded.Answer(200, headers or {}, json.dumps(found).encode())


def check(source, at, fake, period="2026-03-16"):
    source.refresh_from_db()
    found = pull.check(source, period=period, at=at, calls=fake, pause=fake.waits.append)
    recorded.work(at)
    return found


@pytest.fixture
def stripe(at, frozen_clock, db):
    recorded.account()
    return recorded.stripe(at, api_token=TOKEN)


@pytest.fixture
def shop(at, frozen_clock, db):
    recorded.account("GBP")
    return recorded.shopify(at, api_token=TOKEN)


LIFE = recorded.load("stripe_subscription_life")
SHOP_LIFE = recorded.load("shopify_order_life")


def recent(at):
    """The events of the life that Stripe still has, newest first as it lists them."""
    oldest = (at - timedelta(days=30)).timestamp()
    return [event for event in reversed(LIFE) if event["created"] >= oldest]


def test_events_that_no_webhook_told_are_taken_in(stripe, at):
    recorded.send(stripe, [*LIFE[:9], LIFE[11]], at)
    fake = Fake(events=recent(at))

    summary = check(stripe, at, fake)

    assert (summary["events"], summary["missing"]) == (7, 3)
    assert Subscription.objects.get().status == "ended"
    assert sum(MrrMovement.objects.values_list("amount_minor", flat=True)) == 0
    assert all(headers["Authorization"] == f"Bearer {TOKEN}" for _, _, headers in fake.calls)
    assert not Delivery.objects.filter(state="failed").exists()


def test_a_day_is_checked_once_and_the_next_one_begins_three_days_before(stripe, at):
    assert check(stripe, at, Fake()) is not None
    assert check(stripe, at, Fake()) is None

    later, fake = at + timedelta(days=1), Fake()
    check(stripe, later, fake, period="2026-03-17")

    assert Connection.objects.get().reconciled_until == later
    since = int(parse_qs(urlsplit(fake.calls[0][1]).query)["created[gte]"][0])
    assert since == int((at - timedelta(days=3)).timestamp())
    assert JobRun.objects.filter(job=pull.JOB, finished_at__isnull=False).count() == 2


def test_the_first_check_brings_present_customers_and_subscriptions(stripe, at):
    running = {**LIFE[6]["data"]["object"], "start_date": 1_700_000_000}
    fake = Fake(customers=[LIFE[2]["data"]["object"]], subscriptions=[running])

    check(stripe, at, fake)
    recorded.again(at)

    assert Customer.objects.get().email == "ada.ng@example.com"
    assert [(move.local_day.isoformat(), move.after_minor) for move in MrrMovement.objects.all()] == [("2023-11-14", 5000)]
    follow = Fake()
    check(stripe, at + timedelta(days=1), follow, period="x")
    assert not any("/v1/customers" in path for _, path, _ in follow.calls)


def test_payments_that_pay_no_invoice_are_orders_even_where_the_webhook_does_not_say_so(stripe, at):
    one_off = recorded.load("stripe_one_off")
    payment = {**one_off[1]["data"]["object"], "created": int(at.timestamp()) - 3600}
    invoiced = {**payment, "id": "pi_invoice", "invoice": "in_1"}
    recorded.send(stripe, one_off[:1], at)

    for number in range(2):
        check(stripe, at, Fake(payment_intents=[payment, invoiced]), period=str(number))

    assert list(Order.objects.values_list("number", "total_minor")) == [("pi_1QOne01", 12_000)]


def test_orders_of_a_shop_that_changed_unheard_are_repaired(shop, at):
    recorded.send(shop, SHOP_LIFE[:3], at)
    last = SHOP_LIFE[6]["payload"]
    other = {**last, "id": 5502, "refunds": [], "cancelled_at": None, "financial_status": "paid", "name": "#1002"}
    fake = Fake(orders=[last, other], customers=[SHOP_LIFE[0]["payload"]])

    summary = check(shop, at, fake)

    assert (summary["orders"], summary["customers"], summary["missing"]) == (2, 1, 2)
    assert list(Order.objects.order_by("number").values_list("number", "state", "refunded_minor")) == [
        ("shopify-5501", "cancelled", 10_000), ("shopify-5502", "paid", 0),
    ]  # fmt: skip
    assert check(shop, at, fake, period="again")["missing"] == 0
    assert {host for host, _, _ in fake.calls} == {recorded.SHOP}


def test_a_pause_that_is_asked_for_is_made(stripe, at):
    fake = Fake(events=recent(at))
    fake.status = [(429, {"retry-after": "7"}, b""), (429, {}, b"")]

    summary = check(stripe, at, fake)

    assert fake.waits == [7.0, 2.0]
    assert "stopped" not in summary


@pytest.mark.parametrize(("answers", "text"), [
    ([(401, {}, b"")], "refuses the API token"), ([(500, {}, b"")], "answers 500"), ([(200, {}, b"<html>")], "not JSON"),
    ([(200, {}, b"[]")], "something else"), ([(429, {}, b"")] * 5, "asked to wait"),
])  # fmt: skip
def test_a_check_that_cannot_finish_says_why_and_moves_nothing(stripe, at, answers, text):
    fake = Fake()
    fake.status = answers

    summary = check(stripe, at, fake)

    stripe.refresh_from_db()
    assert text in stripe.problem
    assert text in summary["stopped"]
    assert stripe.reconciled_until is None
    assert TOKEN not in stripe.problem
    assert check(stripe, at, Fake(), period="next") is not None
    assert Connection.objects.get().problem == ""


def test_every_active_connection_with_a_token_is_checked_each_night(stripe, at):
    recorded.stripe(at)
    recorded.stripe(at, api_token=TOKEN)
    Connection.objects.filter(pk=stripe.pk).update(is_active=False)

    assert pull.nightly(at=at, calls=Fake()) == 1
    assert pull.nightly(at=at, calls=Fake()) == 0


ADDRESSES = [
    ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.0.0.1", False), ("0.0.0.0", False),
    ("169.254.169.254", False), ("100.64.0.1", False), ("192.168.1.1", False), ("224.0.0.1", False), ("::1", False),
    ("fe80::1%eth0", False), ("fc00::1", False), ("::ffff:10.0.0.1", False), ("::ffff:93.184.216.34", False),
    ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("2001::1", False), ("192.88.99.1", False), ("2130706433", False),
    ("fec0::1", False), ("64:ff9b:1::7f00:1", False), ("::7f00:1", False), ("5f00::1", False),
    ("0177.0.0.1", False), ("localhost", False), ("", False), ("255.255.255.255", False),
]  # fmt: skip


@pytest.mark.parametrize(("address", "is_public"), ADDRESSES)
def test_only_addresses_of_the_open_internet_are_called(address, is_public):
    reached = []

    def connect(to, host):
        reached.append((to, host))
        raise ConnectionRefusedError

    client = guarded.Client(lambda host: True, resolve=lambda host: [address], connect=connect)
    with pytest.raises(OSError) as error:
        client.get("api.stripe.com", "/v1/events", {})

    assert isinstance(error.value, guarded.NotAllowed) is not is_public
    assert reached == ([(address, "api.stripe.com")] if is_public else [])


def test_one_private_address_among_several_is_enough_to_refuse():
    client = guarded.Client(lambda host: True, resolve=lambda host: ["93.184.216.34", "10.0.0.1"], connect=None)

    with pytest.raises(guarded.NotAllowed):
        client.get("api.stripe.com", "/", {})


@pytest.mark.parametrize("host", [
    "example.com", "api.stripe.com.evil.example", "evil.example/api.stripe.com", "myshopify.com", "a.b.myshopify.com",
    "-x.myshopify.com", "shop.myshopify.com:444", "shop.myshopify.com@evil.example", "SHOP.myshopify.com", "localhost",
])  # fmt: skip
def test_no_other_host_is_called(host):
    with pytest.raises(guarded.NotAllowed):
        interfaces.client().get(host, "/", {})


class Hostile(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Host"], self.headers["Authorization"]))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(1 if self.path == "/ok" else 400):
                self.wfile.write(b"x" * 65_536)
        except OSError:
            pass

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_redirects_are_not_followed_and_endless_answers_not_read(server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    def connect(address, host):
        return socket.create_connection(server.server_address, timeout=60)

    client = guarded.Client(lambda host: True, resolve=lambda host: ["93.184.216.34"], connect=connect)

    assert len(client.get("api.stripe.com", "/ok", {"Authorization": "Bearer x"}).body) == 65_536
    with pytest.raises(guarded.NotAllowed):
        client.get("api.stripe.com", "/redirect", {})
    with pytest.raises(guarded.TooLarge):
        client.get("api.stripe.com", "/endless", {})
    assert server.seen[0] == ("/ok", "api.stripe.com", "Bearer x")
    assert [path for path, _, _ in server.seen] == ["/ok", "/redirect", "/endless"]
