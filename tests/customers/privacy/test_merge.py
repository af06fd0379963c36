"""Two customers become one, and two again: every table of every app is as it was."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, OperationalError, connection

from customers.actions import consent, timeline
from customers.models import (
    AuditEntry,
    Consent,
    Customer,
    CustomerFacts,
    Event,
    EventAggregate,
    FailedEvent,
    Identity,
    Topic,
)  # fmt: skip
from customers.privacy.actions import merge as merging
from customers.privacy.actions import requests
from tests.factories import loyalty, people

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def merged(old, new, at, **more):
    return merging.merge(old.pk, new.pk, source="staff", user_id=None, at=at, **more)


def record(customer, name, at, key, amount=None):
    timeline.record(
        timeline.NewEvent(
            customer.pk, name, at, timeline.event_key("test", key), "test", {}, amount, "GBP" if amount else ""
        ),
        at=at,
    )


def settle(at):
    while timeline.process_batch(at=at):
        pass


def test_merge_leaves_one_customer_to_whom_every_id_leads(at):
    alice = people.customer("Alice", external_id="a1", email="alice@example.com", phone="+441")
    twin = people.customer("Al", external_id="a2", email="al@example.com", city="York", attributes={"size": 38})
    Identity.objects.create(kind="anonymous", value="x", customer=twin, linked_at=at)
    record(twin, "seen", at, 1)
    settle(at)

    done = merged(twin, alice, at)

    alice.refresh_from_db()
    assert not Customer.objects.filter(pk=twin.pk).exists()
    assert (alice.external_id, alice.first_name, alice.city, alice.attributes) == ("a1", "Alice", "York", {"size": 38})
    assert set(Identity.objects.values_list("kind", "value", "customer")) == {
        ("anonymous", "x", alice.pk), ("external", "a2", alice.pk),
    }  # fmt: skip
    assert Event.objects.filter(customer=alice, name="customer.merged").get().properties["number"] == twin.pk
    assert EventAggregate.objects.get(name="seen").customer_id == alice.pk
    assert (done.from_number, done.into_id, done.source) == (twin.pk, alice.pk, "staff")
    assert AuditEntry.objects.get(verb="customer.merged").detail["from"] == twin.pk


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_planned_erasure_is_not_carried_over_to_somebody_else(at, side):
    alice, twin = people.customer("Alice", email="alice@example.com"), people.customer("Al", email="al@example.com")
    leaving = twin if side == "source" else alice
    wish = requests.open_for(leaving, "erasure", user_id=None, at=at)

    with pytest.raises(merging.CannotMerge, match="erasure is planned"):
        merged(twin, alice, at)
    requests.cancel(wish.pk, user_id=None, at=at)
    merged(twin, alice, at)

    assert Customer.objects.get().email == "alice@example.com"


def test_staff_choose_field_by_field(at):
    alice = people.customer("Alice", email="alice@example.com", attributes={"size": 38, "pet": "cat"})
    twin = people.customer("Al", email="al@example.com", attributes={"size": 40, "pet": "dog"})

    merged(twin, alice, at, chosen={"email", "attributes.size"})

    alice.refresh_from_db()
    assert (alice.first_name, alice.email, alice.attributes) == ("Alice", "al@example.com", {"size": 40, "pet": "cat"})


def test_merging_again_says_where_the_customer_went(at):
    alice, bob = people.alice(), people.bob()
    merged(bob, alice, at)

    with pytest.raises(merging.CannotMerge, match="merged into") as refused:
        merged(bob, alice, at)

    assert refused.value.into_id == alice.pk
    for pair in ((alice.pk, alice.pk), (alice.pk, 10**9), (10**9, alice.pk)):
        with pytest.raises(merging.CannotMerge):
            merging.merge(*pair, source="staff", user_id=None, at=at)


def test_a_chain_is_undone_last_first(at):
    alice, bob, carol = people.customer("A", external_id="a"), people.customer("B", external_id="b"), people.carol()
    before = dump()
    first = merged(alice, bob, at)
    second = merged(bob, carol, at + DAY)
    first.refresh_from_db()
    assert first.into_id == carol.pk

    with pytest.raises(merging.CannotUndo, match="first"):
        merging.undo(first.pk, user_id=None, at=at + DAY)
    merging.undo(second.pk, user_id=None, at=at + 2 * DAY)
    merging.undo(first.pk, user_id=None, at=at + 2 * DAY)

    assert dump() == before
    with pytest.raises(merging.CannotUndo, match="already"):
        merging.undo(first.pk, user_id=None, at=at)


def test_an_undo_has_thirty_days(at):
    done = merged(people.alice(), people.bob(), at)

    with pytest.raises(merging.CannotUndo, match="30 days"):
        merging.undo(done.pk, user_id=None, at=at + 30 * DAY)

    assert merging.forget(before=at + DAY) == 1
    done.refresh_from_db()
    assert (done.kept, done.from_label) == ({}, "")


def test_what_happens_after_the_merge_stays_with_the_target(at):
    alice, twin = people.alice(), people.bob()
    topic = Topic.objects.create(slug="news", name="News")
    consent.set_consent([twin.pk], topic=topic, channel="email", state="granted", source="x", wording="", at=at)
    record(twin, "order.placed", at, 1, 500)
    record(alice, "order.placed", at, 2, 700)
    settle(at)
    done = merged(twin, alice, at)

    record(alice, "order.placed", at + DAY, 3, 900)
    consent.set_consent([alice.pk], topic=topic, channel="email", state="denied", source="x", wording="", at=at + DAY)
    settle(at + DAY)
    merging.undo(done.pk, user_id=None, at=at + DAY)

    revenue = dict(CustomerFacts.objects.values_list("customer", "revenue_minor"))
    assert revenue == {alice.pk: 1600, twin.pk: 500}
    assert dict(Consent.objects.values_list("customer", "state")) == {alice.pk: "denied", twin.pk: "granted"}


def test_points_are_booked_over_and_back(at):
    from loyalty.actions import points

    alice, twin = people.alice(), people.bob()
    loyalty.programme()
    loyalty.tiers()
    points.give([alice.pk], points=100, reason="a", key="a", at=at)
    points.give([twin.pk], points=250, reason="b", key="b", at=at)

    done = merged(twin, alice, at)
    points.redeem(alice.pk, points=300, reason="gift", key="r", at=at + DAY)
    merging.undo(done.pk, user_id=None, at=at + 2 * DAY)

    assert (loyalty.account(twin).active, loyalty.account(twin).earned) == (250, 250)
    assert (loyalty.account(alice).active, loyalty.account(alice).deficit) == (0, 200)
    again = merged(twin, alice, at + 3 * DAY)
    merging.undo(again.pk, user_id=None, at=at + 3 * DAY)
    assert (loyalty.account(twin).total, loyalty.account(alice).total) == (250, -200)


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_that_cross_one_wins(on_postgresql, at):
    alice, bob = people.alice(), people.bob()

    def both(pair):
        try:
            return merging.merge(*pair, source="staff", user_id=None, at=at).pk
        except merging.CannotMerge:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(both, [(alice.pk, bob.pk), (bob.pk, alice.pk)]))

    assert sorted(pk is None for pk in done) == [False, True]
    assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_events_that_come_while_merging_are_counted_once(on_postgresql, at):
    """A merge in the middle of the timeline's work: every event is counted for the one who stays, none is put aside."""
    alice, twin = people.alice(), people.bob()
    for number in range(300):
        record(twin, "seen", at, number)

    def work(_):
        try:
            while timeline.process_batch(limit=7, at=at):
                pass
        finally:
            connection.close()

    def join(_):
        try:
            for _attempt in range(20):
                try:
                    return merging.merge(twin.pk, alice.pk, source="staff", user_id=None, at=at)
                except (OperationalError, IntegrityError):
                    continue
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(work, 0), pool.submit(work, 1), pool.submit(join, 0), pool.submit(work, 2)]
        errors = [job.exception() for job in jobs]
    settle(at)

    assert [error for error in errors if error and not isinstance(error, OperationalError)] == []
    assert set(Event.objects.values_list("customer", flat=True)) == {alice.pk}
    assert EventAggregate.objects.get(name="seen").count == 300
    assert FailedEvent.objects.count() == 0


# Rows that only ever come, and working tables that are emptied within seconds.
GROWING = {
    "customers.Event", "customers.PendingEvent", "customers.AuditEntry", "customers.CustomerMerge", "customers.SegmentTouch",
    "metrics.DirtyDay", "loyalty.Entry", "loyalty.Lot", "loyalty.Allocation", "loyalty.TierChange",
}  # fmt: skip


def dump(names=None):
    """Every row of every table of the product, but for those that only grow."""
    found = {}
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.app_label in {"customers", "campaigns", "loyalty", "referrals", "surveys", "metrics"} and (
            label not in GROWING
        ):
            columns = [field.attname for field in model._meta.concrete_fields if (label, field.attname) not in LOOSE]
            found[label] = sorted(map(repr, model._default_manager.values_list(*columns)))
    found["events"] = sorted(Event.objects.exclude(name__in=OURS).values_list("id", "customer_id"))
    return found


OURS = ("customer.merged", "customer.unmerged", "referral.blocked", "loyalty.points_expired")
# Counted from the timeline, on which merge and undo leave their own events.
LOOSE = {("loyalty.Account", "next_due_at")}
