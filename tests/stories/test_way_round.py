"""All the way round: from two files to a message, an answer, a friend, points, and the figures of the next morning."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from surveys.models import Response
from tests.browser.conftest import settled
from tests.factories import loyalty, messages, people, referrals, surveys
from tests.stories.conftest import LAPTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CUSTOMERS = """external_id,email,first_name,last_name,country,created_at
1,ana@customers.example.com,Ana,Ng,GB,2025-06-01T10:00:00
2,shop@customers.example.com,,,GB,2025-06-02T10:00:00
3,carl@customers.example.com,Carl,Frost,GB,2025-07-01T10:00:00
4,dora@customers.example.com,Dora,Dale,GB,2025-08-01T10:00:00
5,,Emil,Brook,GB,2025-08-02T10:00:00
6,not-an-address,Fay,Ellis,GB,2025-08-03T10:00:00
"""
ORDERS = """order_number,customer_id,placed_at,currency,sku,quantity,unit_price
N1,1,2025-10-01T11:00:00,GBP,LAMP,4,120.00
N1,1,2025-10-01T11:00:00,GBP,CARD,2,20.00
N2,2,2025-10-05T11:00:00,GBP,LAMP,5,120.00
N3,3,2026-03-10T11:00:00,GBP,LAMP,5,120.00
N4,4,2025-09-01T11:00:00,GBP,CARD,1,20.00
N5,5,2025-10-09T11:00:00,GBP,LAMP,6,120.00
"""
FRIENDS = """external_id,email,first_name,last_name,country
7,finn@friends.example.org,Finn,Gale,GB
"""
FRIENDS_ORDERS = """order_number,customer_id,placed_at,currency,sku,quantity,unit_price
N6,7,2026-03-17T09:00:00,GBP,CARD,3,20.00
"""


@pytest.fixture
def shop(clock, transactional_db):
    """Brand, topic, running programmes, and Marta, who markets."""
    messages.brand(name="Larkspur Lane", website="https://shop.example.com")
    messages.topic("offers", is_default=True)
    loyalty.programme()
    loyalty.tiers()
    referrals.programme(currency="GBP", hold_days=14)
    surveys.survey()
    people.staff_member("marta", is_superuser=True)


def sign_in(page):
    page.goto("/accounts/login/")
    page.get_by_label("User name or e-mail address").fill("marta")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Segments")).to_be_visible()


def import_file(page, at_work, kind, text, *, consent=False):
    """Upload, map, look at the preview, start; returns to the finished import."""
    page.goto("/imports/")
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_label("What is in the file?").select_option(kind)
    page.get_by_label("CSV file").set_input_files({"name": f"{kind}.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name=f"Columns of {kind}.csv")).to_be_visible()
    if consent:
        page.get_by_label("Consent to record").select_option(label="Offers")
        page.get_by_label("Proof").fill("Ticked the box “offers” at checkout, autumn 2025.")
    page.get_by_role("button", name="Start the import").click()
    page.wait_for_url(re.compile(r"/imports/\d+/$"))
    at_work(page)
    expect(page.locator("#import-progress h2").first).to_have_text("Done")


def tile(page, label):
    return page.locator(".stat", has=page.locator(".stat-label", has_text=label)).first.locator(".stat-value")


def test_a_marketer_and_a_customer_go_all_the_way_round(shop, clock, open_page, at_work, picture):
    page = open_page("/accounts/login/")
    sign_in(page)

    # Her customers come in from two files; a bad row is left out and said.
    import_file(page, at_work, "customers", CUSTOMERS, consent=True)
    expect(tile(page, "Created")).to_have_text("5")
    expect(tile(page, "Rows with problems")).to_have_text("1")
    import_file(page, at_work, "orders", ORDERS)
    expect(tile(page, "Created")).to_have_text("5")
    page.goto("/customers/?q=ana")
    expect(page.get_by_role("link", name="Ana Ng")).to_be_visible()

    build_the_segment(page, at_work)
    send_the_campaign(page, at_work)
    clock.shift(timedelta(hours=1))

    hrefs = read_in_the_outbox(page)
    ana = open_page("about:blank", width=390, user_agent=PHONE)
    answer_the_question(ana, hrefs["9"])
    friends_link = share_the_link(ana, hrefs["Invite a friend"])
    clock.shift(timedelta(minutes=20))
    claim_as_a_friend(open_page, friends_link)
    clock.shift(timedelta(hours=24))
    import_file(page, at_work, "customers", FRIENDS)
    import_file(page, at_work, "orders", FRIENDS_ORDERS)
    page.goto("/referrals/all/")
    expect(page.locator("table tbody tr")).to_have_count(1)

    # The return period passes.
    clock.shift(timedelta(days=15))
    at_work(page)
    sign_in(page)
    for email, points in (("ana@customers.example.com", "1,020"), ("finn@friends.example.org", "360")):
        page.goto(f"/customers/{Customer.objects.get(email=email).pk}/")
        expect(page.locator("#panel-loyalty")).to_contain_text(points)
        expect(page.locator("#panel-referrals")).to_contain_text("Rewarded")
    ana.goto(hrefs["See my points"])
    expect(ana.locator(".points-big")).to_contain_text("1,020")
    picture(ana, "story-points-390")

    see_the_figures(page, picture)
    assert page.troubles == []
    assert ana.troubles == []


def choose(page, field, value):
    """Select, and wait until the rules have followed."""
    with page.expect_response(lambda response: response.request.method == "POST" and "preview" not in response.url):
        page.locator(field).select_option(value)
    settled(page)


def about(page, path, label):
    """Say what a condition is about in the picker, and wait until the rules have followed."""
    box = page.locator(f'[id="i-{path}-what-box"]')
    box.fill(label)
    with page.expect_response(lambda response: response.request.method == "POST" and "preview" not in response.url):
        page.get_by_role("option", name=label, exact=True).first.click()
    settled(page)
    expect(box).to_have_value(label)


def build_the_segment(page, at_work):
    """Lapsed, and spent 500 or more: the count follows the rules."""
    page.goto("/segments/new/")
    preview = page.locator("#segment-preview")
    page.get_by_label("Name").fill("Lapsed big spenders")
    about(page, "r.0", "Revenue")
    choose(page, "#i-r\\.0-op", "at_least")
    page.locator("#i-r\\.0-value").fill("500")
    expect(preview.locator(".segment-count")).to_have_text("4 customers")
    page.get_by_role("button", name="Add condition").click()
    expect(page.locator("#i-r\\.1-what-box")).to_be_focused()
    about(page, "r.1", "Last order")
    choose(page, "#i-r\\.1-op", "more_ago")
    page.locator("#i-r\\.1-value").fill("120")
    expect(preview.locator(".segment-count")).to_have_text("3 customers")
    expect(preview).to_contain_text("Ana Ng")
    page.get_by_role("button", name="Save segment").click()
    page.wait_for_url(re.compile(r"/segments/\d+/"))
    at_work(page)
    expect(tile(page, "Customers")).to_have_text("3")


def send_the_campaign(page, at_work):
    """Audience, content, review: Emil has no address, so two of three get it."""
    page.goto("/campaigns/new/")
    page.get_by_label("Name").fill("We miss you")
    page.get_by_label("Segment", exact=True).select_option(label="Lapsed big spenders")
    page.get_by_label("Topic").select_option(label="Offers")
    expect(page.locator("#estimate .stat-value")).to_have_text("2")
    page.get_by_role("button", name="Next: content").click()

    page.get_by_label("Subject").fill('{{ customer.first_name or "Dear friend" }}, we miss you')
    page.locator("#b-1-text").fill('Hello {{ customer.first_name or "there" }}, look at what is new.')
    page.locator("#b-2-label").fill("See what is new")
    page.locator("#b-2-url").fill("https://shop.example.com/new")
    for number, kind in enumerate(("Points", "Invite a friend", "Recommendation question"), 3):
        page.locator("#editor").get_by_role("button", name=kind, exact=True).click()
        expect(page.locator(f"#b-{number}-text")).to_be_visible()
    page.get_by_role("button", name="Next: review").click()

    expect(page.get_by_text("Ana, we miss you")).to_be_visible()
    expect(page.get_by_text("Must change")).to_have_count(0)
    page.get_by_label("Holdout, percent").fill("0")
    page.get_by_role("button", name="Send it").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+/(#.*)?$"))
    at_work(page)
    expect(page.get_by_text("No e-mail address")).to_be_visible()


def read_in_the_outbox(page):
    """The addresses behind the links of Ana's mail, by their words."""
    page.goto("/outbox/")
    expect(page.locator("table tbody tr")).to_have_count(2)
    expect(page.get_by_role("link", name="Dear friend, we miss you")).to_be_visible()
    page.get_by_role("link", name="Ana, we miss you").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Hello Ana, look at what is new.")).to_be_visible()
    expect(frame.locator(".figure")).to_contain_text("520")
    links = frame.locator("a")
    return {links.nth(n).inner_text().strip(): links.nth(n).get_attribute("href") for n in range(links.count())}


