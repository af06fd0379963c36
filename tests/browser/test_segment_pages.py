"""Pages of segments in states that no address alone leads to: past moments, counted offers, uploads on their way."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from customers.enums import ListMode, ListUploadState
from customers.models import ListUpload
from customers.segments.actions import list_uploads, lists, refresh, save
from tests.factories import people

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = [(1440, "light"), (390, "dark")]
DAY = timedelta(days=1)
LONG = "everybody-who-ever-came-to-one-of-the-tasting-evenings-in-the-old-mill@example.com"


def rules(*countries):
    return {"match": "all", "rules": [
        {"type": "field", "field": "customer.country", "op": "any_of", "value": list(countries)},
        {"match": "any", "rules": [{"type": "event", "name": "order.placed", "op": "never"},
                                   {"type": "orders", "measure": "total", "op": "less", "value": 5000}]},
    ]}  # fmt: skip


@pytest.fixture
def company(transactional_db):
    """A segment with three versions; a list with uploads in every state."""
    at = datetime.now(UTC)
    alice, bob = people.alice(country="DE"), people.bob(country="FR")
    for number in range(60):
        people.customer(f"P{number}", email=f"person.{number}@example.com", country="FR")
    segment = save.rules(name="Northerners without a first order yet", definition=rules("DE"), at=at - 9 * DAY)
    for days, known in ((9, ("DE",)), (6, ("FR",)), (3, ("DE", "FR"))):
        moment = at - days * DAY
        if days < 9:
            save.rules(segment_id=segment.pk, name=segment.name, definition=rules(*known), at=moment, is_quiet=days == 6)
        refresh.whole(segment.pk, at=moment + timedelta(minutes=1))
    guests = save.listed(name="Guests", at=at)
    lists.add(guests.pk, [alice.pk], at=at)
    return SimpleNamespace(
        segment=segment.pk, alice=alice.pk, bob=bob.pk, then=f"{at - 7 * DAY:%Y-%m-%dT%H:%M}", uploads=uploads(guests, at)
    )


def uploads(guests, at):
    """One upload in every state: the numbers to open them by."""
    found = {}
    for state in ListUploadState.values:
        upload = list_uploads.from_text(
            guests, f"bob@example.com\n{LONG}", mode=ListMode.ADD, is_quiet=True, clock=lambda: at, user_id=None
        )
        if state == ListUploadState.ASKING:
            continue
        ListUpload.objects.filter(pk=upload.pk).update(
            state=state, row_count=900_000, read_count=310_000, error="Line 17 cannot be read." if state == "failed" else ""
        )
        found[state] = upload.pk
    return found


def addresses(company):
    of, alice = f"/segments/{company.segment}", company.alice
    return [
        f"{of}/members/?at={company.then}",
        f"{of}/members/?at=2020-01-01T00:00",
        f"{of}/members/?q=person",
        f"{of}/members/?q=nobody",
        f"{of}/history/?customer=%23{alice}",
        f"{of}/history/1/restore/",
        f"{of}/explain/",
        f"{of}/explain/?customer=nobody",
        f"{of}/explain/?customer={alice}",
        f"{of}/explain/?customer={alice}&at={company.then}",
        "/segments/new/?start",
        "/segments/gallery/?count=1",
        "/segments/?q=nothing-goes-by-this",
        "/segments/new-list/?people=%23" + str(alice),
        f"/customers/{alice}/lists/",
        *(f"/segments/uploads/{pk}/" for pk in company.uploads.values()),
    ]


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_no_page_of_a_segment_has_a_fault(open_page, staff_cookies, faults_of, company, width, scheme):
    page = open_page("/segments/", cookies=staff_cookies, width=width, scheme=scheme)

    faults = {}
    for path in addresses(company):
        page.troubles.clear()
        answer = page.goto(path, wait_until="load")
        lit = page.locator("nav a[aria-current]").first.text_content().strip()
        wrong = faults_of(page) + ([] if answer.status == 200 else [f"status {answer.status}"])
        if lit != ("Customers" if path.startswith("/customers/") else "Segments"):
            wrong.append(f"the menu shows {lit}")
        if wrong:
            faults[path] = wrong

    assert faults == {}


def test_a_customer_is_put_on_a_list_by_keyboard(open_page, staff_cookies, company):
    expect = playwright.expect
    page = open_page(f"/customers/{company.bob}/", cookies=staff_cookies)

    page.locator("summary", has_text="More").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Put on a list").press("Enter")
    page.get_by_label("List", exact=True).select_option(label="Guests (1)")
    page.get_by_role("button", name="Put on the list").press("Enter")

    expect(page.get_by_role("button", name="Take off Guests")).to_be_visible()
