"""Every page there is, found from the addresses themselves: at desk and in hand, light and dark, full and empty.

A page is an address that answers a GET with a whole HTML document. An address whose arguments have no example below fails
the test, so that a new page cannot be forgotten.
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from campaigns.actions import rendering, testing
from campaigns.journeys.models import Journey, JourneyStep
from campaigns.models import Campaign, Content, Message, OutboxMail
from config.kit import tokens
from customers.exports.actions import jobs as exporting
from customers.imports.actions import jobs
from customers.ingest.actions import keys
from customers.models import (
    Connection,
    Customer,
    DataRequest,
    Delivery,
    ImportJob,
    Order,
    Persona,
    Product,
    Segment,
    SignupForm,
    Suppression,
    Topic,
    TrackedEvent,
    TrackedProperty,
    WriteKey,
)
from customers.ports.exports import Criteria
from customers.segments.actions import list_uploads
from loyalty.actions import rewards
from loyalty.models import Account, Redemption, Reward
from loyalty.queries import ports as loyalty_links
from referrals.models import Code, Referral
from referrals.queries import merge as referral_links
from surveys.models import Invitation, Survey
from surveys.queries import merge as survey_links
from tests.browser import company
from tests.browser.conftest import settled
from tests.factories import imports
from tests.house.test_access import routes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = 390, 1440
PARTS = 3  # one look at all pages takes a minute: in parts, so that the workers share it
COUNTS = 6  # how many objects of a kind are tried until one answers
# Addresses that are drawn inside another page and checked there: e-mails in frames.
FRAMES = {
    "campaigns:content-preview", "campaigns:message-body", "campaigns:outbox-body", "campaigns:in-browser",
}  # fmt: skip
POSTED = {"customers:source-hook"}  # for machines: who asks without a signature is told nothing
EMPTY = [
    "/", "/customers/", "/segments/", "/imports/", "/exports/", "/orders/", "/subscriptions/", "/products/",
    "/settings/exchange-rates/", "/insights/mrr/", "/campaigns/", "/journeys/", "/messages/", "/outbox/", "/loyalty/",
    "/loyalty/members/", "/loyalty/rewards/", "/referrals/", "/referrals/all/", "/surveys/", "/insights/",
    "/insights/retention/", "/insights/rfm/", "/insights/nps/", "/insights/messages/", "/settings/", "/settings/watchdog/",
    "/settings/data-requests/", "/settings/retention/", "/customers/duplicates/", "/customers/merges/",
    "/settings/consent/", "/settings/topics/", "/settings/sign-up/", "/settings/suppression/", "/settings/suppression/add/",
]  # fmt: skip


@pytest.fixture
def shop(remembered, tmp_path, settings, live_server, client, request):
    """The small company, a draft campaign and a file that waits for its columns: Ada's cookies, and where its pages are."""
    settings.BASE_URL = live_server.url

    def build():
        cookies = request.getfixturevalue("staff_cookies")
        fill(tmp_path, datetime.now(UTC))
        return SimpleNamespace(cookies=cookies, staff=pages(client, public=False), public=pages(client, public=True))

    return remembered("shop", build)


def fill(folder, at):
    company.build(folder, at)
    file = SimpleUploadedFile("more-customers.csv", b"external_id,email\n900,zoe@example.com\n901,yan@example.com\n")
    jobs.upload(kind="customers", file=file, user_id=None, at=at)
    done = imports.queued("external_id,email\n800,xena@example.com\n801,no-address\n", at)
    jobs.run_job(done.pk, clock=lambda: at, seconds=60)
    richest = Account.objects.order_by("-active").first()
    rewards.claim(richest.customer_id, reward_id=Reward.objects.order_by("cost").first().pk, key="test", at=at)
    content = Content.objects.exclude(blocks=[]).first()
    assert testing.send_test(content, "me@example.com", customer_id=None, at=at) == ""
    data_requests(at)
    keys.create(name="Website", kind="browser", user_id=None, at=at)
    shop = Connection.objects.create(kind="stripe", name="Shop", code="shop-code", created_at=at)
    Delivery.objects.create(
        connection=shop, external_id="evt_1", topic="charge.refunded", payload={"id": "evt_1"}, occurred_at=at,
        received_at=at, state="held", reason="The order is not here yet.",
    )  # fmt: skip
    Campaign.objects.create(
        name="Draft for May", segment=Segment.objects.filter(member_count__gt=0).first(), topic=Topic.objects.first(),
        content=Content.objects.create(name="Draft", subject="Hello", blocks=content.blocks, created_at=at, updated_at=at),
        holdout_percent=0, created_at=at, updated_at=at,
    )  # fmt: skip


