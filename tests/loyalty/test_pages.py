"""Staff pages, the panel, and the member's own page by link."""

import pytest
from django.urls import reverse

from config.kit import tokens
from customers.ports import fields, merge
from customers.ports.merge import MergeContext
from loyalty.actions import points
from loyalty.actions import tiers as tier_actions
from loyalty.actions.orders import book_orders
from loyalty.models import EarningRule, Entry, Programme, Redemption, Reward, Tier
from tests.factories import loyalty, people
from tests.factories.loyalty import placed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock")]


@pytest.fixture
def alice(at):
    loyalty.programme(points_name="leaves", value_minor=100)
    loyalty.tiers()
    member = people.alice()
    book_orders([placed(member, 16_200, at, order_id=7, number="536365")], at)
    return member


@pytest.fixture
def marta(client):
    user = people.staff_member(is_superuser=True)
    client.force_login(user)
    return user


def portal(customer):
    return reverse("loyalty:portal", args=[tokens.sign("loyalty", customer.id)])


def test_member_page_shows_balance_tier_and_history_and_changes_nothing(client, alice):
    loyalty.reward(cost=100)
    loyalty.reward(name="Big one", cost=200)

    page = client.get(portal(alice))
    text = page.content.decode()

    assert page.status_code == 200
    assert "162 <span" in text
    assert "£38 until Evergreen" in text
    assert "536365" in text
    assert "38 more" in text
    assert page["Cache-Control"] == "no-store"
    assert "style=" not in text
    assert len(page.content) < 100_000
    assert Entry.objects.count() == 1


@pytest.mark.parametrize("token", ["x", "A" * 32, "é", "%00", "AAAA" * 200])
def test_member_page_of_an_unknown_token_is_a_plain_404(client, alice, token):
    assert client.get(f"/l/{token}").status_code == 404


def test_member_page_of_another_purpose_or_a_stopped_programme_is_404(client, alice):
    other = reverse("loyalty:portal", args=[tokens.sign("survey", alice.id)])
    assert client.get(other).status_code == 404
    loyalty.programme(is_active=False)
    assert client.get(portal(alice)).status_code == 404


def test_customer_without_an_account_sees_the_page_too(client, alice):
    assert client.get(portal(people.bob())).status_code == 200


def test_reward_is_taken_by_post_only_and_once_per_form(client, alice):
    offer = loyalty.reward(cost=100)
    address = reverse("loyalty:claim", args=[tokens.sign("loyalty", alice.id), offer.id])

    asked = client.get(address)
    stamp = asked.context["stamp"]
    client.head(address)
    before = Redemption.objects.count()
    first, second = client.post(address, {"stamp": stamp}), client.post(address, {"stamp": stamp})

    assert before == 0
    code = Redemption.objects.get().code
    assert code in first.content.decode()
    assert code in second.content.decode()
    assert loyalty.account(alice).active == 62


def test_reward_form_of_somebody_else_or_without_stamp_takes_nothing(client, alice):
    bob, offer = people.bob(), loyalty.reward(cost=1)
    points.give([bob.id], points=10, reason="x", key="x", at=loyalty.account(alice).joined_at)
    hers = client.get(reverse("loyalty:claim", args=[tokens.sign("loyalty", alice.id), offer.id])).context["stamp"]
    his = reverse("loyalty:claim", args=[tokens.sign("loyalty", bob.id), offer.id])

    for stamp in [hers, "", "forged:stamp"]:
        client.post(his, {"stamp": stamp})

    assert Redemption.objects.count() == 0


def test_staff_pages_open(client, alice, marta):
    loyalty.reward(min_tier=loyalty.tiers()[1])
    account = loyalty.account(alice)
    for name, args in [
        ("overview", []), ("members", []), ("member", [account.id]), ("programme", []), ("tiers", []), ("rewards", []),
        ("reward-create", []), ("reward-edit", [Reward.objects.get().id]), ("panel", [alice.id]),
        ("panel", [people.bob().id]),
    ]:  # fmt: skip
        page = client.get(reverse(f"loyalty:{name}", args=args))
        assert page.status_code == 200, name
        assert "style=" not in page.content.decode(), name


def test_overview_before_a_programme_exists(client, marta):
    assert "Set up the programme" in client.get("/loyalty/").content.decode()


@pytest.mark.parametrize("query", ["?tier=x", "?has=debt", "?q=ali", "?sort=points", "?sort=%00", "?page=999", "?tier=999"])
def test_member_list_takes_any_query(client, alice, marta, query):
    assert client.get(f"/loyalty/members/{query}").status_code == 200


