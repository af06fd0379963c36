"""What the addresses answer: keys, limits, bad messages, browsers."""

import gzip
import hashlib
import hmac
import json
import time

import pytest
from django.test import override_settings

from config.kit.clock import now
from customers.enums import PlanStatus
from customers.ingest.actions import keys
from customers.ingest.queries.keys import identity_secrets
from customers.models import AnonymousEvent, Customer, Event, IngestBatch, IngestProblem, TrackedEvent, WriteKey
from tests.customers.ingest.conftest import basic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock")]
ONE = {
    "identify": {"userId": "u1", "traits": {}}, "track": {"userId": "u1", "event": "E"}, "page": {"userId": "u1"},
    "screen": {"userId": "u1", "name": "Home"}, "group": {"userId": "u1", "groupId": "g"},
    "alias": {"userId": "u1", "previousId": "a1"},
}  # fmt: skip


def proof(key, user_id):
    return hmac.new(identity_secrets(key.key)[0].encode(), user_id.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("kind", sorted(ONE))
def test_each_address_takes_its_message_by_its_long_and_short_name(send, drain, server_key, kind):
    assert send(kind, ONE[kind], server_key).status_code == 200
    assert send(kind[0], ONE[kind], server_key).status_code == 200
    assert drain() == 2
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("name", ["batch", "b", "import"])
def test_batches_have_three_addresses(send, drain, server_key, name):
    assert send(name, [{"type": kind, **content} for kind, content in ONE.items()], server_key).status_code == 200
    assert drain() == 6


def test_bad_messages_are_refused_with_reasons_and_the_good_ones_kept(send, drain, server_key):
    TrackedEvent.objects.create(name="Blocked", status=PlanStatus.BLOCKED)
    bad = [
        ("type", {"type": "say"}), ("type", {"type": ["track"]}), ("type", {}), ("", 5), ("", None), ("", []),
        ("event", {"type": "track", "userId": "u"}), ("event", {"type": "track", "userId": "u", "event": " "}),
        ("event", {"type": "track", "userId": "u", "event": "x" * 81}),
        ("event", {"type": "track", "userId": "u", "event": "Order.Placed"}),
        ("event", {"type": "track", "userId": "u", "event": "page.viewed"}),
        ("event", {"type": "track", "userId": "u", "event": "Blocked"}),
        ("userId", {"type": "track", "event": "E"}), ("userId", {"type": "track", "event": "E", "userId": True}),
        ("userId", {"type": "track", "event": "E", "userId": {"a": 1}}),
        ("userId", {"type": "track", "event": "E", "userId": "x" * 121}),
        ("anonymousId", {"type": "track", "event": "E", "anonymousId": "x" * 256}),
        ("messageId", {"type": "track", "event": "E", "userId": "u", "messageId": "x" * 256}),
        ("properties", {"type": "track", "event": "E", "userId": "u", "properties": []}),
        ("traits", {"type": "identify", "userId": "u", "traits": "x"}),
        ("context", {"type": "track", "event": "E", "userId": "u", "context": 3}),
        ("context.traits", {"type": "identify", "userId": "u", "context": {"traits": 3}}),
        ("timestamp", {"type": "track", "event": "E", "userId": "u", "timestamp": "yesterday"}),
        ("timestamp", {"type": "track", "event": "E", "userId": "u", "timestamp": 5}),
        ("timestamp", {"type": "track", "event": "E", "userId": "u", "timestamp": "1970-01-01T00:00:00Z"}),
        ("timestamp", {"type": "track", "event": "E", "userId": "u", "timestamp": "0001-01-01T00:00:00+14:00"}),
        ("groupId", {"type": "group", "userId": "u"}), ("previousId", {"type": "alias", "userId": "u"}),
        ("userId", {"type": "alias", "previousId": "u"}), ("name", {"type": "page", "userId": "u", "name": 7}),
        ("", {"type": "track", "event": "E", "userId": "u", "properties": {"a": "x" * 33_000}}),
        ("", {"type": "track", "event": "E", "userId": "u", "properties": {"a": "\x00"}}),
        ("", {"type": "track", "event": "E", "userId": "u", "properties": {"\ud800": 1}}),
        ("", {"type": "track", "event": "E", "userId": "u", "properties": {"a": float("nan")}}),
        ("", {"type": "track", "event": "E", "userId": "u", "properties": {"a": 2**70}}),
        ("properties", {"type": "track", "event": "E", "userId": "u", "properties": {"a": json.loads("[" * 12 + "]" * 12)}}),
        ("properties.order_id", {"type": "track", "event": "Order Completed", "userId": "u"}),
    ]  # fmt: skip
    good = {"type": "track", "event": "Good", "userId": "u1", "messageId": "good"}

    answer = send("batch", [good, *(message for _, message in bad)], server_key)

    found = answer.json()
    assert (answer.status_code, found["code"], found["accepted"]) == (400, "invalid_messages", 1)
    assert [(item["index"], item["field"]) for item in found["rejected"]] == [
        (index, field) for index, (field, _) in enumerate(bad, 1)
    ]
    assert all(item["reason"].endswith((".", ".")) for item in found["rejected"])
    assert drain() == 1
    assert list(Event.objects.exclude(name="customer.created").values_list("name", flat=True)) == ["Good"]
    assert IngestProblem.objects.count() == 20
    assert IngestProblem.objects.filter(is_held=True).count() == 0


def test_nulls_and_numbers_as_the_libraries_send_them(send, drain, server_key):
    message = {"type": "track", "event": "E", "userId": 42, "anonymousId": None, "properties": None, "context": None,
               "messageId": None, "timestamp": None, "integrations": {}}  # fmt: skip
    assert send("batch", [message], server_key, sentAt=None).status_code == 200
    drain()

    assert Customer.objects.get().external_id == "42"


def test_the_type_of_content_does_not_matter_and_gzip_is_unpacked(client, server_key, drain):
    body = json.dumps({"batch": [{"type": "track", "event": "E", "userId": "u1"}]}).encode()
    sent = {"authorization": basic(server_key.secret)}
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert client.post("/v1/batch", body, content_type=content_type, headers=sent).status_code == 200
    packed = {**sent, "content-encoding": "gzip"}
    assert client.post("/v1/batch", gzip.compress(body), content_type="application/json", headers=packed).status_code == 200
    assert client.post("/v1/batch", gzip.compress(body), content_type="application/json", headers=sent).status_code == 200
    assert drain() == 6


def test_bodies_that_cannot_be_read_are_told_and_noted(client, server_key):
    sent = {"authorization": basic(server_key.secret)}
    depth = 10_000
    cases = [
        (b"", 400), (b"{", 400), (b"[]", 400), (b'"x"', 400), (b"null", 400), (b"{}", 400), (b'{"batch":{}}', 400),
        (b"\xff\xfe", 400), (b"[" * depth, 400), (b'{"batch":' + b"[" * depth + b"]" * depth + b"}", 400),
        (b'{"a":' * depth + b"1" + b"}" * depth, 400), (b'{"batch":[' + b"9" * 5000 + b"]}", 400),
        (b'{"batch":[' + b",".join(b"{}" for _ in range(2501)) + b"]}", 413), (b" " * 512_001, 413),
        (b'{"batch":["' + b"x" * 11_000_000 + b'"]}', 413),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(1_000_000)) + b"}", 413),
    ]  # fmt: skip
    for body, status in cases:
        answer = client.post("/v1/batch", body, content_type="application/json", headers=sent)
        assert answer.status_code == status, body[:30]
        assert answer.json()["message"], body[:30]
    assert not IngestBatch.objects.exists()
    assert IngestProblem.objects.exists()


