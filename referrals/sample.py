"""The sample company's referral programme with a year of generated referrals in every state, each marked as generated.

The friends are real customers of the story whose first order fits: claimed some days before it, held for two weeks,
rewarded after, through the points programme at that moment. Claims without an order belong to generated addresses.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from config.kit import sql, tokens
from customers.actions import timeline
from customers.models import Customer, Order
from customers.ports import effects
from customers.ports.samples import Story
from customers.queries import brand
from referrals import events
from referrals.actions import share
from referrals.actions.claim import hash_of
from referrals.actions.grants import POINTS, words
from referrals.enums import GrantState, Reason, ReferralState, Role, SignalKind
from referrals.models import Click, Code, FraudSignal, Programme, Referral, RewardGrant, RewardTally, StateChange
from referrals.rules import emails

SAMPLE = "sample"
MEMBERS, ORDERED, UNORDERED = 600, 150, 110
STARTED = timedelta(days=300)
MEDIA = ["copy", "copy", "email", "whatsapp", "whatsapp", "native", "qr", ""]
BROWSER = "Mozilla/5.0 (generated for the sample company)"


@dataclass(slots=True)
class Step:
    """Where a generated referral went next."""

    state: ReferralState
    reason: Reason
    at: datetime


@dataclass(slots=True)
class Tale:
    """A generated referral with its steps, not stored yet."""

    referral: Referral
    steps: list[Step] = field(default_factory=list)


@transaction.atomic
def build(story: Story) -> None:
    """Programme, about 600 codes, about 1,500 visits and 260 referrals."""
    dice = random.Random(f"referrals:{story.seed}")
    programme = _programme(story)
    codes = _codes(programme, story, dice)
    if not codes:
        return
    tales = _ordered(programme, codes, story, dice) + _unordered(programme, codes, story, dice)
    _store(tales, story)
    _clicks(codes, tales, story, dice)
    story.progress("referrals", len(tales))


def _programme(story: Story) -> Programme:
    Programme.objects.filter(is_active=True).update(is_active=False)
    since = story.at - STARTED
    return Programme.objects.create(
        name="Give and get",
        headline="Give 500 points, get 500 points",
        description="Your friend gets 500 points after a first order of £20 or more, and so do you.",
        advocate_points=500,
        friend_points=500,
        minimum_order_minor=2000,
        currency=brand.current().currency,
        terms=(
            "For people who have not ordered from us before. The first order must come within 30 days and reach £20. The "
            "points are booked when its return period of 14 days is over. One reward per friend, at most 20 per year; no "
            "rewards for referring yourself."
        ),
        is_active=True,
        created_at=since,
        updated_at=since,
    )


def _codes(programme: Programme, story: Story, dice: random.Random) -> list[Code]:
    """Codes of customers who had ordered before the programme had run for half its time; regulars first."""
    middle = story.at - STARTED / 2
    regulars = Customer.objects.filter(facts__first_order_at__lt=middle).order_by("-facts__order_count", "id")
    ids = list(regulars.values_list("id", flat=True)[: MEMBERS * 2])
    members = dice.sample(ids, min(MEMBERS, len(ids)))
    share.ensure_codes(members, at=programme.created_at)
    return list(Code.objects.filter(customer_id__in=members).select_related("customer").order_by("customer_id"))


def _ordered(programme: Programme, codes: list[Code], story: Story, dice: random.Random) -> list[Tale]:
    """Friends who ordered: customers whose first order falls into the programme's time."""
    members = {code.customer_id for code in codes}
    first: dict[int, Order] = {}
    orders = Order.objects.filter(
        placed_at__gte=programme.created_at, customer__facts__first_order_at__gte=programme.created_at
    )
    for order in orders.select_related("customer").order_by("placed_at", "id"):
        first.setdefault(order.customer_id, order)
    fitting = [
        order
        for order in first.values()
        if order.customer_id not in members and order.total_minor - order.refunded_minor >= programme.minimum_order_minor
    ]
    chosen = sorted(dice.sample(fitting, min(ORDERED, len(fitting))), key=lambda order: order.placed_at)
    tales = []
    for number, order in enumerate(chosen):
        claimed_at = order.placed_at - timedelta(minutes=20 + dice.random() * 60 * 24 * 9)
        tale = _tale(programme, _advocate(codes, dice), order.customer.email, claimed_at)
        referral = tale.referral
        referral.friend, referral.order, referral.order_number = order.customer, order, order.number
        referral.order_minor = order.total_minor
        referral.signed_up_at = order.placed_at - timedelta(minutes=9)
        referral.qualified_at = order.placed_at
        referral.hold_until = order.placed_at + timedelta(days=programme.hold_days)
        tale.steps += [
            Step(ReferralState.SIGNED_UP, Reason.BECAME_CUSTOMER, referral.signed_up_at),
            Step(ReferralState.QUALIFIED, Reason.FIRST_ORDER, order.placed_at),
            Step(ReferralState.IN_HOLD, Reason.RETURN_PERIOD, order.placed_at),
        ]
        tale.steps += _outcome(referral, number, story)
        tales.append(tale)
    return tales


