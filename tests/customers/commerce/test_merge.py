"""Two subscribers who are one person: one history, one movement a day, one set of figures."""

import pytest

from customers.commerce.actions import check
from customers.commerce.actions.subscriptions import record_states
from customers.models import CustomerFacts
from customers.privacy.actions.merge import merge
from tests.customers.commerce.test_subscriptions import moves, state
from tests.factories import imports, people

pytestmark = pytest.mark.django_db


def test_merged_subscriptions_are_counted_as_one_customer(at):
    imports.account()
    alice, bob = people.alice(), people.bob()
    record_states(
        [state(alice), state(alice, "2026-02-01", "ended"), state(bob, "2026-01-20", reference="S2", amount=400)], at=at
    )

    merge(bob.pk, alice.pk, source="staff", user_id=None, at=at)

    assert moves(alice) == [
        ("01-05", "new", 1000, ""), ("01-20", "expansion", 400, ""), ("02-01", "contraction", -1000, ""),
    ]  # fmt: skip
    facts = CustomerFacts.objects.get(customer=alice)
    assert (facts.mrr_minor, facts.subscription_count, facts.subscription_status) == (400, 1, "active")
    assert check.drifted() == []