def data_requests(at):
    """One to be confirmed, one that can be called off, one whose file is there."""
    customer, later = Customer.objects.order_by("pk").first(), at + timedelta(days=1)
    for token, kind, state in (
        ("sample-confirm", "erasure", "requested"), ("sample-cancel", "erasure", "queued"),
        ("sample-download", "export", "done"),
    ):  # fmt: skip
        row = DataRequest(
            kind=kind, state=state, customer=customer, customer_number=customer.pk, requested_at=at, runs_at=later,
            expires_at=later, due_on=later.date(), fingerprint=tokens.fingerprint(token), is_by_customer=True,
        )  # fmt: skip
        if state == "done":
            row.file.save("copy.zip", SimpleUploadedFile("copy.zip", b"PK"), save=False)
        row.save()


def ids(model, *order, **only):
    return list(model.objects.filter(**only).order_by(*(order or ["-pk"])).values_list("pk", flat=True)[:COUNTS])


def signed(purpose, pks):
    return [tokens.sign(purpose, pk) for pk in pks]


def written_file():
    """A list that Ada took out: only she may download it."""
    ada = get_user_model().objects.get(username="ada")
    job = exporting.ask(key="products", criteria=Criteria(), user_id=ada.pk, at=datetime.now(UTC))
    exporting.run_job(job.pk, clock=lambda: datetime.now(UTC))
    return [job.pk]


def named_people():
    """A text on its way onto a list, with an entry that nobody goes by."""
    guests, ada = Segment.objects.filter(kind="static").first(), get_user_model().objects.get(username="ada")
    text = f"{Customer.objects.exclude(email='').values_list('email', flat=True)[0]} nobody@customers.example.com"
    asked = {"mode": "add", "is_quiet": True, "clock": lambda: datetime.now(UTC), "user_id": ada.pk}
    return [list_uploads.from_text(guests, text, **asked).pk]


def known():
    """(start of the address's name, its argument) → values to try; the first row that fits counts."""
    people = ids(Customer, "-facts__order_count")
    live = ids(Journey, state="live")
    return {
        ("customers:source-add", "kind"): ["stripe", "shopify"],
        ("customers:source-delivery", "pk"): ids(Delivery),
        ("customers:source", "pk"): ids(Connection) or [0],
        ("customers:source", "code"): list(Connection.objects.values_list("code", flat=True)),
        ("customers:ingest-library", "key"): list(WriteKey.objects.values_list("public_value", flat=True)),
        ("customers:ingest", "pk"): ids(WriteKey),
        ("customers:segment-list-edit", "pk"): ids(Segment, kind="static"),
        ("customers:segment-restore", "version"): [1],
        ("customers:segment-upload", "pk"): named_people(),
        ("customers:segment", "pk"): ids(Segment, "-member_count", kind="dynamic"),
        ("customers:topic", "pk"): ids(Topic),
        ("customers:import", "pk"): ids(ImportJob),
        ("customers:import-sample", "kind"): ["customers", "events"],
        ("customers:export", "pk"): written_file(),
        ("customers:export-new", "key"): ["customers", "segment_members", "events", "products"],
        ("customers:order", "pk"): ids(Order),
        ("customers:signup", "pk"): ids(SignupForm),
        ("customers:suppression", "pk"): ids(Suppression) or [0],
        ("customers:sign-up", "code"): list(SignupForm.objects.values_list("code", flat=True)),
        ("customers:opt-in", "token"): ["sample:0"],
        ("campaigns:my-preferences", "token"): signed("preferences", people),
        ("customers:product", "pk"): ids(Product),
        ("customers:persona", "pk"): ids(Persona),
        ("customers:tracking-event", "pk"): ids(TrackedEvent),
        ("customers:tracking-property", "pk"): ids(TrackedProperty),
        ("customers:merge", "source"): people,
        ("customers:privacy-start", "token"): signed("privacy", people),
        ("customers:privacy", "token"): ["sample-confirm", "sample-cancel", "sample-download"],
        ("customers:", "pk"): people,
        ("campaigns:content", "pk"): ids(Content),
        ("campaigns:message", "pk"): ids(Message, state="sent"),
        ("campaigns:outbox", "pk"): ids(OutboxMail),
        ("campaigns:journey", "pk"): live[:1],
        ("campaigns:journey", "key"): list(JourneyStep.objects.filter(version__journey__in=live[:1]).values_list("key", flat=True)),
        ("campaigns:campaign", "pk"): [*ids(Campaign, state="draft"), *ids(Campaign, state="sent")],
        ("campaigns:campaign", "verb"): ["pause"],
        ("campaigns:unsubscribe", "token"): signed(rendering.UNSUBSCRIBE, ids(Message)),
        ("campaigns:preferences", "token"): signed(rendering.UNSUBSCRIBE, ids(Message)),
        ("campaigns:", "token"): signed(rendering.MESSAGE, ids(Message)),
        ("campaigns:click", "position"): [1],
        ("loyalty:", "reward_id"): ids(Reward, "cost"),
        ("loyalty:", "account_id"): ids(Account, "-active"),
        ("loyalty:", "redemption_id"): ids(Redemption),
        ("loyalty:", "verb"): ["use"],
        ("loyalty:", "token"): signed(loyalty_links.PURPOSE, ids(Account, "-active")),
        ("referrals:", "referral_id"): ids(Referral),
        ("referrals:", "code"): list(Code.objects.values_list("code", flat=True)[:COUNTS]),
        ("referrals:", "token"): signed(referral_links.MEMBER, Code.objects.values_list("customer_id", flat=True)[:COUNTS]),
        ("surveys:", "survey_id"): ids(Survey),
        ("surveys:", "token"): [*signed(survey_links.INVITATION, ids(Invitation)), *signed(survey_links.PREVIEW, ids(Survey))],
        ("metrics:", "metric"): ["revenue"],
        ("metrics:mrr", "kind"): ["new", "churn"],
        ("metrics:", "kind"): ["rfm", "new"],
        ("metrics:", "part"): ["champions"],
        ("", "customer_id"): people,
    }  # fmt: skip


