"""Small worlds full of hard cases: who there is, what they did, and how it is written to the database.

A world is made by anything with the methods of `random.Random`, so a seed or Hypothesis can drive it.
"""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from customers.models import (
    Brand,
    Consent,
    Customer,
    CustomerFacts,
    Event,
    EventAggregate,
    Order,
    OrderLine,
    Product,
    Segment,
    SegmentChange,
    SegmentMembership,
    Topic,
)
from tests.customers.segments.oracle import Bought, Happened
from tests.customers.segments.oracle_values import midnight

EMPTIED = (
    OrderLine, Order, Product, Event, EventAggregate, CustomerFacts, Consent, Topic, SegmentMembership, SegmentChange, Segment,
    Customer,
)  # fmt: skip


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Days on which clocks change (both ways, also at midnight), a half-hour zone, a day that never was, leap days, year ends.
MOMENTS = [
    ("Europe/London", utc("2026-03-28T12:00")), ("Europe/London", utc("2026-03-29T00:59:59")),
    ("Europe/London", utc("2026-03-29T23:00")), ("Europe/London", utc("2026-10-25T00:30")),
    ("Europe/London", utc("2026-10-25T01:30")), ("Europe/London", utc("2026-10-26T00:00")),
    ("America/New_York", utc("2026-03-08T07:00")), ("America/New_York", utc("2026-03-09T03:59:59")),
    ("America/New_York", utc("2026-11-01T05:30")), ("America/New_York", utc("2026-11-01T06:30")),
    ("Asia/Kolkata", utc("2026-02-27T18:30")), ("Asia/Kolkata", utc("2028-02-28T18:29:59")),
    ("Pacific/Apia", utc("2011-12-30T12:00")), ("Pacific/Apia", utc("2020-09-26T14:30")),
    ("Pacific/Apia", utc("2021-04-03T13:30")), ("America/Havana", utc("2026-03-08T05:00")),
    ("America/Havana", utc("2026-11-01T05:00")), ("UTC", utc("2028-02-29T12:00")), ("UTC", utc("2026-12-31T23:59:59")),
]  # fmt: skip
SPANS = [timedelta(0)] + [timedelta(days=n) for n in (1, 2, 7, 30, 365)] + [timedelta(hours=n) for n in (1, 5, 25, 48)]
NUDGES = [timedelta(0), timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1), timedelta(minutes=30)]
NAMES = ["order.placed", "page.viewed", "cart.left"]
DID = ["sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"]
SKUS = [("mug", "kitchen"), ("pan", "kitchen"), ("rose", "garden"), ("o'x", ""), ("日本", "garden")]
WORDS = [
    "gold",
    "Gold",
    "go%",
    "g_ld",
    "DE",
    "FR",
    "a\\b",
    "o'hara; --",
    "naïve",
    '"x"',
    "日本 🌹",
    "5",
    "7.5",
    "true",
    "Yes",
]
ODD = [
    "", " ", " 5", "5 ", "1e3", "-2", "0", "٣", "5\n", None, True, False, 0, 5, 12, -3, 2.5, 7.5, [], [1], {}, {"a": 1},
    "2024-02-29", "2026-02-30", "2026-13-01", "29.02.2024", "2026-03-28T12:00:00", "2026-03-28T12:00:00Z",
    "2026-03-28T14:00:00+02:00", "2026-03-29 00:30:00.250000-05:00", "2026-03-28T25:00:00Z", "2026-03-28T12:00Z",
]  # fmt: skip
KEYS = ["tier", "score", "vip", "since day", "met"]
PROPERTIES = ["sku", "size", "order_id"]
TOPICS, CHANNELS = ["news", "tips"], ["email", "sms"]
SOURCES = [("campaign", 7), ("campaign", "7"), ("campaign", 12), ("journey", 7), ("", "")]
SEGMENTS = ["First", "Second"]


class World(NamedTuple):
    at: datetime
    zone: str
    people: list

    @property
    def tz(self):
        return ZoneInfo(self.zone)


def world(dice, count=None):
    """A random world of a few people around a hard moment."""
    zone, at = dice.choice(MOMENTS)
    clock = Clock(dice, at, ZoneInfo(zone))
    return World(at, zone, [person(dice, clock) for _ in range(count or dice.randint(4, 9))])


