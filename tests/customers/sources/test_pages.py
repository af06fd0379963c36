"""Settings → Sources: what staff see and may do."""

import pytest

from customers.models import AuditEntry, Connection, Delivery, Order
from customers.sources.actions import connections, take_in
from tests.customers.sources import recorded
from tests.factories import people

pytestmark = pytest.mark.django_db
HOSTILE = "\"'<img src=x onerror=alert(1)></pre></script>{{ 7*7 }}"
SHOP_LIFE = recorded.load("shopify_order_life")


@pytest.fixture(autouse=True)
def _clock(frozen_clock):
    recorded.account("GBP")


@pytest.fixture
def boss(client):
    client.force_login(people.staff_member("boss", is_superuser=True))
    return client


@pytest.fixture
def viewer(client):
    names = ("view_connection", "view_delivery", "view_customer")
    client.force_login(people.staff_member("vera", *(f"customers.{name}" for name in names)))
    return client


def test_stripe_is_connected_and_its_secret_never_shown_again(boss):
    answer = boss.post("/settings/sources/new/stripe/",
                       {"name": "Stripe UK", "signing_secret": recorded.STRIPE_SECRET, "api_token": "rk_live_abcdef"}, follow=True)  # fmt: skip

    source = Connection.objects.get()
    pages = [answer.content.decode()] + [
        boss.get(f"/settings/sources/{path}").content.decode() for path in ("", f"{source.pk}/", f"{source.pk}/edit/")
    ]
    assert f"http://testserver/hooks/{source.code}/" in pages[0]
    assert "customer.subscription.updated" in pages[0]
    for page in pages:
        assert recorded.STRIPE_SECRET not in page
        assert "rk_live" not in page
    assert connections.signing_secret(source) == recorded.STRIPE_SECRET
    assert list(AuditEntry.objects.values_list("verb", "detail")) == [
        ("source.added", {"connection": source.pk, "kind": "stripe"})
    ]


@pytest.mark.parametrize(("kind", "data", "error"), [
    ("stripe", {"name": "x", "signing_secret": "sk_live_not_this"}, "begins with whsec_"),
    ("stripe", {"name": ""}, "required"),
    ("shopify", {"name": "x", "account": "shop.example.com"}, "ends in .myshopify.com"),
    ("shopify", {"name": "x", "account": "fern.myshopify.com.evil.example"}, "ends in .myshopify.com"),
    ("shopify", {"name": "x", "account": "fern.myshopify.com", "api_token": "with blank"}, "without blanks"),
])  # fmt: skip
def test_a_wrong_entry_says_what_to_write(boss, kind, data, error):
    answer = boss.post(f"/settings/sources/new/{kind}/", data)

    assert answer.status_code == 422
    assert error in answer.content.decode()
    assert Connection.objects.count() == 0


def test_the_domain_of_a_shop_may_be_pasted_as_an_address(boss):
    boss.post("/settings/sources/new/shopify/", {"name": "Shop", "account": "https://Fern-And-Finch.myshopify.com/admin"})

    assert Connection.objects.get().account == "fern-and-finch.myshopify.com"


def test_a_secret_is_replaced_and_an_empty_one_stays(boss, at):
    source = recorded.stripe(at, api_token="rk_live_abcdef")
    boss.post(f"/settings/sources/{source.pk}/edit/", {"name": "Renamed", "signing_secret": "whsec_new_secret"})
    source.refresh_from_db()

    assert (source.name, connections.signing_secret(source)) == ("Renamed", "whsec_new_secret")
    assert connections.api_token(source) == "rk_live_abcdef"
    boss.post(f"/settings/sources/{source.pk}/edit/", {"name": "Renamed", "forget_token": "on"})
    source.refresh_from_db()
    assert (connections.signing_secret(source), source.api_token) == ("whsec_new_secret", "")


def test_failed_ones_are_found_opened_and_taken_in_again(boss, at):
    source = recorded.shopify(at)
    webhook = {**SHOP_LIFE[2], "payload": {**SHOP_LIFE[2]["payload"], "currency": "?"}}
    recorded.send(source, [*SHOP_LIFE[:1], webhook], at)
    failed = Delivery.objects.get(state="failed")

    listed = boss.get(f"/settings/sources/{source.pk}/?state=failed").content.decode()
    assert "It names no currency." in listed
    assert "customers/create</a>" not in listed
    assert boss.get(f"/settings/sources/webhooks/{failed.pk}/").status_code == 200

    failed.payload["currency"] = "GBP"
    failed.save()
    boss.post(f"/settings/sources/{source.pk}/replay/")
    recorded.work(at)

    assert Order.objects.count() == 1
    assert not Delivery.objects.filter(state="failed").exists()


