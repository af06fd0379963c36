"""How MRR moves: from the states of subscriptions to one movement per customer and day, and the rates made of them.

The definitions are those of docs/commerce.md. Pure: the same history gives the same movements, however it arrived.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from uuid import UUID

NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION = "new", "expansion", "contraction", "churn", "reactivation"
COUNTED = frozenset({"active", "past_due"})
RUNNING = frozenset({"trialing", "active", "past_due"})
PAUSED, ENDED = "paused", "ended"
RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Policy:
    """How the account counts: whether a cancelled subscription counts to the end of its term, when a return is New."""

    at_once: bool = False
    new_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """One change of one subscription. `mrr_minor` is in the account's currency, `charged` is what it was made of."""

    subscription: int
    at: datetime
    key: UUID
    day: date
    status: str
    mrr_minor: int
    charged: tuple[int, str] | None = None
    cancel_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """How the MRR of a customer moved on a day; `amount` is signed: after - before."""

    day: date
    kind: str
    amount: int
    before: int
    after: int
    reason: str = ""


class Standing(StrEnum):
    """What a customer is at the end of a day."""

    NEVER = "never"
    PAYING = "paying"
    PAUSED = "paused"
    GONE = "gone"


def ordered(states: Iterable[State]) -> list[State]:
    """A history in the order in which it happened; of changes in one moment the key decides."""
    return sorted(states, key=lambda state: (state.at, state.key.int))


def steady(states: Sequence[State]) -> list[int]:
    """The MRR of each state of one subscription, in order, in the account's currency.

    A price that stays the same in its own currency keeps the rate it had: a moving exchange rate is no expansion.
    """
    amounts: list[int] = []
    for place, state in enumerate(states):
        before = states[place - 1] if place else None
        is_same = before is not None and state.charged is not None and state.charged == before.charged
        amounts.append(amounts[-1] if is_same else state.mrr_minor)
    return amounts


def counts(state: State, amount: int, policy: Policy) -> int:
    """What a state counts: trial, paused and ended nothing; past due counts; cancelled by the account's policy."""
    if state.status not in COUNTED or (policy.at_once and state.cancel_at is not None):
        return 0
    return amount


def movements(states: Iterable[State], policy: Policy) -> list[Movement]:
    """The movements of one customer, given all states of all their subscriptions in any order.

    Several changes of a day count as one, by what they come to at its end. A customer all of whose MRR is paused has
    contracted and is still a customer: coming back is expansion ("resumed"), ending meanwhile is churn of 0.
    """
    by_day: dict[date, list[tuple[State, int]]] = {}
    for _, group in groupby(sorted(states, key=lambda s: s.subscription), key=lambda s: s.subscription):
        history = ordered(group)
        for state, amount in zip(history, steady(history), strict=True):
            by_day.setdefault(state.day, []).append((state, counts(state, amount, policy)))
    now: dict[int, tuple[State, int]] = {}
    standing, left_on = Standing.NEVER, date.min
    found: list[Movement] = []
    for day in sorted(by_day):
        earlier = dict(now)
        for state, amount in sorted(by_day[day], key=lambda item: (item[0].at, item[0].key.int)):
            now[state.subscription] = (state, amount)
        before = sum(amount for _, amount in earlier.values())
        after = sum(amount for _, amount in now.values())
        following = _standing(standing, after, now)
        movement = _movement(day, standing, following, before, after, left_on, policy)
        if movement:
            reason = movement.reason or _reason(earlier, now, policy)
            if movement.amount > 0 and movement.reason != RESUMED:
                reason = ""
            found.append(Movement(day, movement.kind, movement.amount, before, after, reason))
        if following == Standing.GONE and standing != Standing.GONE:
            left_on = day
        standing = following
    return found


def _standing(before: Standing, after: int, now: Mapping[int, tuple[State, int]]) -> Standing:
    if after > 0:
        return Standing.PAYING
    if before in (Standing.PAYING, Standing.PAUSED):
        is_paused = any(state.status == PAUSED for state, _ in now.values())
        return Standing.PAUSED if is_paused else Standing.GONE
    return before


