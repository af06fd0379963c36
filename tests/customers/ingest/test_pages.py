"""Settings, "Ingest API"."""

import pytest

from customers.ingest.actions import keys
from customers.models import AuditEntry, Event, IngestProblem, WriteKey
from tests.customers.ingest.test_endpoint import proof
from tests.factories import people

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock")]
ADMIN = ("customers.view_writekey", "customers.add_writekey", "customers.change_writekey")


@pytest.fixture
def admin(client):
    client.force_login(people.staff_member("ada", *ADMIN))
    return client


def test_server_secret_is_shown_once(admin):
    page = admin.post("/settings/ingest/new/", {"name": "Shop", "kind": "server"})
    key = WriteKey.objects.get()
    secret = page.context["secret"]

    assert secret in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert secret not in admin.get(f"/settings/ingest/{key.pk}/").content.decode()
    assert AuditEntry.objects.get().verb == "write_key.created"
    assert admin.post("/v1/track", {"userId": "u", "event": "E", "writeKey": secret}, "application/json").status_code == 200


def test_empty_list_and_waiting_page_say_what_to_do(admin):
    assert "No keys yet" in admin.get("/settings/ingest/").content.decode()
    admin.post("/settings/ingest/new/", {"name": "Site", "kind": "browser"})
    page = admin.get(f"/settings/ingest/{WriteKey.objects.get().pk}/").content.decode()

    assert "Waiting for the first message" in page
    assert WriteKey.objects.get().public_value in page
    assert "http://testserver" in page


def test_page_shows_what_arrived_and_what_was_refused(admin, send, drain, server_key):
    send("batch", [{"type": "track", "event": "<b>Bought</b>", "userId": "u1", "messageId": "m1"}, {"type": "nonsense"}],
         server_key)  # fmt: skip
    drain()

    page = admin.get(f"/settings/ingest/{server_key.key.pk}/", headers={"hx-request": "true"}).content.decode()

    assert "&lt;b&gt;Bought&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "Write identify, track, page, screen, group or alias." in page
    assert "<html" not in page


def test_only_admins_see_and_rotate_the_identity_secret(admin, browser_key, client, send):
    address = f"/settings/ingest/{browser_key.key.pk}/"
    secret = keys.keys.identity_secrets(browser_key.key)[0]
    old = proof(browser_key, "u1")
    assert secret in admin.get(address).content.decode()
    admin.post(f"{address}rotate/")
    client.force_login(people.staff_member("vic", "customers.view_writekey"))

    page = client.get(address).content.decode()

    assert keys.keys.identity_secrets(WriteKey.objects.get())[0] not in page
    assert secret not in page
    assert send("identify", {"userId": "u1", "userHash": old}, browser_key).status_code == 400


def test_revoked_key_ends(admin, send, server_key):
    admin.post(f"/settings/ingest/{server_key.key.pk}/revoke/")

    assert send("track", {"userId": "u", "event": "E"}, server_key).status_code == 401
    assert "Revoked" in admin.get("/settings/ingest/").content.decode()


@pytest.mark.parametrize("origin", ["shop.example.com", "https://a.example/path", "javascript:x", "https://", "https://[x"])
def test_origins_must_be_origins(admin, browser_key, origin):
    page = admin.post(f"/settings/ingest/{browser_key.key.pk}/origins/", {"origins": origin}, follow=True)

    assert "is not an origin" in page.content.decode()
    assert WriteKey.objects.get().origins == ""


def test_origins_are_saved_in_one_form(admin, browser_key):
    told = "https://Shop.example.com/\n\nhttps://shop.example.com"
    admin.post(f"/settings/ingest/{browser_key.key.pk}/origins/", {"origins": told})

    assert WriteKey.objects.get().origins == "https://shop.example.com"


def test_held_message_is_retried_by_a_button(admin, send, drain, server_key):
    order = {"event": "Order Completed", "anonymousId": "a1", "messageId": "o1",
             "properties": {"order_id": "1", "total": "12.50", "currency": "EUR"}}  # fmt: skip
    send("track", order, server_key)
    drain()
    problem = IngestProblem.objects.get()
    assert "Nobody is known under this anonymous id yet." in admin.get("/settings/ingest/").content.decode()
    lines = admin.get(f"/settings/ingest/{server_key.key.pk}/").context["lines"]
    assert [(line.state, line.message_id) for line in lines] == [("held", "o1")]
    assert "still held" in admin.post("/settings/ingest/retry/", {"problem": problem.pk}, follow=True).content.decode()
    send("identify", {"userId": "u1", "anonymousId": "a1"}, server_key)
    drain()

    page = admin.post("/settings/ingest/retry/", follow=True).content.decode()

    assert "1 message was taken in." in page
    assert not IngestProblem.objects.exists()
    assert Event.objects.get(name="order.placed").amount_minor == 1250