def test_one_is_set_aside(boss, at):
    source = recorded.shopify(at)
    recorded.send(source, recorded.load("shopify_privacy")[2:], at)
    held = Delivery.objects.get()

    boss.post(f"/settings/sources/webhooks/{held.pk}/decide/", {"do": "set-aside"})

    held.refresh_from_db()
    assert (held.state, held.reason) == ("ignored", "Set aside by boss.")


def test_hostile_values_are_shown_as_text(boss, at):
    source = recorded.shopify(at)
    Connection.objects.update(name=HOSTILE, problem=HOSTILE)
    row = Delivery.objects.create(connection=source, external_id=HOSTILE, topic=HOSTILE, payload={HOSTILE: [HOSTILE]},
                                  occurred_at=at, received_at=at, state="failed", reason=HOSTILE, subject=HOSTILE)  # fmt: skip

    paths = ("", f"{source.pk}/", f"{source.pk}/edit/", f"{source.pk}/delete/", f"webhooks/{row.pk}/", "new/stripe/",
             f"{source.pk}/?state=%00&topic=²&text=%27&page=²")  # fmt: skip
    for path in paths:
        answer = boss.get(f"/settings/sources/{path}")
        assert answer.status_code == 200, path
        assert "<img src=x" not in answer.content.decode(), path


def test_who_may_only_look_changes_nothing_and_sees_no_buttons(viewer, at):
    source = recorded.shopify(at)
    recorded.send(source, SHOP_LIFE[:1], at)
    row = Delivery.objects.get()

    page = viewer.get(f"/settings/sources/{source.pk}/").content.decode()
    assert "Signing secret</dt>" not in page
    assert 'value="pause"' not in page
    for path in ("edit/", "delete/", "pause/", "replay/", "check/"):
        assert viewer.post(f"/settings/sources/{source.pk}/{path}").status_code == 403
    assert viewer.post(f"/settings/sources/webhooks/{row.pk}/decide/").status_code == 403
    assert viewer.get(f"/settings/sources/webhooks/{row.pk}/").status_code == 200


def test_a_payload_is_for_those_who_may_see_customers(client, at):
    client.force_login(people.staff_member("ned", "customers.view_connection", "customers.view_delivery"))
    source = recorded.shopify(at)
    recorded.send(source, SHOP_LIFE[:1], at)

    assert client.get(f"/settings/sources/webhooks/{Delivery.objects.get().pk}/").status_code == 403


def test_refused_signatures_show_on_the_page(boss, at):
    source = recorded.stripe(at)
    for _ in range(3):
        recorded.post_stripe(source, {"id": "evt_1"}, at, signature="t=1,v1=0")

    assert "Webhooks with a wrong signature were refused" in boss.get(f"/settings/sources/{source.pk}/").content.decode()


def test_a_connection_is_deleted_with_its_log_and_orders_stay(boss, at):
    source = recorded.shopify(at)
    recorded.send(source, SHOP_LIFE[:3], at)

    assert boss.get(f"/settings/sources/{source.pk}/delete/").status_code == 200
    assert Connection.objects.count() == 1
    boss.post(f"/settings/sources/{source.pk}/delete/")

    assert (Connection.objects.count(), Delivery.objects.count(), Order.objects.count()) == (0, 0, 1)


def test_pause_and_resume(boss, at):
    source = recorded.shopify(at)

    boss.post(f"/settings/sources/{source.pk}/pause/", {"do": "pause"})
    recorded.post_shopify(source, SHOP_LIFE[0])
    assert take_in.due(at=at) == 0
    boss.post(f"/settings/sources/{source.pk}/pause/", {"do": "resume"})

    assert take_in.due(at=at) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_queries_per_connection(boss, at, count, django_assert_max_num_queries):
    for _ in range(count):
        recorded.stripe(at)

    with django_assert_max_num_queries(10 + count):
        assert boss.get("/settings/sources/").status_code == 200
