"""Pages that customers open by a link, all of them: what strangers, scanners and forgers get."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.staticfiles import finders
from django.test import Client

from config.kit import tokens
from customers.models import Customer
from loyalty.queries.ports import PURPOSE as LOYALTY
from referrals.queries.merge import MEMBER
from surveys.models import Invitation
from surveys.queries.merge import INVITATION, PREVIEW
from tests.factories import hostile

pytestmark = pytest.mark.django_db
PURPOSES = ["message", "unsubscribe", LOYALTY, MEMBER, INVITATION, PREVIEW]
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0"
SCANNERS = [
    "Barracuda Sentinel (EE)", "Mimecast URL Protect", "ProofpointURLDefense/1.0", "Symantec Click-time",
    "Microsoft Office/16.0 safelinks", "BingPreview/1.0b", "Googlebot/2.1", "python-requests/2.32", "curl/8.1",
    "Go-http-client/1.1", "Zscaler Link Scanner", "",
]  # fmt: skip
# Looking leaves traces of the visit itself, and nothing else.
TRACES = {"campaigns.Engagement", "campaigns.Message", "customers.Event", "customers.PendingEvent", "referrals.Click",
          "referrals.Code"}  # fmt: skip
NOT_A_MESSAGE_OF_OURS = {"sessions", "contenttypes", "auth", "admin", "account", "mfa"}


@pytest.fixture
def ids(at, frozen_clock):
    return hostile.company(at)


@pytest.fixture
def pages(ids):
    """Address and the purpose of its token, with a token of an object that exists."""
    message, customer = ids["message"], ids["customer"]
    invitation = Invitation.objects.get(customer=customer).pk
    made = [
        ("/c/{}/1", "message", message), ("/o/{}.gif", "message", message), ("/v/{}", "message", message),
        ("/u/{}", "unsubscribe", message), ("/p/{}", "unsubscribe", message), ("/l/{}", LOYALTY, customer),
        (f"/l/{{}}/rewards/{ids['reward']}", LOYALTY, customer), ("/r/me/{}", MEMBER, customer),
        ("/s/{}", INVITATION, invitation), ("/s/{}/stop/", INVITATION, invitation),
        ("/s/{}/wrong-person/", INVITATION, invitation),
    ]  # fmt: skip
    return [(form, purpose, number) for form, purpose, number in made]


def _everything(without=()):
    models = [m for m in apps.get_models() if m._meta.app_label not in NOT_A_MESSAGE_OF_OURS]
    kept = [m for m in models if m._meta.managed and m._meta.label not in without]
    return {m._meta.label: sorted(map(repr, m.objects.values_list())) for m in kept}


def test_a_page_is_neither_kept_nor_indexed_nor_told_to_others(client, pages):
    for form, purpose, number in pages:
        answer = client.get(form.format(tokens.sign(purpose, number)), headers={"user-agent": PERSON})

        assert answer.status_code in {200, 302}, form
        assert answer["Cache-Control"] == "no-store", form
        assert "noindex" in answer["X-Robots-Tag"], form
        assert answer["Referrer-Policy"] in {"no-referrer", "same-origin"}, form
        assert "sessionid" not in answer.cookies, form


def test_a_page_is_light_with_all_that_it_loads(client, pages):
    """Under 100 kB, uncompressed, with every style sheet, script and picture of our own."""
    heavy = {}
    for form, purpose, number in pages:
        body = client.get(form.format(tokens.sign(purpose, number)), headers={"user-agent": PERSON}).content
        parts = set(re.findall(rb'(?:href|src)="/static/([^"]+)"', body))
        found = [finders.find(part.decode()) for part in parts]
        heavy[form] = len(body) + sum(Path(path).stat().st_size for path in found if path)

    assert {form: size for form, size in heavy.items() if size > 100_000} == {}
    assert max(heavy.values()) > 10_000


def test_a_token_opens_the_page_it_was_made_for_and_no_other(client, pages):
    for form, purpose, number in pages:
        for other in PURPOSES:
            if other == purpose or {other, purpose} == {INVITATION, PREVIEW}:
                continue
            token = tokens.sign(other, number)
            answers = {client.get(form.format(token)).status_code, client.post(form.format(token)).status_code}
            assert answers <= {404, 405}, (form, other)


def test_forged_and_foreign_tokens_answer_one_plain_page(client, pages):
    bodies = set()
    for form, purpose, number in pages:
        real = tokens.sign(purpose, number)
        forged = [
            real[:-1] + ("A" if real[-1] != "A" else "B"),
            real.swapcase(),
            real[::-1],
            "A" * 32,
            real + "=",
            real[:16],
        ]
        for token in [*forged, tokens.sign(purpose, 2**62), tokens.sign(purpose, 0)]:
            if token == real:
                continue
            answer = client.get(form.format(token))
            assert answer.status_code == 404, (form, token)
            bodies.add(answer.content)

    assert len(bodies) == 1


@pytest.mark.parametrize("agent", SCANNERS)
def test_scanners_that_follow_every_link_change_nothing(client, pages, agent):
    before = _everything(without=TRACES)
    for form, purpose, number in pages:
        for method in (client.get, client.head):
            method(form.format(tokens.sign(purpose, number)) + "?score=0", headers={"user-agent": agent})

    assert _everything(without=TRACES) == before


def test_looking_as_a_person_changes_nothing_but_the_traces(client, pages):
    before = _everything(without=TRACES)
    for form, purpose, number in pages:
        client.get(form.format(tokens.sign(purpose, number)) + "?score=10", headers={"user-agent": PERSON})

    assert _everything(without=TRACES) == before


def test_posts_without_their_stamp_change_nothing_but_a_withdrawal(pages):
    """Unsubscribe and preferences take a bare POST, because mail programs send it (RFC 8058); nothing else does."""
    strict = Client(enforce_csrf_checks=True)
    before = _everything(without=TRACES)
    for form, purpose, number in pages:
        if purpose != "unsubscribe":
            strict.post(form.format(tokens.sign(purpose, number)), {"score": 3, "comment": "x", "stamp": "forged"})

    assert _everything(without=TRACES) == before


def test_hostile_values_are_text_on_customers_pages(client, pages):
    ran = []
    for form, purpose, number in pages:
        answer = client.get(form.format(tokens.sign(purpose, number)), headers={"user-agent": PERSON})
        if hostile.BAD.encode() in answer.content and "sandbox" not in answer.get("Content-Security-Policy", ""):
            ran.append(form)

    assert ran == []
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("value", ["\0", "²", "x" * 100_000, "-1", "1e9", "🦊" * 5000])
def test_no_form_of_a_stranger_breaks_a_page(client, pages, value):
    for form, purpose, number in pages:
        address = form.format(tokens.sign(purpose, number))
        fields = [
            "score",
            "comment",
            "topic",
            "stamp",
            "email",
            "List-Unsubscribe",
            "may_contact",
            "human",
            "medium",
            "page",
        ]
        answer = client.post(address, {name: value.encode("utf-8", "replace") for name in fields})
        assert answer.status_code < 500, form
        assert client.get(address, {"score": value[:900], "page": value[:900], "m": value[:900]}).status_code < 500, form
