"""From a sign-up form on a website to a pause: what one person sees, and what reaches the company."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from campaigns.models import Message, OutboxMail
from customers.models import Consent, ConsentChange, Customer
from tests.factories import messages, people
from tests.stories.conftest import LAPTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def company(clock, transactional_db):
    messages.brand(name="Larkspur Lane", website="https://shop.example.com")
    messages.topic("offers", wording="Yes, send me offers")
    messages.topic("garden", description="What to sow and when, once a month")
    people.staff_member("marta", is_superuser=True)


def sign_in(page):
    page.goto("/accounts/login/")
    page.get_by_label("User name or e-mail address").fill("marta")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Segments")).to_be_visible()


def mailed_link():
    return re.search(r"/j/ok/[\w-]+", OutboxMail.objects.latest("pk").text)[0]


def make_form(marta, picture):
    marta.goto("/settings/sign-up/new/")
    marta.get_by_label("Name", exact=True).fill("Website")
    marta.get_by_label("Headline", exact=True).fill("Letters from the garden")
    marta.get_by_label("Offers").check()
    marta.get_by_label("Garden").check()
    marta.get_by_role("button", name="Save").click()
    expect(marta.get_by_role("heading", name="Letters from the garden")).to_be_visible()
    picture(marta, "story-consent-form")
    return marta.locator("#signup-link").inner_text()


def test_from_sign_up_to_a_pause_that_a_campaign_obeys(company, clock, open_page, work, picture, live_server):
    marta = open_page("/health/", user_agent=LAPTOP)
    sign_in(marta)
    link = make_form(marta, picture)
    nora = open_page(link.removeprefix(live_server.url), width=390, user_agent=PHONE, javascript=False)

    # She signs up; nothing is recorded yet, and a mail is in the outbox.
    clock.shift(timedelta(seconds=20))  # a form that is sent within two seconds was filled by a program
    nora.get_by_label("E-mail").fill("Nora@Example.com")
    nora.get_by_label("First name").fill("Nora")
    nora.get_by_label("Garden").check()
    nora.get_by_role("button", name="Sign me up").click()
    expect(nora.get_by_role("heading", name="Look into your inbox")).to_be_visible()
    work()
    assert Customer.objects.count() == 0

    # The button in the mail confirms.
    nora.goto(mailed_link())
    picture(nora, "story-consent-confirm")
    assert Customer.objects.count() == 0
    nora.get_by_role("button", name="Yes, this is me").click()
    expect(nora.get_by_text("Your address is confirmed")).to_be_visible()
    picture(nora, "story-preferences-390")
    assert list(Consent.objects.values_list("topic__slug", "state")) == [("garden", "granted")]
    assert ConsentChange.objects.get().requested_at is not None

    # She also wants offers, then a pause.
    nora.get_by_label("Offers").check()
    nora.get_by_label("Two weeks").check()
    nora.get_by_label("At most one a week").check()
    nora.get_by_label("Count whether I open").uncheck()
    nora.get_by_role("button", name="Save my choice").click()
    expect(nora.get_by_text("Saved. It counts from now on:")).to_be_visible()
    expect(nora.get_by_role("heading", name="You are having a pause")).to_be_visible()
    picture(nora, "story-preferences-saved-390")

    # A campaign skips her and says why; staff see her wishes and the proof.
    nora_row = Customer.objects.get()
    messages.sending(nora_row, at=clock_now(), consenting=False, topic=messages.topic("offers"))
    work()
    skipped = Message.objects.get()
    assert (skipped.state, skipped.reason) == ("skipped", "paused")
    marta.goto(f"/messages/{skipped.pk}/")
    expect(marta.get_by_text("Asked for a pause").first).to_be_visible()
    marta.goto(f"/customers/{nora_row.pk}/consents/")
    marta.goto(f"/customers/{nora_row.pk}/?tab=consent")
    expect(marta.locator("#panel-consent").get_by_text("At most 1 a week")).to_be_visible()
    picture(marta, "story-consent-customer")
    marta.goto("/settings/consent/")
    expect(marta.get_by_text("double opt-in: Website").first).to_be_visible()
    picture(marta, "story-consent-overview")

    # She ends the pause: the next campaign reaches her, without pixel and with plain links.
    nora.get_by_role("button", name="End the pause now").click()
    expect(nora.get_by_text("Saved: the pause is over.")).to_be_visible()
    messages.sending(nora_row, at=clock_now(), consenting=False, topic=messages.topic("offers"), name="Second")
    work()
    mail = OutboxMail.objects.latest("pk")
    assert (mail.recipient, ".gif" in mail.html, "/c/" in mail.html) == ("nora@example.com", False, False)


def clock_now():
    from config.kit.clock import now

    return now()


def test_the_preference_page_has_no_fault_at_any_width_by_light_and_dark(company, open_page, faults_of, picture):
    nora = people.customer("Nora", phone="+442079460018")
    topic = messages.topic("offers")
    topic.channels = ["email", "sms"]
    topic.save()
    messages.consent(nora, topic=topic)
    from config.kit import tokens

    path = f"/p/me/{tokens.sign('preferences', nora.pk)}"
    faults = {}
    for width, scheme in ((390, "light"), (390, "dark"), (1440, "light")):
        page = open_page(path, width=width, scheme=scheme)
        picture(page, f"preferences-{width}-{scheme}")
        faults[width, scheme] = faults_of(page)

    assert faults == {(390, "light"): [], (390, "dark"): [], (1440, "light"): []}