class Clock:
    """Moments and days worth having: ends of windows, local midnights, the future, and a hair beside each."""

    def __init__(self, dice, at, tz):
        self.dice, self.at, self.tz = dice, at, tz
        self.today = at.astimezone(tz).date()

    def moment(self):
        kind = self.dice.randrange(10)
        nudge = self.dice.choice(NUDGES)
        if kind < 6:
            return self.at - self.dice.choice(SPANS) + nudge
        if kind == 6:
            return self.at + self.dice.choice(SPANS) + nudge
        if kind == 7:
            return self.at - timedelta(minutes=self.dice.randint(-300, 60 * 24 * 40))
        return midnight(self.today - timedelta(days=self.dice.choice([-1, 0, 1, 2, 7, 30])), self.tz) + nudge

    def day(self):
        kind = self.dice.randrange(8)
        if kind == 0:
            return self.dice.choice([date(1980, 2, 29), date(2024, 2, 29), date(1990, 3, 1), date(1999, 12, 31)])
        offset = self.dice.choice([-366, -365, -31, -30, -8, -7, -2, -1, 0, 0, 1, 2, 7, 30, 365, 366, 400])
        found = self.today - timedelta(days=offset)
        years = self.dice.choice([0, 0, 0, 1, 4, 30])
        try:
            return found.replace(year=found.year - years)
        except ValueError:
            return found

    def raw(self):
        """A value of an attribute or a property, of any type."""
        kind = self.dice.randrange(6)
        if kind == 0:
            return self.day().isoformat()
        if kind == 1:
            return self.moment().astimezone(self.tz if self.dice.randrange(2) else UTC).isoformat()
        return self.dice.choice(ODD if kind < 4 else WORDS)


def person(dice, clock):
    stamps = [clock.moment() for _ in range(3)]
    moment = lambda: dice.choice(stamps) if dice.randrange(3) == 0 else clock.moment()  # noqa: E731
    orders = [order(dice, moment) for _ in range(dice.choice([0, 0, 1, 2, 3]))]
    found = {
        "country": dice.choice(["", "DE", "FR"]), "plan": dice.choice(["", *WORDS]), "city": dice.choice(["", *WORDS]),
        "external_id": None, "born_on": dice.choice([None, clock.day()]), "renews_on": dice.choice([None, clock.day()]),
        "created_at": clock.moment(),
        "attributes": {key: clock.raw() for key in dice.sample(KEYS, dice.randint(0, len(KEYS)))},
        "events": [happened(dice, clock, moment) for _ in range(dice.choice([0, 1, 3, 6, 9]))],
        "orders": orders,
        "facts": None,
        "consents": {
            (topic, channel): dice.choice(["granted", "denied"])
            for topic in TOPICS for channel in CHANNELS if dice.randrange(3) == 0
        },
        "history": {name: history(dice, clock) for name in SEGMENTS},
    }  # fmt: skip
    if orders or dice.randrange(2):
        paid = [bought for bought in orders if bought.state == "paid"]
        found["facts"] = {
            "order_count": len(paid), "revenue_minor": sum(bought.total for bought in orders),
            "refunded_minor": sum(bought.total for bought in orders if bought.state != "paid"),
            "first_order_at": min((bought.moment for bought in orders), default=None),
            "last_order_at": max((bought.moment for bought in orders), default=None),
            "event_count": len(found["events"]), "last_seen_at": dice.choice([None, clock.moment()]),
        }  # fmt: skip
    return found


def happened(dice, clock, moment):
    if dice.randrange(3) == 0:
        kind, number = dice.choice(SOURCES)
        about = {"source_kind": kind, "source_id": number, "channel": dice.choice(["email", "sms", "push"])}
        return Happened(0, f"message.{dice.choice(DID)}", moment(), about if dice.randrange(6) else {}, None)
    properties = {key: clock.raw() for key in dice.sample(PROPERTIES[:2], dice.randint(0, 2))}
    if dice.randrange(2):
        properties["order_id"] = dice.choice([5, "5", 7, "7", "a b", "", None])
    return Happened(0, dice.choice(NAMES), moment(), properties, dice.choice([None, 0, 100, 150, 300, -50]))


def order(dice, moment):
    lines = tuple(
        (*dice.choice(SKUS), dice.randint(1, 3), dice.choice([0, 30, 45, 90])) for _ in range(dice.choice([0, 1, 2, 3]))
    )
    return Bought(
        moment(), dice.choice(["paid", "paid", "paid", "refunded", "cancelled"]), dice.choice([0, 100, 101, 250]), lines
    )


