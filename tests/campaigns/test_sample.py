"""The sample company's campaigns agree with its consent and its timeline."""

from datetime import timedelta

import pytest

from campaigns import sample
from campaigns.models import Campaign, Message
from customers.models import Consent, CustomerFacts, Event
from customers.ports.samples import Story
from tests.factories import messages, people

pytestmark = pytest.mark.django_db


def test_sample_campaigns_are_consistent(at):
    messages.brand()
    everybody = [people.customer(f"P{n}", email=f"p{n}@example.com") for n in range(120)]
    for number, person in enumerate(everybody):
        CustomerFacts.objects.create(customer=person, order_count=number % 9, first_order_at=at - timedelta(days=300))
        messages.consent(person, state="granted" if number % 4 else "denied")

    sample.build(Story(at=at, shift=timedelta(), seed=7, progress=lambda label, done: None))

    assert dict(Campaign.objects.values_list("name", "state"))["Win back with points"] == "draft"
    assert Campaign.objects.filter(state="sent").count() == 4
    sent = Message.objects.filter(sent_at__isnull=False)
    assert sent.count() == Event.objects.filter(name="message.sent").count() > 100
    assert sent.filter(clicked_at__isnull=False, opened_at__isnull=True).count() == 0
    left = set(sent.filter(unsubscribed_at__isnull=False).values_list("customer_id", flat=True))
    assert set(Consent.objects.filter(customer__in=left).values_list("state", flat=True)) <= {"denied"}
