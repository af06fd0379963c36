"""Staff pages, the customer's panel, and a person's rights."""

import pytest
from django.db import OperationalError
from django.urls import reverse

from customers.ports import fields, personal_data
from referrals.actions import share
from referrals.models import Click, Code, Programme, Referral, RewardTally, StateChange
from tests.factories import people
from tests.factories import referrals as make
from tests.factories.referrals import DAY

pytestmark = pytest.mark.django_db

TERMS = {
    "name": "Give", "headline": "Give 500, get 500", "description": "", "advocate_points": 500, "friend_points": 500,
    "minimum_order": "20.00", "window_days": 30, "hold_days": 14, "yearly_cap": 20, "terms": "", "is_active": "on",
}  # fmt: skip


@pytest.fixture
def marta(client):
    user = people.staff_member(
        "marta", "referrals.view_referral", "referrals.change_referral", "referrals.change_programme"
    )
    client.force_login(user)
    return user


@pytest.fixture
def referral(at):
    make.programme()
    return make.claim(make.code(people.bob(), at), at)


def test_overview_invites_to_set_up_a_programme(client, marta):
    assert "No active programme" in client.get(reverse("referrals:overview")).content.decode()


def test_overview_shows_the_funnel(client, marta, referral, frozen_clock):
    Click.objects.create(code=referral.code, at=referral.claimed_at)

    page = client.get(reverse("referrals:overview"))

    assert page.status_code == 200
    assert page.context["funnel"].clicked == 1
    assert page.context["funnel"].claimed == 1


@pytest.mark.parametrize("query", ["", "?state=claimed", "?state=nonsense", "?text=friend@", "?page=99", "?text=%27%22"])
def test_list_takes_any_query(client, marta, referral, query):
    assert client.get(reverse("referrals:list") + query).status_code == 200


def test_list_narrows_by_state(client, marta, referral):
    assert len(client.get(reverse("referrals:list") + "?state=claimed").context["page"]) == 1
    assert len(client.get(reverse("referrals:list") + "?state=rewarded").context["page"]) == 0


def test_decision_needs_a_note_and_is_kept(client, marta, referral):
    url = reverse("referrals:decide", args=[referral.pk])

    assert client.post(url, {"decision": "void", "note": ""}).status_code == 400
    client.post(url, {"decision": "void", "note": "Two accounts of one person"})

    referral.refresh_from_db()
    assert (referral.state, referral.reason) == ("voided", "staff_voided")
    last = StateChange.objects.order_by("id").last()
    assert (last.by, last.note) == (marta, "Two accounts of one person")
    page = client.get(reverse("referrals:detail", args=[referral.pk])).content.decode()
    assert "Two accounts of one person" in page
    again = client.post(url, {"decision": "void", "note": "x"}, follow=True).content.decode()
    assert "no longer possible" in again


def test_pages_need_their_permission(client, referral):
    client.force_login(people.staff_member("sam", "referrals.view_referral"))

    assert client.get(reverse("referrals:detail", args=[referral.pk])).status_code == 200
    assert (
        client.post(reverse("referrals:decide", args=[referral.pk]), {"decision": "void", "note": "x"}).status_code == 403
    )
    assert client.get(reverse("referrals:programme")).status_code == 403


def test_programme_is_set_up_in_the_brand_s_currency(client, marta):
    client.post(reverse("referrals:programme"), TERMS)

    programme = Programme.objects.get()
    assert (programme.minimum_order_minor, programme.currency, programme.is_active) == (2000, "EUR", True)


@pytest.mark.parametrize(
    "wrong", [{"minimum_order": "1,000.00"}, {"window_days": 0}, {"hold_days": 500}, {"yearly_cap": 0}]
)
def test_programme_form_refuses_what_the_table_would(client, marta, wrong):
    page = client.post(reverse("referrals:programme"), {**TERMS, **wrong})

    assert page.status_code == 200
    assert Programme.objects.count() == 0


def test_new_terms_leave_old_promises(client, marta, referral):
    client.post(reverse("referrals:programme"), {**TERMS, "advocate_points": 100})

    referral.refresh_from_db()
    assert Programme.objects.get().advocate_points == 100
    assert referral.advocate_points == 500


def test_panel_shows_both_sides_and_makes_a_code(client, marta, referral, at):
    carol = people.carol()

    assert "fi" not in Code.objects.values_list("code", flat=True)
    before = client.get(reverse("referrals:panel", args=[carol.pk])).content.decode()
    client.post(reverse("referrals:make-code", args=[carol.pk]))
    after = client.get(reverse("referrals:panel", args=[carol.pk])).content.decode()
    advocate = client.get(reverse("referrals:panel", args=[referral.advocate_id])).content.decode()

    assert "Has no link yet" in before
    assert Code.objects.get(customer=carol).code in after
    assert "friend@example.com" in advocate


def test_field_counts_rewarded_friends():
    bob = people.bob()
    RewardTally.objects.create(customer=bob, rewarded_count=3)
    field = fields.get("referrals.rewarded_count")

    assert list(field.rows().values_list(field.customer, field.value)) == [(bob.pk, 3)]


def test_erasing_a_friend_forgets_the_address_but_not_the_bond(referral, at):
    fiona = make.friend(at + DAY)
    make.settle(at + DAY)

    personal_data.get("referrals").erase(fiona.pk, at + DAY)

    referral.refresh_from_db()
    assert (referral.email, referral.state, referral.reason) == ("", "voided", "erased")
    again = make.claim(make.code(people.carol(), at), at + 2 * DAY)
    assert again.state == "blocked"


def test_merging_two_customers_moves_codes_and_bonds(referral, at):
    bob, twin = referral.advocate, people.customer("Bobby")
    share.ensure_codes([twin.pk], at=at)
    policy = personal_data.get("referrals")

    policy.merge(bob.pk, twin.pk, at)

    referral.refresh_from_db()
    assert referral.advocate == twin
    assert referral.code.customer == twin


def test_merging_member_and_friend_ends_the_referral(referral, at):
    fiona = make.friend(at + DAY)
    make.settle(at + DAY)

    personal_data.get("referrals").merge(fiona.pk, referral.advocate_id, at + DAY)

    assert list(Referral.objects.values_list("state", "reason")) == [("blocked", "own_link")]


def test_old_clicks_lose_their_network(referral, at):
    Click.objects.create(code=referral.code, at=at, network_hash="n", visitor_hash="v", user_agent="a")

    assert share.forget_networks(before=at) == 0
    assert share.forget_networks(before=at + DAY) == 1
    assert share.forget_networks(before=at + DAY) == 0


def test_a_decision_that_the_database_ends_changes_nothing_and_says_so(client, marta, referral, monkeypatch):
    def deadlock(*args, **kwargs):
        raise OperationalError("deadlock detected")

    monkeypatch.setattr("referrals.actions.review.void", deadlock)
    state = referral.state

    answer = client.post(
        reverse("referrals:decide", args=[referral.pk]), {"decision": "void", "note": "Not a friend"}, follow=True
    )

    referral.refresh_from_db()
    assert (answer.status_code, referral.state) == (200, state)
    assert "nothing was changed. Try again." in answer.content.decode()
