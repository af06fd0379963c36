"""What segments, journeys and messages can know of subscriptions: one row per customer."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Min, Model, QuerySet

from config.kit.clock import local_day
from config.kit.money import Money
from customers.enums import SubscriptionStatus
from customers.models import Customer, CustomerFacts, Subscription
from customers.ports.fields import Field, FieldType
from customers.ports.merge import MergeContext, MergeSource, Values, Variable
from customers.queries import brand

GROUP = "Subscriptions"


def _facts() -> QuerySet[Model]:
    return CustomerFacts.objects.all()


def _profiles() -> QuerySet[Model]:
    return Customer.objects.all()


def _trials() -> QuerySet[Any, Any]:
    """Customers in a trial, and the day on which the first of their trials ends: the day it would renew."""
    trials = Subscription.objects.filter(status=SubscriptionStatus.TRIALING, renews_on__isnull=False)
    return trials.order_by().values("customer").annotate(ends_on=Min("renews_on"))


def _statuses() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in SubscriptionStatus.choices]


def _plans() -> list[tuple[str, str]]:
    names = Subscription.objects.exclude(plan="").order_by("plan").values_list("plan", flat=True).distinct()
    return [(name, name) for name in names[:200]]


T = FieldType
FIELDS = (
    Field("subscription.mrr", "MRR", GROUP, T.MONEY, _facts, "customer_id", "mrr_minor", 0),
    Field("subscription.status", "Subscription status", GROUP, T.CHOICE, _facts, "customer_id", "subscription_status", "",
          _statuses),
    Field("subscription.plan", "Subscription plan", GROUP, T.CHOICE, _profiles, "id", "plan", "", _plans),
    Field("subscription.renews_on", "Subscription renews", GROUP, T.DATE, _profiles, "id", "renews_on"),
    Field("subscription.ends_at", "Subscription cancelled for", GROUP, T.DATETIME, _facts, "customer_id",
          "subscription_ends_at"),
    Field("subscription.since", "Subscribed since", GROUP, T.DATETIME, _facts, "customer_id", "subscribed_since"),
    Field("subscription.trial_ends_on", "Trial ends", GROUP, T.DATE, _trials, "customer", "ends_on"),
    Field("subscription.count", "Running subscriptions", GROUP, T.NUMBER, _facts, "customer_id", "subscription_count", 0),
)  # fmt: skip
VARIABLES = (
    Variable("plan", "Plan of the largest running subscription", "Lights club"),
    Variable("status", "Its status in words", "Active"),
    Variable("mrr", "What all subscriptions cost in a month", "£12.00"),
    Variable("renews_on", "Day of the next renewal", "2026-12-01"),
    Variable("ends_on", "Day on which a cancelled subscription ends", "2026-12-01"),
    Variable("since", "Subscribed since", "2025-03-16"),
    Variable("count", "Number of running subscriptions", "1"),
)


def fetch(customer_ids: Sequence[int], context: MergeContext) -> Values:
    """The variables of many customers in one statement; empty for who has no subscription."""
    account = brand.current()
    words = {value: str(label) for value, label in SubscriptionStatus.choices}
    names = ("id", "plan", "renews_on", "facts__mrr_minor", "facts__subscription_count", "facts__subscription_status",
             "facts__subscribed_since", "facts__subscription_ends_at")  # fmt: skip
    found: dict[int, dict[str, Any]] = {}
    for pk, plan, renews_on, mrr, count, status, since, ends_at in Customer.objects.filter(
        id__among=customer_ids
    ).values_list(*names):
        runs = bool(count)
        found[pk] = {
            "plan": plan if runs else "",
            "status": words.get(status or "", ""),
            "mrr": str(Money(mrr or 0, account.currency)) if mrr else "",
            "renews_on": renews_on.isoformat() if renews_on and runs else "",
            "ends_on": local_day(ends_at, account.timezone).isoformat() if ends_at else "",
            "since": local_day(since, account.timezone).isoformat() if since else "",
            "count": count or 0,
        }
    return found


SOURCE = MergeSource("subscription", "Subscription", VARIABLES, fetch)