def _outcome(referral: Referral, number: int, story: Story) -> list[Step]:
    """After the return period: most are rewarded, a few are voided, reversed, flagged or blocked."""
    over = referral.hold_until or story.at
    if over > story.at:
        return []
    referral.decided_at = over
    if number % 16 == 3:
        return [Step(ReferralState.VOIDED, Reason.ORDER_REFUNDED, over - timedelta(days=4))]
    if number % 29 == 5:
        referral.score = 80
        return [Step(ReferralState.BLOCKED, Reason.TOO_SUSPICIOUS, over)]
    if number % 23 == 7:
        referral.score = 40
        return [Step(ReferralState.FLAGGED, Reason.SUSPICIOUS, over)]
    referral.rewarded_at = over
    steps = [
        Step(ReferralState.APPROVED, Reason.CHECKS_PASSED, over),
        Step(ReferralState.REWARDED, Reason.REWARD_PAID, over),
    ]
    if number % 41 == 11 and over + timedelta(days=3) < story.at:
        steps.append(Step(ReferralState.REVERSED, Reason.ORDER_REFUNDED, over + timedelta(days=3)))
    return steps


def _unordered(programme: Programme, codes: list[Code], story: Story, dice: random.Random) -> list[Tale]:
    """Claims that led to nothing yet, or to nothing at all."""
    tales = []
    for number in range(UNORDERED):
        claimed_at = story.at - timedelta(hours=3) - (STARTED - timedelta(days=5)) * dice.random()
        tale = _tale(programme, _advocate(codes, dice), f"friend{number}@mail.example", claimed_at)
        if number % 12 == 5:
            tale.steps = [Step(ReferralState.BLOCKED, Reason.EXISTING_CUSTOMER, claimed_at)]
        elif tale.referral.expires_at + timedelta(days=1) < story.at:
            tale.steps.append(
                Step(ReferralState.EXPIRED, Reason.WINDOW_PASSED, tale.referral.expires_at + timedelta(days=1))
            )
        tales.append(tale)
    return tales


def _advocate(codes: list[Code], dice: random.Random) -> Code:
    """Few bring many: the member is drawn with a weight that falls with the rank."""
    return codes[min(int(dice.paretovariate(0.6)) * 3 + dice.randrange(9), len(codes) - 1)]


def _tale(programme: Programme, code: Code, email: str, claimed_at: datetime) -> Tale:
    referral = Referral(
        programme=programme,
        code=code,
        advocate=code.customer,
        email=email,
        email_hash=hash_of(emails.normalise(email)),
        advocate_points=programme.advocate_points,
        friend_points=programme.friend_points,
        claimed_at=claimed_at,
        expires_at=claimed_at + timedelta(days=programme.window_days),
        source=SAMPLE,
    )
    return Tale(referral, [Step(ReferralState.CLAIMED, Reason.OFFER_CLAIMED, claimed_at)])


def _store(tales: list[Tale], story: Story) -> None:
    for tale in tales:
        last = tale.steps[-1]
        tale.referral.state, tale.referral.reason, tale.referral.changed_at = last.state, last.reason, last.at
    Referral.objects.bulk_create([tale.referral for tale in tales], batch_size=500)
    changes = []
    for tale in tales:
        before = ""
        for step in tale.steps:
            changes.append(
                StateChange(referral=tale.referral, from_state=before, to_state=step.state, reason=step.reason, at=step.at)
            )
            before = step.state
    StateChange.objects.bulk_create(changes, batch_size=1000)
    _signals(tales)
    _grants(tales)
    _tell(changes, story)


