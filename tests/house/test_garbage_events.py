"""Events whose values are not what their names promise: no subscriber may stumble over what a client could send."""

import pytest

from customers.actions import timeline
from customers.models import FailedEvent, PendingEvent
from customers.ports import event_types
from tests.factories import journeys, loyalty, people, referrals, surveys
from tests.factories import messages as made

pytestmark = pytest.mark.django_db
NAMES = sorted({event.name for event in event_types.all()} | {"cart.left", "page.viewed"})
VALUES = {
    "none": None, "text": "seven", "number as text": "12", "empty": "", "float": 1.5, "huge": 10**30, "negative": -1,
    "true": True, "list": [1, "2", None], "dict": {"id": 1, "__proto__": {"a": 1}}, "long": "x" * 20_000,
    "markup": "<script>alert(1)</script>{{ 7*7 }}'; DROP TABLE customers_customer;--", "nan": "NaN",
    "date": "2026-02-30", "unicode": "\u202e\ufeff\ud7ff😀", "bigint": 2**63, "digits": "9" * 5000, "nested": [[[[[[{"a": [1]}]]]]]],
}  # fmt: skip
KEYS = [*sorted({key for event in event_types.all() for key in event.properties}), "order_id", "surprise"]


@pytest.fixture
def a_busy_company(at):
    """Every programme runs, and journeys compare properties, so that each handler has something to do."""
    alice, bob = people.alice(), people.bob()
    loyalty.programme()
    loyalty.tiers()
    referrals.programme(currency="GBP")
    code = referrals.code(alice, at)
    referrals.claim(code, at, email="friend@example.com")
    friend = referrals.friend(at)
    survey = surveys.survey()
    surveys.invitation(survey, alice, at, sent_at=None)
    for number, name in enumerate(["cart.left", "order.placed", "survey.answered", "message.clicked"]):
        journeys.journey(
            journeys.send(f"s{number}"),
            slug=f"j{number}", name=f"J{number}", reentry="always",
            entry={"kind": "event", "event": name, "where": {"kind": "nps", "channel": "email"}},
            goal={"event": "order.placed", "days": 30, "where": {"number": "7"}},
            exits=[{"event": "order.refunded", "where": {"order_id": 4}}, {"event": "consent.withdrawn"}],
        )  # fmt: skip
    made.segment(bob)
    referrals.settle(at)
    return [alice, bob, friend]


@pytest.mark.parametrize("kind", VALUES)
def test_no_subscriber_stumbles_over_garbage(kind, at, a_busy_company):
    value = VALUES[kind]
    events = [
        timeline.NewEvent(
            customer_id=person.pk, name=name, occurred_at=at, key=timeline.event_key("garbage", name, person.pk, amount),
            source="client", properties=dict.fromkeys(KEYS, value) if shape == "all" else shape, amount_minor=amount,
            currency=currency,
        )
        for person in a_busy_company
        for name in NAMES
        for amount, currency, shape in [(None, "", "all"), (-5, "ZZZ", "all"), (9 * 10**12, "GBP", "all"), (100, "GBP", {})]
    ]  # fmt: skip
    timeline.record_many(events, at=at)

    while timeline.process_batch(limit=500, at=at):
        pass

    assert PendingEvent.objects.count() == 0
    assert [(f.event.name, f.handler, f.error[:300]) for f in FailedEvent.objects.select_related("event")] == []
