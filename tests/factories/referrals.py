"""Programme, codes, claims, and the events of friends."""

from datetime import timedelta

from customers.actions import timeline
from referrals.actions import claim as claims
from referrals.actions import share
from referrals.models import Code, Programme
from tests.factories import people
from tests.factories.people import LONG_AGO


def programme(**values):
    values = {
        "name": "Give and get", "headline": "Give 500, get 500", "advocate_points": 500, "friend_points": 300,
        "minimum_order_minor": 2000, "currency": "EUR", "is_active": True, "created_at": LONG_AGO, "updated_at": LONG_AGO,
        **values,
    }  # fmt: skip
    return Programme.objects.create(**values)


def code(customer, at):
    share.ensure_codes([customer.pk], at=at)
    return Code.objects.select_related("customer").get(customer=customer)


def claim(code, at, email="friend@example.com", programme=None, **hashes):
    programme = programme or Programme.objects.get(is_active=True)
    return claims.claim(code, programme=programme, email=email, visitor=claims.Visitor(**hashes), at=at)


def friend(at, email="friend@example.com", first_name="Fiona", **values):
    """A new customer, told to the timeline."""
    found = people.customer(first_name, email=email, created_at=at, **values)
    record(found, "customer.created", at, found.pk)
    return found


def order(customer, at, number=1, amount_minor=5000, currency="EUR", order_id=None):
    properties = {"number": f"N{number}", "lines": 1, **({"order_id": order_id} if order_id else {})}
    record(customer, "order.placed", at, number, amount_minor, currency, properties)


def refund(customer, at, number=1, amount_minor=5000, order_id=None, in_full=False):
    properties = {"number": f"R{number}", "in_full": in_full, **({"order_id": order_id} if order_id else {})}
    record(customer, "order.refunded", at, number, amount_minor, "EUR", properties)


def record(customer, name, moment, number, amount_minor=None, currency="", properties=None):
    event = timeline.NewEvent(
        customer_id=customer.pk,
        name=name,
        occurred_at=moment,
        key=timeline.event_key("test", name, customer.pk, number),
        source="test",
        properties=properties or {},
        amount_minor=amount_minor,
        currency=currency,
    )
    timeline.record(event, at=moment)


def settle(at):
    """Let the timeline's subscribers run until the inbox is empty."""
    while timeline.process_batch(at=at):
        pass


DAY = timedelta(days=1)
