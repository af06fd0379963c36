"""Reads the truth for a range of days: counts by day and metric, one statement per family of facts.

Each function returns `Figures`: numerator by (day, metric, dimension, part). Days without anything are simply absent.
"""

from collections import defaultdict
from datetime import date, timedelta

from django.db.models import Count, Min, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import TruncDate

from config.kit.clock import day_bounds, zone
from customers.enums import OrderState
from customers.models import Customer, Event, Order, Refund
from customers.queries import brand
from metrics.queries import statements
from surveys.models import Response

Figures = dict[tuple[date, str, str, str], int]
WINDOW = 90
EVENTS = {
    "message.sent": "sends",
    "message.opened": "opens",
    "message.clicked": "clicks",
    "message.bounced": "bounces",
    "message.complained": "complaints",
    "message.unsubscribed": "unsubscribes",
    "consent.granted": "subscribed",
    "consent.withdrawn": "unsubscribed",
    "loyalty.points_earned": "points_earned",
    "loyalty.points_redeemed": "points_redeemed",
    "referral.claimed": "referrals_claimed",
    "referral.qualified": "referrals_qualified",
}
ONE_SIDE = (
    "referral.claimed",
    "referral.qualified",
)  # recorded for the member and mostly for the friend too; the member’s counts
MESSAGES = tuple(name for name in EVENTS if name.startswith("message."))


def orders(first: date, last: date) -> Figures:
    """Orders, revenue, refunds and buyers; orders in another currency than the account's under that currency."""
    home = brand.current().currency
    figures: Figures = defaultdict(int)
    for day, currency, count, revenue, buyers in statements.rows("orders_by_day", first=first, last=last):
        part = ("", "") if currency == home else ("currency", currency)
        for metric, value in (("orders", count), ("revenue", revenue), ("buyers", buyers)):
            figures[day, metric, *part] += int(value)
    # A cancelled order is no order, so what it gave back is no refund: revenue goes down once, on the day of the order.
    refunds = Refund.objects.filter(local_day__range=(first, last)).exclude(order__state=OrderState.CANCELLED).order_by()
    for day, currency, amount in refunds.values_list("local_day", "currency").annotate(amount=Sum("amount_minor")):
        part = ("", "") if currency == home else ("currency", currency)
        figures[day, "refunds", *part] += int(amount)
    return figures


def lifecycle(first: date, last: date) -> Figures:
    """New, repeat, lapsed and reactivated customers, and how many are active at the end of each day."""
    figures: Figures = defaultdict(int)
    only = "" if is_most_of_the_past(first, last) else "JOIN buyers ON buyers.customer_id = o.customer_id"
    for day, new, repeat in statements.rows("firsts_by_day", pieces={"only": only}, first=first, last=last):
        figures[day, "new_customers", "", ""] = int(new)
        figures[day, "repeat_customers", "", ""] = int(repeat)
    since = first - timedelta(days=WINDOW)
    moves = {row[0]: row[1:] for row in statements.rows("activity_by_day", since=since, first=first, last=last)}
    active, bought = _active_on(first - timedelta(days=1))
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        entered_90, left_90, entered_28, left_28 = (int(value) for value in moves.get(day, (0, 0, 0, 0)))
        active, bought = active + entered_90 - left_90, bought + entered_28 - left_28
        figures[day, "active_customers", "", ""] = active
        figures[day, "buyers_28d", "", ""] = bought
        figures[day, "lapsed", "", ""] = left_90
        figures[day, "reactivated", "", ""] = entered_90 - figures[day, "new_customers", "", ""]
    return figures


def _active_on(day: date) -> tuple[int, int]:
    since_90, since_28 = day - timedelta(days=WINDOW - 1), day - timedelta(days=27)
    [(active, bought)] = statements.rows("active_on_day", since_90=since_90, since_28=since_28, day=day)
    return int(active), int(bought)


def is_most_of_the_past(first: date, last: date) -> bool:
    """Whether a range is so long that looking at every customer is cheaper than choosing those who bought in it."""
    return (last - first).days >= 120


def customers(first: date, last: date) -> Figures:
    """Customer records by the day of their creation in the account's time zone."""
    tz = brand.current().timezone
    start, end = day_bounds(first, tz)[0], day_bounds(last, tz)[1]
    created = Customer.objects.filter(created_at__gte=start, created_at__lt=end).order_by()
    by_day = created.annotate(day=TruncDate("created_at", tzinfo=zone(tz))).values_list("day").annotate(count=Count("id"))
    return {(day, "customers_created", "", ""): count for day, count in by_day}


def timeline(first: date, last: date) -> Figures:
    """Messages (also by their sender), consents, points and referrals, as the timeline has them."""
    tz = brand.current().timezone
    start, end = day_bounds(first, tz)[0], day_bounds(last, tz)[1]
    events = Event.objects.filter(occurred_at__gte=start, occurred_at__lt=end).order_by()
    figures: Figures = defaultdict(int)
    others = [name for name in EVENTS if name not in MESSAGES and name not in ONE_SIDE]
    for day, name, count in events.filter(name__in=others).values_list("local_day", "name").annotate(count=Count("id")):
        figures[day, EVENTS[name], "", ""] += count
    pairs = events.filter(name__in=ONE_SIDE, properties__role="advocate")
    for day, name, count in pairs.values_list("local_day", "name").annotate(count=Count("id")):
        figures[day, EVENTS[name], "", ""] += count
    messages = events.filter(name__in=MESSAGES).annotate(
        kind=KeyTextTransform("source_kind", "properties"), sender=KeyTextTransform("source_id", "properties")
    )
    counted = messages.values_list("local_day", "name", "kind", "sender").annotate(count=Count("id"))
    for day, name, kind, sender, count in counted:
        figures[day, EVENTS[name], "", ""] += count
        figures[day, EVENTS[name], "source", f"{kind}:{sender}"[:80]] += count
    for day, metric, *part in list(figures):
        if metric in ("sends", "bounces"):
            key = (day, "delivered", part[0], part[1])
            figures[key] = figures.get((day, "sends", *part), 0) - figures.get((day, "bounces", *part), 0)  # type: ignore[arg-type]
    return figures


def surveys(first: date, last: date) -> Figures:
    """NPS answers that a person confirmed, by band."""
    answers = Response.objects.filter(
        local_day__range=(first, last), state="confirmed", suspicion="", survey__kind="nps"
    ).order_by()
    counted = answers.values_list("local_day", "band").annotate(count=Count("id"))
    return {(day, f"nps_{band}s", "", ""): count for day, band, count in counted}


def first_day() -> date | None:
    """The first day that has anything to roll up; None in an empty installation."""
    days = [
        Order.objects.aggregate(day=Min("local_day"))["day"],
        Refund.objects.aggregate(day=Min("local_day"))["day"],
        Response.objects.aggregate(day=Min("local_day"))["day"],
    ]
    tz = zone(brand.current().timezone)
    moments = [
        Customer.objects.aggregate(at=Min("created_at"))["at"],
        *(Event.objects.filter(name=name).aggregate(at=Min("occurred_at"))["at"] for name in ("message.sent",)),
    ]
    days += [moment.astimezone(tz).date() for moment in moments if moment]
    return min((day for day in days if day), default=None)


def first_order_day() -> date | None:
    """The day of the first order; windows that reach back before it are not complete."""
    found: date | None = Order.objects.aggregate(day=Min("local_day"))["day"]
    return found
