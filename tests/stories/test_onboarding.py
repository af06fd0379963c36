"""A journey made from a recipe greets a new customer by itself, and people from before the start are left alone."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from campaigns.models import OutboxMail
from config.kit.clock import now
from customers.actions import timeline
from customers.models import Customer
from tests.factories import loyalty, messages, people
from tests.stories.test_way_round import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def order(customer, number):
    """What the shop tells us when somebody orders."""
    key = timeline.event_key("shop", "order", number)
    properties = {"number": f"N{number}", "order_id": number, "lines": 1}
    event = timeline.NewEvent(
        customer_id=customer.pk, name="order.placed", occurred_at=now(), key=key, source="api", properties=properties,
        amount_minor=4000, currency="GBP",
    )  # fmt: skip
    timeline.record_many([event], at=now())


def subjects(customer):
    return list(OutboxMail.objects.filter(recipient=customer.email).order_by("pk").values_list("subject", flat=True))


def test_onboarding_greets_new_customers_and_says_thanks_for_the_second_order(
    clock, transactional_db, open_page, work, picture
):
    messages.brand(website="https://shop.example.com")
    topic = messages.topic("tips", is_default=True)
    loyalty.programme()
    loyalty.tiers()
    people.staff_member("marta", is_superuser=True)
    old = people.bob()
    messages.consent(old, topic=topic)
    order(old, 1)
    work()

    page = open_page("/accounts/login/")
    sign_in(page)
    page.goto("/journeys/new/")
    card = page.locator(".card", has=page.get_by_text("Welcome and first steps"))
    card.get_by_role("button").click()
    page.wait_for_url(re.compile(r"/journeys/\d+/"))
    page.get_by_role("link", name="Settings", exact=True).last.click()
    page.get_by_label("Held out, per cent").fill("0")
    page.get_by_label("Topic").select_option(label="Tips")
    with page.expect_navigation():
        page.locator("main form button[type=submit], main form .button-primary").first.click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("is live. Events from now on let people in.")).to_be_visible()

    clock.shift(timedelta(hours=1))
    ana = Customer.objects.create(first_name="Ana", email="ana@customers.example.com", created_at=now(), updated_at=now())
    messages.consent(ana, topic=topic)
    order(ana, 2)
    work()
    assert subjects(ana) == ["Welcome, Ana"]
    assert subjects(old) == []

    clock.shift(timedelta(days=4))
    work()
    assert len(subjects(ana)) == 2
    clock.shift(timedelta(days=2))
    order(ana, 3)
    work()
    assert len(subjects(ana)) == 3

    page.reload()
    expect(page.get_by_role("heading", name="Welcome and first steps")).to_be_visible()
    page.goto("/journeys/")
    row = page.locator("tr", has=page.get_by_role("link", name="Welcome and first steps"))
    expect(row.locator("td.num").nth(0)).to_have_text("1")
    expect(row.locator("td.num").nth(2)).to_have_text("3")
    picture(page, "story-journeys-1440")
    assert page.troubles == []