def test_member_list_costs_the_same_for_one_and_many(client, alice, marta, at, django_assert_max_num_queries):
    client.get("/loyalty/members/")
    with django_assert_max_num_queries(9):
        client.get("/loyalty/members/")
    cast = [people.customer(f"Member{number}") for number in range(5)]
    book_orders([placed(customer, 1_000, at) for customer in cast], at)
    with django_assert_max_num_queries(9):
        client.get("/loyalty/members/")


def test_pages_need_their_permission(client, alice):
    client.force_login(people.staff_member("analyst", "loyalty.view_account"))
    account = loyalty.account(alice)

    assert client.get("/loyalty/").status_code == 200
    assert client.get("/loyalty/programme/").status_code == 403
    assert client.post(reverse("loyalty:adjust", args=[account.id]), {}).status_code == 403


def test_adjust_by_hand_once_per_form(client, alice, marta):
    address = reverse("loyalty:adjust", args=[loyalty.account(alice).id])
    for _ in range(2):
        client.post(address, {"points": "-20", "reason": "Typo", "key": "abc"})

    refused = client.post(address, {"points": "-500", "reason": "Typo", "key": "def"})

    assert loyalty.account(alice).active == 142
    assert refused.status_code == 422
    assert "Only 142 points can be taken away." in refused.content.decode()


def test_programme_is_set_up_by_its_form(client, marta):
    values = {
        "name": "Club", "points_name": "leaves", "is_active": "on", "currency": "gbp", "earn_points": "2",
        "earn_per": "1.50",
        "rounding": "floor", "uses_tier_multiplier": "on", "pending_days": "14", "expiry_months": "12",
        "expires_at_month_end": "on", "clawback": "unlimited", "value_points": "100", "value_minor": "",
        "tier_metric": "net_spend", "tier_window": "rolling_12m", "downgrade": "to_qualified", "grace_days": "30",
        "recheck_days": "30",
    }  # fmt: skip

    wrong = client.post("/loyalty/programme/", values | {"earn_per": "0", "pending_days": "365", "expiry_months": "1"})
    right = client.post("/loyalty/programme/", values)

    assert wrong.status_code == 200
    assert right.status_code == 302
    assert (Programme.objects.get().currency, EarningRule.objects.get().per_minor) == ("GBP", 150)


def test_tiers_are_saved_only_after_the_preview_was_seen(client, alice, marta, at):
    present = list(Tier.objects.order_by("threshold"))
    values = {"form-TOTAL_FORMS": "4", "form-INITIAL_FORMS": "3", "form-3-name": "", "form-3-multiplier_percent": "100",
              "form-3-colour": "#1f7a4d", "form-3-threshold": ""}  # fmt: skip
    for number, tier in enumerate(present):
        values |= {
            f"form-{number}-id": tier.id, f"form-{number}-name": tier.name, f"form-{number}-colour": "#1f7a4d",
            f"form-{number}-multiplier_percent": "100", f"form-{number}-perks": "",
            f"form-{number}-threshold": tier.threshold // 100,
        }  # fmt: skip
    values["form-1-threshold"] = "150.00"

    asked = client.post("/loyalty/tiers/", values)
    unsaved = Tier.objects.get(name="Evergreen").threshold
    client.post("/loyalty/tiers/", values | {"confirm": "1-0"})
    while tier_actions.align(at=at):
        pass

    assert "1 up / 0 down" in asked.content.decode()
    assert unsaved == 20_000
    assert Tier.objects.get(name="Evergreen").threshold == 15_000
    assert loyalty.account(alice).tier.name == "Evergreen"


def test_merge_variables_and_fields(alice, at):
    bob = people.bob()
    found = merge.get("loyalty").fetch([alice.id, bob.id], MergeContext(at=at, reference="preview", is_preview=True))

    assert {key: found[alice.id][key] for key in ("points", "points_words", "tier", "tier_next", "points_to_next", "to_next")} == {
        "points": 162, "points_words": "162 leaves", "tier": "Seedling", "tier_next": "Evergreen",
        "points_to_next": 38, "to_next": "£38",
    }  # fmt: skip
    assert found[bob.id]["points"] == 0
    assert found[alice.id]["link"].endswith(portal(alice))
    field = fields.get("loyalty.tier")
    assert list(field.rows().values_list(field.customer, field.value)) == [(alice.id, "Seedling")]
