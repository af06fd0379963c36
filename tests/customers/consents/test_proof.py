"""The proof of consent: complete, numbered by wording, and nothing in the database can change it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from customers.actions import consent
from customers.consents.actions import topics
from customers.models import Consent, ConsentChange, Customer, Event
from customers.sql import append_only
from tests.factories import messages, people

pytestmark = pytest.mark.django_db


def say(customer, topic, at, state="granted", **more):
    values = {"source": "form", "wording": "Yes, write to me", **more}
    return consent.set_consent([customer.pk], topic=topic, channel="email", state=state, at=at, **values)


def test_proof_holds_everything_that_was_known(at):
    alice, news, marta = people.alice(), messages.topic(wording="Yes, write to me"), people.staff_member()
    topics.keep_wording(news, at=at)
    proof = consent.Proof("192.0.2.7", "Firefox", at - timedelta(minutes=5), "192.0.2.8", marta.pk)

    say(alice, news, at, proof=proof)

    row = ConsentChange.objects.get()
    assert (row.client_address, row.user_agent, row.requested_at, row.requested_from, row.actor) == (
        "192.0.2.7", "Firefox", at - timedelta(minutes=5), "192.0.2.8", marta,
    )  # fmt: skip
    assert (row.wording_version, row.wording_digest) == (1, consent.digest("Yes, write to me"))


def test_a_changed_wording_is_a_new_version_and_old_proof_keeps_its_own(at):
    alice, bob, news = people.alice(), people.bob(), messages.topic(wording="First")
    topics.keep_wording(news, at=at)
    say(alice, news, at, wording="First")
    news.wording = "Second"
    news.save()

    versions = [topics.keep_wording(news, at=at).number, topics.keep_wording(news, at=at).number]
    say(bob, news, at, wording="Second")

    assert versions == [2, 2]
    assert dict(ConsentChange.objects.values_list("wording", "wording_version")) == {"First": 1, "Second": 2}


def test_a_confirmation_of_the_same_answer_adds_proof_without_an_event(at):
    alice, news = people.alice(), messages.topic()
    say(alice, news, at, source="import")

    changed = say(alice, news, at, source="double opt-in", confirms=True)

    assert changed == 0
    assert list(ConsentChange.objects.order_by("pk").values_list("source", flat=True)) == ["import", "double opt-in"]
    assert Event.objects.filter(name="consent.granted").count() == 1


@pytest.fixture
def row(at):
    with connection.cursor() as cursor:  # SQLite's trigger is away in the suite, because a flush is a DELETE there
        if connection.vendor == "sqlite":
            cursor.execute(append_only.no_delete())
    say(people.alice(), messages.topic(), at, proof=consent.Proof("192.0.2.7", "Firefox"))
    yield ConsentChange.objects.filter(pk=ConsentChange.objects.get().pk)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f'DROP TRIGGER "{append_only.TABLE}_no_delete"')


@pytest.mark.parametrize(
    "change",
    [
        {"state": "denied"}, {"wording": ""}, {"source": "other"}, {"changed_at": None}, {"channel": "sms"},
        {"wording_digest": "x"}, {"client_address": "192.0.2.99"}, {"user_agent": "Chrome"}, {"requested_from": "192.0.2.1"},
        {"actor_id": 5}, {"wording_version": 3},
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_proof(row, at, change):
    if "changed_at" in change:
        change = {"changed_at": at + timedelta(days=1)}

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.update(**change)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.delete()
    assert row.get().state == "granted"


def test_merge_may_move_proof_and_erasure_may_blank_addresses(row):
    bob = people.bob()

    row.update(customer=bob)
    row.update(client_address="", user_agent="")

    assert (row.get().customer, row.get().client_address, row.get().wording) == (bob, "", "Yes, write to me")


def test_a_topic_is_archived_and_its_proof_stays(at):
    alice, news = people.alice(), messages.topic()
    say(alice, news, at)

    assert [topics.archive(news, at=at), topics.archive(news, at=at)] == [True, False]

    assert (Consent.objects.count(), ConsentChange.objects.count(), Customer.objects.count()) == (1, 1, 1)
    assert topics.restore(news)
