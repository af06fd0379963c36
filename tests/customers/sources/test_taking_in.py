"""From webhooks to customers, orders, refunds, subscriptions and consent: golden lives, and any order of arrival."""

import copy
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.actions import timeline
from customers.models import (
    Consent,
    Customer,
    CustomerFacts,
    DataRequest,
    Delivery,
    Event,
    ExchangeRate,
    Identity,
    MrrMovement,
    Order,
    Refund,
    Subscription,
    SubscriptionChange,
)
from customers.sources.actions import connections, personal, take_in
from tests.customers.sources import recorded
from tests.factories import people

pytestmark = pytest.mark.django_db

LIFE = recorded.load("stripe_subscription_life")
ONE_OFF = recorded.load("stripe_one_off")
BASIL = recorded.load("stripe_basil")
SHOP_LIFE = recorded.load("shopify_order_life")
PRIVACY = recorded.load("shopify_privacy")


@pytest.fixture
def stripe(at, frozen_clock):
    recorded.account()
    return recorded.stripe(at)


@pytest.fixture
def shop(at, frozen_clock):
    recorded.account("GBP")
    recorded.topic()
    return recorded.shopify(at)


def states():
    return dict(Delivery.objects.values_list("external_id", "state"))


def test_the_life_of_a_subscription_gives_its_movements_of_mrr(stripe, at):
    recorded.send(stripe, LIFE, at)

    moves = MrrMovement.objects.order_by("local_day").values_list("local_day", "kind", "amount_minor", "after_minor")
    assert [(day.isoformat(), kind, amount, after) for day, kind, amount, after in moves] == [
        ("2026-01-15", "new", 2000, 2000),
        ("2026-01-25", "expansion", 3000, 5000),
        ("2026-03-15", "churn", -5000, 0),
    ]
    changes = SubscriptionChange.objects.order_by("changed_at").values_list("status", "plan", "mrr_minor", "is_renewal")
    assert list(changes) == [
        ("trialing", "Basic", 2000, False), ("active", "Basic", 2000, False), ("active", "Pro", 5000, False),
        ("active", "Pro", 5000, False), ("active", "Pro", 5000, True), ("past_due", "Pro", 5000, False),
        ("active", "Pro", 5000, False), ("active", "Pro", 5000, False), ("ended", "Pro", 5000, False),
    ]  # fmt: skip
    subscription = Subscription.objects.get()
    assert (subscription.status, subscription.customer.email) == ("ended", "ada.ng@example.com")
    assert Order.objects.count() == 0
    assert set(states().values()) == {"done", "ignored"}
    names = set(Event.objects.values_list("name", flat=True))
    assert {"subscription.started", "subscription.renewed", "subscription.cancel_scheduled", "subscription.ended"} <= names


def test_the_customer_is_as_the_newest_event_says(stripe, at):
    recorded.send(stripe, LIFE, at)

    ada = Customer.objects.get()
    assert (ada.first_name, ada.last_name, ada.email, ada.phone) == ("Ada", "Ng", "ada.ng@example.com", "+442079460018")
    assert (ada.city, ada.country, ada.locale, ada.attributes) == ("York", "GB", "en-GB", {"stripe_company_size": "12"})
    assert ada.created_at == recorded.moment("2026-01-01 09:00")
    assert list(Identity.objects.values_list("kind", "value")) == [("stripe", "cus_QAdaNg")]


def test_a_payment_counts_once_whatever_tells_of_it(stripe, at):
    recorded.send(stripe, ONE_OFF, at)

    orders = Order.objects.order_by("number").values_list("number", "customer__email", "total_minor", "refunded_minor")
    assert list(orders) == [
        ("pi_1QOne01", "ada.ng@example.com", 12_000, 2000),
        ("pi_1QOne03", "ben.okafor@example.com", 7000, 0),
    ]
    assert Refund.objects.count() == 1


def test_a_discount_named_by_id_lowers_mrr_as_soon_as_its_coupon_is_known(stripe, at):
    recorded.send(stripe, BASIL[:2], at)
    assert states()["evt_1QFern0202"] == "held"

    recorded.send(stripe, BASIL[2:], at)

    assert Subscription.objects.get().mrr_minor == 11_250
    assert states()["evt_1QFern0202"] == "done"


def test_the_life_of_an_order_gives_its_revenue(shop, at):
    recorded.send(shop, SHOP_LIFE[:4], at)
    order = Order.objects.get()
    assert (order.number, order.total_minor, order.discount_minor, order.state) == ("shopify-5501", 10_000, 2000, "paid")
    assert order.refunded_minor == 3333

    recorded.send(shop, SHOP_LIFE[4:], at)

    order.refresh_from_db()
    assert (order.state, order.refunded_minor) == ("cancelled", 10_000)
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [3333, 6667]
    while timeline.process_batch(at=at):
        pass
    facts = CustomerFacts.objects.get()
    assert (facts.order_count, facts.revenue_minor, facts.refunded_minor) == (0, 10_000, 10_000)


