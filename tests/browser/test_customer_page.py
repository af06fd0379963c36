"""The customer page and the search box in Chromium: hostile data is text, keyboard, phone, dark, and a panel that fails."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from customers.models import Customer, CustomerNote, Identity, Order, Subscription
from tests.browser.conftest import settled
from tests.factories import hostile

ROUTES = ["/customers/", "/customers/?q=img", "/customers/{pk}/", "/customers/{pk}/?tab=timeline", "/customers/{pk}/?tab=profile",
          "/customers/{pk}/?tab=consent", "/customers/{pk}/orders/", "/customers/{pk}/edit/", "/customers/{pk}/timeline/",
          "/segments/{segment}/", "/segments/{segment}/people/", "/imports/{import}/", "/settings/audit/", "/settings/events/"]  # fmt: skip


@pytest.fixture
def ids(remembered, at):
    """The hostile company, and whatever else the customer page shows; take it before anything else writes."""
    return remembered("hostile", lambda: build(at))


def build(at):
    ids = hostile.company(at)
    alice = Customer.objects.get(pk=ids["customer"])
    CustomerNote.objects.create(customer=alice, text=hostile.TEXT, created_at=at)
    Identity.objects.create(customer=alice, kind="anonymous", value=hostile.TEXT, linked_at=at)
    Subscription.objects.create(
        customer=alice, reference=f"3{hostile.TEXT}"[:120], plan=hostile.TEXT[:80], status="active", currency="GBP", started_at=at,
        changed_at=at,
    )  # fmt: skip
    Order.objects.create(
        customer=alice, number=f"2{hostile.TEXT}"[:80], placed_at=at, local_day=at.date(), total_minor=1, currency="GBP",
        source=hostile.BAD,
    )  # fmt: skip
    return ids | {"pk": alice.pk}


def watched(page):
    """Dialogs that scripts open, from now on."""
    opened = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    return opened


def test_hostile_data_is_text_wherever_customers_are_shown(open_page, ids, staff_cookies):
    page = open_page("/customers/", cookies=staff_cookies)
    dialogs, silent = watched(page), []
    for route in ROUTES:
        response = page.goto(route.format(**ids))
        settled(page)
        assert response.status in {200, 404}, route
        for summary in page.locator("details:not(.menu) > summary").all()[:40]:
            if summary.is_visible():
                summary.click()
        settled(page)
        if response.status == 200 and hostile.BAD not in page.locator("main").inner_text() and "edit" not in route:
            silent.append(route)
        expect(page.locator("main img[onerror]"), route).to_have_count(0)
        assert page.evaluate("window.__violations") == [], route

    assert dialogs == []
    assert [text for text in page.troubles if "404" not in text] == []
    assert set(silent) <= {"/settings/audit/", "/settings/events/"}


def test_suggestions_are_reached_by_keyboard_and_show_text(open_page, ids, staff_cookies):
    page = open_page("/settings/", cookies=staff_cookies)
    dialogs = watched(page)
    page.keyboard.press("/")
    page.keyboard.type("alice@")
    option = page.locator("#topbar-hits [role=option]").first
    box = page.locator("#topbar-search")

    expect(box).to_have_attribute("aria-expanded", "true")
    expect(option).to_contain_text(hostile.BAD)
    settled(page)
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "search-hit-1")
    page.keyboard.press("Escape")
    expect(option).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "search-hit-1")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{ids['pk']}/")

    assert dialogs == []
    assert page.troubles == []


def test_the_search_works_without_script(open_page, ids, staff_cookies):
    page = open_page("/settings/", cookies=staff_cookies, javascript=False)
    page.fill("#topbar-search", "alice@example.com")
    page.press("#topbar-search", "Enter")

    page.wait_for_url(f"**/customers/{ids['pk']}/")


def test_a_panel_that_fails_says_so_and_can_be_loaded_again(open_page, ids, staff_cookies):
    page = open_page("/settings/", cookies=staff_cookies)
    address = f"**{reverse('loyalty:panel', args=[ids['pk']])}"
    page.route(address, lambda route: route.fulfill(status=500, body="broken"))
    page.goto(f"/customers/{ids['pk']}/")
    panel = page.locator("#panel-loyalty")
    panel.locator("[data-panel-error]").wait_for(state="visible")

    page.unroute(address)
    panel.locator("[data-panel-retry]").click()

    panel.locator(".definition").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("tab", ["", "?tab=timeline", "?tab=profile", "?tab=consent"])
def test_the_page_is_sound_at_every_width_and_in_the_dark(open_page, ids, staff_cookies, faults_of, width, scheme, tab):
    page = open_page(f"/customers/{ids['pk']}/{tab}", cookies=staff_cookies, width=width, scheme=scheme)

    assert faults_of(page, is_deep=scheme == "light" or not tab) == []
