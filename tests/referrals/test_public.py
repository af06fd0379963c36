"""The friend's page and the member's page."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from config.kit import tokens
from customers.models import Event
from customers.ports import merge
from customers.ports.merge import MergeContext
from referrals.adapters import limits
from referrals.models import Click, Code, Referral, StateChange
from tests.factories import people
from tests.factories import referrals as make
from tests.surveys.test_public import FIREFOX, SCANNERS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def browser(address="203.0.113.7", agent=FIREFOX):
    return Client(headers={"User-Agent": agent}, enforce_csrf_checks=True, REMOTE_ADDR=address)


@pytest.fixture
def code(at, frozen_clock):
    make.programme()
    return make.code(people.bob(), at)


def stamp(page):
    found = re.search(r'name="stamp" value="([^"]+)"', page.content.decode())
    return found[1] if found else ""


def claim(client, code, email="fiona@example.com"):
    page = client.get(f"/r/{code.code}")
    return client.post(f"/r/{code.code}", {"stamp": stamp(page), "email": email})


def test_codes_hold_sixty_random_bits(code):
    assert len(code.code) * 4.954 > 60
    assert set(code.code) <= set(tokens.CODE_ALPHABET)


def test_friend_page_names_the_member_by_first_name_only(code):
    page = browser().get(f"/r/{code.code.lower()}")

    text = page.content.decode()
    assert page.status_code == 200
    assert "Bob gives you 500 points" in text.replace("300", "500")
    assert "€20.00" in text
    assert "bob@example.com" not in text
    assert page["Cache-Control"] == "no-store"


def test_claim_binds_the_address(code):
    page = claim(browser(), code)

    referral = Referral.objects.get()
    assert page.status_code == 200
    assert (referral.state, referral.email, referral.advocate_id) == ("claimed", "fiona@example.com", code.customer_id)
    assert referral.network_hash
    assert "203.0.113.7" not in referral.network_hash
    assert referral.visitor_hash == Click.objects.get().visitor_hash


def test_claim_answers_the_same_for_everybody(code, at):
    alice = people.alice()
    make.record(alice, "order.placed", at, 1, 5000, "EUR")
    answers = {
        re.sub(r"\s+", " ", claim(browser(f"203.0.113.{n}"), code, email).content.decode())
        for n, email in enumerate(["new@example.com", "alice@example.com", "bob@example.com", "new@example.com"])
    }

    assert len(answers) == 1


@pytest.mark.parametrize("agent", SCANNERS)
def test_scanners_claim_nothing_and_are_no_visitors(code, agent):
    client = browser(agent=agent)

    assert client.head(f"/r/{code.code}").content == b""
    assert client.get(f"/r/{code.code}").status_code == 200
    client.get(f"/r/me/{tokens.sign('referral-member', code.customer_id)}")

    assert Referral.objects.count() == 0
    assert Click.objects.filter(is_bot=False).count() == 0
    assert Code.objects.get().owner_visitor_hash == ""
    assert not client.cookies


def test_visitor_counts_once(code):
    client = browser()

    client.get(f"/r/{code.code}?m=whatsapp")
    client.get(f"/r/{code.code}")

    assert list(Click.objects.values_list("medium", "is_bot")) == [("whatsapp", False)]


def test_post_without_the_page_s_stamp_claims_nothing(code):
    assert browser().post(f"/r/{code.code}", {"email": "fiona@example.com"}).status_code == 400
    assert Referral.objects.count() == 0


def test_bad_address_asks_again(code):
    page = claim(browser(), code, "nobody")

    assert page.status_code == 400
    assert "Please write an e-mail address" in page.content.decode()


@pytest.mark.parametrize("path", ["/r/UNKNOWN", "/r/" + "A" * 500, "/r/é", "/r/me/x", "/r/me/" + "A" * 32, "/r/%00"])
def test_unknown_code_is_one_plain_404(code, path):
    assert browser().get(path).status_code == 404


def test_own_browser_sees_the_self_referral_page(code):
    client = browser()
    client.get(f"/r/me/{tokens.sign('referral-member', code.customer_id)}")

    page = client.get(f"/r/{code.code}")

    assert "This is your own link" in page.content.decode()
    assert Click.objects.count() == 0


def test_other_member_is_shown_their_own_link(code):
    client, carol = browser(), people.carol()
    client.get(f"/r/me/{tokens.sign('referral-member', carol.pk)}")

    page = client.get(f"/r/{code.code}").content.decode()

    assert "You know us already" in page
    assert tokens.sign("referral-member", carol.pk) in page


def test_ended_programme_says_so(code):
    code.referrals.model.programme.field.related_model.objects.update(is_active=False)

    page = browser().get(f"/r/{code.code}")

    assert page.status_code == 410
    assert "offer has ended" in page.content.decode()


def test_guessing_from_one_network_is_stopped(code):
    client = browser()
    answers = [client.get(f"/r/GUESS{n}").status_code for n in range(1000)]

    assert answers.count(404) == limits.GUESSES
    assert answers.count(429) == 1000 - limits.GUESSES
    assert client.get(f"/r/{code.code}").status_code == 429
    assert browser("203.0.113.99").get(f"/r/{code.code}").status_code == 200


def test_guessing_from_many_networks_is_slowed_down(code, monkeypatch):
    monkeypatch.setattr(limits, "ATTACK", 40)
    answers = [
        browser(f"198.51.100.{network}").get(f"/r/GUESS{network}X{n}").status_code
        for network in range(40)
        for n in range(5)
    ]

    assert answers.count(404) <= 40 + 40 * limits.GUESSES_UNDER_ATTACK
    assert answers.count(429) >= 60


def test_forged_forwarding_header_does_not_reset_the_limit(code):
    client = browser()
    answers = [client.get(f"/r/GUESS{n}", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(40)]

    assert answers.count(429) == 40 - limits.GUESSES


def test_claims_of_one_network_are_limited(code):
    client = browser()
    answers = [claim(client, code, f"f{n}@example.com").status_code for n in range(limits.CLAIMS + 3)]

    assert answers.count(200) == limits.CLAIMS
    assert answers[-1] == 429
    assert Referral.objects.count() == limits.CLAIMS


def test_share_page_shows_link_friends_masked_and_totals(code, at):
    make.claim(code, at, email="fiona@example.com")

    text = browser().get(f"/r/me/{tokens.sign('referral-member', code.customer_id)}").content.decode()

    assert f"http://testserver/r/{code.code}" in text
    assert "<svg" in text
    assert "fi***@e***" in text
    assert "fiona@example.com" not in text
    assert "style=" not in text


def test_share_page_makes_the_first_code_on_post_only(code):
    carol, client = people.carol(), browser()
    address = f"/r/me/{tokens.sign('referral-member', carol.pk)}"

    page = client.get(address)
    assert not Code.objects.filter(customer=carol).exists()

    client.post(address, {"stamp": stamp(page)})
    assert Code.objects.filter(customer=carol).exists()


def test_sharing_is_told_once_a_day_and_way(code):
    client = browser()
    address = f"/r/me/{tokens.sign('referral-member', code.customer_id)}"
    mark = re.search(r'data-stamp="([^"]+)"', client.get(address).content.decode())[1]

    for medium in ("copy", "copy", "whatsapp"):
        assert client.post(f"{address}/told/", {"medium": medium, "stamp": mark}).status_code == 204
    assert client.post(f"{address}/told/", {"medium": "pigeon", "stamp": mark}).status_code == 400

    assert list(Event.objects.order_by("id").values_list("properties__medium", flat=True)) == ["copy", "whatsapp"]


def test_merge_makes_codes_once_and_previews_write_nothing(at, django_assert_max_num_queries):
    ids = [people.customer(f"P{n}").pk for n in range(30)]
    fetch = merge.get("referral").fetch

    preview = fetch(ids, MergeContext(at=at, reference="preview", is_preview=True))
    assert Code.objects.count() == 0
    assert preview[ids[0]]["code"] == "SAMPLE"

    with django_assert_max_num_queries(6):
        first = fetch(ids, MergeContext(at=at, reference="campaign:1"))
    assert fetch(ids, MergeContext(at=at, reference="campaign:2")) == first
    assert len({values["code"] for values in first.values()}) == 30


def test_preview_link_of_a_message_opens_a_sample_page(code):
    assert browser().get("/r/SAMPLE").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_claims_of_one_address_at_once_bind_it_once(on_postgresql, at):
    make.programme()
    codes = [make.code(people.bob(), at), make.code(people.carol(), at)]
    start, errors = Barrier(8), []

    def race(number):
        try:
            start.wait()
            make.claim(codes[number % 2], at + timedelta(seconds=number), email="fiona@example.com")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=race, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sorted(Referral.objects.values_list("state", flat=True)) == ["blocked", "claimed"]
    assert StateChange.objects.count() == 2
