"""Product usage: days of use in the window make the level; the night and fresh events agree."""

from datetime import timedelta

import pytest

from customers.actions import timeline
from customers.models import Customer, CustomerStanding, Event, UsageRule
from customers.stages.actions import usage
from customers.stages.queries import usage as queries
from tests.factories import people

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def used(customer, *moments, name="tool.opened"):
    timeline.record_many(
        [
            timeline.NewEvent(
                customer.id, name, moment, timeline.event_key("test", customer.id, name, number, moment), "test"
            )
            for number, moment in enumerate(moments)
        ],
        at=max(moments),
    )


def counted(at, **values):
    usage.save(UsageRule(**{"event_names": ["tool.opened"], "window_days": 7, "low_from": 1, "medium_from": 2,
                            "high_from": 4} | values), at=at)  # fmt: skip
    usage.due(at=at)


def level(customer):
    return Customer.objects.get(pk=customer.pk).usage_level


def test_days_count_and_not_events(at):
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    used(alice, *(at - number * DAY for number in range(4)))
    used(bob, at, at - timedelta(minutes=1), at - timedelta(minutes=2), at - timedelta(minutes=3))
    used(carol, at, name="mail.opened")

    counted(at)

    assert [level(person) for person in (alice, bob, carol)] == ["high", "low", "none"]
    standing = CustomerStanding.objects.get(customer=alice)
    assert (standing.active_days, standing.last_active_on) == (4, at.date())


def test_the_window_ends_with_the_oldest_local_day(at):
    alice, bob = people.alice(), people.bob()
    used(alice, at - 6 * DAY)
    used(bob, at - 7 * DAY)

    counted(at)

    assert [level(alice), level(bob)] == ["low", "none"]


def test_a_new_rule_tells_nobody_but_a_new_day_of_use_does(at):
    alice = people.alice()
    counted(at)
    silent = Event.objects.filter(name="customer.usage_changed").count()

    used(alice, at + timedelta(minutes=1))
    usage.due(at=at + timedelta(minutes=2))

    told = Event.objects.get(name="customer.usage_changed")
    assert (silent, told.properties) == (0, {"before": "none", "after": "low", "active_days": 1})


def test_use_fades_when_the_days_go_by(at):
    alice = people.alice()
    used(alice, at)
    counted(at)

    usage.due(at=at + 8 * DAY)

    assert level(alice) == "none"
    assert Event.objects.get(name="customer.usage_changed").properties["after"] == "none"


def test_counting_again_changes_nothing(at):
    used(people.alice(), at)
    counted(at)

    assert usage.whole(at=at) == 0


def test_no_events_chosen_leaves_every_level_empty(at):
    alice = people.alice()
    used(alice, at)
    counted(at)

    counted(at, event_names=[])

    assert level(alice) == ""


def test_what_the_preview_says_is_what_counting_gives(at):
    cast = [people.customer(f"C{number}") for number in range(6)]
    for number, customer in enumerate(cast[1:], start=1):
        used(customer, *(at - day * DAY for day in range(number)))
    rule = UsageRule(event_names=["tool.opened"], window_days=7, low_from=1, medium_from=2, high_from=4)

    told = queries.by_level(rule, queries.spread(rule, at), Customer.objects.count())
    counted(at)

    assert told == {"none": 1, "low": 1, "medium": 2, "high": 2}
    assert queries.levels_now() == told