def _movement(
    day: date, was: Standing, now: Standing, before: int, after: int, left_on: date, policy: Policy
) -> Movement | None:
    change = after - before
    if now == Standing.PAYING:
        if was == Standing.NEVER:
            return Movement(day, NEW, change, before, after)
        if was == Standing.GONE:
            is_new = policy.new_after_days is not None and (day - left_on).days > policy.new_after_days
            return Movement(day, NEW if is_new else REACTIVATION, change, before, after)
        if was == Standing.PAUSED:
            return Movement(day, EXPANSION, change, before, after, RESUMED)
        kind = EXPANSION if change > 0 else CONTRACTION
        return Movement(day, kind, change, before, after) if change else None
    if now == Standing.PAUSED and was == Standing.PAYING:
        return Movement(day, CONTRACTION, change, before, after, PAUSED)
    if now == Standing.GONE and was in (Standing.PAYING, Standing.PAUSED):
        return Movement(day, CHURN, change, before, after)
    return None


def _reason(earlier: Mapping[int, tuple[State, int]], now: Mapping[int, tuple[State, int]], policy: Policy) -> str:
    """Why MRR went down, when the subscriptions that lost some agree about it."""
    reasons = set()
    for subscription, (state, amount) in now.items():
        before = earlier.get(subscription)
        if before is not None and (amount < before[1] or (state.status == ENDED and before[0].status != ENDED)):
            was_cancelled = state.reason or ("cancelled" if state.cancel_at is not None and policy.at_once else "")
            reasons.add(PAUSED if state.status == PAUSED else was_cancelled)
    return reasons.pop() if len(reasons) == 1 else ""


# --- rates ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Totals:
    """MRR at the start of a period, what moved in it (each above 0), and how often."""

    start: int
    new: int = 0
    expansion: int = 0
    reactivation: int = 0
    contraction: int = 0
    churn: int = 0

    @property
    def end(self) -> int:
        """What must be there at the end."""
        return self.start + self.new + self.expansion + self.reactivation - self.contraction - self.churn

    @property
    def gross_churn(self) -> float | None:
        """Churn and contraction by MRR at the start; by movements, so that who left and came back counts in it."""
        return ratio(self.churn + self.contraction, self.start)

    @property
    def net_churn(self) -> float | None:
        """Gross churn less expansion and reactivation; below 0 when customers grow more than they leave."""
        return ratio(self.churn + self.contraction - self.expansion - self.reactivation, self.start)

    @property
    def quick(self) -> float | None:
        """(New + expansion) by (contraction + churn)."""
        return ratio(self.new + self.expansion, self.contraction + self.churn)

    @property
    def quick_with_reactivation(self) -> float | None:
        """The same with reactivation among the gains."""
        return ratio(self.new + self.expansion + self.reactivation, self.contraction + self.churn)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The customers of a base day point to point: what they paid then, what they pay at the end, who still is one."""

    base_minor: int
    kept_minor: int
    now_minor: int
    base_count: int
    kept_count: int

    @property
    def grr(self) -> float | None:
        """Gross revenue retention: each customer counts at most what they paid at the start. Never above 1."""
        return ratio(self.kept_minor, self.base_minor)

    @property
    def nrr(self) -> float | None:
        """Net revenue retention: what the same customers pay at the end, by what they paid at the start."""
        return ratio(self.now_minor, self.base_minor)

    @property
    def logo_retention(self) -> float | None:
        """Customers of the base who still are customers, by the customers of the base."""
        return ratio(self.kept_count, self.base_count)

    @property
    def logo_churn(self) -> float | None:
        return ratio(self.base_count - self.kept_count, self.base_count)


def cohort(start: Mapping[str, int], end: Mapping[str, int], *, paused: frozenset[str] = frozenset()) -> Cohort:
    """The cohort of a period from MRR by customer at its start and at its end; who pauses is still a customer."""
    base = {customer: amount for customer, amount in start.items() if amount > 0}
    now = {customer: end.get(customer, 0) for customer in base}
    return Cohort(
        base_minor=sum(base.values()),
        kept_minor=sum(min(now[customer], amount) for customer, amount in base.items()),
        now_minor=sum(now.values()),
        base_count=len(base),
        kept_count=sum(1 for customer, amount in now.items() if amount > 0 or customer in paused),
    )


def stripe_churn(churned: int, base_count: int, joined: int) -> float | None:
    """Customers who churned by customers at the start and new ones: starts and stops within the period count in both."""
    return ratio(churned, base_count + joined)


def ratio(part: int, whole: int) -> float | None:
    """None where there is nothing to divide by."""
    return part / whole if whole else None
