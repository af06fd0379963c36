"""What a story needs: a clock that can be turned on, people with browsers, and the worker's tasks in one call."""

import pytest
import time_machine

from campaigns import tasks as campaigns
from campaigns.journeys import tasks as journeys
from config.kit.clock import now
from customers import tasks as customers
from customers.imports import tasks as imports
from customers.imports.actions import jobs
from customers.segments import tasks as segments
from loyalty import tasks as loyalty
from metrics import tasks as metrics
from referrals import tasks as referrals
from surveys import tasks as surveys
from tests.browser.conftest import chromium, faults_of, open_page, picture  # noqa: F401  # the same browser
from tests.conftest import NOON

LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)


@pytest.fixture
def clock():
    """A clock that runs from a Monday noon; `clock.shift(timedelta(...))` turns it on."""
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def own_addresses(settings, live_server, monkeypatch):
    """Links lead to the test's server; the mail transport is opened anew."""
    settings.BASE_URL = live_server.url
    monkeypatch.setattr(campaigns, "_transport", [])


@pytest.fixture
def work():
    """`work()`: what worker and scheduler do within some minutes."""

    def once():
        for job_id in jobs.due_ids(now()):
            imports.import_file(job_id)
        customers.process_events()
        segments.fill_segments()
        segments.refresh_touched_segments()
        segments.refresh_segment_windows()
        customers.process_events()
        journeys.advance_journeys()
        campaigns.launch_due()
        campaigns.send_due()
        referrals.release_due()
        loyalty.settle_due()
        surveys.settle_quiet()
        customers.process_events()
        metrics.roll_up()

    return once


@pytest.fixture
def at_work(work):
    """`at_work(page)`: the worker works, then the page is looked at again."""

    def wait(page):
        work()
        page.reload()

    return wait