def addresses(public):
    """(name, candidates) of every address of staff, or of customers."""
    table, without = known(), []
    for route, name, view in routes():
        if getattr(view, "is_public", False) != public or name in POSTED:
            continue
        arguments = re.findall(r"<(?:\w+:)?(\w+)>", route)
        values = [next((v for (start, key), v in table.items() if key == argument and name.startswith(start)), None)
                  for argument in arguments]  # fmt: skip
        if any(value is None for value in values):
            without.append(name)
        else:
            yield name, [reverse(name, kwargs=dict(zip(arguments, chosen, strict=True))) for chosen in product(*values)]
    assert without == [], "say in known() what stands in these addresses"


def pages(client, public):
    """(name, path) of every page; an address that never answers with a page, a redirect, a file or a fragment is a fault."""
    found, silent = [], []
    for name, candidates in addresses(public):
        kinds = []
        for path in candidates[:COUNTS]:
            kinds.append(kind_of(client.get(path)))
            if kinds[-1] == "page":
                break
        if "page" in kinds and name not in FRAMES:
            found.append((name, candidates[kinds.index("page")]))
        elif not kinds or set(kinds) == {"missing"}:
            silent.append(name)
    assert silent == [], "no object of the small company answers there"
    return found


def kind_of(response):
    if response.status_code == 404:
        return "missing"
    is_document = (
        response["Content-Type"].startswith("text/html") and not response.streaming and b"<html" in response.content
    )
    return "page" if response.status_code == 200 and is_document else "other"


def look(page, path, faults_of, picture, name, *, is_deep):
    """Faults of one page: what it threw or was refused, sideways scrolling, and where asked what axe finds."""
    page.troubles.clear()
    response = page.goto(path, wait_until="load")
    settled(page)
    picture(page, name)
    faults = [] if response.status == 200 else [f"status {response.status}"]
    return faults + faults_of(page, is_deep=is_deep)


@pytest.mark.parametrize("public", [False, True], ids=["staff", "public"])
@pytest.mark.parametrize(
    ("width", "scheme", "is_deep"), [(DESK, "light", True), (PHONE, "light", False), (PHONE, "dark", True)]
)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_has_no_fault(shop, open_page, faults_of, picture, width, scheme, is_deep, public, part):
    found = shop.public if public else shop.staff
    page = open_page("/health/", width=width, scheme=scheme, cookies=[] if public else shop.cookies)

    faults = {}
    for name, path in found[part::PARTS]:
        shot = f"{name.replace(':', '-')}-{width}-{scheme}"
        if wrong := look(page, path, faults_of, picture, shot, is_deep=is_deep):
            faults[path] = wrong

    assert len(found) >= (7 if public else 60)
    assert faults == {}, "\n".join(f"{path}: {wrong}" for path, wrong in faults.items())


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_empty_pages_have_no_fault(staff_cookies, open_page, faults_of, picture, width, scheme):
    page = open_page("/health/", width=width, scheme=scheme, cookies=staff_cookies)

    faults = {}
    for path in EMPTY:
        shot = f"empty{path.replace('/', '-').rstrip('-') or '-home'}-{width}-{scheme}"
        if wrong := look(page, path, faults_of, picture, shot, is_deep=True):
            faults[path] = wrong

    assert faults == {}, "\n".join(f"{path}: {wrong}" for path, wrong in faults.items())