def test_consent_of_the_shop_counts_with_its_own_moment(shop, at):
    recorded.send(shop, SHOP_LIFE[:3], at)
    granted = Consent.objects.get()
    assert (granted.state, granted.channel, granted.changed_at.isoformat()) == (
        "granted",
        "email",
        "2026-02-01T10:00:00+00:00",
    )

    recorded.send(shop, SHOP_LIFE[7:], at)

    granted.refresh_from_db()
    assert (granted.state, granted.changed_at.isoformat()) == ("denied", "2026-02-25T08:00:00+00:00")


def test_an_older_yes_of_the_shop_does_not_overrule_a_later_no_given_here(shop, at):
    cleo = people.customer("Cleo", email="cleo.marsh@example.com")
    topic = connections.Connection and Consent._meta.get_field("topic").related_model.objects.get()
    Consent.objects.create(customer=cleo, topic=topic, channel="email", state="denied", changed_at=at)

    recorded.send(shop, SHOP_LIFE[:1], at)

    assert Consent.objects.get().state == "denied"


@pytest.mark.parametrize("change", [{"state": "not_subscribed"}, {"state": "pending"}, {"consent_updated_at": None}])
def test_consent_is_never_guessed(shop, at, change):
    webhook = copy.deepcopy(SHOP_LIFE[0])
    webhook["payload"]["email_marketing_consent"] |= change

    recorded.send(shop, [webhook], at)

    assert Consent.objects.count() == 0
    assert Customer.objects.count() == 1


def final(source_of, messages, at):
    """The state after these messages on an empty installation."""
    from django.db import transaction

    found = []
    with transaction.atomic():
        source = source_of(at)
        for message in messages:
            recorded.post(source, message, at)
        recorded.work(at)
        found = [recorded.state(), sorted(states().items())]
        transaction.set_rollback(True)
    return found


def one_by_one(source_of, messages, at):
    from django.db import transaction

    with transaction.atomic():
        recorded.send(source := source_of(at), messages, at)
        assert source
        found = [recorded.state(), sorted(states().items())]
        transaction.set_rollback(True)
    return found


SLOW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@given(data=st.data())
@SLOW
def test_a_subscription_is_the_same_in_any_order_of_arrival(data, at, frozen_clock, db):
    recorded.account()
    expected = one_by_one(recorded.stripe, LIFE, at)
    shuffled = data.draw(st.permutations(LIFE)) + data.draw(st.lists(st.sampled_from(LIFE), max_size=5))

    assert one_by_one(recorded.stripe, shuffled, at) == expected
    assert final(recorded.stripe, shuffled, at) == expected


@given(data=st.data())
@SLOW
def test_payments_and_discounts_are_the_same_in_any_order_of_arrival(data, at, frozen_clock, db):
    recorded.account()
    messages = ONE_OFF + BASIL[1:]
    expected = one_by_one(recorded.stripe, messages, at)[0]

    assert one_by_one(recorded.stripe, data.draw(st.permutations(messages)), at)[0] == expected


@given(data=st.data())
@SLOW
def test_an_order_is_the_same_in_any_order_of_arrival(data, at, frozen_clock, db):
    recorded.account("GBP")
    if not connections.Connection.objects.exists():
        from customers.models import Topic

        Topic.objects.get_or_create(slug="news", defaults={"name": "News", "is_default": True})
    expected = one_by_one(recorded.shopify, SHOP_LIFE, at)
    shuffled = data.draw(st.permutations(SHOP_LIFE)) + data.draw(st.lists(st.sampled_from(SHOP_LIFE), max_size=4))

    assert one_by_one(recorded.shopify, shuffled, at) == expected
    assert final(recorded.shopify, shuffled, at) == expected


def test_a_refund_waits_for_its_order_and_then_goes_on_by_itself(shop, at):
    recorded.send(shop, [SHOP_LIFE[3]], at)
    row = Delivery.objects.get()
    assert (row.state, row.waits_for) == ("held", "order:shopify-5501")
    assert "no order" in row.reason

    recorded.send(shop, [SHOP_LIFE[2]], at)

    assert Refund.objects.get().amount_minor == 3333
    assert set(states().values()) == {"done"}


def test_what_never_comes_is_waited_for_some_days_and_taken_in_when_it_comes_after_all(shop, at):
    recorded.send(shop, [SHOP_LIFE[3]], at)
    for _ in range(10):
        recorded.again(at)
    assert Delivery.objects.get().state == "ignored"

    recorded.send(shop, [SHOP_LIFE[2]], at)

    assert Refund.objects.get().amount_minor == 3333


