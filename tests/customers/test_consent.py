"""Consent, its proof, and who may be written to."""

import pytest

from customers.actions import consent
from customers.actions import people as changing
from customers.models import Consent, ConsentChange, Event, Suppression, Topic
from customers.queries import consent as consents
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def news():
    return Topic.objects.create(slug="news", name="News")


def say(customers, topic, state, at):
    return consent.set_consent(
        [c.id for c in customers], topic=topic, channel="email", state=state, source="form", wording="I agree", at=at
    )


def test_set_consent_keeps_proof_and_records_changes_only(news, at):
    alice, bob = people.alice(), people.bob()

    changed = [
        say([alice, bob], news, "granted", at),
        say([alice, bob], news, "granted", at),
        say([bob], news, "denied", at),
    ]

    assert changed == [2, 0, 1]
    assert sorted(Consent.objects.values_list("customer__first_name", "state")) == [("Alice", "granted"), ("Bob", "denied")]
    assert ConsentChange.objects.count() == 3
    assert sorted(Event.objects.values_list("name", flat=True)) == [
        "consent.granted",
        "consent.granted",
        "consent.withdrawn",
    ]


def test_set_consent_refuses_an_unknown_state(news, at):
    with pytest.raises(ValueError):
        say([people.alice()], news, "maybe", at)


def test_contactable_needs_consent_and_no_block(news, at):
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    dora, twin = people.customer("Dora", email=""), people.customer("Twin", email="bob@example.com")
    say([alice, bob, dora, twin], news, "granted", at)
    say([carol], news, "denied", at)
    consent.suppress(channel="email", address="BOB@example.com ", reason="complaint", at=at)

    assert list(consents.contactable("email", news)) == [alice]
    assert consents.suppressed_ids("email", {c.id: c.email for c in (alice, bob, twin)}) == {bob.id, twin.id}


def test_suppression_follows_the_address(at):
    alice = people.alice()
    consent.suppress(channel="email", address="new@example.com", reason="hard_bounce", at=at)

    changing.change(alice.id, {"email": "new@example.com"}, source="staff", at=at)
    assert Suppression.objects.get().customer == alice
    changing.change(alice.id, {"email": "other@example.com"}, source="staff", at=at)

    assert Suppression.objects.get().customer is None


def test_suppress_keeps_the_graver_reason(at):
    for reason in ("hard_bounce", "erased", "manual"):
        consent.suppress(channel="email", address="a@example.com", reason=reason, at=at)

    assert Suppression.objects.get().reason == "erased"
    with pytest.raises(consent.CannotUnsuppress):
        consent.unsuppress(channel="email", address="a@example.com")