def answer_the_question(ana, link):
    """A program that follows the link answers nothing; Ana presses the button."""
    assert ana.request.get(link).status == 200
    assert Response.objects.count() == 0

    ana.goto(link)
    assert Response.objects.count() == 0
    expect(ana.get_by_label("9", exact=True)).to_be_checked()
    ana.locator("#comment").fill("Lovely lamps, quick parcel.")
    ana.get_by_role("button", name="Send my answer").click()
    expect(ana.get_by_role("heading", name="Thank you")).to_be_visible()
    assert list(Response.objects.values_list("score", "comment")) == [(9, "Lovely lamps, quick parcel.")]


def share_the_link(ana, link):
    ana.goto(link)
    if ana.get_by_role("button", name="Get my link").count():
        ana.get_by_role("button", name="Get my link").click()
    expect(ana.get_by_text("No friend has used your link yet.")).to_be_visible()
    return ana.get_by_label("Your link").input_value()


def claim_as_a_friend(open_page, link):
    finn = open_page("about:blank", user_agent=LAPTOP)
    finn.goto(link)
    expect(finn.get_by_role("heading", name="Ana gives you 300 points")).to_be_visible()
    finn.get_by_label("Your e-mail address").fill("finn@friends.example.org")
    finn.get_by_role("button", name="Reserve my points").click()
    expect(finn.get_by_role("heading", name="All set")).to_be_visible()
    assert finn.troubles == []


def see_the_figures(page, picture):
    """Home, Insights and the first page of the administration show what happened."""
    page.goto("/")
    expect(tile(page, "Orders")).to_have_text("2")
    expect(page.locator(".stat", has_text="Net Promoter Score")).to_contain_text("1 answer; a score needs 30")
    campaign = page.locator("tr", has=page.get_by_role("link", name="We miss you"))
    expect(campaign.locator("td.num").first).to_have_text("2")
    expect(campaign).to_contain_text("50")
    picture(page, "story-home-1440")
    page.goto("/insights/nps/?period=28d")
    expect(tile(page, "Promoters")).to_have_text("1")
    page.goto("/insights/messages/?period=28d")
    expect(page.locator("tr", has_text="We miss you")).to_contain_text("50")
    page.goto("/surveys/")
    page.get_by_role("link", name="How are we doing?").click()
    expect(page.get_by_text("Lovely lamps, quick parcel.")).to_be_visible()
    page.goto("/admin/")
    for label, value in (("Orders", "2"), ("Messages sent", "2"), ("Clicked", "1")):
        expect(tile(page, label)).to_have_text(value)
    expect(page.locator(".stat", has_text="Net Promoter Score")).to_contain_text("1 answer")
    picture(page, "story-admin-1440")
