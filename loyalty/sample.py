"""The sample company's programme: rules, tiers and rewards first; redemptions once its orders have earned points."""

import random
from datetime import timedelta

from django.db import transaction

from customers.ports.samples import Story
from loyalty.actions import rewards, settle, tiers
from loyalty.enums import RedemptionState, RewardKind
from loyalty.models import Account, EarningRule, Programme, Redemption, Reward, Tier

CUSTOMER_SHARE = 0.04
SPREAD_DAYS = 200
USED_SHARE = 0.6
TIERS = (
    ("Seedling", 0, 100, "#5b8c5a", "1 point for every £1\nA surprise on your birthday"),
    (
        "Evergreen",
        100_000,
        125,
        "#1f7a4d",
        "A quarter more points on every order\nFirst look at new ranges\nFree gift wrap",
    ),
    (
        "Oak",
        500_000,
        150,
        "#8a5a2b",
        "Half as many points again\nFree delivery on every order\nA person of your own to call",
    ),
)
REWARDS = (
    ("£5 off your next order", "For any order over £20.", RewardKind.AMOUNT_OFF, 500, 500, None, "LEAF"),
    ("Free delivery", "Anywhere in the United Kingdom.", RewardKind.FREE_SHIPPING, 0, 300, None, "POST"),
    ("10% off the Christmas range", "One order, all decorations and wrap.", RewardKind.PERCENT_OFF, 10, 900, None, "XMAS"),
    (
        "£25 off for Evergreen members",
        "A thank-you for a good year.",
        RewardKind.AMOUNT_OFF,
        2_500,
        2_000,
        "Evergreen",
        "EVER",
    ),
    ("15% off for Oak members", "Once a quarter, on everything.", RewardKind.PERCENT_OFF, 15, 4_000, "Oak", "OAK"),
)


def build_programme(story: Story) -> None:
    """Programme, rule, tiers and rewards; the orders of the story then earn by the programme's own subscriber."""
    with transaction.atomic():
        Programme.objects.update_or_create(
            pk=1,
            defaults={
                "name": "Evergreen Club", "points_name": "leaves", "is_active": True, "currency": "GBP", "pending_days": 14,
                "expiry_months": 9, "value_points": 100, "value_minor": 100,
            },
        )  # fmt: skip
        EarningRule.objects.get_or_create(is_active=True, defaults={"points": 1, "per_minor": 100})
        made = {
            name: Tier.objects.update_or_create(
                name=name, defaults={"threshold": start, "multiplier_percent": percent, "colour": colour, "perks": perks}
            )[0]
            for name, start, percent, colour, perks in TIERS
        }
        for name, text, kind, value, cost, tier, prefix in REWARDS:
            Reward.objects.update_or_create(
                name=name,
                defaults={"description": text, "kind": kind, "value": value, "cost": cost,
                          "min_tier": made[tier] if tier else None, "code_prefix": prefix},
            )  # fmt: skip
    story.progress("Loyalty programme", len(TIERS) + len(REWARDS))


def build_redemptions(story: Story) -> None:
    """A few members exchange points (generated); then what is due by the end of the story happens."""
    if not Redemption.objects.exists():
        _redeem(story)
    while settle.settle_due(at=story.at):
        pass
    while tiers.review_due(at=story.at):
        pass
    tiers.refresh_metrics(at=story.at)
    rewards.expire_codes(at=story.at)


def _redeem(story: Story) -> None:
    """Spread over the last months; whoever had too few points on that day goes without."""
    chance = random.Random(story.seed + 50)
    offers = list(Reward.objects.filter(min_tier=None).order_by("cost"))
    members = Account.objects.filter(active__gte=offers[0].cost, customer__isnull=False).order_by("id")
    with transaction.atomic():
        for customer_id, active in members.values_list("customer_id", "active"):
            if chance.random() > CUSTOMER_SHARE:
                continue
            reward = chance.choice([offer for offer in offers if offer.cost <= active])
            moment = story.at - timedelta(days=chance.randrange(1, SPREAD_DAYS), seconds=chance.randrange(80_000))
            is_used = chance.random() < USED_SHARE
            try:
                taken = rewards.claim(customer_id, reward_id=reward.pk, key=f"sample:{customer_id}", at=moment)
            except rewards.RewardRefused:
                continue
            if is_used:
                used_at = min(moment + timedelta(days=9), story.at)
                Redemption.objects.filter(pk=taken.pk).update(state=RedemptionState.USED, settled_at=used_at)
    story.progress("Points and rewards", Redemption.objects.count())
