"""Clicks, opens, unsubscribe and preferences, as customers and scanners reach them."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from campaigns.models import Engagement, Link, Message
from config.kit import tokens
from customers.models import Consent, ConsentChange, Event
from tests.factories import messages, people

pytestmark = pytest.mark.django_db
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0"
SCANNERS = [
    "Barracuda Sentinel (EE)", "Mimecast URL Protect", "ProofpointURLDefense/1.0", "Symantec Click-time",
    "Microsoft Office/16.0 safelinks", "BingPreview/1.0b", "Googlebot/2.1", "python-requests/2.32", "curl/8.1",
    "Go-http-client/1.1", "Zscaler Link Scanner", "",
]  # fmt: skip


@pytest.fixture
def message(at, frozen_clock):
    messages.brand()
    alice = people.alice()
    messages.consent(alice)
    return messages.message(alice, at=at - timedelta(hours=1))


def url(letter, message, rest=""):
    purpose = "unsubscribe" if letter in "up" else "message"
    return f"/{letter}/{tokens.sign(purpose, message.pk)}{rest}"


def get(path, agent=PERSON, method="get"):
    return getattr(Client(enforce_csrf_checks=True), method)(path, headers={"User-Agent": agent})


def test_click_leads_to_the_stored_address_and_is_told_once(message):
    first, second = get(url("c", message, "/1")), get(url("c", message, "/1"))

    assert (first.status_code, first["Location"]) == (302, "https://shop.example.com/new?a=1&b=2")
    assert first["Cache-Control"] == "no-store"
    assert second["Location"] == first["Location"]
    assert Event.objects.filter(name="message.clicked").count() == 1
    assert Engagement.objects.filter(visitor="human").count() == 2
    assert not first.cookies


@pytest.mark.parametrize(
    "path", ["/c/{t}/9", "/c/{t}/0", "/c/x{t}/1", "/c/{u}/1", "/c/abc/1", "/o/abc.gif", "/v/abc", "/u/{t}"]
)
def test_unknown_or_foreign_tokens_are_one_404(message, path):
    path = path.format(t=tokens.sign("message", message.pk), u=tokens.sign("unsubscribe", message.pk))

    assert get(path).status_code == 404


def test_tampered_click_links_never_lead_elsewhere(message):
    """T-17: whatever is changed in a link, a Location is one of the stored addresses."""
    import random

    draw, good = random.Random(7), url("c", message, "/1")
    stored = set(Link.objects.values_list("url", flat=True))
    for _ in range(400):
        letters = list(good)
        for _ in range(draw.randrange(1, 4)):
            letters[draw.randrange(3, len(letters))] = draw.choice("abcXYZ019/_-.%?&=:")
        response = get("".join(letters) + draw.choice(["", "?url=https://evil.example", "#x", "?next=//evil.example"]))
        assert "Location" not in response or response["Location"] in stored or response["Location"].startswith("/")


def test_links_with_customer_values_keep_their_origin(message, at):
    person = message.customer
    person.first_name = "//evil.example/\r\nSet-Cookie: a=b"
    person.save()
    version = messages.version(
        name="Variables",
        blocks=[
            {"kind": "button", "label": "a", "url": "https://shop.example.com/p?n={{ customer.first_name }}"},
            {"kind": "button", "label": "b", "url": "{{ customer.first_name }}"},
        ],
    )
    message = messages.message(person, at=at - timedelta(hours=1), source_id=2, version=version)

    assert get(url("c", message, "/1"))["Location"].startswith("https://shop.example.com/p?n=")
    assert get(url("c", message, "/2")).status_code == 404


@pytest.mark.parametrize("agent", SCANNERS)
def test_scanners_change_nothing(message, agent):
    """T-35: links followed by scanners, by HEAD and GET, click for nobody and unsubscribe nobody."""
    for method in ("head", "get"):
        for path in (
            url("c", message, "/1"),
            url("o", message, ".gif"),
            url("u", message),
            url("p", message),
            url("v", message),
        ):
            assert get(path, agent, method).status_code in (200, 302)

    message.refresh_from_db()
    assert (message.clicked_at, message.opened_at, message.unsubscribed_at) == (None, None, None)
    assert Event.objects.count() == 0
    assert Consent.objects.get().state == "granted"
    assert set(Engagement.objects.values_list("visitor", flat=True)) <= {"scanner", "proxy"}


def test_too_fast_and_burst_clicks_are_scanners(at, frozen_clock):
    messages.brand()
    alice = people.alice()
    fresh = messages.message(alice, at=at - timedelta(seconds=5))
    blocks = [{"kind": "button", "label": str(n), "url": f"https://shop.example.com/{n}"} for n in range(4)]
    older = messages.message(
        alice, at=at - timedelta(hours=1), source_id=2, version=messages.version(name="B", blocks=blocks)
    )

    get(url("c", fresh, "/1"))
    for position in (1, 2, 3):
        get(url("c", older, f"/{position}"))

    whys = list(Engagement.objects.order_by("pk").values_list("visitor", "why"))
    assert whys == [
        ("scanner", "within 10 seconds of sending"), ("human", ""), ("human", ""), ("scanner", "several links within 2 seconds"),
    ]  # fmt: skip


def test_open_is_kept_with_who_made_it(message):
    picture = get(url("o", message, ".gif"))
    get(
        url("o", message, ".gif"),
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    )

    assert (picture["Content-Type"], len(picture.content)) == ("image/gif", 42)
    assert list(Engagement.objects.order_by("pk").values_list("visitor", flat=True)) == ["human", "proxy"]
    assert Event.objects.filter(name="message.opened").count() == 1


def test_unsubscribe_asks_on_get_and_acts_on_post(message):
    asked = get(url("u", message))
    assert asked.status_code == 200
    assert "<form" in asked.content.decode()
    assert Consent.objects.get().state == "granted"

    done = Client(enforce_csrf_checks=True).post(url("u", message))

    assert done.status_code == 200
    assert Consent.objects.get().state == "denied"
    assert ConsentChange.objects.get().source == "unsubscribe page"


def test_one_click_unsubscribe_follows_rfc_8058(message):
    """T-40: no cookies, no redirect, 200, the same again when repeated."""
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(url("u", message), {"List-Unsubscribe": "One-Click"}, headers={"User-Agent": ""})
        assert (answer.status_code, "Location" in answer, bool(answer.cookies)) == (200, False, False)

    assert Consent.objects.get().state == "denied"
    assert Event.objects.filter(name="message.unsubscribed").count() == 1
    assert Event.objects.filter(name="consent.withdrawn").count() == 1
    assert Message.objects.get().unsubscribed_at is not None


def test_preferences_show_and_write_topics(message):
    tips = messages.topic("tips")

    page = get(url("p", message)).content.decode()
    assert re.findall(r'name="topic" value="(\d+)"( checked)?', page) == [
        (str(messages.topic().pk), " checked"),
        (str(tips.pk), ""),
    ]
    Client(enforce_csrf_checks=True).post(url("p", message), {"topic": [str(tips.pk), "999", "x"]})

    assert dict(Consent.objects.values_list("topic__slug", "state")) == {"news": "denied", "tips": "granted"}


def test_view_in_browser_is_harmless_html(message):
    page = get(url("v", message))

    assert page.status_code == 200
    assert "sandbox" in page["Content-Security-Policy"]
    assert f"/u/{tokens.sign('unsubscribe', message.pk)}" in page.content.decode()


def test_a_reader_proves_an_unknown_message(message):
    Message.objects.update(state="unknown", sent_at=None)

    get(url("c", message, "/1"))

    assert Message.objects.get().state == "sent"
