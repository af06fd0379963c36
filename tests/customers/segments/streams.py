"""A company living through hours and days: everything that can happen to customers, by the product's own actions.

`Stream.step` makes something happen, `settle` lets the workers run until nothing waits, `wrong` says what is not as it
should be: members, their number, the history, and what the timeline was told.
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import count

from customers.actions import consent, people, profiles, timeline
from customers.commerce.actions import orders
from customers.enums import OrderState
from customers.models import Brand, Customer, CustomerMerge, Event, Order, Segment, SegmentChange, SegmentMembership, Topic
from customers.privacy.actions import erase, merge
from customers.segments.actions import follow, lists, refresh, save
from customers.segments.queries import members, members_at, run
from tests.customers.segments import trees, worlds
from tests.customers.segments.worlds import CHANNELS, SKUS, TOPICS, Clock, World

PAUSES = [timedelta(minutes=n) for n in (1, 1, 20, 59, 61, 300, 700)] + [timedelta(days=1), timedelta(hours=25)]


class Stream:
    """A small company and its segments: two lists, and rules that ask about anything, also about one another."""

    def __init__(self, dice, zone, at, rules=5):
        self.dice, self.zone, self.now, self.number = dice, zone, at, count(1)
        self.quiet, self.seen, self.told, self.merges = set(), 0, 0, []
        self.log = []
        Brand.objects.update_or_create(pk=1, defaults={"timezone": zone, "currency": "GBP"})
        self.topics = [Topic.objects.get_or_create(slug=slug, defaults={"name": slug})[0] for slug in TOPICS]
        for _ in range(6):
            self.somebody_new()
        self.lists = [save.listed(name=name, at=at).id for name in worlds.SEGMENTS]
        self.rules = []
        for index in range(rules):
            segment = save.rules(name=f"Rules {index}", definition=self.definition(), at=at)
            self.rules.append(segment.id)
        self.settle()
        self.last_change = self.last_event = 0
        self.remember()

    # what can happen

    def definition(self, below=None):
        asked = [*self.lists, *self.rules[: below if below is not None else len(self.rules)]]
        world = World(self.now, self.zone, [])
        return trees.Gardener(self.dice, world, dict(enumerate(asked))).tree((1, 1, 2))

    def somebody(self):
        return self.dice.choice(sorted(Customer.objects.values_list("id", flat=True)))

    def clock(self):
        return Clock(self.dice, self.now, World(self.now, self.zone, []).tz)

    def past(self):
        """Mostly just now, sometimes late by hours or days, sometimes ahead of time."""
        late = self.dice.choice([0, 0, 0, 1, 90, 1500, 4000, 12_000, -45, -1500])
        return self.now - timedelta(minutes=late)

    def somebody_new(self):
        number = next(self.number)
        values = {
            "first_name": f"P{number}",
            "email": f"p{number}@example.com",
            "country": self.dice.choice(["", "DE", "FR"]),
        }
        people.create(values, source="test", at=self.now)

    def events(self):
        clock, new = self.clock(), []
        for _ in range(self.dice.randint(1, 4)):
            happened = worlds.happened(self.dice, clock, self.past)
            key = timeline.event_key("stream", next(self.number))
            currency = "GBP" if happened.amount is not None else ""
            new.append(
                timeline.NewEvent(
                    self.somebody(),
                    happened.name,
                    happened.moment,
                    key,
                    "test",
                    happened.properties,
                    happened.amount,
                    currency,
                )
            )
        timeline.record_many(new, at=self.now)

    def order(self):
        lines = tuple(
            orders.NewLine(sku, self.dice.randint(1, 3), self.dice.choice([30, 45, 90]), category=category)
            for sku, category in self.dice.sample(SKUS, self.dice.randint(0, 2))
        )
        number = f"o{next(self.number)}"
        orders.place_many(
            [orders.NewOrder(self.somebody(), number, self.past(), "GBP", self.dice.choice([100, 101, 250]), lines)],
            at=self.now,
        )

    def refund(self):
        paid = list(Order.objects.filter(state=OrderState.PAID, customer__isnull=False).order_by("id"))
        if paid:
            order = self.dice.choice(paid)
            left = order.total_minor - order.refunded_minor
            amount = self.dice.choice([left, max(1, left // 2)])
            refund = orders.NewRefund(f"r{next(self.number)}", self.now, amount, "GBP", order_number=order.number)
            orders.refund_many([refund], at=self.now)

    def cancel(self):
        paid = list(Order.objects.filter(state=OrderState.PAID).order_by("id").values_list("number", flat=True))
        if paid:
            orders.cancel_many({self.dice.choice(paid): self.now}, source="test", at=self.now)

    def profile(self):
        clock = self.clock()
        values = {
            "country": self.dice.choice(["", "DE", "FR"]), "plan": self.dice.choice(["", "gold", "Gold"]),
            "city": self.dice.choice(["", "naïve", "go%"]), "born_on": self.dice.choice([None, clock.day()]),
            "renews_on": self.dice.choice([None, clock.day()]), "attributes": {"tier": clock.raw(), "met": clock.raw()},
        }  # fmt: skip
        some = self.dice.sample(sorted(values), self.dice.randint(1, 3))
        people.change(self.somebody(), {key: values[key] for key in some}, source="test", at=self.now)

    def attributes(self):
        clock = self.clock()
        email = Customer.objects.get(id=self.somebody()).email
        changed = {key: clock.raw() for key in self.dice.sample(worlds.KEYS, 2)}
        profiles.upsert([profiles.Profile(email=email, attributes=changed)], source="test", at=self.now)

    def consent(self):
        consent.set_consent(
            [self.somebody()], topic=self.dice.choice(self.topics), channel=self.dice.choice(CHANNELS),
            state=self.dice.choice(["granted", "denied"]), source="test", wording="", at=self.now,
        )  # fmt: skip

    def join(self):
        if Customer.objects.count() > 3:
            first, second = self.dice.sample(sorted(Customer.objects.values_list("id", flat=True)), 2)
            self.merges.append(merge.merge(first, second, source="staff", user_id=None, at=self.now).id)

    def part(self):
        if self.merges:
            one = self.merges.pop()
            if CustomerMerge.objects.filter(id=one, into__isnull=False).exists() and not merge.why_not_undo(
                CustomerMerge.objects.get(id=one), at=self.now
            ):
                merge.undo(one, user_id=None, at=self.now)

    def forget(self):
        if Customer.objects.count() > 4:
            erase.erase(self.somebody(), reason="asked", user_id=None, at=self.now)

    def edit(self):
        index = self.dice.randrange(len(self.rules))
        definition, is_quiet = self.definition(below=index), self.dice.randrange(3) == 0
        saved = save.rules(
            segment_id=self.rules[index], name=f"Rules {index}", definition=definition, at=self.now, is_quiet=is_quiet
        )
        if is_quiet:
            self.quiet.add((saved.id, saved.version))

    def listing(self):
        chosen = [self.somebody() for _ in range(2)]
        self.dice.choice([lists.add, lists.remove])(self.dice.choice(self.lists), chosen, at=self.now)

    def wait(self):
        self.now += self.dice.choice(PAUSES)

    def wait_long(self):
        self.now += self.dice.choice([timedelta(days=2, hours=1), timedelta(days=7), timedelta(days=30)])

    EVERYDAY = ("events", "events", "order", "profile", "attributes", "consent", "wait", "wait", "wait")
    RARE = ("refund", "cancel", "somebody_new", "edit", "listing", "join", "part", "forget", "wait_long")

    def step(self):
        """One to three things happen."""
        for _ in range(self.dice.randint(1, 3)):
            name = self.dice.choice(self.EVERYDAY if self.dice.randrange(3) else self.RARE)
            self.now += timedelta(milliseconds=1)
            self.log.append(f"{self.now:%m-%d %H:%M} {name}")
            getattr(self, name)()

    # the workers, and what must be true after them

    def settle(self):
        """Run what the workers would, in any order, until nothing waits."""
        work = [
            lambda: timeline.process_batch(at=self.now), lambda: refresh.touched(at=self.now),
            lambda: follow.due(at=self.now), lambda: follow.windows(at=self.now),
        ]  # fmt: skip
        self.dice.shuffle(work)
        for job in work:
            job()
        for _ in range(50):
            if not sum([timeline.process_batch(at=self.now), refresh.touched(at=self.now), follow.due(at=self.now)]):
                return
        raise AssertionError("the workers never come to rest")

    def remember(self):
        self.last_change = SegmentChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
        self.last_event = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0

    def wrong(self):
        """Everything that is not as it should be, in words."""
        found = []
        for segment in Segment.objects.order_by("id"):
            ids = set(members(segment.id))
            if segment.id in self.rules:
                expected = set(run.ids(segment.definition, self.now))
                if ids != expected:
                    found.append(f"{segment.name}: has {sorted(ids)}, rules give {sorted(expected)}: {segment.definition}")
                if segment.problem:
                    found.append(f"{segment.name}: {segment.problem}")
            if segment.member_count != len(ids):
                found.append(f"{segment.name}: counts {segment.member_count}, has {len(ids)}")
            found += self.bad_history(segment, ids)
        return found + self.bad_news()

    def bad_history(self, segment, ids):
        """Those who were merged are left out: the histories of two people become one, in which each may have come and gone."""
        merged = {one for pair in CustomerMerge.objects.values_list("from_number", "into_id") for one in pair}
        last = {}
        for change in (
            SegmentChange.objects.filter(segment=segment).exclude(customer_id__in=merged).order_by("changed_at", "id")
        ):
            if last.get(change.customer_id, False) is change.entered:
                yield f"{segment.name}: customer {change.customer_id} entered or left twice in a row"
            last[change.customer_id] = change.entered
        replayed = {customer_id for customer_id, entered in last.items() if entered}
        if replayed != ids - merged:
            yield f"{segment.name}: history replays to {sorted(replayed)}, members are {sorted(ids - merged)}"
        then = set(members_at(segment.id, self.now).values_list("id", flat=True))
        if then - merged != ids - merged:
            yield f"{segment.name}: members at this moment are {sorted(then)}, members are {sorted(ids)}"

    def bad_news(self):
        """Each new change is told once, none of a first fill or of a quiet version, and nothing else is."""
        changes = SegmentChange.objects.filter(id__gt=self.last_change).order_by("id")
        expected = Counter(
            (change.customer_id, change.segment_id, change.entered, change.changed_at)
            for change in changes
            if change.cause != "fill"
            and not ((change.segment_id, change.version) in self.quiet and change.cause == "rules")
        )
        events = Event.objects.filter(id__gt=self.last_event, name__startswith="segment.")
        told = Counter(
            (e.customer_id, e.properties["segment_id"], e.name == "segment.entered", e.occurred_at) for e in events
        )
        waiting = SegmentChange.objects.filter(is_announced=False).count()
        return [f"not told: {expected - told}, told without reason: {told - expected}, waiting: {waiting}"] * (
            expected != told or waiting > 0
        )


def around(zone, text):
    """A stream's start: two days before a moment in a zone."""
    return zone, datetime.fromisoformat(text) - timedelta(days=2)


def replays(segment_id):
    """The members that the history of a segment leads to."""
    last = dict(SegmentChange.objects.filter(segment_id=segment_id).order_by("id").values_list("customer_id", "entered"))
    return {customer_id for customer_id, entered in last.items() if entered}


def current(segment_id):
    return set(SegmentMembership.objects.filter(segment_id=segment_id).values_list("customer_id", flat=True))