def test_gzip_bomb_is_never_unpacked(client, server_key):
    sent = {"authorization": basic(server_key.secret), "content-encoding": "gzip"}
    bomb = gzip.compress(b" " * 200_000_000)
    for body, status in [
        (bomb, 413),
        (bomb[:1000], 413),
        (gzip.compress(b"{}")[:-3], 400),
        (b"\x1f\x8bxx", 400),
        (b"{}", 400),
    ]:
        assert client.post("/v1/batch", body, content_type="x/y", headers=sent).status_code == status
    other = {**sent, "content-encoding": "br"}
    assert client.post("/v1/batch", b"{}", content_type="x/y", headers=other).status_code == 415


def test_only_a_standing_key_opens(client, send, server_key, at):
    good = ONE["track"]
    for header in ("", "Basic", "Basic !!", "Basic " + "x" * 5000, basic("psk_wrong"), basic(""), "Digest x", basic("é")):
        answer = client.post("/v1/track", good, content_type="application/json", headers={"authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key"), header
    assert send("track", good, None).status_code == 401
    assert send("track", {**good, "writeKey": ["x"]}, None).status_code == 401
    assert send("track", {**good, "writeKey": server_key.secret}, None).status_code == 200
    bearer = {"authorization": f"Bearer {server_key.secret}"}
    assert client.post("/v1/track", good, content_type="application/json", headers=bearer).status_code == 200

    keys.revoke(server_key.key.pk, at=at)

    assert send("track", good, server_key).status_code == 401


def test_revoked_key_is_refused_within_a_second_by_other_processes(send, server_key, frozen_clock, at):
    assert send("track", ONE["track"], server_key).status_code == 200
    WriteKey.objects.update(revoked_at=at)  # as another process does it: nobody tells this one
    time.sleep(1.05)

    assert send("track", ONE["track"], server_key).status_code == 401


def test_secret_of_a_server_key_is_kept_as_fingerprint_only(server_key):
    row = WriteKey.objects.values().get()

    assert server_key.secret.startswith("psk_")
    assert not any(server_key.secret in str(value) for value in row.values())
    assert row["hint"] == server_key.secret[:10]


def test_other_methods_are_told_what_to_use(client, server_key):
    for method in ("get", "put", "delete", "patch"):
        answer = getattr(client, method)("/v1/batch")
        assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")


@override_settings(INGEST_RATE=5)
def test_too_many_messages_wait(send, server_key, frozen_clock):
    batch = [{"type": "track", "event": "E", "userId": "u1"}] * 30
    assert [send("batch", batch, server_key).status_code for _ in range(3)] == [200, 200, 429]
    answer = send("batch", batch, server_key)

    assert 1 <= int(answer["Retry-After"]) <= 10
    assert answer.json()["code"] == "too_many"
    frozen_clock.shift(10)
    assert send("batch", batch, server_key).status_code == 200
    assert IngestBatch.objects.count() == 3


@override_settings(INGEST_VISITOR_RATE=1)
def test_one_visitor_does_not_use_up_the_browser_key(client, browser_key):
    def visit(address):
        body = {"event": "E", "anonymousId": "a1", "writeKey": browser_key.secret}
        return client.post("/v1/t", json.dumps(body), content_type="text/plain", REMOTE_ADDR=address).status_code

    assert [visit("10.0.0.1") for _ in range(11)] == [200] * 10 + [429]
    assert visit("10.0.0.2") == 200
    assert [visit(f"2001:db8::{number}") for number in range(11)] == [200] * 10 + [429]  # one customer's own network
    assert visit("2001:db8:0:1::1") == 200


@override_settings(INGEST_VISITOR_RATE=1)
def test_bodies_that_cannot_be_read_are_limited_too(client, browser_key):
    def rubbish():
        sent = {"authorization": basic(browser_key.secret)}
        return client.post("/v1/batch", b"{", content_type="application/json", headers=sent).status_code

    assert [rubbish() for _ in range(15)] == [400] * 10 + [429] * 5
    assert IngestProblem.objects.count() == 10


def test_refused_messages_are_kept_without_keys_and_proofs(send, server_key, browser_key):
    send("track", {"userId": "u", "writeKey": server_key.secret}, None)
    proved = {
        "userHash": proof(browser_key, "u1"),
        "writeKey": browser_key.secret,
        "context": {"userHash": "abcdef", "ip": "1"},
    }
    send("track", {"userId": "u1", **proved}, browser_key)

    bodies = [json.loads(text) for text in IngestProblem.objects.order_by("pk").values_list("body", flat=True)]
    assert bodies == [{"userId": "u"}, {"userId": "u1", "context": {"ip": "1"}}]


def test_browser_tracks_visitors_and_proves_users(send, drain, browser_key):
    good = proof(browser_key, "u1")
    taken = [
        ("track", {"event": "E", "anonymousId": "a1"}), ("page", {"anonymousId": "a1"}),
        ("identify", {"userId": "u1", "anonymousId": "a1", "userHash": good, "traits": {"city": "York"}}),
        ("identify", {"userId": "u1", "context": {"userHash": good.upper()}}),
        ("track", {"event": "F", "userId": "u1", "context": {"userHash": good}}),
        ("track", {"event": "G", "userId": "victim", "anonymousId": "a2"}),
    ]  # fmt: skip
    assert [send(kind, content, browser_key).status_code for kind, content in taken] == [200] * 6
    drain()

    customer = Customer.objects.get()
    assert (customer.external_id, customer.city) == ("u1", "York")
    assert set(customer.events.values_list("name", flat=True)) >= {"E", "F", "page.viewed"}
    assert list(AnonymousEvent.objects.values_list("name", "anonymous_id")) == [("G", "a2")]


def test_browser_cannot_speak_for_others(send, drain, browser_key, server_key):
    send("identify", {"userId": "victim", "traits": {"email": "victim@example.com"}}, server_key)
    send("identify", {"traits": {"email": "known@example.com"}}, server_key)
    drain()
    good = proof(browser_key, "u1")
    refused = [
        ("identify", {"userId": "u1", "anonymousId": "a1"}), ("identify", {"anonymousId": "a1", "traits": {"email": "x@y.de"}}),
        ("identify", {"userId": "victim", "userHash": good}), ("identify", {"userId": "u1", "userHash": "é"}),
        ("identify", {"userId": "u1", "userHash": [good]}), ("group", {"anonymousId": "a1", "groupId": "g"}),
        ("alias", {"userId": "u1", "previousId": "victim"}), ("track", {"event": "E", "userId": "u1"}),
        ("track", {"event": "E", "userId": "u1", "anonymousId": "a", "userHash": "00"}),
    ]  # fmt: skip
    assert [send(kind, content, browser_key).status_code for kind, content in refused] == [400] * len(refused)
    send("alias", {"userId": "u1", "previousId": "victim", "userHash": good, "messageId": "al"}, browser_key)
    send("identify", {"userId": "u1", "userHash": good, "traits": {"email": "known@example.com"}}, browser_key)
    drain()

    assert Customer.objects.get(external_id="victim").email == "victim@example.com"
    assert Customer.objects.count() == 3
    assert IngestProblem.objects.filter(reason__startswith="With a browser key, alias links").count() == 1


@pytest.mark.parametrize("kind", ["identify", "identify with address", "alias"])
def test_browser_takes_over_nobody_who_has_an_address_by_an_anonymous_id(send, drain, browser_key, server_key, kind):
    send("identify", {"anonymousId": "shared", "traits": {"email": "victim@example.com"}}, server_key)
    drain()
    victim = Customer.objects.get()
    own = {"userId": "thief", "userHash": proof(browser_key, "thief")}
    if kind == "alias":
        send("alias", {**own, "previousId": "shared"}, browser_key)
    else:
        traits = {"email": "thief@example.com"} if "address" in kind else {}
        send("identify", {**own, "anonymousId": "shared", "traits": traits}, browser_key)
    drain()

    victim.refresh_from_db()
    assert (victim.email, victim.external_id) == ("victim@example.com", None)
    assert Customer.objects.get(external_id="thief").pk != victim.pk


def test_browser_orders_are_never_money(send, drain, browser_key):
    properties = {"order_id": "1", "total": 10, "currency": "EUR"}
    send("track", {"event": "Order Completed", "anonymousId": "a1", "properties": properties}, browser_key)
    send("identify", {"userId": "u1", "anonymousId": "a1", "userHash": proof(browser_key, "u1")}, browser_key)
    drain()

    event = Event.objects.get(name="Order Completed")
    assert (event.amount_minor, event.properties) == (None, properties)
    assert not Event.objects.filter(name="order.placed").exists()


def test_rotated_identity_secret_ends_old_proofs_and_former_secret_keys_do_not(send, browser_key, settings):
    old = proof(browser_key, "u1")
    identify = {"userId": "u1", "userHash": old}
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-" * 15, [settings.SECRET_KEY]
    keys.keys.forget()
    assert send("identify", identify, browser_key).status_code == 200

    keys.rotate_identity(browser_key.key.pk)

    assert send("identify", identify, browser_key).status_code == 400


def test_pages_of_other_origins_may_not_use_the_key(client, browser_key):
    keys.set_origins(browser_key.key.pk, "https://shop.example.com/\nhttps://app.example.com")

    def post(origin):
        body = {"event": "E", "anonymousId": "a1", "writeKey": browser_key.secret}
        return client.post(
            "/v1/t", json.dumps(body), content_type="text/plain", headers={"origin": origin} if origin else {}
        )

    assert (post("https://SHOP.example.com").status_code, post("").status_code) == (200, 200)
    assert post("https://app.example.com")["Access-Control-Allow-Origin"] == "*"
    for origin in ("https://evil.example.com", "null", "https://shop.example.com.evil.de", "http://shop.example.com"):
        answer = post(origin)
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer


def test_preflight_and_answers_can_be_read_by_a_page_but_not_with_a_secret_key(client, send, server_key, browser_key):
    asked = client.options("/v1/t", headers={"origin": "https://a.example", "access-control-request-method": "POST"})
    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Authorization" in asked["Access-Control-Allow-Headers"]
    origin = {"origin": "https://a.example"}
    content = {"event": "E", "anonymousId": "a1"}
    assert send("track", content, browser_key, headers=origin)["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in send("track", content, server_key, headers=origin)


def test_library_settings_are_given_for_a_browser_key_only(client, server_key, browser_key):
    answer = client.get(f"/v1/projects/{browser_key.secret}/settings")

    assert answer.json()["integrations"]["Segment.io"] == {
        "apiKey": browser_key.secret, "apiHost": "testserver/v1", "protocol": "http", "versionSettings": {"componentTypes": []},
    }  # fmt: skip
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"/v1/projects/{server_key.secret}/settings").status_code == 404
    assert client.get("/v1/projects/nothing/settings").status_code == 404


def test_server_keys_share_message_ids_and_browsers_have_their_own(send, drain, server_key, browser_key, at):
    from customers.enums import KeyKind

    other = keys.create(name="other", kind=KeyKind.SERVER, user_id=None, at=at)
    message = {"event": "E", "anonymousId": "a1", "messageId": "m1"}
    for key in (server_key, other, browser_key, browser_key):
        assert send("track", message, key).status_code == 200
    drain()

    assert AnonymousEvent.objects.count() == 2


def test_use_of_a_key_is_noted_coarsely(send, server_key, frozen_clock, at):
    send("track", ONE["track"], server_key)
    assert WriteKey.objects.get().last_used_at == at
    frozen_clock.shift(30)
    keys.keys.forget()
    send("track", ONE["track"], server_key)
    assert WriteKey.objects.get().last_used_at == at
    frozen_clock.shift(31)
    keys.keys.forget()
    send("track", ONE["track"], server_key)
    assert WriteKey.objects.get().last_used_at == now()


def test_database_that_does_not_answer_asks_to_send_again(send, server_key, monkeypatch):
    from django.db import OperationalError

    from customers.ingest.actions import accept

    def down(*args, **kwargs):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(accept, "accept", down)
    answer = send("track", ONE["track"], server_key)

    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
