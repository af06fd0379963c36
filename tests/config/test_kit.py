"""The ground floor."""

import threading
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.expressions import RawSQL
from hypothesis import given
from hypothesis import strategies as st

from config.kit import clock, money, queue, sql, tokens
from config.kit.money import Money, NotAnAmount
from config.kit.registry import AlreadyRegistered, NotRegistered, Registry
from customers.actions import timeline
from customers.models import Customer, CustomerFacts, Event, EventAggregate, PendingEvent
from tests.factories import people


@given(st.integers(min_value=0, max_value=2**63 - 1), st.text(min_size=1, max_size=20))
def test_token_round_trip(number, purpose):
    assert tokens.read(purpose, tokens.sign(purpose, number)) == number


@given(st.text(max_size=60))
def test_token_of_garbage_is_refused(text):
    with pytest.raises(tokens.BadToken):
        tokens.read("click", text)


def test_token_is_bound_to_its_purpose_and_cannot_be_changed():
    token = tokens.sign("survey", 7)

    with pytest.raises(tokens.BadToken):
        tokens.read("unsubscribe", token)
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        with pytest.raises(tokens.BadToken):
            tokens.read("survey", changed)


def test_token_signed_with_a_former_key_stays_valid(settings):
    old = tokens.sign("survey", 7)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]

    assert tokens.read("survey", old) == 7


def test_random_code_has_no_letters_that_look_alike():
    assert set("".join(tokens.random_code() for _ in range(200))) & set("01OIL") == set()


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.5", "EUR", 1250),
        ("12,50", "EUR", 1250),
        ("1200", "JPY", 1200),
        ("1.2345", "KWD", 1235),
        ("-3.005", "GBP", -301),
    ],
)
def test_parse_minor_reads_plain_numbers(text, currency, minor):
    assert money.parse_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["", "1,234.50", "1e5", "NaN", "£5", "12.", "--1", "٣", "1" * 40])
def test_parse_minor_refuses_what_is_ambiguous(text):
    with pytest.raises(NotAnAmount):
        money.parse_minor(text, "EUR")


@given(st.integers(min_value=-(10**14), max_value=10**14), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_money_round_trip(minor, currency):
    assert money.parse_minor(str(Money(minor, currency).decimal.__format__("f")), currency) == minor


def test_money_in_words():
    assert [str(Money(-123456, "GBP")), str(Money(1200, "JPY")), str(Money(5, "XYZ"))] == [
        "-£1,234.56",
        "¥1,200",
        "XYZ 0.05",
    ]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_day_bounds_follow_daylight_saving(day, hours):
    start, end = clock.day_bounds(day, "Europe/London")

    assert (end - start).total_seconds() == hours * 3600
    assert clock.local_day(start, "Europe/London") == day


def test_zone_of_an_unknown_name_is_utc():
    assert clock.local_day(datetime(2026, 1, 1, 23, tzinfo=UTC), "../../etc/passwd") == date(2026, 1, 1)


def test_registry_refuses_a_second_and_an_unknown_key():
    registry = Registry("things", key=str)
    registry.register("a")

    with pytest.raises(AlreadyRegistered):
        registry.register("a")
    with pytest.raises(NotRegistered):
        registry.get("b")


@pytest.mark.django_db
def test_enqueue_refuses_an_unknown_task_at_once():
    with pytest.raises(queue.UnknownTask):
        queue.enqueue("customers.fly_to_the_moon")


@pytest.mark.django_db
def test_add_up_folds_in_any_order(at):
    alice, bob = people.alice(), people.bob()
    early, late = at.replace(hour=1), at.replace(hour=23)
    fold = {"key": ["customer", "name"], "add": ["count"], "least": ["first_at"], "greatest": ["last_at"]}

    sql.add_up(EventAggregate, rows=[(bob.id, "x", 1, at, at), (alice.id, "x", 2, late, late)], **fold)
    sql.add_up(EventAggregate, rows=[(alice.id, "x", 3, early, early)], **fold)

    assert list(EventAggregate.objects.order_by("customer").values_list("customer", "count", "first_at", "last_at")) == [
        (alice.id, 5, early, late),
        (bob.id, 1, at, at),
    ]


@pytest.mark.django_db
def test_add_up_widens_from_nothing(at):
    alice = people.alice()
    CustomerFacts.objects.create(customer=alice)

    sql.add_up(CustomerFacts, key=["customer"], least=["first_order_at"], rows=[(alice.id, at)],
               defaults={"event_count": 0, "order_count": 0, "revenue_minor": 0, "refunded_minor": 0})  # fmt: skip
    sql.add_up(CustomerFacts, key=["customer"], least=["first_order_at"], rows=[(alice.id, None)],
               defaults={"event_count": 0, "order_count": 0, "revenue_minor": 0, "refunded_minor": 0})  # fmt: skip

    assert CustomerFacts.objects.get().first_order_at == at


@pytest.mark.django_db
def test_among_takes_a_long_list_as_one_parameter(django_assert_num_queries):
    ids = [people.customer(f"P{number}").id for number in range(3)]

    with django_assert_num_queries(1):
        found = list(
            Customer.objects.filter(id__among=[*ids[:2], *range(10**6, 10**6 + 50_000)]).values_list("id", flat=True)
        )

    assert sorted(found) == ids[:2]


@pytest.mark.django_db
def test_statement_timeout_stops_a_slow_statement(on_postgresql):
    with pytest.raises(sql.TookTooLong), sql.statement_timeout(0.05), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(2)")


@pytest.mark.django_db(transaction=True)
def test_try_lock_lets_one_in(on_postgresql):
    results, inside, done = [], threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            results.append(sql.try_lock("night"))
            inside.set()
            done.wait(60)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(60)
    with transaction.atomic():
        results.append(sql.try_lock("night"))
    done.set()
    thread.join()

    assert results == [True, False]


@pytest.mark.django_db
def test_take_empties_an_inbox_lowest_keys_first(at):
    alice = people.alice()
    events = [timeline.NewEvent(alice.id, "page.viewed", at, uuid4(), "test", {"n": number}) for number in range(5)]
    PendingEvent.objects.all().delete()
    timeline.record_many(events, at=at)

    first = sql.take(PendingEvent, 3, of=Event, columns=("key", "properties"))
    rest = sql.take(PendingEvent, 3, of=Event, columns=("key", "properties"))

    assert first == [(event.key, event.properties) for event in events[:3]]
    assert rest == [(event.key, event.properties) for event in events[3:]]
    assert sql.take(PendingEvent, 3, of=Event, columns=("key",)) == []


@pytest.mark.django_db
def test_insert_rows_keeps_values_of_every_kind(at):
    customer = people.alice()
    made = {"b": [1, None, "ü"], "a": {"x": 1.5}}

    columns = ("customer_id", "name", "occurred_at", "local_day", "received_at", "properties", "currency", "source", "key")
    sql.insert_rows(Event, columns, [(customer.id, "a.b", at, at.date(), at, made, "", "test", uuid4())])

    event = Event.objects.get(name="a.b")
    assert (event.customer_id, event.occurred_at, event.local_day, event.properties) == (customer.id, at, at.date(), made)
    assert event.amount_minor is None


@pytest.mark.django_db
def test_an_error_while_fetching_can_be_told_from_a_passing_one(on_postgresql):
    """Not wrapped, a deadlock in `fetch` would look like the fault of one event, which would be set aside."""
    people.alice()
    broken = Customer.objects.annotate(bad=RawSQL("1 / (customers_customer.id - customers_customer.id)", [])).values_list(
        "bad"
    )

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        sql.fetch(broken)

    assert not sql.is_passing(caught.value)