def history(dice, clock):
    """Comings and goings in turn, and whether somebody was in before the first of them."""
    moments = sorted({clock.moment() for _ in range(dice.choice([0, 0, 1, 2, 3]))})
    start = bool(dice.randrange(2))
    return start, [(moment, (number % 2 == 0) is not start) for number, moment in enumerate(moments)]


def store(found):
    """Write a world, with counts and facts as the timeline's subscribers keep them; returns the ids of the segments."""
    for model in EMPTIED:
        model.objects.all().delete()
    Brand.objects.update_or_create(pk=1, defaults={"timezone": found.zone})
    segments = {
        name: Segment.objects.create(name=name, slug=name.lower(), created_at=found.at, updated_at=found.at)
        for name in SEGMENTS
    }
    columns = ("country", "plan", "city", "external_id", "born_on", "renews_on", "created_at", "attributes")
    rows = Customer.objects.bulk_create(
        [Customer(updated_at=found.at, **{key: one[key] for key in columns}) for one in found.people]
    )
    for one, row in zip(found.people, rows, strict=True):
        one["id"] = row.id
    _events(found)
    _orders(found)
    _others(found, segments)
    return {name: segment.id for name, segment in segments.items()}


def _events(found):
    pairs = [(one, number) for one in found.people for number in range(len(one["events"]))]
    rows = Event.objects.bulk_create(
        Event(
            customer_id=one["id"], name=one["events"][number].name, occurred_at=one["events"][number].moment,
            local_day=one["events"][number].moment.astimezone(found.tz).date(), received_at=found.at,
            properties=one["events"][number].properties, amount_minor=one["events"][number].amount, source="test",
            key=UUID(int=index + 1),
        )
        for index, (one, number) in enumerate(pairs)
    )  # fmt: skip
    for (one, number), row in zip(pairs, rows, strict=True):
        one["events"][number] = one["events"][number]._replace(number=row.id)
    counts = []
    for one in found.people:
        named = sorted(one["events"], key=lambda e: e.name)
        for name, group in itertools.groupby(named, key=lambda e: e.name):
            moments = [e.moment for e in group]
            counts.append(
                EventAggregate(
                    customer_id=one["id"], name=name, count=len(moments), first_at=min(moments), last_at=max(moments)
                )
            )
    EventAggregate.objects.bulk_create(counts)


def _orders(found):
    products = {sku: Product.objects.create(sku=sku, category=category) for sku, category in SKUS}
    bought = [(one, order) for one in found.people for order in one["orders"]]
    rows = Order.objects.bulk_create(
        Order(
            customer_id=one["id"], number=str(index), placed_at=order.moment, total_minor=order.total, currency="GBP",
            state=order.state, local_day=order.moment.astimezone(found.tz).date(),
            refunded_minor=order.total if order.state != "paid" else 0,
        )
        for index, (one, order) in enumerate(bought)
    )  # fmt: skip
    OrderLine.objects.bulk_create(
        OrderLine(order=row, product=products[sku], quantity=quantity, unit_minor=price)
        for row, (_, order) in zip(rows, bought, strict=True)
        for sku, _, quantity, price in order.lines
    )


def _others(found, segments):
    topics = {slug: Topic.objects.create(slug=slug, name=slug) for slug in TOPICS}
    CustomerFacts.objects.bulk_create(
        CustomerFacts(customer_id=one["id"], **one["facts"]) for one in found.people if one["facts"]
    )
    Consent.objects.bulk_create(
        Consent(customer_id=one["id"], topic=topics[topic], channel=channel, state=state, changed_at=found.at)
        for one in found.people
        for (topic, channel), state in one["consents"].items()
    )
    members, changes = [], []
    for one in found.people:
        one["member"], one["moves"] = set(), {}
        for name, (start, moves) in one["history"].items():
            segment_id = segments[name].id
            one["moves"][segment_id] = moves
            if moves[-1][1] if moves else start:
                one["member"].add(segment_id)
                members.append(SegmentMembership(segment_id=segment_id, customer_id=one["id"], entered_at=found.at))
            changes += [
                SegmentChange(segment_id=segment_id, customer_id=one["id"], entered=entered, version=1, changed_at=moment)
                for moment, entered in moves
            ]
    SegmentMembership.objects.bulk_create(members)
    SegmentChange.objects.bulk_create(changes)
