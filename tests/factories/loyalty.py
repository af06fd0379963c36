"""A running programme with three tiers, and order events as the timeline hands them out."""

import itertools
from datetime import timedelta

from customers.actions import timeline
from customers.ports.subscribers import TimelineEvent
from loyalty.models import Account, EarningRule, Programme, Reward, Tier

numbers = itertools.count(1)


def programme(**values):
    values = {"is_active": True, "currency": "GBP", "pending_days": 0, "expiry_months": 12} | values
    made, _ = Programme.objects.update_or_create(pk=1, defaults=values)
    EarningRule.objects.get_or_create(is_active=True, defaults={"points": 1, "per_minor": 100})
    return made


def tiers():
    return [
        Tier.objects.get_or_create(name=name, defaults={"threshold": threshold, "multiplier_percent": percent})[0]
        for name, threshold, percent in [("Seedling", 0, 100), ("Evergreen", 20_000, 125), ("Oak", 100_000, 150)]
    ]


def reward(**values):
    return Reward.objects.create(**{"name": "£5 off", "kind": "amount_off", "value": 500, "cost": 100} | values)


def placed(customer, amount_minor, at, order_id=None, currency="GBP", **more):
    order_id = order_id or next(numbers) + 1_000_000
    return _event(
        customer, "order.placed", amount_minor, at, currency, {"order_id": order_id, "number": f"N{order_id}"} | more
    )


def refunded(customer, amount_minor, at, order_id=None, refund_id=None, currency="GBP", **more):
    refund_id = refund_id or next(numbers) + 2_000_000
    properties = {"refund_id": refund_id, "number": f"C{refund_id}"} | ({"order_id": order_id} if order_id else {})
    return _event(customer, "order.refunded", amount_minor, at, currency, properties | more)


def _event(customer, name, amount_minor, at, currency, properties):
    number = next(numbers)
    key = timeline.event_key("test", name, number)
    return TimelineEvent(number, customer.id, name, at, at.date(), at, properties, amount_minor, currency, "test", key)


def account(customer):
    return Account.objects.get(customer=customer)


def days(count):
    return timedelta(days=count)