def _signals(tales: list[Tale]) -> None:
    found = []
    for referral in (tale.referral for tale in tales if tale.referral.score):
        kinds = [(SignalKind.SAME_ADDRESS_AND_BROWSER, 40, "same network and browser type as the member")]
        if referral.score >= 70:
            kinds.append((SignalKind.MANY_FROM_ADDRESS, 40, "5 claims from one network in a day"))
        found += [
            FraudSignal(referral=referral, kind=kind, score=score, evidence=text, at=referral.changed_at)
            for kind, score, text in kinds
        ]
    FraudSignal.objects.bulk_create(found)


def _grants(tales: list[Tale]) -> None:
    grants: list[RewardGrant] = []
    tally: dict[int, int] = {}
    for referral in (tale.referral for tale in tales if tale.referral.rewarded_at):
        is_reversed = referral.state == ReferralState.REVERSED
        if not is_reversed:
            tally[referral.advocate_id] = tally.get(referral.advocate_id, 0) + 1
        for role, customer_id in ((Role.ADVOCATE, referral.advocate_id), (Role.FRIEND, referral.friend_id)):
            if customer_id is None or referral.rewarded_at is None:
                continue
            grants.append(
                RewardGrant(
                    referral=referral,
                    customer_id=customer_id,
                    role=role,
                    points=500,
                    state=GrantState.REVERSED if is_reversed else GrantState.GRANTED,
                    key=f"referral:{referral.pk}:{role}",
                    created_at=referral.rewarded_at,
                    granted_at=referral.rewarded_at,
                    reversed_at=referral.changed_at if is_reversed else None,
                )
            )
    RewardGrant.objects.bulk_create(grants, batch_size=500)
    _book(grants)
    sql.add_up(RewardTally, key=["customer"], add=["rewarded_count"], rows=list(tally.items()))


def _book(grants: list[RewardGrant]) -> None:
    """Give the points at their time, where a points programme is installed: each referral is an occasion of its own."""
    if not effects.has(POINTS):
        return
    give = effects.get(POINTS)
    for grant in sorted(grants, key=lambda grant: grant.created_at):
        params = {"points": grant.points, "reason": words(Role(grant.role))}
        give.apply([grant.customer_id], params, grant.key, grant.created_at)
        if grant.reversed_at is not None and give.reverse is not None:
            give.reverse([grant.customer_id], params, grant.key, grant.reversed_at)


def _tell(changes: list[StateChange], story: Story) -> None:
    new = []
    for change in changes:
        name = events.OF_STATE.get(ReferralState(change.to_state))
        if name is None:
            continue
        referral = change.referral
        for role, customer_id in ((Role.ADVOCATE, referral.advocate_id), (Role.FRIEND, referral.friend_id)):
            if customer_id is None or (role == Role.FRIEND and name == events.CLAIMED):
                continue
            properties = {"referral_id": referral.pk, "role": str(role), "reason": str(change.reason), "generated": True}
            new.append(
                timeline.NewEvent(
                    customer_id=customer_id,
                    name=name,
                    occurred_at=change.at,
                    key=timeline.event_key("referrals", "change", change.pk, role),
                    source=SAMPLE,
                    properties=properties,
                )
            )
    timeline.record_many(new, at=story.at)


def _clicks(codes: list[Code], tales: list[Tale], story: Story, dice: random.Random) -> None:
    """Each claim was a visit first; three to five others only looked."""
    clicks = []
    for tale in tales:
        clicks.append((tale.referral.code, tale.referral.claimed_at - timedelta(minutes=2)))
        for _ in range(dice.randint(3, 5)):
            code = tale.referral.code if dice.random() < 0.6 else dice.choice(codes)
            moment = tale.referral.claimed_at + timedelta(days=dice.random() * 20 - 10)
            clicks.append((code, min(moment, story.at)))
    Click.objects.bulk_create(
        [
            Click(
                code=code, at=moment, visitor_hash=tokens.keyed_hash("referral-visitor", f"{SAMPLE}:{number}"),
                user_agent=BROWSER, medium=dice.choice(MEDIA),
            )
            for number, (code, moment) in enumerate(clicks)
        ],
        batch_size=1000,
    )  # fmt: skip
