"""The frame of every page: readable by everyone, at desk and in hand, light and dark, with and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import settled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = 390, 1440
looks = pytest.mark.parametrize("scheme", ["light", "dark"])
widths = pytest.mark.parametrize("width", [DESK, PHONE])
PUBLIC = {"sign-in": "/accounts/login/", "reset": "/accounts/password/reset/", "not-found": "/s/no-such-token/extra/"}
STAFF = {"styleguide": "/styleguide/", "two-step": "/accounts/2fa/", "password": "/accounts/password/change/"}


@looks
@widths
@pytest.mark.parametrize("name", PUBLIC)
def test_public_page_has_no_fault(open_page, faults_of, picture, name, width, scheme):
    page = open_page(PUBLIC[name], width=width, scheme=scheme)

    picture(page, f"{name}-{width}-{scheme}")
    own_answer = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert faults_of(page) == ([own_answer] if name == "not-found" else [])


@looks
@widths
@pytest.mark.parametrize("name", STAFF)
def test_staff_page_has_no_fault(open_page, staff_cookies, faults_of, picture, name, width, scheme):
    page = open_page(STAFF[name], width=width, scheme=scheme, cookies=staff_cookies)

    picture(page, f"{name}-{width}-{scheme}")
    assert faults_of(page) == []


def test_faults_are_found_on_a_broken_page(open_page, faults_of):
    page = open_page("/accounts/login/")
    page.evaluate(
        """document.body.insertAdjacentHTML("beforeend", '<img src="/static/img/favicon.svg"><p style="color:red">x</p>')"""
    )

    page.wait_for_function("window.__violations.length > 0")
    faults = faults_of(page)

    assert any(fault.startswith("image-alt") for fault in faults)
    assert any("style-src" in fault for fault in faults)


def test_wrong_password_is_said_beside_the_form(open_page, transactional_db):
    page = open_page("/accounts/login/")
    page.fill("[name=login]", "ada")
    page.fill("[name=password]", "wrong")
    page.click("button[type=submit]")

    expect(page.locator(".errorlist")).to_have_count(1)


def test_skip_link_is_the_first_stop_and_leads_to_the_content(open_page, staff_cookies):
    page = open_page("/styleguide/", cookies=staff_cookies)

    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#content")).to_be_focused()


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_drawer_opens_on_a_phone(open_page, staff_cookies, javascript):
    page = open_page("/styleguide/", width=PHONE, cookies=staff_cookies, javascript=javascript)
    drawer = page.locator("#sidebar")

    expect(drawer).to_be_hidden()
    page.locator(".topbar-menu").click()
    expect(drawer).to_be_visible()
    page.locator(".sidebar-close").click()
    expect(drawer).to_be_hidden()


def test_drawer_closes_on_escape_and_focus_returns(open_page, staff_cookies):
    page = open_page("/styleguide/", width=PHONE, cookies=staff_cookies)

    page.locator(".topbar-menu").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sidebar")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#sidebar")).to_be_hidden()
    expect(page.locator(".topbar-menu")).to_be_focused()


def test_dark_choice_is_kept_and_rendered_by_the_server(open_page, staff_cookies):
    page = open_page("/styleguide/", cookies=staff_cookies)
    page.locator(".topbar summary").click()
    page.locator("[data-theme-choice=dark]").click()
    expect(page.locator("html")).to_have_css("color-scheme", "dark")

    html = page.request.get("/styleguide/").text()

    assert 'data-theme="dark"' in html[:200]


def test_charts_are_drawn_and_their_tables_fold_away(open_page, staff_cookies):
    page = open_page("/styleguide/", cookies=staff_cookies)

    expect(page.locator("[data-chart-canvas] canvas")).to_have_count(4)
    expect(page.locator(".chart-table[open]")).to_have_count(0)


def test_chart_shows_its_numbers_without_scripts(open_page, staff_cookies):
    page = open_page("/styleguide/", cookies=staff_cookies, javascript=False)

    expect(page.locator(".chart-table table").first).to_be_visible()
    expect(page.locator("[data-chart-canvas]").first).to_be_hidden()


def test_menu_closes_on_escape(open_page, staff_cookies):
    page = open_page("/styleguide/", cookies=staff_cookies)
    page.locator(".topbar summary").click()
    expect(page.locator(".topbar details[open]")).to_have_count(1)

    page.keyboard.press("Escape")

    expect(page.locator(".topbar details[open]")).to_have_count(0)


def test_sign_out_is_a_post_and_ends_the_session(open_page, staff_cookies):
    page = open_page("/styleguide/", cookies=staff_cookies)
    page.locator(".topbar summary").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()

    page.goto("/styleguide/")

    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_customers_page_weighs_less_than_100_kb(open_page):
    page, answers = open_page("/accounts/login/"), []
    page.on("requestfinished", lambda request: answers.append(request.response()))

    page.goto("/s/no-such-token/extra/")
    settled(page)

    assert len(answers) > 1
    assert sum(len(answer.body()) for answer in answers) < 100_000