def test_a_subscription_of_somebody_unknown_waits_and_is_then_taken_in_with_the_id_alone(stripe, at):
    recorded.send(stripe, [LIFE[4]], at)
    assert Delivery.objects.get().waits_for == "customer:cus_QAdaNg"
    assert Customer.objects.count() == 0

    for _ in range(8):
        recorded.again(at)

    assert Delivery.objects.get().state == "done"
    assert Subscription.objects.get().customer.email == ""
    recorded.send(stripe, [LIFE[0]], at)
    assert Customer.objects.get().email == "ada.ng@example.com"


def test_without_a_rate_money_is_held_and_never_guessed(at, frozen_clock):
    recorded.account("USD")
    source = recorded.stripe(at)
    recorded.send(source, LIFE[:2], at)
    held = Delivery.objects.get(state="held")
    assert "exchange rate for EUR" in held.reason

    ExchangeRate.objects.create(currency="EUR", on=recorded.moment("2026-01-01").date(), rate="1.1")
    recorded.again(at)

    assert Subscription.objects.get().mrr_minor == 2200
    assert not Delivery.objects.filter(state="held").exists()


def test_one_bad_webhook_does_not_hold_up_the_others(stripe, at, monkeypatch):
    from customers.sources.actions import write

    real = write.stripe.read

    def sometimes(topic, event, coupons):
        if event["id"] == "evt_1QFern0003":
            raise RuntimeError("boom")
        return real(topic, event, coupons)

    monkeypatch.setattr(write.stripe, "read", sometimes)
    for event in LIFE[:5]:
        recorded.post(stripe, event, at)
    take_in.due(at=at)

    bad = Delivery.objects.get(external_id="evt_1QFern0003")
    assert (bad.state, bad.attempts, bad.reason) == ("pending", 1, "RuntimeError: boom")
    assert bad.due_at > at
    assert Delivery.objects.filter(state__in=["done", "ignored"]).count() == 4

    for _ in range(8):
        recorded.again(at)
    bad.refresh_from_db()
    assert (bad.state, bad.due_at) == ("failed", None)
    monkeypatch.undo()
    connections.replay(stripe, at=at)
    recorded.work(at)
    bad.refresh_from_db()
    assert bad.state == "done"


def test_an_erased_person_does_not_come_back_by_a_late_webhook(stripe, at):
    recorded.send(stripe, LIFE[:3], at)
    ada = Customer.objects.get()

    personal.erase(ada.pk, at)
    assert not any(Delivery.objects.exclude(subject="").values_list("payload", flat=True))
    recorded.send(stripe, LIFE[3:], at)

    assert Customer.objects.count() == 1
    late = Delivery.objects.filter(external_id="evt_1QFern0006").get()
    assert (late.state, late.reason) == ("ignored", "This person was erased on request and is not taken in again.")
    assert SubscriptionChange.objects.count() == 1


def test_privacy_webhooks_become_requests_for_staff(shop, at):
    recorded.send(shop, SHOP_LIFE[:1] + PRIVACY + PRIVACY, at)

    requests = DataRequest.objects.order_by("id").values_list("kind", "state", "is_by_customer", "customer__email")
    assert list(requests) == [
        ("export", "requested", True, "cleo.marsh@example.com"), ("erasure", "requested", True, "cleo.marsh@example.com"),
    ]  # fmt: skip
    assert Delivery.objects.get(topic="shop/redact").state == "held"


def test_a_person_to_be_erased_who_is_not_here_does_not_come_later(shop, at):
    recorded.send(shop, [PRIVACY[1], SHOP_LIFE[0]], at)

    assert (DataRequest.objects.count(), Customer.objects.count()) == (0, 0)


def person(number):
    """The whole life of another customer of the same company."""
    text = str(number)
    swaps = [("cus_QAdaNg", f"cus_Q{text}"), ("ada.ng@", f"ada{text}@"), ("sub_1QFernAda", f"sub_{text}"),
             ("evt_1QFern", f"evt_{text}_")]  # fmt: skip
    import json

    raw = json.dumps(LIFE)
    for old, new in swaps:
        raw = raw.replace(old, new)
    return json.loads(raw)


def test_ten_thousand_webhooks_three_times_over_and_shuffled_come_to_the_same(at, frozen_clock):
    """T-55, small: 390 events three times, shuffled, half of them a month late."""
    recorded.account()
    source = recorded.stripe(at)
    events = [event for number in range(30) for event in person(number)]
    dice = random.Random(55)
    thrice = events * 3
    dice.shuffle(thrice)

    for start in range(0, len(thrice), 390):
        for event in thrice[start : start + 390]:
            recorded.post(source, event, at)
        recorded.work(at)

    assert Delivery.objects.count() == len(events)
    assert set(states().values()) == {"done", "ignored"}
    assert Customer.objects.count() == Subscription.objects.filter(status="ended").count() == 30
    assert MrrMovement.objects.count() == 90
    assert sum(MrrMovement.objects.values_list("amount_minor", flat=True)) == 0
    assert SubscriptionChange.objects.filter(is_renewal=True).count() == 30
