"""Journey stages follow their rules: order, events, new rules, nights; the preview says what will come."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.actions import timeline
from customers.enums import Stage
from customers.models import (
    Customer,
    CustomerStanding,
    Event,
    JobRun,
    Order,
    Segment,
    SegmentMembership,
    StageChange,
    StageCount,
    StageRule,
    StandingRun,
)
from customers.segments.actions import follow, lists, refresh, save
from customers.segments.rules.parse import BadDefinition
from customers.stages.actions import evaluate, everybody, returns, rules
from customers.stages.queries import preview
from customers.stages.queries.preview import Wanted
from tests.factories import people

pytestmark = pytest.mark.django_db


def settle(at):
    """Run what the workers would, until nothing waits."""
    while timeline.process_batch(at=at) or refresh.touched(at=at) or everybody.due(at=at):
        pass


def listed(name, *customers, at):
    segment = save.listed(name=name, at=at)
    lists.add(segment.id, [customer.id for customer in customers], at=at, is_silent=True)
    return segment


def staged(*pairs, at, is_silent=True):
    """Stage rules in this order, applied to everybody."""
    rules.save([Wanted(stage, segment.id) for stage, segment in pairs], at=at, user_id=None, is_silent=is_silent)
    everybody.due(at=at)


def stage_of(customer):
    return Customer.objects.get(pk=customer.pk).stage


def order(customer, at, number, state="paid"):
    Order.objects.create(customer=customer, number=number, placed_at=at, local_day=at.date(), total_minor=100, currency="GBP",
                         state=state)  # fmt: skip
    timeline.record(
        timeline.NewEvent(customer.id, "order.placed", at, timeline.event_key("test", number), "test", amount_minor=100),
        at=at,
    )


def test_the_first_rule_that_fits_wins(at):
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    first, second = listed("First", alice, at=at), listed("Second", alice, bob, at=at)

    staged((Stage.LAPSED, first), (Stage.GROWING, second), at=at)

    assert [stage_of(person) for person in (alice, bob, carol)] == ["lapsed", "growing", ""]


def test_another_order_of_the_rules_gives_another_stage(at):
    alice = people.alice()
    first, second = listed("First", alice, at=at), listed("Second", alice, at=at)
    staged((Stage.LAPSED, first), (Stage.GROWING, second), at=at)

    staged((Stage.GROWING, second), (Stage.LAPSED, first), at=at, is_silent=False)

    assert stage_of(alice) == "growing"
    change = StageChange.objects.latest("id")
    assert (change.before, change.after) == ("lapsed", "growing")
    assert Event.objects.get(name="customer.stage_changed").properties == {"before": "lapsed", "after": "growing"}


def test_a_rule_that_is_off_is_passed_over(at):
    alice = people.alice()
    first, second = listed("First", alice, at=at), listed("Second", alice, at=at)

    rules.save([Wanted("lapsed", first.id, False), Wanted("growing", second.id)], at=at, user_id=None, is_silent=True)
    everybody.due(at=at)

    assert stage_of(alice) == "growing"


def test_entering_and_leaving_a_segment_moves_the_stage_within_the_batch(at):
    alice = people.alice()
    segment = listed("First", at=at)
    staged((Stage.ADVOCATE, segment), at=at)

    lists.add(segment.id, [alice.id], at=at + timedelta(hours=1))
    settle(at + timedelta(hours=1))
    entered = stage_of(alice)
    lists.remove(segment.id, [alice.id], at=at + timedelta(hours=2))
    settle(at + timedelta(hours=2))

    assert (entered, stage_of(alice)) == ("advocate", "")
    standing = CustomerStanding.objects.get(customer=alice)
    assert (standing.previous_stage, standing.stage_since) == ("advocate", at + timedelta(hours=2))
    told = Event.objects.filter(name="customer.stage_changed").order_by("id").values_list("properties", flat=True)
    assert list(told) == [{"before": "", "after": "advocate"}, {"before": "advocate", "after": ""}]


def test_silent_rules_start_nothing_but_keep_the_history(at):
    alice = people.alice()

    staged((Stage.GROWING, listed("All", alice, at=at)), at=at)

    assert not Event.objects.filter(name="customer.stage_changed").exists()
    assert StageChange.objects.get().after == "growing"


def test_segments_by_stage_follow_silent_changes_too(at):
    alice = people.alice()
    asked = save.rules(name="Growing ones", at=at, definition={
        "match": "all", "rules": [{"type": "field", "field": "customer.stage", "op": "is", "value": "growing"}]})  # fmt: skip
    follow.due(at=at)

    staged((Stage.GROWING, listed("All", alice, at=at)), at=at)
    settle(at)

    assert SegmentMembership.objects.filter(segment=asked, customer=alice).exists()


def test_new_rules_wait_until_their_segments_are_filled(at):
    alice = people.alice()
    segment = save.rules(name="Everybody", at=at, definition={
        "match": "all", "rules": [{"type": "field", "field": "customer.email", "op": "not_empty"}]})  # fmt: skip
    rules.save([Wanted("growing", segment.id)], at=at, user_id=None, is_silent=True)

    before = everybody.due(at=at), stage_of(alice)
    follow.due(at=at)
    after = everybody.due(at=at), stage_of(alice)

    assert (before, after) == ((0, ""), (1, "growing"))
    assert StandingRun.objects.get().finished_at == at


def test_saving_the_same_rules_asks_for_nothing(at):
    segment = listed("All", at=at)
    staged((Stage.GROWING, segment), at=at)

    assert rules.save([Wanted("growing", segment.id)], at=at, user_id=None, is_silent=True) is None


def test_a_run_that_was_cut_off_goes_on_where_it_was(at, monkeypatch):
    monkeypatch.setattr(everybody, "STEP", 1)
    customers = [people.customer(name) for name in ("Ann", "Ben", "Cat")]
    rules.save([Wanted("growing", listed("All", *customers, at=at).id)], at=at, user_id=None, is_silent=True)

    while everybody._step(at) == 0:
        pass
    half = StandingRun.objects.get().reached_id, Customer.objects.filter(stage="growing").count()
    everybody.due(at=at)

    assert half == (customers[0].pk, 1)
    assert Customer.objects.filter(stage="growing").count() == 3


@pytest.mark.parametrize("field", ["customer.stage", "stage.since", "stage.previous"])
def test_a_segment_that_sets_the_stage_may_not_ask_for_it(at, field):
    test = {"op": "not_empty"} if field != "stage.since" else {"op": "in_last", "value": 3}
    circular = save.rules(name="Circle", at=at, definition={
        "match": "all", "rules": [{"type": "field", "field": field, **test}]})  # fmt: skip

    with pytest.raises(rules.WouldLoop, match="circle"):
        rules.save([Wanted("growing", circular.id)], at=at, user_id=None, is_silent=True)

    assert not StageRule.objects.exists()


def test_a_segment_in_use_may_not_be_changed_to_ask_for_the_stage_by_way_of_another(at):
    email = {"match": "all", "rules": [{"type": "field", "field": "customer.email", "op": "not_empty"}]}
    inner = save.rules(name="Inner", at=at, definition=email)
    outer = save.rules(name="Outer", at=at, definition={
        "match": "all", "rules": [{"type": "segment", "segment": inner.id, "op": "in"}]})  # fmt: skip
    rules.save([Wanted("growing", outer.id)], at=at, user_id=None, is_silent=True)

    with pytest.raises(BadDefinition, match="circle"):
        save.rules(segment_id=inner.id, name="Inner", at=at, definition={
            "match": "all", "rules": [{"type": "field", "field": "customer.stage", "op": "is", "value": "lapsed"}]})  # fmt: skip

    assert Segment.objects.get(pk=inner.pk).definition == inner.definition


def test_a_segment_of_a_stage_is_in_use(at):
    segment = listed("All", at=at)
    staged((Stage.GROWING, segment), at=at)

    with pytest.raises(save.SegmentInUse, match="Growing"):
        save.delete(segment, user_id=None, at=at)


def test_the_night_corrects_what_was_missed_and_says_so(at):
    alice, bob = people.alice(), people.bob()
    staged((Stage.GROWING, listed("All", alice, bob, at=at)), at=at)
    Customer.objects.filter(pk=alice.pk).update(stage="lapsed")

    summary = everybody.nightly(at=at)

    assert summary == {"stages corrected": 1, "personas corrected": 0}
    assert stage_of(alice) == "growing"
    assert JobRun.objects.get(job="customers.check_standings").summary == summary
    assert StageCount.objects.get(stage="growing").customer_count == 2
    assert everybody.nightly(at=at) is None


def test_default_stages_place_people_by_their_orders(at):
    day = timedelta(days=1)
    cast = {name: people.customer(name, created_at=at - 900 * day) for name in ("Ann", "Ben", "Cat", "Dan", "Eve", "Fay")}
    history = {
        "Ann": [5], "Ben": [100], "Cat": [400, 20], "Dan": [300, 150], "Eve": [500, 400], "Fay": [90 + 60, 40],
    }  # fmt: skip
    for name, ages in history.items():
        for age in ages:
            order(cast[name], at - age * day, f"{name}-{age}")
    renewing = people.customer("Gus", renews_on=(at + 30 * day).date())
    settle(at)

    rules.install(at=at)
    follow.due(at=at)
    everybody.due(at=at)

    found = {name: stage_of(person) for name, person in cast.items()} | {"Gus": stage_of(renewing)}
    assert found == {
        "Ann": "onboarding", "Ben": "adoption", "Cat": "won_back", "Dan": "at_risk", "Eve": "lapsed", "Fay": "growing",
        "Gus": "renewal",
    }  # fmt: skip
    assert rules.install(at=at) == []


def test_a_refund_takes_the_return_back(at):
    alice = people.alice()
    order(alice, at - timedelta(days=300), "one")
    order(alice, at - timedelta(days=10), "two")
    settle(at)
    back = CustomerStanding.objects.get(customer=alice).returned_at
    Order.objects.filter(number="two").update(state="refunded")

    returns.refresh([alice.pk])

    standing = CustomerStanding.objects.get(customer=alice)
    assert back == at - timedelta(days=10)
    assert (standing.returned_at, standing.break_days) == (None, 0)


memberships = st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(now=memberships, then=memberships, off=st.sets(st.integers(0, 3)))
def test_the_preview_says_what_saving_does(at, now, then, off):
    """The oracle walks the rules in plain Python."""
    StageRule.objects.all().delete()
    Segment.objects.all().delete()
    Customer.objects.all().delete()
    cast = [people.customer(f"C{number}") for number in range(6)]
    stages = list(Stage)
    first = [listed(f"Now {n}", *(cast[i] for i in sorted(who)), at=at) for n, who in enumerate(now)]
    second = [listed(f"Then {n}", *(cast[i] for i in sorted(who)), at=at) for n, who in enumerate(then)]
    staged(*zip(stages, first, strict=False), at=at)
    wanted = [
        Wanted(str(stage), segment.id, number not in off)
        for number, (stage, segment) in enumerate(zip(reversed(stages), second, strict=False))
    ]

    told = preview.moves(wanted)
    before = {person.pk: stage_of(person) for person in cast}
    rules.save(wanted, at=at, user_id=None, is_silent=True)
    everybody.due(at=at)

    oracle = {}
    for index, person in enumerate(cast):
        fits = [w.stage for number, (w, who) in enumerate(zip(wanted, then, strict=True)) if index in who and w.is_active]
        assert stage_of(person) == (fits[0] if fits else "")
        key = before[person.pk], fits[0] if fits else ""
        oracle[key] = oracle.get(key, 0) + 1
    assert told.moves == oracle


def test_a_batch_costs_the_same_statements_however_many_it_touches(at, django_assert_num_queries):
    cast = [people.customer(f"C{number}") for number in range(40)]
    segment = listed("All", *cast, at=at)
    rules.save([Wanted("growing", segment.id)], at=at, user_id=None, is_silent=True)

    def cost(customers):
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as found:
            evaluate.customers([customer.pk for customer in customers], at=at)
        return len([query for query in found if "SAVEPOINT" not in query["sql"] and "executemany" not in query["sql"]])

    few, many = cost(cast[:2]), cost(cast[2:])

    # SQLite runs its updates one by one inside one `executemany`, which is not counted as one.
    assert many - few <= (0 if connection.vendor == "postgresql" else 36)


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_customer_leave_the_true_stage(at, on_postgresql):
    cast = [people.customer(f"C{number}") for number in range(30)]
    first, second = listed("First", at=at), listed("Second", *cast, at=at)
    staged((Stage.LAPSED, first), (Stage.GROWING, second), at=at)
    failures = []

    def work(toggle):
        try:
            for number in range(15):
                ids = [customer.pk for customer in cast]
                if toggle:
                    lists.add(first.id, ids[number::2], at=at, is_silent=True)
                else:
                    lists.remove(first.id, ids[number::2], at=at)
                evaluate.customers(ids[number::2], at=at)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(toggle,)) for toggle in (True, False)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    inside = set(SegmentMembership.objects.filter(segment=first).values_list("customer_id", flat=True))
    assert failures == []
    assert {c.pk: c.stage for c in Customer.objects.all()} == {
        c.pk: "lapsed" if c.pk in inside else "growing" for c in cast
    }


def test_the_night_notes_returns_that_were_missed(at):
    alice = people.alice()
    for number, age in enumerate((300, 10)):
        moment = at - timedelta(days=age)
        Order.objects.create(customer=alice, number=str(number), placed_at=moment, local_day=moment.date(), total_minor=1,
                             currency="GBP")  # fmt: skip

    everybody.nightly(at=at)

    standing = CustomerStanding.objects.get(customer=alice)
    assert (standing.returned_at, standing.break_days) == (at - timedelta(days=10), 290)
