"""The sample company's subscriptions: the Lights club, a box of candles every month or every year.

Generated, and marked so: the source is "sample" and references begin with "generated". Plans, prices, pauses, upgrades and
ends come from the story's seed; the first ones start two years before the story ends, the last renew after it.
"""

from datetime import datetime, timedelta
from random import Random

from customers.actions.timeline import event_key
from customers.commerce.actions.subscriptions import SubscriptionState, record_states
from customers.models import Customer
from customers.ports.samples import Story

MEMBERS = 320
PRICES = {"Lights club": 900, "Lights club plus": 1600, "Lights club yearly": 750}
MONTH = 30.4375


def build(story: Story) -> None:
    """A few hundred members, month by month until the story ends or their membership does."""
    dice = Random(story.seed + 25)
    people = list(Customer.objects.order_by("id").values_list("id", flat=True))
    chosen = sorted(dice.sample(people, min(MEMBERS, len(people) // 8)))
    states = [state for customer_id in chosen for state in _life(customer_id, dice, story)]
    if states:
        record_states(states, at=story.at)
    story.progress("subscriptions", len(states))


def _life(customer_id: int, dice: Random, story: Story) -> list[SubscriptionState]:
    is_yearly = dice.random() < 0.3
    plan = "Lights club yearly" if is_yearly else "Lights club"
    start = story.at - timedelta(days=dice.triangular(5, 730, 200), hours=dice.randrange(1, 9))
    if is_yearly and dice.random() < 0.3:
        start = story.at - timedelta(days=365 - dice.randrange(2, 60), hours=3)  # renewals that fall due soon
    book = _Book(customer_id, story, start, 12 if is_yearly else 1)
    if not is_yearly and dice.random() < 0.4:
        book.add(start, "trialing", plan, 0)
        start += timedelta(days=14)
    book.add(start, "active", plan)
    moment, term = start, timedelta(days=365.25 if is_yearly else MONTH)
    while (moment := moment + term) < story.at:
        roll = dice.random()
        if roll < (0.22 if is_yearly else 0.035):
            book.add(moment, "ended", plan, reason="involuntary" if dice.random() < 0.25 else "cancelled")
            if dice.random() > 0.2:
                return book.states
            moment += timedelta(days=dice.randrange(40, 160))
            if moment < story.at:
                book.add(moment, "active", plan)
        elif not is_yearly and roll < 0.055:
            book.add(moment, "paused", plan, reason="paused")
            moment += timedelta(days=dice.randrange(20, 70))
            if moment < story.at:
                book.add(moment, "active", plan)
        elif not is_yearly and roll < 0.095:
            plan = "Lights club plus" if plan == "Lights club" else "Lights club"
            book.add(moment, "active", plan, is_renewal=True)
        else:
            book.add(moment, "active", plan, is_renewal=True)
    if book.states[-1].status == "active" and dice.random() < 0.06:
        book.cancel(dice)
    return book.states


class _Book:
    """The states of one member, in order."""

    def __init__(self, customer_id: int, story: Story, start: datetime, months: int) -> None:
        self.customer_id, self.story, self.start, self.months = customer_id, story, start, months
        self.states: list[SubscriptionState] = []

    def add(self, moment: datetime, status: str, plan: str, amount: int | None = None, **values: object) -> None:
        renews = None if status in ("ended", "paused") else (moment + timedelta(days=self.months * MONTH)).date()
        if status == "trialing":
            renews = (moment + timedelta(days=14)).date()
        self.states.append(
            SubscriptionState(
                self.customer_id, f"generated-{self.customer_id}", status,
                PRICES[plan] if amount is None else amount, "GBP",
                moment, event_key("sample", "subscription", self.customer_id, len(self.states)), plan=plan,
                interval_months=self.months, started_at=self.start, renews_on=renews, source="sample",
                **values,  # type: ignore[arg-type]
            )
        )  # fmt: skip

    def cancel(self, dice: Random) -> None:
        """Cancelled a few days ago, running until the term ends."""
        last = self.states[-1]
        moment = max(last.changed_at + timedelta(hours=1), self.story.at - timedelta(days=dice.randrange(1, 9)))
        assert last.renews_on is not None
        ends = datetime(last.renews_on.year, last.renews_on.month, last.renews_on.day, 9, tzinfo=self.story.at.tzinfo)
        if self.story.at < ends:
            self.add(moment, "active", last.plan, cancel_at=ends, reason="cancelled")
