"""The same order, refund or subscription from two workers in one moment, on PostgreSQL with real threads."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from customers.commerce.actions.orders import NewLine, NewOrder, NewRefund, cancel_many, place_many, refund_many
from customers.commerce.actions.subscriptions import SubscriptionState, record_states
from customers.models import Event, MrrMovement, Order, OrderLine, Refund, Subscription, SubscriptionChange
from tests.customers.commerce.ledger import key
from tests.factories import imports, people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_postgresql")]

PLACED = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def together(*steps):
    start, failed = threading.Barrier(len(steps)), []

    def run(step):
        try:
            start.wait()
            step()
        except Exception as error:
            failed.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_same_orders_from_three_workers_are_taken_once(at):
    imports.account()
    alice = people.alice()
    orders = [NewOrder(alice.pk, f"A{n}", PLACED, "GBP", 1000, (NewLine(f"S{n % 7}", 1, 1000),)) for n in range(300)]

    def take(batch):
        def step():
            for place in range(0, 300, 50):
                with transaction.atomic():
                    place_many(batch[place : place + 50], at=at)

        return step

    together(take(orders), take(list(reversed(orders))), take(orders))

    assert (Order.objects.count(), OrderLine.objects.count(), Event.objects.count()) == (300, 300, 300)


def test_refunds_and_cancellation_of_one_order_never_give_back_more_than_was_paid(at):
    imports.account()
    alice = people.alice()
    place_many([NewOrder(alice.pk, "A1", PLACED, "GBP", 1000)], at=at)

    def give(number):
        refund = NewRefund(f"R{number}", PLACED + timedelta(days=1), 400, "GBP", order_number="A1")
        return lambda: refund_many([refund], at=at)

    together(*(give(n) for n in range(4)), lambda: cancel_many({"A1": PLACED + timedelta(days=1)}, source="", at=at))

    order = Order.objects.get()
    assert (order.refunded_minor, order.state) == (1000, "cancelled")
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 1000
    assert Event.objects.filter(name="order.refunded", properties__in_full=True).count() == 1


def test_states_of_one_customer_from_several_workers_give_one_history(at):
    imports.account()
    alice = people.alice()
    states = [
        SubscriptionState(alice.pk, f"S{n % 2}", "active", 100 * (n + 1), "GBP", PLACED + timedelta(days=n), key("race", n))
        for n in range(12)
    ]

    def take(part):
        def step():
            for state in part:
                record_states([state], at=at)

        return step

    together(take(states[::2]), take(states[1::2]), take(states[::-1]))

    assert (SubscriptionChange.objects.count(), Subscription.objects.count()) == (12, 2)
    assert sum(MrrMovement.objects.values_list("amount_minor", flat=True)) == 1100 + 1200
    assert Event.objects.count() == 12
