"""Merge and undo in random worlds: every table is as it was; and no row is left behind in any table of any app."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Message
from customers.actions import consent
from customers.models import (
    Consent,
    Customer,
    CustomerNote,
    CustomerPersona,
    Identity,
    MrrMovement,
    Order,
    Persona,
    Preference,
    SegmentMembership,
    Topic,
)  # fmt: skip
from customers.privacy.actions import merge as merging
from loyalty.actions import points
from loyalty.models import Entry
from loyalty.queries import audit
from surveys.actions import latest
from surveys.models import SurveyStop
from tests.customers.privacy.test_merge import dump, merged, record, settle
from tests.factories import loyalty, messages, people, referrals, surveys
from tests.factories.world import person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_a_row_in_every_table_moves_and_comes_back(at):
    customer, other = person(at), people.customer("Otto", created_at=at)
    before = dump()

    done = merged(customer, other, at)

    left = {
        (model._meta.label, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Customer and model._default_manager.filter(**{field.attname: customer.pk}).exists()
    }
    assert left == set()
    merging.undo(done.pk, user_id=None, at=at)
    assert differing(before, dump()) == {}


def test_two_people_with_a_row_in_every_table(at):
    """Both own one of everything that is allowed once: nothing collides, nothing is lost."""
    customer, other = person(at), people.customer("Otto", created_at=at)
    topic = Topic.objects.first()
    Consent.objects.get_or_create(
        customer=other, topic=topic, channel="email", defaults={"state": "denied", "changed_at": at}
    )
    for model in (SegmentMembership, CustomerPersona):
        row = model._default_manager.get(customer=customer)
        row.pk, row.customer = None, other
        row.save(force_insert=True)
    for model in (Preference, SurveyStop):
        row = model._default_manager.get(customer=customer)
        row.customer = other
        row.save(force_insert=True)
    before = dump()

    done = merged(customer, other, at)
    merging.undo(done.pk, user_id=None, at=at)

    assert differing(before, dump()) == {}


# Derived from the history of subscriptions, which the rows made by chance do not follow; true ones: test_merge.
DERIVED = {"customers.Subscription", "customers.MrrMovement", "customers.CustomerFacts", "customers.Customer"}


def differing(before, after):
    return {name: (before[name], after[name]) for name in before.keys() - DERIVED if before[name] != after[name]}


EVERYTHING = (
    "event", "order", "consent", "points", "segment", "preference", "identity", "note", "persona", "message", "answer",
    "referral", "movement", "stop",
)  # fmt: skip


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(st.tuples(st.sampled_from(EVERYTHING), st.booleans(), st.integers(0, 3)), max_size=14),
)
def test_undo_gives_back_what_was(at, parts):
    with transaction.atomic():
        messages.brand()
        loyalty.programme()
        loyalty.tiers()
        alice, twin = people.customer("Alice", external_id="a"), people.customer("Al", external_id="b", attributes={"x": 1})
        for number, (kind, is_twin, value) in enumerate(parts):
            add(kind, twin if is_twin else alice, alice if is_twin else twin, value, number, at)
        settle(at)
        before, held = dump(), {c.pk: total(c) for c in (alice, twin)}

        done = merged(twin, alice, at + DAY)
        assert total(alice) == sum(held.values())
        assert not Customer.objects.filter(pk=twin.pk).exists()
        merging.undo(done.pk, user_id=None, at=at + DAY)

        after = dump()
        for name in before.keys() - {"loyalty.Account", "customers.CustomerFacts", "customers.EventAggregate"}:
            assert before[name] == after[name], name
        assert {c.pk: total(c) for c in (alice, twin)} == held
        assert audit.drift() == []
        transaction.set_rollback(True)


def total(customer):
    return sum(Entry.objects.filter(account__customer=customer).values_list("points", flat=True))


def add(kind, customer, other, value, number, at):
    moment = at - (value + 1) * DAY
    if kind == "event":
        record(customer, f"did{value}", moment, number)
    elif kind == "order":
        Order.objects.create(
            customer=customer,
            number=f"n{number}",
            placed_at=moment,
            local_day=moment.date(),
            total_minor=100,
            currency="GBP",
        )
        record(customer, "order.placed", moment, number, 100)
    elif kind == "consent":
        topic = Topic.objects.get_or_create(slug=f"t{value % 2}", defaults={"name": f"T{value % 2}"})[0]
        state = "granted" if value > 1 else "denied"
        consent.set_consent(
            [customer.pk],
            topic=topic,
            channel="email",
            state=state,
            source="x",
            wording="",
            at=moment + timedelta(minutes=number),
        )
    elif kind == "points":
        points.give([customer.pk], points=10 + value, reason="x", key=f"k{number}", at=at)
    elif kind == "segment":
        segment = messages.segment(name=f"s{value}")
        SegmentMembership.objects.get_or_create(segment=segment, customer=customer, defaults={"entered_at": moment})
    elif kind == "preference":
        Preference.objects.update_or_create(customer=customer, defaults={"weekly_limit": value, "changed_at": moment})
    elif kind == "identity":
        Identity.objects.get_or_create(kind="anonymous", value=f"v{number}", customer=customer, linked_at=moment)
    elif kind == "note":
        CustomerNote.objects.create(customer=customer, text=f"n{number}", created_at=moment)
    elif kind == "persona":
        persona = Persona.objects.get_or_create(name=f"p{value}", position=value)[0]
        CustomerPersona.objects.get_or_create(customer=customer, persona=persona, defaults={"since": moment})
    elif kind == "message":
        if not Message.objects.filter(customer=customer, source_id=value).exists():
            messages.message(customer, at=moment, source_id=value, version=messages.version())
    elif kind == "answer":
        surveys.response(surveys.survey(name=f"S{number}", state="closed"), customer, value, moment)
        latest.refresh([customer.pk])
    elif kind == "referral":
        referrals.programme(name=f"P{number}", currency="GBP", is_active=False)
        referrals.code(customer, moment)
    elif kind == "movement":
        MrrMovement.objects.get_or_create(
            customer=customer, local_day=moment.date(),
            defaults={"kind": "new", "amount_minor": 100, "before_minor": 0, "after_minor": 100, "currency": "GBP"},
        )  # fmt: skip
    elif kind == "stop":
        SurveyStop.objects.get_or_create(customer=customer, defaults={"at": moment})
