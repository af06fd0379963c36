"""What the friend does after the claim: signs up, orders, gets money back.

The events of a friend are few; batches in which nobody is a friend cost one indexed look-up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from config.kit import sql
from customers.models import Customer, Event, Order
from referrals.actions import grants
from referrals.actions.claim import hash_of
from referrals.actions.move import move
from referrals.enums import OPEN, UNBOUND, UNREWARDED, Reason, ReferralState, SignalKind
from referrals.models import FraudSignal, Referral
from referrals.rules import emails

FEW = 5000  # open claims that one look-up may bring along, instead of sending every address of a batch


@dataclass(slots=True)
class Bought:
    """An order of a friend, and what is left of it after refunds."""

    at: datetime
    number: str
    order_id: int | None
    paid_minor: int
    currency: str
    net_minor: int


def link_friends(customer_ids: Sequence[int], *, at: datetime) -> int:
    """Recognise friends among new or changed customers by their address; returns how many."""
    unlinked = Referral.objects.filter(state__in=OPEN, friend__isnull=True)
    waiting = set(unlinked.values_list("email_hash", flat=True)[: FEW + 1])
    if not waiting:
        return 0
    people = Customer.objects.filter(pk__in=customer_ids).exclude(email="").values_list("pk", "email")
    by_hash = {hash_of(emails.normalise(email)): pk for pk, email in people}
    if len(waiting) <= FEW:
        by_hash = {email_hash: pk for email_hash, pk in by_hash.items() if email_hash in waiting}
    if not by_hash:
        return 0
    with transaction.atomic():
        found = list(sql.for_update(unlinked.filter(email_hash__in=by_hash).select_related("programme").order_by("id")))
        for referral in found:
            referral.friend_id = by_hash[referral.email_hash]
        _accept(found, at)
    return len(found)


def _accept(found: list[Referral], at: datetime) -> None:
    friends = [r.friend_id for r in found]
    bound: set[int | None] = set(
        Referral.objects.filter(friend_id__in=friends).exclude(state__in=UNBOUND).values_list("friend_id", flat=True)
    )
    accepted: list[Referral] = []
    for referral in found:
        if referral.friend_id == referral.advocate_id:
            move([referral], to=ReferralState.BLOCKED, reason=Reason.OWN_LINK, at=at, fields=["friend"])
        elif referral.friend_id in bound:
            move([referral], to=ReferralState.BLOCKED, reason=Reason.ALREADY_REFERRED, at=at, fields=["friend"])
        else:
            bound.add(referral.friend_id)
            referral.signed_up_at = at
            accepted.append(referral)
    move(accepted, to=ReferralState.SIGNED_UP, reason=Reason.BECAME_CUSTOMER, at=at, fields=["friend", "signed_up_at"])
    _qualify(accepted, at)


def qualify(customer_ids: Sequence[int], *, at: datetime) -> int:
    """Look at the orders of those of these customers who are friends with an open claim; returns how many friends."""
    with transaction.atomic():
        waiting = Referral.objects.filter(friend_id__among=set(customer_ids), state__in=OPEN)
        found = list(sql.for_update(waiting.select_related("programme").order_by("id")))
        _qualify(found, at)
    return len(found)


def _qualify(referrals: list[Referral], at: datetime) -> None:
    if not referrals:
        return
    bought = _orders_of([r.friend_id for r in referrals if r.friend_id])
    qualified: list[Referral] = []
    old: list[Referral] = []
    known = _known_orders(bought)
    for referral in referrals:
        orders = bought.get(referral.friend_id or 0, [])
        if any(order.at < referral.claimed_at for order in orders):
            old.append(referral)
        elif first := next((order for order in orders if _counts(order, referral)), None):
            referral.order_id = first.order_id if first.order_id in known else None
            referral.order_number, referral.order_minor = first.number, first.paid_minor
            referral.qualified_at = first.at
            referral.hold_until = first.at + timedelta(days=referral.programme.hold_days)
            qualified.append(referral)
    move(old, to=ReferralState.BLOCKED, reason=Reason.EXISTING_CUSTOMER, at=at)
    fields = ["order", "order_number", "order_minor", "qualified_at", "hold_until"]
    move(qualified, to=ReferralState.QUALIFIED, reason=Reason.FIRST_ORDER, at=at, fields=fields)
    move(qualified, to=ReferralState.IN_HOLD, reason=Reason.RETURN_PERIOD, at=at)


def named_order(properties: Mapping[str, object]) -> int | None:
    """The order that an event names, when what it says can be an id at all: properties may hold anything."""
    value = properties.get("order_id")
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    return value if type(value) is int and 0 < value < 2**63 else None


def _known_orders(bought: Mapping[int, Sequence[Bought]]) -> set[int]:
    """Those of the named orders that exist: an event may name one that was never imported."""
    named = {order.order_id for orders in bought.values() for order in orders if order.order_id is not None}
    return set(Order.objects.filter(pk__among=named).values_list("pk", flat=True)) if named else set()


def _counts(order: Bought, referral: Referral) -> bool:
    programme = referral.programme
    return (
        order.at < referral.expires_at
        and order.currency == programme.currency
        and order.net_minor >= max(programme.minimum_order_minor, 1)
    )


def _orders_of(customer_ids: Sequence[int]) -> dict[int, list[Bought]]:
    """Orders by customer, oldest first, refunds taken off the order they name."""
    names = ["order.placed", "order.refunded"]
    rows = Event.objects.filter(customer_id__in=customer_ids, name__in=names).order_by("occurred_at", "id")
    found: dict[int, list[Bought]] = {}
    refunds = []
    for event in rows:
        if event.name == "order.refunded":
            refunds.append(event)
            continue
        order_id, paid = named_order(event.properties), event.amount_minor or 0
        number = str(event.properties.get("number", ""))[:80]
        found.setdefault(event.customer_id, []).append(
            Bought(event.occurred_at, number, order_id, paid, event.currency, paid)
        )
    for refund in refunds:
        for order in found.get(refund.customer_id, []):
            if order.order_id is not None and order.order_id == named_order(refund.properties):
                order.net_minor -= order.paid_minor if refund.properties.get("in_full") else refund.amount_minor or 0
    return found


def take_back(customer_ids: Sequence[int], *, order_ids: Iterable[int], unclear: Iterable[int], at: datetime) -> int:
    """Refunds of friends: a qualifying order that falls below the minimum voids the referral, or reverses its reward.

    `order_ids` are the refunded orders, `unclear` the customers with a refund that names no order: while their referral
    is on hold, a person decides. Returns how many referrals changed.
    """
    states = [*UNREWARDED, ReferralState.REWARDED]
    with transaction.atomic():
        concerned = Referral.objects.filter(friend_id__in=customer_ids, state__in=states)
        found = list(sql.for_update(concerned.select_related("programme").order_by("id")))
        if not found:
            return 0
        bought = _orders_of([r.friend_id for r in found if r.friend_id])
        refunded, doubtful = set(order_ids), set(unclear)
        lost = [r for r in found if r.order_id in refunded and not _still_counts(r, bought.get(r.friend_id or 0, []))]
        held = [r for r in found if r not in lost and r.state == ReferralState.IN_HOLD]
        open_question = [r for r in held if r.friend_id in doubtful or r.order_id is None]
        for referral in lost:
            referral.decided_at = at
        rewarded = [r for r in lost if r.state == ReferralState.REWARDED]
        pending = [r for r in lost if r.state != ReferralState.REWARDED]
        move(pending, to=ReferralState.VOIDED, reason=Reason.ORDER_REFUNDED, at=at, fields=["decided_at"])
        grants.reverse(rewarded, reason=Reason.ORDER_REFUNDED, at=at)
        _question(open_question, at)
    return len(lost) + len(open_question)


def _still_counts(referral: Referral, orders: list[Bought]) -> bool:
    order = next((o for o in orders if o.order_id == referral.order_id), None)
    return order is not None and order.net_minor >= max(referral.programme.minimum_order_minor, 1)


def _question(referrals: list[Referral], at: datetime) -> None:
    FraudSignal.objects.bulk_create(
        [FraudSignal(referral=r, kind=SignalKind.UNCLEAR_REFUND, score=35, evidence="", at=at) for r in referrals],
        ignore_conflicts=True,
    )
    for referral in referrals:
        referral.score = max(referral.score, 35)
    move(referrals, to=ReferralState.FLAGGED, reason=Reason.REFUND_UNCLEAR, at=at, fields=["score"])
