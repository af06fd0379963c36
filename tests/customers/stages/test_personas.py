"""Personas: members from segments, the profile names the first, values set by hand are respected."""

import pytest

from customers.models import Customer, CustomerPersona, CustomerStanding, Persona, SegmentMembership
from customers.segments.actions import follow, lists, save
from customers.stages.actions import everybody, personas
from customers.stages.actions.rules import WouldLoop
from tests.customers.stages.test_stages import listed, settle
from tests.factories import people

pytestmark = pytest.mark.django_db


def persona(name, segment, at, **values):
    made = personas.save(Persona(name=name, segment=segment, **values), at=at, user_id=None)
    settle(at)
    return made


def shown(customer):
    return Customer.objects.get(pk=customer.pk).persona


def test_a_customer_may_fit_several_and_the_profile_names_the_first(at):
    alice = people.alice()
    persona("Cook", listed("Cooks", alice, at=at), at, category="Kitchen")
    persona("Host", listed("Hosts", alice, at=at), at, category="Party")

    assert shown(alice) == "Cook"
    assert CustomerPersona.objects.filter(customer=alice).count() == 2
    assert CustomerStanding.objects.get(customer=alice).all_personas == "Cook, Host"


def test_another_order_names_another_persona(at):
    alice = people.alice()
    persona("Cook", listed("Cooks", alice, at=at), at)
    host = persona("Host", listed("Hosts", alice, at=at), at)

    personas.move(host, up=True, at=at, user_id=None)
    settle(at)

    assert (shown(alice), CustomerStanding.objects.get().all_personas) == ("Host", "Host, Cook")


def test_leaving_the_segment_takes_the_persona_away(at):
    alice = people.alice()
    segment = listed("Cooks", alice, at=at)
    persona("Cook", segment, at)

    lists.remove(segment.id, [alice.id], at=at)
    settle(at)

    assert (shown(alice), CustomerPersona.objects.count()) == ("", 0)


def test_a_value_set_by_hand_stays_until_a_persona_fits(at):
    alice = people.alice(persona="Chef of old")
    segment = listed("Cooks", at=at)
    persona("Cook", segment, at)
    before = shown(alice)

    lists.add(segment.id, [alice.id], at=at)
    settle(at)

    assert (before, shown(alice)) == ("Chef of old", "Cook")


def test_renaming_and_deleting_reach_every_profile(at):
    alice = people.alice()
    cook = persona("Cook", listed("Cooks", alice, at=at), at)
    persona("Host", listed("Hosts", alice, at=at), at)

    cook.name = "Home cook"
    personas.save(cook, at=at, user_id=None)
    everybody.due(at=at)
    renamed = shown(alice), CustomerStanding.objects.get().all_personas
    personas.delete(cook, at=at, user_id=None)
    everybody.due(at=at)

    assert renamed == ("Home cook", "Home cook, Host")
    assert (shown(alice), CustomerStanding.objects.get().all_personas) == ("Host", "Host")


def test_a_segment_can_ask_for_any_of_the_personas(at):
    alice, bob = people.alice(), people.bob()
    asked = save.rules(name="Hosts of any kind", at=at, definition={
        "match": "all", "rules": [{"type": "field", "field": "persona.all", "op": "contains", "value": "Host"}]})  # fmt: skip
    follow.due(at=at)

    persona("Cook", listed("Cooks", alice, bob, at=at), at)
    persona("Host", listed("Hosts", alice, at=at), at)
    settle(at)

    assert list(SegmentMembership.objects.filter(segment=asked).values_list("customer_id", flat=True)) == [alice.id]


def test_a_persona_may_not_be_asked_for_by_its_own_segment(at):
    circular = save.rules(name="Circle", at=at, definition={
        "match": "all", "rules": [{"type": "field", "field": "customer.persona", "op": "is", "value": "Cook"}]})  # fmt: skip

    with pytest.raises(WouldLoop, match="circle"):
        personas.save(Persona(name="Cook", segment=circular), at=at, user_id=None)
