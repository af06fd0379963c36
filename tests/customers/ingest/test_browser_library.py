"""Segment's browser library, unchanged, on a page of another origin in a real Chromium."""

from pathlib import Path

import pytest
from django.conf import settings as base

from customers.enums import KeyKind
from customers.ingest.actions import keys
from customers.models import AnonymousEvent, Customer, IngestProblem
from tests.browser.conftest import chromium  # noqa: F401  # the same browser
from tests.customers.ingest.test_endpoint import proof

LIBRARY = Path(base.BASE_DIR) / "node_modules/@segment/analytics-next/dist/umd"
START = """([key, cdn]) => {
  window.analytics = []; analytics.invoked = true; analytics.initialize = false;
  analytics._writeKey = key; analytics._cdn = cdn; analytics._loadOptions = {};
}"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (LIBRARY / "standalone.js").exists(), reason="needs the npm packages"),
]


def wait_for_posts(page, answers, count):
    """Until so many messages were answered: the library sends each by itself, when it has time."""
    for _turn in range(1200):
        if sum(method == "POST" for method, _status in answers) >= count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{answers} instead of {count} answers")


def test_visitor_who_signs_in_keeps_the_history(chromium, live_server, settings, drain, at):  # noqa: F811
    settings.BASE_URL = live_server.url
    site = live_server.url.replace("localhost", "127.0.0.1")  # another origin, and Chromium lets it call the first
    key = keys.create(name="site", kind=KeyKind.BROWSER, user_id=None, at=at, origins=site)
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.route(
        "**/analytics-next/bundles/*", lambda route: route.fulfill(path=LIBRARY / route.request.url.rsplit("/", 1)[1])
    )
    answers = []
    page.on("response", lambda answer: "/v1/" in answer.url and answers.append((answer.request.method, answer.status)))
    page.goto(f"{site}/health/")
    page.evaluate(START, [key.secret, live_server.url])
    page.add_script_tag(path=LIBRARY / "standalone.js")
    page.wait_for_function("analytics.initialized === true")

    page.evaluate("analytics.page('Home')")
    page.evaluate("analytics.track('Product Viewed', {sku: 'A-1'})")
    wait_for_posts(page, answers, 2)
    drain()
    visitor = set(AnonymousEvent.objects.values_list("name", flat=True))
    page.evaluate("hash => analytics.identify('u1', {plan: 'pro'}, {context: {userHash: hash}})", proof(key, "u1"))
    page.evaluate("analytics.track('Product Added', {sku: 'A-1'})")
    wait_for_posts(page, answers, 4)
    drain()
    context.close()

    assert visitor == {"page.viewed", "Product Viewed"}
    assert {status for _method, status in answers} <= {200, 204}
    customer = Customer.objects.get()
    assert (customer.external_id, customer.plan) == ("u1", "pro")
    assert set(customer.events.values_list("name", flat=True)) == {
        "customer.created", "page.viewed", "Product Viewed", "Product Added"}  # fmt: skip
    assert not AnonymousEvent.objects.exists()
    assert not IngestProblem.objects.exists()
