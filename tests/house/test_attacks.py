"""What somebody tries who means harm, against every page at once."""

import re

import pytest
from django.apps import apps
from django.urls import reverse

from tests.factories import hostile, people
from tests.house.test_access import routes

pytestmark = pytest.mark.django_db

OWNERS = {
    "customers:source-delivery": "delivery", "customers:source-decide": "delivery", "customers:source": "source",
    "customers:person": "customer", "customers:merge": "customer", "customers:persona": "persona",
    "customers:ingest-key": "key", "customers:order": "order", "customers:product": "product", "customers:standing": "customer",
    "customers:tracking-event": "tracked event", "customers:tracking-property": "property", "customers:signup": "form",
    "customers:customer": "customer", "customers:segment-upload": "upload", "customers:segment": "segment", "customers:import": "import",
    "customers:topic": "topic", "campaigns:campaign": "draft", "campaigns:content": "content",
    "campaigns:message": "message", "campaigns:outbox": "mail", "campaigns:journey": "journey", "surveys": "survey",
}  # fmt: skip
NAMED = {"customer_id": "customer", "account_id": "account", "reward_id": "reward", "redemption_id": "redemption",
         "referral_id": "referral", "survey_id": "survey"}  # fmt: skip
WORDS = {"verb": "cancel", "key": "hello", "kind": "rfm", "part": "53", "metric": "revenue"}
FIXED = {
    "customers:source-add": {"kind": "shopify"}, "customers:import-sample": {"kind": "customers"},
    "customers:export-new": {"key": "orders"}, "metrics:mrr-movements": {"kind": "new"},
}  # fmt: skip
FILES = {"customers:export-file", "customers:segment-upload-report"}  # 404: somebody else's, and one without a report
NUMBERS = ["²", "-1", "0", "1e3", "99999999999999999999", "٣", "", "\0", "1;--", "../1", "x" * 300]
PARAMETERS = ["page", "customer", "step", "source_id", "segment", "version", "cursor", "sort", "kind", "q", "state", "band",
              "by", "period", "text", "verb", "source_kind", "from", "to", "month", "topic", "exclude_segment", "score", "m"]  # fmt: skip
CURSORS = ["0001-01-01T00:00:00+14:00_1", "9999-12-31T23:59:59-14:00_1", "2026-01-01_1", "2026-01-01T00:00:00+00:00_٣", "_"]


def staff_pages(ids):
    """Every staff page of the hostile company: (name, address)."""
    for route, name, view in routes():
        if not hasattr(view, "staff_permissions") or name == "styleguide":
            continue
        longest = max((start for start in OWNERS if name.startswith(start)), default="")
        owner = ids[OWNERS[longest]] if longest else 0
        if name == "campaigns:campaign-detail":
            owner = ids["campaign"]
        values = {}
        for _kind, word in re.findall(r"<(?:(\w+):)?(\w+)>", route):
            values[word] = WORDS.get(word) or (ids[NAMED[word]] if word in NAMED else owner)
        if name == "campaigns:campaign-change":
            values["verb"] = "pause"
        values |= FIXED.get(name, {})
        if name == "metrics:people" and "part" not in values:
            values["kind"] = "new"
        yield name, reverse(name, kwargs=values)


@pytest.fixture
def ids(at, frozen_clock):
    return hostile.company(at)


@pytest.fixture
def boss(client):
    client.force_login(people.staff_member("boss", is_superuser=True))
    return client


def test_hostile_values_appear_as_text_on_every_page(boss, ids):
    shown, ran, seen = 0, [], {}
    for name, address in staff_pages(ids):
        response = boss.get(address)
        seen[name] = response.status_code
        body = b"".join(response.streaming_content) if response.streaming else response.content
        if "html" not in response["Content-Type"] or "sandbox" in response.headers.get("Content-Security-Policy", ""):
            continue
        shown += b"&lt;img src=x" in body
        if hostile.BAD.encode() in body:
            ran.append(name)

    assert ran == []
    assert shown > 30
    assert {name: status for name, status in seen.items() if status not in {200, 302, 405}}.keys() == FILES


def test_no_parameter_breaks_a_page(boss, ids):
    broken = []
    for name, address in staff_pages(ids):
        for value in [*NUMBERS, *CURSORS]:
            try:
                response = boss.get(address, dict.fromkeys(PARAMETERS, value))
                b"".join(response.streaming_content) if response.streaming else None
            except Exception as error:
                broken.append((name, value[:20], type(error).__name__))

    assert broken == []


def test_no_form_breaks_a_page(boss, ids):
    broken = []
    for name, address in staff_pages(ids):
        for value in ["²", "\0", "x" * 5000, "-1", "[]", "99999999999999999999999"]:
            fields = [*PARAMETERS, "name", "do", "definition", "decision", "points", "reason", "failed", "kind", "recipe",
                      "address", "confirm", "b-0-kind", "b-²-kind", "form-TOTAL_FORMS", "form-INITIAL_FORMS", "members",
                      "channel", "wording", "people", "blocks", "subject", "body_kind", "html", "stamp"]  # fmt: skip
            try:
                boss.post(address, dict.fromkeys(fields, value))
            except Exception as error:
                broken.append((name, value[:20], type(error).__name__, str(error)[:80]))

    assert broken == []


def test_those_who_may_only_look_change_nothing(client, ids):
    client.force_login(people.staff_member("viewer"))
    from django.contrib.auth.models import Permission, User

    viewer = User.objects.get(username="viewer")
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    viewer.save()
    client.force_login(viewer)
    before = _everything()

    answers = {}
    for name, address in staff_pages(ids):
        answers[name] = client.post(
            address, {"verb": "pause", "decision": "void", "note": "x", "name": "Mallory"}
        ).status_code

    assert _everything() == before
    assert {name for name, status in answers.items() if status not in {200, 302, 403, 405, 404}} == set()


def _everything():
    """All rows of the house, so that no change can hide."""
    models = [
        m for m in apps.get_models() if m._meta.app_label not in {"sessions", "contenttypes", "auth", "account", "mfa"}
    ]
    return {m._meta.label: sorted(map(repr, m.objects.values_list())) for m in models if m._meta.managed}


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete"])
def test_the_api_answers_only_those_who_may_see(client, method):
    client.force_login(people.staff_member("nobody"))

    answers = {getattr(client, method)(f"/api/v1/{name}/").status_code for name in ("customers", "orders", "segments")}

    assert answers == {403}
