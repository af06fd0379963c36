"""Tiers over time: periods end, windows move on, rules change after a preview."""

import pytest

from loyalty.actions import tiers as tier_actions
from loyalty.actions.orders import book_orders
from loyalty.models import Programme, Tier, TierChange
from loyalty.rules.tiers import Level
from tests.factories import loyalty, people
from tests.factories.loyalty import days, placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    loyalty.programme(grace_days=30)
    loyalty.tiers()
    return people.alice()


def tier(customer):
    return loyalty.account(customer).tier.name


def test_period_end_lowers_who_no_longer_qualifies_after_the_grace(alice, at):
    book_orders([placed(alice, 120_000, at)], at)

    assert tier_actions.review_due(at=at + days(394)) == 0
    assert tier_actions.review_due(at=at + days(397)) == 1

    assert tier(alice) == "Seedling"
    stays = TierChange.objects.order_by("since").values_list("tier__name", "cause")
    assert list(stays) == [("Seedling", "joined"), ("Oak", "reached"), ("Seedling", "period_end")]
    assert tier_actions.review_due(at=at + days(400)) == 0


def test_period_end_keeps_who_qualified_again(alice, at):
    book_orders([placed(alice, 120_000, at), placed(alice, 120_000, at + days(200))], at + days(200))
    before = loyalty.account(alice).tier_until

    tier_actions.review_due(at=at + days(397))

    assert tier(alice) == "Oak"
    assert loyalty.account(alice).tier_until > before + days(360)


def test_one_step_down_is_a_policy(alice, at):
    loyalty.programme(downgrade="one_down")
    book_orders([placed(alice, 120_000, at)], at)

    tier_actions.review_due(at=at + days(397))

    assert tier(alice) == "Evergreen"


def test_metric_shrinks_as_orders_leave_the_window(alice, at):
    book_orders([placed(alice, 120_000, at), placed(alice, 5_000, at + days(100))], at + days(100))

    assert tier_actions.refresh_metrics(at=at + days(364)) == 0
    assert tier_actions.refresh_metrics(at=at + days(366)) == 1
    assert loyalty.account(alice).metric == 5_000


def test_late_order_of_the_past_settles_its_tier_in_the_past(alice, at):
    book_orders([placed(alice, 120_000, at - days(800))], at)
    book_orders([placed(alice, 1_000, at)], at)

    assert tier(alice) == "Seedling"
    assert TierChange.objects.get(tier__name="Oak").until == TierChange.objects.get(until=None).since


@pytest.mark.parametrize(("scope", "names"), [("up", ["Evergreen", "Oak"]), ("both", ["Seedling", "Oak"])])
def test_changed_thresholds_move_members_after_a_preview(alice, at, scope, names):
    bob = people.bob()
    book_orders([placed(alice, 30_000, at), placed(bob, 60_000, at)], at)
    seedling, evergreen, oak = Tier.objects.order_by("threshold")
    new = [Level(seedling.id, "Seedling", 0), Level(evergreen.id, "Evergreen", 40_000), Level(oak.id, "Oak", 50_000)]

    foreseen = tier_actions.preview(new)
    Tier.objects.filter(id=evergreen.id).update(threshold=40_000)
    Tier.objects.filter(id=oak.id).update(threshold=50_000)
    Programme.objects.update(align=scope)
    while tier_actions.align(at=at + days(1), limit=1):
        pass

    assert foreseen == (1, 1)
    assert [tier(alice), tier(bob)] == names
    assert Programme.objects.get().align == ""
