"""The rule builder in Chromium: keyboard, undo, focus, without JavaScript, on a phone, by light and dark."""

import pytest

from customers.models import Segment
from customers.segments.actions import save
from tests.factories import people

playwright = pytest.importorskip("playwright.sync_api")
DEEP = {
    "type": "field",
    "field": "customer.city",
    "op": "is",
    "value": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
}
RULES = {
    "match": "all",
    "rules": [
        {"type": "field", "field": "customer.country", "op": "any_of", "value": ["DE", "FR"]},
        {"type": "sequence", "op": "did", "steps": [{"name": "page.viewed"}, {"name": "order.placed", "did": False, "within": {"days": 3}}]},
        {"type": "orders", "measure": "total", "op": "more", "value": 5000, "within": {"days": 90}, "product": ["JAR", "LAMP"]},
    ],
}  # fmt: skip


def nested(rule, depth):
    return rule if not depth else {"match": ["all", "any", "none"][depth % 3], "rules": [nested(rule, depth - 1), rule]}


@pytest.fixture
def segment(transactional_db, at):
    people.alice(country="DE")
    people.bob(country="FR")
    return save.rules(name="Big spenders", definition=RULES, at=at)


def field(page, name):
    return page.locator(f'[id="{name}"]')


def test_a_condition_is_added_moved_and_undone_by_keyboard(open_page, staff_cookies, segment):
    expect = playwright.expect
    page = open_page(f"/segments/{segment.pk}/edit/", cookies=staff_cookies)

    page.get_by_role("button", name="Add condition").focus()
    page.keyboard.press("Enter")
    expect(field(page, "i-r.3-what-box")).to_be_focused()
    page.keyboard.type("birth")
    expect(page.get_by_role("option", name="Birthday")).to_be_visible()
    page.keyboard.press("Enter")
    expect(field(page, "i-r.3-op")).to_have_value("anniversary_next")
    expect(field(page, "i-r.3-what-box")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(field(page, "i-r.2-what-box")).to_have_value("Birthday")
    expect(field(page, "i-r.2-what-box")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(field(page, "i-r.3-what-box")).to_have_value("Birthday")
    page.get_by_role("button", name="Redo").click()
    expect(field(page, "i-r.2-what-box")).to_have_value("Birthday")
    page.get_by_role("button", name="Count each condition").click()
    expect(field(page, "alone-r.0")).to_have_text("2 alone")
    assert page.troubles == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_eight_levels_stay_readable(open_page, staff_cookies, faults_of, picture, transactional_db, at, width, scheme):
    deep = save.rules(name="Deep " * 12, definition=nested(DEEP, 8), at=at)

    page = open_page(f"/segments/{deep.pk}/edit/", width=width, scheme=scheme, cookies=staff_cookies)

    picture(page, f"segment-deep-{width}-{scheme}")
    assert faults_of(page) == []


def test_without_javascript_every_button_posts_the_page(open_page, staff_cookies, segment):
    page = open_page(f"/segments/{segment.pk}/edit/", cookies=staff_cookies, javascript=False)

    page.get_by_role("button", name="Add condition").click()
    field(page, "i-r.3-what").select_option("field:customer.order_count")
    page.get_by_role("button", name="Update").last.click()
    assert field(page, "i-r.3-value").input_value() == "1"
    page.get_by_role("button", name="Save segment").click()

    assert page.url.endswith(f"/segments/{segment.pk}/")
    assert Segment.objects.get().definition["rules"][3] == {
        "type": "field", "field": "customer.order_count", "op": "at_least", "value": 1,
    }  # fmt: skip


def test_a_server_that_is_gone_is_said_and_nothing_is_lost(open_page, staff_cookies, segment):
    expect = playwright.expect
    page = open_page(f"/segments/{segment.pk}/edit/", cookies=staff_cookies)
    page.route("**/segments/preview/", lambda route: route.abort())

    page.keyboard.press("Control+Enter")
    field(page, "i-r.1-op").press("Control+Enter")

    expect(page.locator("#segment-preview .alert-title")).to_have_text("The server did not answer")
    page.unroute("**/segments/preview/")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".segment-count")).to_be_visible()
